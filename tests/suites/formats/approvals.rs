//! `diff --approvals`: an intended grant passes, and nothing else does.

use crate::folder::{DIFF, Folder};

/// The folder with a file that approves all differences
fn approved() -> Folder {
    let folder = Folder::new();
    let missing = folder.text(&format!("{DIFF} --print-approvals"));
    folder.write(
        "approvals.yaml",
        &missing.replace("reason: \"\"", "reason: ticket 12"),
    );
    folder
}

const APPROVED: &str = "diff config next --approvals approvals.yaml";

#[test]
fn an_approved_grant_passes() {
    let folder = approved();
    let output = folder.run(APPROVED);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("    approved: ticket 12\n") && text.contains("; 1 of them approved\n"),
        "{text}"
    );
    let json = folder.json(&format!("{APPROVED} --output json"));
    assert_eq!(
        (&json["allowsMore"], &json["allowsUnapproved"]),
        (&true.into(), &false.into())
    );
    assert_eq!(json["differences"][0]["approved"], "ticket 12");
    let github = folder.text(&format!("{APPROVED} --output github"));
    assert!(github.contains("title=Approved::user/bob"), "{github}");
    assert_eq!(
        folder.text(&format!("{APPROVED} --print-approvals")),
        "approvals: []\n"
    );
}

#[test]
fn an_approval_is_for_exactly_these_requests_and_people() {
    let folder = approved();
    let next = folder.read("next/rules.yaml");
    folder.write("next/rules.yaml", &next.replace("\"prod\"", "\"prod\", \"live\""));
    assert_eq!(folder.run(APPROVED).status.code(), Some(2), "another tag");
    // Somebody else who gets the same
    let folder = approved();
    for directory in ["config/people.yaml", "next/people.yaml"] {
        let people = folder.read(directory);
        folder.write(
            directory,
            &people.replace(
                "users: [",
                "users: [{name: eve, policies: [{policy: TestOnly}]}, ",
            ),
        );
    }
    let output = folder.run(APPROVED);
    assert_eq!(output.status.code(), Some(2), "another user");
    // An id without its text, and a text without its id, approve nothing
    for (from, to) in [("eci:*", "eci:Create*"), ("    id: \"", "    id: \"0")] {
        let folder = approved();
        let approvals = folder.read("approvals.yaml");
        assert_ne!(approvals, approvals.replace(from, to));
        folder.write("approvals.yaml", &approvals.replace(from, to));
        assert_eq!(folder.run(APPROVED).status.code(), Some(2), "{to}");
    }
}

#[test]
fn settings_are_approved_with_their_values() {
    let folder = Folder::new();
    let people = folder.read("config/people.yaml");
    folder.write("next/rules.yaml", &folder.read("config/rules.yaml"));
    folder.write(
        "next/people.yaml",
        &people.replace("subjects: [", "subjects: [{kind: Group, name: devs}, "),
    );
    let missing = folder.text(&format!("{DIFF} --print-approvals"));
    assert!(
        missing.contains("what: \"bindings: Group devs: added, user/bob\""),
        "{missing}"
    );
    folder.write(
        "approvals.yaml",
        &missing.replace("reason: \"\"", "reason: new team"),
    );
    assert_eq!(folder.run(APPROVED).status.code(), Some(0));
    folder.write(
        "next/people.yaml",
        &people.replace("subjects: [", "subjects: [{kind: Group, name: ops}, "),
    );
    assert_eq!(folder.run(APPROVED).status.code(), Some(2));
}

#[test]
fn an_approval_that_matches_nothing_is_said() {
    let folder = approved();
    let line = APPROVED.replace("next", "config");
    let output = folder.run(&line);
    assert_eq!(
        output.status.code(),
        Some(0),
        "the grant is in force, so CI goes on"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("approvals.yaml:2: approves `"), "{text}");
    assert!(
        text.contains("which is no difference any more for user/bob: remove it"),
        "{text}"
    );
    let json = folder.json(&format!("{line} --output json"));
    assert_eq!(json["unmatchedApprovals"][0]["line"], 2);
    let github = folder.text(&format!("{line} --output github"));
    assert!(
        github.starts_with("::warning file=approvals.yaml,line=2,"),
        "{github}"
    );
}

#[test]
fn an_approval_without_a_reason_is_refused() {
    let folder = Folder::new();
    folder.write(
        "approvals.yaml",
        &folder.text(&format!("{DIFF} --print-approvals")),
    );
    let output = folder.run(APPROVED);
    assert_eq!(output.status.code(), Some(3));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with("approvals.yaml:2:5: an approval needs a `reason`"),
        "{error}"
    );
}
