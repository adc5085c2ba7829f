//! The page of a release on GitHub, with a program in place of GitHub's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use crate::dist::{error_of, helm, sha256, text};
use crate::source::Source;

/// A source of version 7.8.9, with files that look signed, and a `gh` that knows the page as a draft, as public or not at all
fn announce(tag: &str, is_draft: &str) -> (Source, Output) {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    let files = source.path("target/dist/files");
    fs::create_dir_all(&files).unwrap();
    fs::write(files.join("file"), "").unwrap();
    let sums = format!("{}  file\n", sha256(&files.join("file")));
    fs::write(files.join("SHA256SUMS"), sums).unwrap();
    fs::write(files.join("SHA256SUMS.sigstore.json"), "{}").unwrap();
    let gh = format!(
        "#!/bin/sh\necho \"$*\" >>'{}'\ncase \"$*\" in *view*) echo '{is_draft}';; esac\n",
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

fn calls(source: &Source) -> Vec<String> {
    let calls = fs::read_to_string(source.path("calls")).unwrap_or_default();
    calls.lines().map(str::to_owned).collect()
}

#[test]
fn the_page_has_the_notes_and_every_file() {
    for (is_draft, before) in [("", 1), ("true", 2)] {
        let (source, output) = announce("v7.8.9", is_draft);
        assert!(output.status.success(), "{}", error_of(&output));
        let calls = calls(&source);
        assert_eq!(calls.len(), before + 1, "{calls:?}");
        let create = calls.last().unwrap();
        assert!(
            create.starts_with("release create v7.8.9 --verify-tag --title ramgate 7.8.9 "),
            "{create}"
        );
        assert!(
            create.contains("/SHA256SUMS ") && create.contains("/SHA256SUMS.sigstore.json"),
            "{create}"
        );
        assert!(text(&source.path("target/dist/notes.md")).contains("\n- "));
    }
}

#[test]
fn a_page_that_is_public_stays_and_a_tag_of_another_version_gets_none() {
    let (source, output) = announce("v7.8.9", "false");
    assert!(output.status.success(), "{}", error_of(&output));
    assert_eq!(calls(&source).len(), 1, "only asked");
    let (source, output) = announce("v7.8.8", "");
    assert!(!output.status.success() && error_of(&output).contains("the tag is `v7.8.8`"));
    assert_eq!(calls(&source), [""; 0]);
}
