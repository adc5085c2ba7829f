//! Each case file has two configurations and the expected output. The tests also run the commands in that output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ramgate::testing::yaml;
use serde_json::Value;

struct Case {
    name: String,
    path: PathBuf,
    data: Value,
    folder: tempfile::TempDir,
}

fn all() -> Vec<Case> {
    let files = fs::read_dir("tests/suites/diff/cases")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files.into_iter().map(Case::read).collect()
}

impl Case {
    /// Reads a case and writes its configurations to the folders `old` and `new`
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let data = yaml::parse(&text).unwrap()[0].to_json();
        let folder = tempfile::tempdir().unwrap();
        for side in ["old", "new"] {
            let at = folder.path().join(side);
            fs::create_dir(&at).unwrap();
            fs::write(at.join("directory.yaml"), data[side]["directory"].to_string()).unwrap();
            for (name, policy) in data[side]["policies"].as_object().unwrap() {
                fs::write(at.join(format!("{name}.json")), policy.to_string()).unwrap();
            }
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Self {
            name,
            path,
            data,
            folder,
        }
    }

    fn ramgate(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    fn json(&self) -> Value {
        let output = self.ramgate(&["diff", "old", "new", "--output", "json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// `UPDATE_DIFF=1` writes the output into the files. Review them before you commit.
#[test]
fn every_case_prints_the_expected_output() {
    let cases = all();
    assert!(!cases.is_empty());
    let mut failures = Vec::new();
    for case in cases {
        let output = case.ramgate(&["diff", "old", "new"]);
        let (code, printed) = (output.status.code().unwrap(), text(output.stdout));
        assert!(output.stderr.is_empty(), "{}: {}", case.name, text(output.stderr));
        if std::env::var_os("UPDATE_DIFF").is_some() {
            let file = fs::read_to_string(&case.path).unwrap();
            let (head, _) = file.split_once("\nexit: ").unwrap();
            let shown: String = printed.lines().map(|line| format!("  {line}\n")).collect();
            fs::write(&case.path, format!("{head}\nexit: {code}\noutput: |2\n{shown}")).unwrap();
        } else if case.data["exit"] != code || case.data["output"] != *printed {
            failures.push(format!("{}: {code}\n{printed}", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A newly allowed request is allowed by the new directory and denied by the old one, and the reverse
#[test]
fn printed_commands_show_the_difference() {
    let mut run = 0;
    for case in all() {
        for difference in case.json()["differences"].as_array().unwrap() {
            let command = difference["example"]["command"].as_str().unwrap();
            let answers = ["old", "new"].map(|side| {
                let command = command.replace("--config-dir new", &format!("--config-dir {side}"));
                let shell = Command::new("sh")
                    .args([
                        "-c",
                        &command.replacen("ramgate", env!("CARGO_BIN_EXE_ramgate"), 1),
                    ])
                    .current_dir(case.folder.path())
                    .output()
                    .unwrap();
                let code = shell.status.code().unwrap();
                assert!(code == 0 || code == 2, "{command}: {}", text(shell.stderr));
                code == 0
            });
            let newly_allowed = difference["change"] == "allowed";
            assert_eq!(
                answers,
                [!newly_allowed, newly_allowed],
                "{}: {command}",
                case.name
            );
            run += 1;
        }
    }
    assert!(run > 0);
}

#[test]
fn json_output_has_the_same_content() {
    let case = Case::read(PathBuf::from("tests/suites/diff/cases/deny-added.yaml"));
    let printed = case.json();
    assert_eq!(printed["newlyAllowed"], 0);
    assert_eq!(printed["newlyDenied"], 2);
    assert_eq!(printed["allowsMore"], false);
    assert_eq!(printed["complete"], true);
    let first = &printed["differences"][0];
    assert_eq!(
        *first,
        serde_json::json!({
            "change": "denied",
            "principals": ["user/carol"],
            "actions": ["eci:CreateContainerGroup"],
            "namedActions": ["eci:CreateContainerGroup"],
            "resources": null,
            "resourceGroups": null,
            "conditions": [
                {"key": "acs:RequestTag/cpu", "is": ["> 4", "is unreadable for an operator"]},
                {"key": "acs:SourceIp", "is": ["is absent", "is not in 10.0.0.0/8"]},
            ],
            "before": {
                "decision": "Allow",
                "policyType": "AccountLevelIdentityBasedPolicy",
                "statement": "AliyunECIFullAccess#1",
            },
            "after": {
                "decision": "ExplicitDeny",
                "policyType": "AccountLevelIdentityBasedPolicy",
                "statement": "D#2",
            },
            "approved": null,
            "example": {
                "principal": "user/carol",
                "action": "eci:CreateContainerGroup",
                "resource": "acs:eci:cn-hangzhou:1234567890123456:containergroup/*",
                "resourceGroup": null,
                "context": {"acs:RequestTag/cpu": ["5"], "acs:SourceIp": ["198.51.100.1"]},
                "trust": false,
                "command": "ramgate simulate --bare --config-dir new --principal user/carol --action eci:CreateContainerGroup \
                    --resource 'acs:eci:cn-hangzhou:1234567890123456:containergroup/*' \
                    --context acs:RequestTag/cpu=5 --context acs:SourceIp=198.51.100.1",
            },
        })
    );
    let other = Case::read(PathBuf::from("tests/suites/diff/cases/binding-moved.yaml")).json();
    assert_eq!(
        other["otherChanges"][3],
        serde_json::json!({
            "section": "bindings", "entry": "Group ops", "before": null, "after": "user/bob", "mayAllow": true,
            "approved": null,
        })
    );
}

#[test]
fn an_invalid_directory_is_named_old_or_new() {
    let good = Path::new("tests/suites/lint/clean/directory.yaml");
    let bad = "tests/suites/lint/set/group-missing";
    for (old, new, sides) in [
        (bad, good.to_str().unwrap(), vec!["OLD: "]),
        (good.to_str().unwrap(), bad, vec!["NEW: "]),
        (bad, bad, vec!["OLD: ", "NEW: "]),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .args(["diff", old, new])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        let printed = text(output.stderr);
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), sides.len(), "{printed}");
        for (line, side) in lines.iter().zip(sides) {
            let file = "tests/suites/lint/set/group-missing/directory.yaml:";
            assert!(line.starts_with(file) && line.contains(side), "{printed}");
        }
    }
    let missing = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(["diff", bad, "no/such/folder"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(1));
}

/// Fourteen statements with two keys each: there are too many combinations in which none of them matches
#[test]
fn an_incomplete_search_is_reported_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let own = (0..14).map(|at| {
        serde_json::json!({"Effect": "Allow", "Action": "eci:Delete*", "Resource": "*", "Condition": {"StringEquals": {
            format!("acs:ResourceTag/k{at}"): "x", format!("acs:ResourceTag/l{at}"): "y"}}})
    });
    let own: Vec<Value> = own.collect();
    let deny = serde_json::json!({"Effect": "Deny", "Action": "eci:*", "Resource": "*",
        "Condition": {"StringEquals": {"acs:ResourceTag/pool": "spot"}}});
    for (side, more) in [("old", None), ("new", Some(deny))] {
        let at = folder.path().join(side);
        fs::create_dir(&at).unwrap();
        let statements: Vec<Value> = own.iter().cloned().chain(more).collect();
        let policy = serde_json::json!({"Version": "1", "Statement": statements});
        fs::write(at.join("P.json"), policy.to_string()).unwrap();
        let directory = "{account: {id: '1', region: cn-a}, users: [{name: ann, policies: [{policy: P}]}]}";
        fs::write(at.join("directory.yaml"), directory).unwrap();
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ramgate"));
        command
            .args(["diff", "old", "new"])
            .args(arguments)
            .current_dir(folder.path());
        command.output().unwrap()
    };
    let output = run(&["--output", "json"]);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        (&printed["newlyAllowed"], &printed["newlyDenied"]),
        (&0.into(), &14.into())
    );
    assert_eq!(printed["complete"], false);
    assert_eq!(printed["notSearchedToTheEnd"], serde_json::json!(["user/ann"]));
    let human = text(run(&[]).stdout);
    assert!(human.contains("not searched to the end: user/ann"), "{human}");
}
