//! Advisories about dependencies: checked where they can be fetched, and no exception without an end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use crate::dist::{error_of, repository, text};

/// Runs the script with a Cargo whose cargo-deny ends with these codes: is it there, can it fetch, does it find nothing
fn run(codes: [i32; 3], exceptions: &str, required: bool) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let [version, fetch, check] = codes;
    let cargo = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--version*) exit {version} ;;\n*'fetch db'*) echo no route >&2; exit {fetch} ;;\n\
         *'--offline'*'check advisories'*) echo checked; exit {check} ;;\nesac\nexit 9\n"
    );
    fs::write(folder.path().join("cargo"), cargo).unwrap();
    fs::set_permissions(folder.path().join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let config = folder.path().join("deny.toml");
    fs::write(
        &config,
        format!("[advisories]\nignore = [\n{exceptions}\n]\n\n[bans]\n"),
    )
    .unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new(repository("scripts/advisories.sh"));
    command
        .arg(&config)
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env_remove("RAMGATE_ADVISORIES");
    if required {
        command.env("RAMGATE_ADVISORIES", "required");
    }
    command.output().unwrap()
}

#[test]
fn advisories_that_cannot_be_had_are_said_to_be_unchecked() {
    for (codes, reason) in [
        ([1, 0, 0], "cargo-deny is not installed"),
        ([0, 1, 0], "they could not be fetched: no route"),
    ] {
        let here = run(codes, "", false);
        let said = String::from_utf8_lossy(&here.stdout);
        assert!(here.status.success());
        assert!(
            said.contains(&format!("advisories were NOT checked: {reason}")),
            "{said}"
        );
        let in_ci = run(codes, "", true);
        assert!(!in_ci.status.success());
        assert!(error_of(&in_ci).contains(reason), "{}", error_of(&in_ci));
    }
}

#[test]
fn an_advisory_fails_the_check() {
    assert!(run([0, 0, 0], "", true).status.success());
    assert!(!run([0, 0, 1], "", true).status.success());
    assert!(!run([0, 0, 1], "", false).status.success());
}

#[test]
fn an_exception_has_a_reason_and_a_day_that_is_to_come() {
    let exception = |reason: &str| format!("  {{ id = \"RUSTSEC-2020-0001\", reason = \"{reason}\" }},");
    let good = exception("until 2999-12-31: no input of [ours] reaches it");
    assert!(run([0, 0, 0], &good, false).status.success());
    for (line, reason) in [
        (
            exception("until 2020-12-31: over"),
            "the exception for RUSTSEC-2020-0001 ended on 2020-12-31",
        ),
        (
            exception("no input reaches it"),
            "an exception says until when and why",
        ),
        (
            exception("until 2999-12-31: "),
            "an exception says until when and why",
        ),
        (
            "  \"RUSTSEC-2020-0001\",".to_owned(),
            "an exception says until when and why",
        ),
        (
            "  { id = \"RUSTSEC-2020-0001\" },".to_owned(),
            "an exception says until when and why",
        ),
    ] {
        // Behind a good one, and whether advisories can be had or not
        for lines in [line.clone(), format!("  # why\n{good}\n{line}")] {
            let output = run([1, 0, 0], &lines, false);
            assert!(
                !output.status.success() && error_of(&output).contains(reason),
                "{lines}: {}",
                error_of(&output)
            );
        }
    }
}

/// What applies here: lint calls the script, on the file that cargo-deny reads for the rest
#[test]
fn lint_checks_advisories_by_the_same_file() {
    let lint = text(&repository("scripts/lint.sh"));
    assert!(lint.lines().any(|line| line == "scripts/advisories.sh"));
    assert!(lint.contains("--config .deny.toml check bans licenses sources"));
    assert!(text(&repository(".deny.toml")).contains("\n[advisories]\n"));
}
