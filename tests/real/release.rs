//! A release from its tag to `helm install oci://`, against a registry on this machine: scripts/release/rehearse.sh.
//!
//! It builds cosign, crane and krew, so it runs only if `RAMGATE_TEST_RELEASE` is set.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::harness::control_plane::ControlPlane;
use crate::harness::install::{NAMESPACE, RELEASE, helm};
use crate::harness::replica::Replica;
use crate::harness::tools::{repository, tool};
use crate::harness::wait::eventually;

#[test]
fn a_tag_becomes_a_verified_installation() {
    if std::env::var_os("RAMGATE_TEST_RELEASE").is_none() {
        println!("not rehearsed: RAMGATE_TEST_RELEASE is not set");
        return;
    }
    let plane = ControlPlane::start();
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
    let kept = plane.folder().join("release");
    let status = Command::new(repository().join("scripts/release/rehearse.sh"))
        .arg("--programs")
        .arg(&programs)
        .env("REHEARSAL_KUBECONFIG", plane.admin().kubeconfig())
        .env("KEEP", &kept)
        .env("HELM", tool("helm"))
        .status()
        .unwrap();
    assert!(status.success(), "rehearse.sh failed: its message stands above");

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
