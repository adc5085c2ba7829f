//! A release from its tag to `helm install oci://`, against a registry on this machine: scripts/release/rehearse.sh.
//!
//! It builds cosign, crane and krew, so it runs only if `RAMGATE_TEST_RELEASE` is set.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::harness::control_plane::ControlPlane;
use crate::harness::install::{NAMESPACE, RELEASE, helm};
use crate::harness::replica::Replica;
use crate::harness::tools::{repository, tool};
use crate::harness::wait::eventually;

/// Rehearses a release and installs it into the control plane
fn rehearse(plane: &ControlPlane, kept: Option<&Path>) {
    let programs = plane.folder().join("programs");
    for arch in ["amd64", "arm64"] {
        let folder = programs.join(arch);
        fs::create_dir_all(&folder).unwrap();
        // The tests' own program is too large to be packed often.
        let program = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_ramgate"));
        fs::write(folder.join("ramgate"), program).unwrap();
        fs::set_permissions(folder.join("ramgate"), fs::Permissions::from_mode(0o755)).unwrap();
        let tools = r#"{"rustc": "rustc 0.0.0", "gcc": "none", "glibc": "0"}"#;
        fs::write(folder.join("tools.json"), tools).unwrap();
    }
    let mut command = Command::new(repository().join("scripts/release/rehearse.sh"));
    command
        .arg("--programs")
        .arg(&programs)
        .env("REHEARSAL_KUBECONFIG", plane.admin().kubeconfig())
        .env("HELM", tool("helm"))
        .env_remove("KEEP");
    if let Some(kept) = kept {
        command.env("KEEP", kept);
    }
    let status = command.status().unwrap();
    assert!(status.success(), "rehearse.sh failed: its message stands above");
}

/// Says that it is not to be tested here, if so
fn skipped() -> bool {
    let skipped = std::env::var_os("RAMGATE_TEST_RELEASE").is_none();
    if skipped {
        println!("not rehearsed: RAMGATE_TEST_RELEASE is not set");
    }
    skipped
}

#[test]
fn a_rehearsal_leaves_nothing_in_the_cluster() {
    if skipped() {
        return;
    }
    let plane = ControlPlane::start();
    rehearse(&plane, None);
    let listed = helm(&plane, &["list", "--output", "json"]).success().stdout;
    assert_eq!(listed.trim(), "[]");
    let webhooks = "mutatingwebhookconfigurations,validatingwebhookconfigurations";
    let left = plane
        .admin()
        .run(&["get", webhooks, "--output", "name"])
        .success()
        .stdout;
    assert_eq!(left.trim(), "");
}

#[test]
fn a_tag_becomes_a_verified_installation() {
    if skipped() {
        return;
    }
    let plane = ControlPlane::start();
    let kept = plane.folder().join("release");
    rehearse(&plane, Some(&kept));

    let published = fs::read_to_string(kept.join("published")).unwrap();
    let value = |name: &str| {
        let prefix = format!("{name}=");
        published
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap()
    };
    let deployment = plane.admin().within(NAMESPACE).get(&["deployment", RELEASE]);
    let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
    let (repository, version) = value("image").rsplit_once(':').unwrap();
    assert_eq!(image, Some(&*format!("{repository}@{}", value("image-digest"))));
    let listed = helm(&plane, &["list", "--output", "json"]).success().stdout;
    assert!(
        listed.contains(&format!("\"chart\":\"ramgate-{version}\"")),
        "{listed}"
    );

    // What the published Deployment starts becomes ready with a configuration
    for file in ["policies", "directory"] {
        let path = crate::harness::tools::repository()
            .join("deploy/examples/quickstart/config")
            .join(format!("{file}.yaml"));
        plane
            .admin()
            .run(&["apply", "--filename", &path.display().to_string()])
            .success();
    }
    let mut replica = Replica::start(&plane, "ramgate-released");
    eventually("the replica is ready", || replica.ready());
}
