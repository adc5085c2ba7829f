//! What one job hands over to another, and what a page of a release has, compared by digests.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Output;

use crate::dist::{Dist, error_of, refused, sha256, text};
use crate::source::Source;

fn fingerprint(dist: &Dist, arguments: &[&str]) -> Output {
    dist.script("fingerprint.sh", arguments)
}

#[test]
fn what_was_handed_over_has_the_same_digest_and_nothing_else_has() {
    let digest = fingerprint(Dist::shared(), &["."]);
    let digest = String::from_utf8(digest.stdout).unwrap();
    let digest = digest.trim();
    assert_eq!(digest.len(), 64);
    let dist = Dist::copy();
    // An artifact of a workflow keeps no modes.
    let program = dist.path("bin/amd64/ramgate");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(fingerprint(&dist, &[".", digest]).status.success());

    let changes: [&dyn Fn(&Dist); 5] = [
        &|dist| fs::write(dist.path("files/more"), "").unwrap(),
        &|dist| fs::write(dist.path("bin/amd64/ramgate"), "").unwrap(),
        &|dist| fs::remove_file(dist.path("provenance.json")).unwrap(),
        &|dist| {
            fs::rename(
                dist.path("bin/amd64/tools.json"),
                dist.path("bin/amd64/other.json"),
            )
            .unwrap()
        },
        &|dist| symlink("provenance.json", dist.path("link")).unwrap(),
    ];
    for change in changes {
        let dist = Dist::copy();
        change(&dist);
        let output = fingerprint(&dist, &[".", digest]);
        assert!(!output.status.success(), "{output:?}");
    }
    // A job that says nothing hands over nothing.
    refused(&fingerprint(&dist, &[".", ""]), "is not what was handed over");
    assert!(!fingerprint(&dist, &["none"]).status.success());
}

/// A `curl` that copies from a folder, and a `cosign` that writes down what it verifies
#[test]
fn every_file_of_a_page_is_verified() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("one.tgz"), "one").unwrap();
    fs::write(path("SHA256SUMS.sigstore.json"), "{}").unwrap();
    let curl = "#!/bin/bash\naddress=${@: -1}\n\
                exec cp \"$PAGE/${address#https://github.com/ramgate/ramgate/releases/download/v7.8.9/}\" .\n";
    let cosign = "#!/bin/bash\necho \"$*\" >>\"$PAGE/log\"\n";
    for (name, text) in [("curl", curl), ("cosign", cosign)] {
        fs::write(path(name), text).unwrap();
        fs::set_permissions(path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let own = sha256(&path("one.tgz"));
    let verify = |sums: &str| {
        fs::write(path("SHA256SUMS"), sums).unwrap();
        let output = source
            .command("verify.sh", &["v7.8.9"])
            .env(
                "PATH",
                format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap()),
            )
            .env("PAGE", folder.path())
            .env("COSIGN", path("cosign"))
            .output()
            .unwrap();
        (output.status.success(), error_of(&output))
    };
    let (verified, said) = verify(&format!("{own}  one.tgz\n"));
    assert!(verified, "{said}");
    let calls = text(&path("log"));
    let calls: Vec<&str> = calls.lines().collect();
    assert!(
        calls.len() == 2
            && calls[0].starts_with("verify ghcr.io/ramgate/charts/ramgate:7.8.9 ")
            && calls[1].starts_with("verify-blob SHA256SUMS "),
        "{calls:?}"
    );
    for (sums, reason) in [
        (
            format!("{}  one.tgz\n", "0".repeat(64)),
            "v7.8.9 is not what it should be: ",
        ),
        (
            format!("{own}  one.tgz\n{own}  two.tgz\n"),
            "/two.tgz cannot be had",
        ),
        (format!("{own}  ../one.tgz\n"), "which is no file of a release"),
    ] {
        let (verified, said) = verify(&sums);
        assert!(!verified && said.contains(reason), "{said}");
    }
    // A signature of somebody else
    fs::write(path("cosign"), "#!/bin/bash\nexit 1\n").unwrap();
    let (verified, said) = verify(&format!("{own}  one.tgz\n"));
    assert!(
        !verified && said.contains("v7.8.9 is not what it should be: cosign verify"),
        "{said}"
    );
}
