//! The signature against a second implementation, in Python.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use ramgate::testing::alibaba_cloud::{RequestToSign, SecretText};
use serde_json::{Value, json};

/// How many requests are signed twice
const REQUESTS: usize = 500;

/// The signatures by the script
fn signed_in_python(requests: &[Value]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/sync/signature.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs python3");
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let mut stdin = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn two_implementations_sign_the_same() {
    // Headers have no line breaks; parameters and secrets may have anything
    let header = "[ -~]{0,20}";
    let strategy = (
        prop::collection::vec((any::<String>(), any::<String>()), 0..6),
        (header, header, header, header, header),
        (
            any::<String>(),
            "[!-~]{1,20}",
            any::<String>(),
            prop::option::of(header),
        ),
        prop::sample::select(vec!["GET", "POST"]),
    );
    let mut runner = TestRunner::deterministic();
    let (mut requests, mut signatures) = (Vec::new(), Vec::new());
    for _ in 0..REQUESTS {
        let (query, (host, action, version, date, nonce), (body, id, secret, token), method) =
            strategy.new_tree(&mut runner).unwrap().current();
        let pairs: Vec<(&str, &str)> = query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let request = RequestToSign {
            method,
            query: &pairs,
            host: &host,
            action: &action,
            version: &version,
            date: &date,
            nonce: &nonce,
            body: body.as_bytes(),
        };
        let hidden = token.clone().map(SecretText::new);
        signatures.push(request.authorization(&id, &SecretText::new(secret.as_str()), hidden.as_ref()));
        requests.push(json!({
            "method": method, "query": query, "host": host, "action": action, "version": version, "date": date,
            "nonce": nonce, "body": body, "id": id, "secret": secret, "token": token,
        }));
    }
    let other = signed_in_python(&requests);
    assert_eq!(other.len(), REQUESTS);
    for ((request, ours), theirs) in requests.iter().zip(&signatures).zip(&other) {
        assert_eq!(ours, theirs, "{request}");
    }
}
