//! Advisories about dependencies: checked where they can be fetched, and no exception without an end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use crate::dist::{error_of, printed, refused, repository, text};

/// Runs the script with these exceptions, as the list of the section, and a Cargo whose cargo-deny ends with these codes: is it
/// there, can it fetch, does it find nothing
fn run(codes: [i32; 3], exceptions: &str, required: bool) -> Output {
    let config = format!("[advisories]\nignore = [\n{exceptions}\n]\n\n[bans]\n");
    run_with(codes, &config, required)
}

fn run_with(codes: [i32; 3], written: &str, required: bool) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let [version, fetch, check] = codes;
    let cargo = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--version*) exit {version} ;;\n*'fetch db'*) echo no route >&2; exit {fetch} ;;\n\
         *'--offline'*'check advisories'*) echo checked; exit {check} ;;\nesac\nexit 9\n"
    );
    fs::write(folder.path().join("cargo"), cargo).unwrap();
    fs::set_permissions(folder.path().join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let config = folder.path().join("deny.toml");
    fs::write(&config, written).unwrap();
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

/// The day that comes after so many days
fn day_in(days: u32) -> String {
    let day = printed("date", &["-u", "-d", &format!("{days} days"), "+%Y-%m-%d"]);
    String::from_utf8(day).unwrap().trim().to_owned()
}

fn exception(reason: &str) -> String {
    format!("  {{ id = \"RUSTSEC-2020-0001\", reason = \"{reason}\" }},")
}

#[test]
fn an_exception_has_a_reason_and_a_day_that_is_to_come() {
    let good = exception(&format!("until {}: no input of [ours] reaches it", day_in(170)));
    assert!(run([0, 0, 0], &good, false).status.success());
    let undated = "an exception is a line that says until when and why";
    let today = day_in(0);
    for (line, reason) in [
        (
            exception("until 2020-12-31: over"),
            "the exception for RUSTSEC-2020-0001 ended on 2020-12-31",
        ),
        (
            exception("until 2999-12-31: late"),
            "ends on 2999-12-31: give a day until",
        ),
        (
            exception(&format!("until {}: late", day_in(190))),
            ": give a day until",
        ),
        (
            exception("until 2027-02-31: never"),
            "ends on 2027-02-31, which is no day",
        ),
        (
            exception("until 9999-99-99: never"),
            "ends on 9999-99-99, which is no day",
        ),
        (exception("no input reaches it"), undated),
        (exception(&format!("until {today}: ")), undated),
        (exception(&format!("until {today}:  ")), undated),
        ("  \"RUSTSEC-2020-0001\",".to_owned(), undated),
        ("  \"RUSTSEC-2020-0001\", # [as before]".to_owned(), undated),
        ("  { id = \"RUSTSEC-2020-0001\" },".to_owned(), undated),
        (format!("{good} {{ id = \"RUSTSEC-2020-0002\" }},"), undated),
        (format!("{good} \"RUSTSEC-2020-0002\","), undated),
        (format!("{good} # until"), undated),
        // It ends the list for who looks at the end of a line only
        ("  # [see]\n  \"RUSTSEC-2020-0001\",".to_owned(), undated),
    ] {
        // Behind a good one, and whether advisories can be had or not
        for lines in [line.clone(), format!("  # why\n{good}\n{line}")] {
            refused(&run([1, 0, 0], &lines, false), reason);
        }
    }
}

/// Wherever else TOML lets an exception stand, it would have no end
#[test]
fn an_exception_stands_only_in_the_list() {
    let undated = "[\"RUSTSEC-2020-0001\"]";
    for written in [
        format!("[advisories]\nignore = {undated}\n"),
        format!("[advisories]\n  ignore = {undated}\n"),
        "[advisories]\n  ignore = [\n  \"RUSTSEC-2020-0001\",\n]\n".to_owned(),
        format!("[advisories]\nignore={undated}\n"),
        format!("[advisories]\n\"ignore\" = {undated}\n"),
        format!("[advisories]\n\"ign\\u006fre\" = {undated}\n"),
        format!("[ advisories ]\nignore = {undated}\n"),
        format!("[advisories] # all\nignore = {undated}\n"),
        format!("advisories.ignore = {undated}\n"),
        format!("advisories = {{ ignore = {undated} }}\n"),
        format!("[advisories]\nyanked = \"deny\"\n[bans]\nignore = {undated}\n"),
    ] {
        let output = run_with([1, 0, 0], &written, false);
        refused(&output, "exceptions stand in one list");
    }
    let open = "[advisories]\nignore = [\n";
    refused(&run_with([1, 0, 0], open, false), "there is one list");
    for written in ["[bans]\n", "[advisories]\nyanked = \"deny\"\nignore = []\n"] {
        let output = run_with([0, 0, 0], written, true);
        assert!(output.status.success(), "{written}: {}", error_of(&output));
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
