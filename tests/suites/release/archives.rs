//! What people download: archives, checksums, krew's manifest.

use std::collections::BTreeSet;
use std::process::Command;

use crate::dist::{
    ARCHITECTURES, Dist, VERSION, document, error_of, printed, refused, sha256, text, unpacked,
};

#[test]
fn an_archive_has_the_program_its_pages_and_the_licence() {
    for arch in ARCHITECTURES {
        let archive = Dist::shared().archive(arch);
        let listed = printed(
            "tar",
            &["--list", "--gzip", "--file", &archive.display().to_string()],
        );
        let listed = String::from_utf8(listed).unwrap();
        let names: BTreeSet<&str> = listed.lines().collect();
        let top = format!("ramgate_{VERSION}_linux_{arch}");
        for name in [
            "ramgate",
            "LICENSE",
            "README.md",
            "CHANGELOG.md",
            "man/ramgate.1",
            "man/ramgate-check.1",
            "man/ramgate-serve.1",
            "completions/ramgate.bash",
            "completions/ramgate.elv",
            "completions/ramgate.fish",
            "completions/_ramgate",
            "completions/_ramgate.ps1",
        ] {
            let name = format!("{top}/{name}");
            assert!(names.contains(name.as_str()), "{arch} lacks {name}: {names:?}");
        }
        assert!(
            names.iter().all(|name| name.starts_with(&format!("{top}/"))),
            "{names:?}"
        );
        let program = unpacked(&archive, &format!("{top}/ramgate"));
        let own = String::from_utf8(program).unwrap();
        assert!(own.contains(&format!("# {arch}\n")), "{arch} has {own}");
        let completions = unpacked(&archive, &format!("{top}/completions/ramgate.bash"));
        assert!(String::from_utf8(completions).unwrap().contains("_ramgate()"));
    }
}

/// krew unpacks nothing else, and an owner or time of the machine would make each archive another
#[test]
fn an_archive_has_only_files_and_folders_of_nobody_and_of_the_commit_s_time() {
    let time = printed(
        "git",
        &[
            "log",
            "-1",
            "--format=%cd",
            "--date=format-local:%Y-%m-%d %H:%M:%S",
        ],
    );
    let time = String::from_utf8(time).unwrap();
    for arch in ARCHITECTURES {
        let archive = Dist::shared().archive(arch).display().to_string();
        let listed = printed(
            "tar",
            &[
                "--list",
                "--verbose",
                "--full-time",
                "--numeric-owner",
                "--gzip",
                "--file",
                &archive,
            ],
        );
        for line in String::from_utf8(listed).unwrap().lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let program = line.ends_with("/ramgate");
            let mode = match line.chars().next() {
                Some('d') => "drwxr-xr-x",
                _ if program => "-rwxr-xr-x",
                _ => "-rw-r--r--",
            };
            assert_eq!((fields[0], fields[1]), (mode, "0/0"), "{line}");
            assert_eq!(format!("{} {}", fields[3], fields[4]), time.trim(), "{line}");
        }
    }
}

/// Assembled in another folder, everything is the same bits: archives, chart, image, lists and manifests
#[test]
fn a_release_assembled_twice_is_the_same() {
    let (one, two) = (Dist::shared().contents(), Dist::assemble().contents());
    let names = |contents: &[(String, Vec<u8>)]| -> Vec<String> {
        contents.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&one), names(&two));
    let differing: Vec<&String> = one
        .iter()
        .zip(&two)
        .filter_map(|(one, two)| (one.1 != two.1).then_some(&one.0))
        .collect();
    assert!(differing.is_empty(), "these differ: {differing:?}");
}

#[test]
fn the_checksums_are_those_of_every_file() {
    let dist = Dist::shared();
    let sums = text(&dist.file("SHA256SUMS"));
    let named: BTreeSet<&str> = sums.lines().filter_map(|line| line.split("  ").nth(1)).collect();
    let files: BTreeSet<String> = std::fs::read_dir(dist.path("files"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "SHA256SUMS")
        .collect();
    assert_eq!(named, files.iter().map(String::as_str).collect());
    assert_eq!(
        named.len(),
        5,
        "two archives, chart, components, krew's manifest: {named:?}"
    );
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(sum, sha256(&dist.file(name)), "{name}");
    }
}

/// By the rules of krew's index: names, a version, and for each platform where it is, what it is, and what to link
#[test]
fn krew_s_manifest_names_the_archives_by_their_checksums() {
    let dist = Dist::shared();
    let manifest = document(&text(&dist.file("ramgate-krew.yaml")));
    assert_eq!(
        manifest["apiVersion"],
        "krew.googlecontainertools.github.com/v1alpha2"
    );
    assert_eq!(manifest["kind"], "Plugin");
    assert_eq!(manifest["metadata"]["name"], "ramgate");
    let spec = &manifest["spec"];
    assert_eq!(spec["version"], format!("v{VERSION}"));
    let short = spec["shortDescription"].as_str().unwrap();
    assert!(short.len() <= 50 && !short.ends_with('.'), "{short}");
    let platforms = spec["platforms"].as_array().unwrap();
    assert_eq!(platforms.len(), ARCHITECTURES.len());
    for (platform, arch) in platforms.iter().zip(ARCHITECTURES) {
        let labels = &platform["selector"]["matchLabels"];
        assert_eq!((&labels["os"], &labels["arch"]), (&"linux".into(), &arch.into()));
        let archive = dist.archive(arch);
        assert_eq!(platform["sha256"], sha256(&archive), "{arch}");
        let name = archive.file_name().unwrap().to_str().unwrap();
        let uri = format!("https://github.com/ramgate/ramgate/releases/download/v{VERSION}/{name}");
        assert_eq!(platform["uri"], uri);
        assert_eq!(platform["bin"], "ramgate");
        let files: Vec<&str> = platform["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["from"].as_str().unwrap())
            .collect();
        assert_eq!(files, ["*/ramgate", "*/LICENSE"]);
    }
}

/// Of two archives each one is missed
#[test]
fn krew_s_manifest_needs_both_archives() {
    for arch in ARCHITECTURES {
        let dist = Dist::copy();
        std::fs::remove_file(dist.archive(arch)).unwrap();
        refused(
            &dist.script("krew.sh", &[]),
            &format!("there is no archive for {arch}"),
        );
    }
}

/// A script that is called too early says which one comes before it
#[test]
fn a_missing_program_or_archive_is_named_with_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments, expected) in [
        ("archive.sh", &["amd64"][..], "run scripts/release/build.sh amd64"),
        (
            "archive.sh",
            &["riscv64"],
            "`riscv64` is no architecture of a release: give amd64 or arm64",
        ),
        ("krew.sh", &[], "run scripts/release/archive.sh amd64"),
        ("checksums.sh", &[], "run scripts/release/assemble.sh"),
        ("image.sh", &[], "run scripts/release/build.sh amd64"),
        ("build.sh", &[], "say for which architecture"),
        ("sign.sh", &[], "run scripts/release/assemble.sh"),
    ] {
        let output = Command::new(crate::dist::repository("scripts/release").join(name))
            .args(arguments)
            .env("RAMGATE_DIST", folder.path())
            // No tool is built for a call that fails
            .env("COSIGN", "true")
            .output()
            .unwrap();
        let said = error_of(&output);
        assert!(!output.status.success(), "{name}");
        assert!(said.contains(expected), "{name}: {said}");
    }
}
