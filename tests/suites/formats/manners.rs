//! Output that cannot be written is a failure.

use std::fs::OpenOptions;
use std::process::Stdio;

use crate::folder::{CHECK, DIFF, Folder, LINT, TEST};

/// Commands that succeed, or find something, if they can print
const LINES: [&str; 10] = [
    CHECK,
    LINT,
    TEST,
    DIFF,
    "lint config --output json",
    "diff config config --output sarif",
    "simulate --config-dir config --principal user/bob --action eci:X",
    "--help",
    "completions bash",
    "man",
];

#[test]
fn a_full_disk_is_a_failure() {
    let folder = Folder::new();
    for line in LINES {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = folder.command(line).stdout(full).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {error}");
        assert!(
            error.contains("standard output: No space left on device"),
            "{line}: {error}"
        );
    }
}

#[test]
fn a_reader_that_is_gone_is_a_failure() {
    let folder = Folder::new();
    for line in LINES {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = folder.command(line).stdout(Stdio::from(writer)).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {error}");
        assert!(error.contains("standard output: Broken pipe"), "{line}: {error}");
    }
}

#[test]
fn an_error_that_nobody_can_read_keeps_its_code() {
    let folder = Folder::new();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let line = "lint nowhere --output json";
    let output = folder.command(line).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("nowhere"));
    let status = folder.command("lint nowhere").stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
