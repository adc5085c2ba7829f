//! Every code of the linter: documents that get the warning, at its line and column, and similar documents that do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ram_policy::SYSTEM_POLICIES;
use ramgate::testing::analysis::{AccountFacts, Code, lint};
use ramgate::testing::config::ParsedDocument;
use ramgate::testing::yaml;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{lint as command, root};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    warned: Vec<Row>,
    silent: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    /// The file of a folder
    file: Option<String>,
    line: u32,
    column: u32,
    code: String,
    message: String,
    advice: String,
}

fn table() -> Table {
    let text = fs::read_to_string(root().join("codes.yaml")).unwrap();
    yaml::parse(&text).unwrap()[0].read().unwrap()
}

#[test]
fn every_warning_is_at_its_position_and_there_is_no_other() {
    let table = table();
    let mut wanted: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &table.warned {
        wanted.entry(&row.path).or_default().push(row);
    }
    for path in &table.silent {
        wanted.entry(path).or_default();
    }
    let mut failures = Vec::new();
    for (path, rows) in wanted {
        let (exit, printed) = command(&root().join(path));
        let found = printed["warnings"].as_array().unwrap();
        let same = found.len() == rows.len() && rows.iter().zip(found).all(|(row, found)| row.is(found));
        if exit != 0 || printed["errors"] != json!([]) || !same {
            failures.push(format!("{path}: exit {exit}, {printed:#}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

impl Row {
    fn is(&self, found: &Value) -> bool {
        let file = self.file.as_ref().unwrap_or(&self.path);
        let has_file = found["file"]
            .as_str()
            .is_some_and(|name| name.ends_with(file.as_str()));
        // A warning that belongs to no document is shown under `configuration`.
        let is_whole = self.line == 0 && found["file"] == "configuration";
        let [line, column] =
            [("line", self.line), ("column", self.column)].map(|(key, wanted)| found[key] == wanted);
        let [code, message, advice] = [
            ("code", &self.code),
            ("message", &self.message),
            ("advice", &self.advice),
        ]
        .map(|(key, wanted)| found[key] == wanted.as_str());
        (has_file || is_whole) && line && column && code && message && advice
    }
}

#[test]
fn every_code_has_a_document_that_gets_it_and_one_that_does_not() {
    let table = table();
    let warned: BTreeSet<&str> = table.warned.iter().map(|row| row.code.as_str()).collect();
    let silent: BTreeSet<&str> = table
        .silent
        .iter()
        .filter_map(|path| path.split('/').nth(1))
        .collect();
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(warned, all);
    assert_eq!(silent, all);
}

#[test]
fn every_document_is_in_the_table() {
    let table = table();
    let warned = table.warned.iter().map(|row| row.path.as_str());
    let listed: BTreeSet<&str> = warned.chain(table.silent.iter().map(String::as_str)).collect();
    let mut found = 0;
    for folder in fs::read_dir(root().join("codes")).unwrap() {
        let folder = folder.unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let (folder, name) = (folder.file_name(), entry.unwrap().file_name());
            let path = format!("codes/{}/{}", folder.display(), name.display());
            assert!(listed.contains(path.as_str()), "{path} is not in codes.yaml");
            found += 1;
        }
    }
    assert_eq!(found, listed.len());
}

#[test]
fn system_policies_get_no_warning() {
    for (name, text) in SYSTEM_POLICIES {
        for account in [
            "account: {id: '1', region: r}",
            "account: {id: '1', region: r, passRoleService: x.y}",
        ] {
            // `Copy` is a name that a custom policy may have.
            let policy = ParsedDocument::policy("Copy", text.as_bytes());
            let facts = AccountFacts::of([&ParsedDocument::directory(account.as_bytes())]);
            let said = lint::document(name, &policy, &facts);
            assert!(said.is_empty(), "{said:?}");
        }
    }
}

/// One example has unused roles, for its denials to name
#[test]
fn examples_get_no_other_warning_than_of_unused_roles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/examples");
    let mut examples = 0;
    for example in fs::read_dir(folder).unwrap() {
        let (exit, printed) = command(&example.unwrap().path().join("config"));
        let warnings = printed["warnings"].as_array().unwrap();
        let is_clean = warnings.iter().all(|warning| warning["code"] == "UnusedRole");
        assert!(
            exit == 0 && is_clean && printed["documents"] != json!(0),
            "{printed:#}"
        );
        examples += 1;
    }
    assert!(examples > 0);
}

#[test]
fn warnings_can_be_denied() {
    let path = root().join("codes/UnknownAction/warns.json");
    let run = |flags: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ramgate"));
        let output = command.arg("lint").args(flags).arg(&path).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (exit, printed) = run(&[]);
    assert_eq!(exit, 0);
    let line = ":6:49: warning UnknownAction: `eci:CreateContainerGroups` is no operation of the ECI API: \
                write `eci:CreateContainerGroup`, if that was meant\n1 document, 0 errors, 1 warning\n";
    assert!(printed.ends_with(line), "{printed}");
    assert_eq!(run(&["--deny-warnings"]), (2, printed));
    let silent = root().join("codes/UnknownAction/silent.json");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ramgate"));
    let quiet = command
        .args(["lint", "--deny-warnings"])
        .arg(silent)
        .output()
        .unwrap();
    assert_eq!(quiet.status.code(), Some(0));
}

/// Of what the chart renders only the section `cluster` is configuration
#[test]
fn the_rendered_chart_is_clean() {
    let rendered = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/manifests/ramgate.yaml");
    let (exit, printed) = command(&rendered);
    assert_eq!((exit, &printed["documents"]), (0, &json!(1)), "{printed:#}");
    assert_eq!(printed["errors"], json!([]));
    let warnings = printed["warnings"].as_array().unwrap();
    assert!(
        warnings.iter().all(|warning| warning["code"] == "Incomplete"),
        "{printed:#}"
    );
}
