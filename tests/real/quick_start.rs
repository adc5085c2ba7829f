//! The README's quick start, command by command, as it is printed there.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::harness::control_plane::ControlPlane;
use crate::harness::install::{NAMESPACE, RELEASE};
use crate::harness::kubectl::Outcome;
use crate::harness::replica::Replica;
use crate::harness::tools::{repository, tool};
use crate::harness::wait::eventually;

/// Where the chart is published
const PUBLISHED: &str = "oci://ghcr.io/ramgate/charts/ramgate";

/// What stands behind a command that the README expects to be denied
const DENIED: &str = "# denied";

#[test]
fn every_command_of_the_quick_start_does_what_the_readme_says() {
    let plane = ControlPlane::start();
    controllers_work(&plane);
    let readme = fs::read_to_string(repository().join("README.md")).expect("README");
    let section = readme
        .split("\n## Quick start into a cluster\n")
        .nth(1)
        .expect("the quick start");
    let section = section.split("\n## ").next().expect("its text");
    // The second road needs an account of Alibaba Cloud: the suites `import` and `sync` play one
    let (section, _) = section
        .split_once("\n### From your RAM account\n")
        .expect("the second road");
    let shown = blocks(section, "```text denied").concat();
    let trimmed = |text: &str| {
        text.trim()
            .lines()
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let commands: Vec<String> = blocks(section, "```console")
        .iter()
        .flat_map(|block| block.lines())
        .map(|line| line.trim().to_owned())
        .collect();
    let mut replicas = vec![];
    let mut denials = 0;
    for command in &commands {
        if command.contains(" rollout status ") {
            replicas.push(replica(&plane));
        } else if command.ends_with(DENIED) {
            assert_eq!(trimmed(&denial(&plane, command)), trimmed(&shown));
            denials += 1;
        } else if command.starts_with("ramgate ") {
            let offline = run(&plane, command);
            let (_, message) = shown.split_once("denied the request: ").expect("a denial");
            let printed = trimmed(&offline.stdout);
            let is_printed = trimmed(message).iter().all(|line| printed.contains(line));
            assert!(!offline.succeeded && is_printed, "{offline:?}");
        } else {
            // The published chart is played by its folder
            let published = format!("{PUBLISHED} --version {}", env!("CARGO_PKG_VERSION"));
            run(&plane, &command.replace(&published, "charts/ramgate")).success();
        }
    }
    assert_eq!((replicas.len(), denials), (1, 1), "{commands:?}");
}

/// What the controllers of a whole cluster have done before anybody comes: a service account, the rules of `edit`
fn controllers_work(plane: &ControlPlane) {
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    eventually("the namespace default is there", || {
        let made = plane.admin().within("default").apply(&account);
        if made.succeeded { Ok(()) } else { Err(made.stderr) }
    });
    let rules = ["system:aggregate-to-edit", "system:aggregate-to-view"]
        .map(|role| plane.admin().get(&["clusterrole", role])["rules"].clone());
    let rules: Vec<_> = rules
        .iter()
        .flat_map(|rules| rules.as_array().expect("rules"))
        .collect();
    let patch = json!({"rules": rules}).to_string();
    plane
        .admin()
        .run(&["patch", "clusterrole", "edit", "--type=merge", "--patch", &patch])
        .success();
}

/// The contents of the fenced blocks that begin so
fn blocks(text: &str, fence: &str) -> Vec<String> {
    let fence = format!("{fence}\n");
    let after = text.split(fence.as_str()).skip(1);
    after
        .filter_map(|rest| rest.split("```").next().map(str::to_owned))
        .collect()
}

/// Runs a line of shell as the cluster's administrator, in the repository
fn run(plane: &ControlPlane, line: &str) -> Outcome {
    let folder = |program: &Path| {
        program
            .parent()
            .expect("folder of a program")
            .display()
            .to_string()
    };
    let tools = folder(&tool("kubectl"));
    let own = folder(Path::new(env!("CARGO_BIN_EXE_ramgate")));
    let home = plane.folder().join("helm");
    let output = Command::new("bash")
        .args(["-c", line])
        .current_dir(repository())
        .env(
            "PATH",
            format!("{tools}:{own}:{}", std::env::var("PATH").unwrap_or_default()),
        )
        .env("KUBECONFIG", plane.admin().kubeconfig())
        .env("KUBECACHEDIR", plane.folder().join("kubectl-cache"))
        .env("HELM_CACHE_HOME", &home)
        .env("HELM_CONFIG_HOME", &home)
        .env("HELM_DATA_HOME", &home)
        .output()
        .expect("bash");
    Outcome {
        succeeded: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What the Deployment's roll-out brings about: a ready replica behind the Service
fn replica(plane: &ControlPlane) -> Replica {
    let mut replica = Replica::start(plane, &format!("{RELEASE}-quick-start"));
    eventually("the replica is ready", || replica.ready());
    let service = plane.admin().within(NAMESPACE).get(&["service", RELEASE]);
    let address = service["spec"]["clusterIP"]
        .as_str()
        .expect("address of the Service");
    plane
        .egress()
        .route(&format!("{address}:443"), vec![replica.port]);
    replica
}

/// What a denied command prints, once the API server has read caBundle
fn denial(plane: &ControlPlane, command: &str) -> String {
    let mut said = String::new();
    eventually("the webhook answers", || {
        said = run(plane, command).failure();
        if said.contains("failed calling webhook") {
            Err(said.clone())
        } else {
            Ok(())
        }
    });
    said
}
