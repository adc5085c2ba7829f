//! The command as a process: its flags, its output, its end.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::configuration::Folder;
use crate::server::Server;

fn explore(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ramgate"));
    command.arg("explore").args(arguments);
    command
}

/// What a command says that ends by itself
fn ended(arguments: &[&str]) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = explore(arguments);
    // No cluster of whoever runs the tests
    command
        .env("HOME", home.path())
        .env("KUBECONFIG", home.path().join("config"))
        .env_remove("KUBERNETES_SERVICE_HOST");
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn it_serves_on_the_port_that_is_asked_for_until_a_signal() {
    let config = Folder::small();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut process = explore(&["--config-dir", config.path().to_str().unwrap()])
        .args(["--port", &free.to_string(), "--output", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let text: String = output.lines().map_while(Result::ok).take(3).collect();
    let json: Value = serde_json::from_str(&text).unwrap();
    let url = json["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("http://127.0.0.1:{free}/")), "{url}");
    let id = process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_shown_is_said_at_the_start() {
    let (good, bad) = (Folder::small(), Folder::with("a.yaml", "users: [{nam: x}]"));
    let [good, bad] = [&good, &bad].map(|folder| folder.path().to_str().unwrap());
    let (code, said) = ended(&["--config-dir", bad]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("a.yaml:1:"), "{said}");
    for (arguments, says) in [
        (&["--config-dir", "/nonexistent"][..], "cannot read /nonexistent"),
        (
            &["--config-dir", good, "--candidate", "/nonexistent"],
            "cannot read /nonexistent",
        ),
        (
            &["--config-dir", good, "--objects", "/nonexistent"],
            "/nonexistent",
        ),
        (&["--namespace", "No Name"], "--namespace"),
        (&["--context", "none"], "the way to the cluster's API"),
    ] {
        let (code, said) = ended(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    let server = Server::start(std::path::Path::new(good), &[]);
    let (_, port) = server.address().split_once(':').unwrap();
    let (code, said) = ended(&["--config-dir", good, "--port", port]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("cannot listen on `127.0.0.1:{port}`")),
        "{said}"
    );
}
