//! The page of a release on GitHub, with a program in place of GitHub's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::{Value, json};

use crate::dist::{error_of, helm, refused, sha256, text};
use crate::source::Source;

/// The two signatures of version 7.8.9
const SIGNATURES: [&str; 2] = [
    "SHA256SUMS.sigstore.json",
    "ramgate_7.8.9_provenance.sigstore.json",
];

/// A source of version 7.8.9, with files that look signed, and a `gh` that answers this about the page; without, that there is none
fn announce_on(tag: &str, page: Option<&Value>) -> (Source, Output) {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    let files = source.path("target/dist/files");
    fs::create_dir_all(&files).unwrap();
    fs::write(files.join("file"), "").unwrap();
    let sums = format!("{}  file\n", sha256(&files.join("file")));
    fs::write(files.join("SHA256SUMS"), sums).unwrap();
    for name in SIGNATURES {
        fs::write(files.join(name), "{}").unwrap();
    }
    let answer = match page {
        Some(page) => format!("cat <<'END'\n{page}\nEND\n"),
        None => "echo 'release not found' >&2; exit 1".to_owned(),
    };
    let gh = format!(
        "#!/bin/sh\necho \"$*\" >>'{}'\ncase \"$*\" in\n*view*)\n{answer}\n;;\n*download*) printf downloaded ;;\nesac\n",
        source.path("calls").display()
    );
    fs::create_dir(source.path("bin")).unwrap();
    fs::write(source.path("bin/gh"), gh).unwrap();
    fs::set_permissions(source.path("bin/gh"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        source.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let output = std::process::Command::new(source.path("scripts/release/announce.sh"))
        .arg(tag)
        .env("PATH", path)
        .env("HELM", helm())
        .env_remove("RAMGATE_DIST")
        .output()
        .unwrap();
    (source, output)
}

fn sum(contents: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), contents).unwrap();
    format!("sha256:{}", sha256(&folder.path().join("file")))
}

/// What GitHub says of a public page with these files
fn public(assets: &[(&str, Option<&str>)]) -> Value {
    let assets: Vec<Value> = assets
        .iter()
        .map(|(name, digest)| json!({"name": name, "digest": digest}))
        .collect();
    json!({"isDraft": false, "assets": assets})
}

fn calls(source: &Source) -> Vec<String> {
    let calls = fs::read_to_string(source.path("calls")).unwrap_or_default();
    calls.lines().map(str::to_owned).collect()
}

#[test]
fn the_page_has_the_notes_and_every_file() {
    let draft = json!({"isDraft": true, "assets": []});
    for (page, before) in [(None, 1), (Some(&draft), 2)] {
        let (source, output) = announce_on("v7.8.9", page);
        assert!(output.status.success(), "{}", error_of(&output));
        let calls = calls(&source);
        assert_eq!(calls.len(), before + 1, "{calls:?}");
        let create = calls.last().unwrap();
        assert!(
            create.starts_with("release create v7.8.9 --verify-tag --title ramgate 7.8.9 "),
            "{create}"
        );
        for name in ["SHA256SUMS", "file"].iter().chain(&SIGNATURES) {
            assert!(format!("{create} ").contains(&format!("/{name} ")), "{create}");
        }
        assert!(text(&source.path("target/dist/notes.md")).contains("\n- "));
    }
}

/// A page with all files stays as it is; one that an attempt left without some gets them
#[test]
fn a_page_that_is_public_gets_what_it_lacks() {
    let (sums, file) = (
        sum(&format!("{}  file\n", sum("").trim_start_matches("sha256:"))),
        sum(""),
    );
    let all = [
        ("SHA256SUMS", Some(&*sums)),
        ("file", Some(&*file)),
        // Of another attempt, which signed the same
        (SIGNATURES[0], Some("sha256:0")),
        (SIGNATURES[1], None),
    ];
    let (source, output) = announce_on("v7.8.9", Some(&public(&all)));
    assert!(output.status.success(), "{}", error_of(&output));
    let asked = calls(&source);
    assert!(asked.iter().all(|call| !call.contains("upload")), "{asked:?}");

    for lacking in 0..=all.len() {
        let (source, output) = announce_on("v7.8.9", Some(&public(&all[..lacking])));
        assert!(output.status.success(), "{}", error_of(&output));
        let calls = calls(&source);
        let uploaded = calls
            .iter()
            .find(|call| call.starts_with("release upload v7.8.9 "));
        for (at, (name, _)) in all.iter().enumerate() {
            let upload = uploaded.is_some_and(|call| format!("{call} ").contains(&format!("/{name} ")));
            assert_eq!(upload, at >= lacking, "{name}: {calls:?}");
        }
    }
}

#[test]
fn a_page_with_another_file_is_refused() {
    for (name, digest, reason) in [
        (
            "file",
            Some("sha256:0"),
            "the page of v7.8.9 has file with sha256:0",
        ),
        // GitHub does not know the digest of what is old
        (
            "file",
            None,
            &*format!("the page of v7.8.9 has file with {}", sum("downloaded")),
        ),
        ("SHA256SUMS", Some("sha256:0"), "has SHA256SUMS with sha256:0"),
        (
            "more",
            Some("sha256:0"),
            "has files that are not of this release: more",
        ),
    ] {
        let (source, output) = announce_on("v7.8.9", Some(&public(&[(name, digest)])));
        refused(&output, reason);
        let calls = calls(&source);
        assert!(
            !calls
                .iter()
                .any(|call| call.contains("upload") || call.contains("create")),
            "{calls:?}"
        );
    }
}

#[test]
fn a_tag_of_another_version_gets_no_page() {
    let (source, output) = announce_on("v7.8.8", None);
    refused(&output, "the tag is `v7.8.8`");
    assert_eq!(calls(&source), [""; 0]);
}
