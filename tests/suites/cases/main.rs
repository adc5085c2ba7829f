//! Runs every case file, through the library and through the program, and checks that every documented row has a case.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use ramgate::testing::cases;
use ramgate::testing::cases::CaseResult;

/// The rows of the specification with an outcome that a case can state; tests/cases/README.md explains the others
const ROWS: &[std::ops::RangeInclusive<u32>] = &[
    1..=16,
    18..=33,
    35..=41,
    43..=46,
    50..=76,
    78..=80,
    90..=108,
    110..=111,
    121..=121,
    123..=123,
    130..=138,
];

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
        .into_iter()
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

fn results() -> Vec<CaseResult> {
    let is_case_file = |path: &PathBuf| {
        path.extension()
            .is_some_and(|ending| ending == "yaml" || ending == "json")
    };
    files(Path::new("tests/cases"))
        .into_iter()
        .filter(is_case_file)
        .flat_map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            let results = cases::run(&path, &bytes, &[]).unwrap_or_else(|faults| panic!("{faults:?}"));
            assert!(!results.is_empty(), "{} has no case", path.display());
            results
        })
        .collect()
}

#[test]
fn every_case_passes() {
    let results = results();
    let failed: Vec<&CaseResult> = results.iter().filter(|result| !result.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(!results.is_empty());
}

#[test]
fn every_documented_row_with_an_outcome_is_a_case() {
    let number = |result: &CaseResult| {
        let word = result.name.split_whitespace().next()?;
        word.strip_prefix('S')?.parse::<u32>().ok()
    };
    let covered: BTreeSet<u32> = results().iter().filter_map(number).collect();
    let missing: Vec<u32> = ROWS
        .iter()
        .cloned()
        .flatten()
        .filter(|row| !covered.contains(row))
        .collect();
    assert!(missing.is_empty(), "no case is named after rows {missing:?}");
}

#[test]
fn the_program_prints_the_results_of_the_library() {
    let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(["test", "tests/cases", "--output", "json"])
        .output()
        .unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = results();
    assert_eq!(printed["passed"], expected.len());
    assert_eq!(printed["failed"], 0);
    assert_eq!(printed["cases"], serde_json::to_value(&expected).unwrap());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_failed_case_prints_expected_and_actual() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wrong.yaml");
    let text = "directory: {account: {id: '1', region: r}, users: [{name: x}]}\ncases:\n\
                - {name: right, principal: account, action: 'demo:X', expect: Allow}\n\
                - {name: wrong, principal: user/x, action: 'demo:X', expect: {decision: Allow, statement: 'P#1'}}\n";
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .arg("test")
        .arg(&file)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains(r#"expected {"decision":"Allow","statement":"P#1"}"#),
        "{printed}"
    );
    assert!(
        printed.contains(r#"actual   {"decision":"ImplicitDeny","statement":null}"#),
        "{printed}"
    );
    assert!(printed.ends_with("1 passed, 1 failed\n"), "{printed}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn names_that_are_meant_to_be_unknown_are_listed() {
    let text = b"directory: {account: {id: '1', region: r}, users: [{name: x}]}\ncases:\n\
        - {name: a, principal: user/y, action: 'eci:CreatePod', resourceGroup: rg-x, expect: ImplicitDeny,\n   \
        unknownNames: [user/y, 'eci:CreatePod', rg-x]}\n\
        - {name: b, principal: user/x, call: {operation: UpdateContainerGroup, resourceGroupId: rg-x, instance: \
        {id: eci-1, resourceGroupId: rg-x}}, unknownNames: rg-x, expect: ImplicitDeny}\n\
        - {name: c, as: {user: nobody}, operation: create, expect: {allowed: false, message: nobody}, manifest: \
        {apiVersion: v1, kind: Pod, metadata: {name: w, namespace: d, labels: {alibabacloud.com/eci: 'true'}}, \
        spec: {containers: [{name: w, image: i}]}}}\n";
    let results = cases::run(Path::new("a.yaml"), text, &[]).unwrap();
    assert!(results.iter().all(|result| result.passed), "{results:#?}");
}

#[test]
fn a_malformed_file_is_refused_with_a_position() {
    let dir = tempfile::tempdir().unwrap();
    for (text, message) in [
        (
            "cases:\n- {name: a, expect: Allow}",
            ":2:3: a case needs `action`",
        ),
        (
            "cases:\n- {name: a, principal: user/x, action: 'eci:X', expect: allow}",
            "`allow` is not a decision",
        ),
        (
            "cases:\n- {name: a, principal: x, action: 'eci:X', expect: Allow}",
            ":2:24: `x` is not a principal",
        ),
        (
            "cases:\n- {name: a, principal: account, action: x, expct: Allow}",
            "unknown field `expct`",
        ),
        ("cases: []\npolices: {}", ":2:1: unknown field `polices`"),
        (
            "cases:\n- {name: a, principal: account, call: {operation: Create}, expect: Allow}",
            "`Create` is not an operation",
        ),
        (
            "policies: {P: {Version: '2', Statement: []}}\ncases: []",
            ":1:25: Version must be",
        ),
        ("cases: []", "no case is in this file"),
        (
            "cases:\n- {name: a, principal: user/x, action: 'demo:X', expect: ImplicitDeny}",
            ":2:24: the directory has no `user/x`: correct the name, or list it under `unknownNames`",
        ),
        (
            "cases:\n- {name: a, principal: role/x, call: {operation: DeleteContainerGroup}, expect: ImplicitDeny}",
            ":2:24: the directory has no `role/x`",
        ),
        (
            "cases:\n- {name: a, principal: group/x, action: 'demo:X', expect: ImplicitDeny}",
            ":2:24: the directory has no `group/x`",
        ),
        (
            "cases:\n- {name: a, principal: account, action: 'ECI:CreatePod', expect: Allow}",
            ":2:41: ECI has no action `ECI:CreatePod`",
        ),
        (
            "cases:\n- {name: a, principal: account, action: 'demo:X', resourceGroup: rg-x, expect: Allow}",
            ":2:66: the directory has no resource group `rg-x`",
        ),
        (
            "cases:\n- {name: a, principal: account, expect: Empty, call: {operation: DescribeContainerGroups, \
             resourceGroupId: rg-x}}",
            "the directory has no resource group `rg-x`",
        ),
        (
            "cases:\n- {name: a, principal: account, expect: Allow, call: {operation: DeleteContainerGroup, \
             instance: {resourceGroupId: rg-x}}}",
            "the directory has no resource group `rg-x`",
        ),
        (
            "cases:\n- {name: a, principal: account, action: 'sts:AssumeRole', trust: true, \
             resource: 'acs:ram::1:role/R', expect: Allow}",
            ":2:3: the directory has no role `R`",
        ),
        (
            "cases:\n- {name: a, principal: account, action: 'demo:X', unknownNames: [rg-x], expect: Allow}",
            ":2:3: `rg-x` under `unknownNames` is known, or no name of this case",
        ),
        (
            "cases:\n- {name: a, as: {user: alcie}, operation: create, expect: {allowed: false}, manifest: \
             {apiVersion: v1, kind: Pod, metadata: {name: w, namespace: d, labels: {alibabacloud.com/eci: 'true'}}, \
             spec: {containers: [{name: w, image: i}]}}}",
            "`alcie` is bound to no RAM user or role: correct the name, or add `message`",
        ),
    ] {
        let file = dir.path().join("bad.yaml");
        let directory = if text.contains("directory") {
            ""
        } else {
            "\ndirectory: {account: {id: '1', region: r}}"
        };
        std::fs::write(&file, format!("{text}{directory}\n")).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .arg("test")
            .arg(&file)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(printed.contains(message), "{text}\n{printed}");
        assert_eq!(output.status.code(), Some(3), "{text}");
    }
}

#[test]
fn the_engine_agrees_with_every_denial_of_ram() {
    for folder in std::fs::read_dir("tests/replay").unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .arg("replay")
            .arg(folder.join("messages"))
            .arg("--config-dir")
            .arg(folder.join("config"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {text}", folder.display());
    }
}
