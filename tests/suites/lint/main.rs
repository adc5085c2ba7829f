//! The documents in these folders give the errors and warnings of `expected.yaml`, at the right position, or none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "tests"
)]

mod codes;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ramgate::testing::config::{FaultClass, LocatedFault, ParsedDocument, merge};
use ramgate::testing::yaml;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    refused: Vec<Row>,
    warned: Vec<Row>,
    clean: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    says: String,
}

/// The result of reading a file, or a folder as one directory
struct CheckResult {
    faults: Vec<LocatedFault>,
    warnings: Vec<LocatedFault>,
}

#[test]
fn bad_documents_give_errors_at_their_position() {
    let failures: Vec<String> = table()
        .refused
        .iter()
        .filter_map(|row| {
            let faults = check(&row.path).faults;
            (!faults.iter().any(|fault| row.is(fault))).then(|| row.complaint(&faults))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn doubtful_documents_are_accepted_with_a_warning() {
    let failures: Vec<String> = table()
        .warned
        .iter()
        .filter_map(|row| {
            let result = check(&row.path);
            let good = result.faults.is_empty() && result.warnings.iter().any(|warning| row.is(warning));
            (!good).then(|| row.complaint(&[result.faults, result.warnings].concat()))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn good_documents_are_accepted_in_silence() {
    for path in table().clean {
        let result = check(&path);
        let said: Vec<String> = [result.faults, result.warnings]
            .concat()
            .iter()
            .map(LocatedFault::to_string)
            .collect();
        assert!(said.is_empty(), "{path}: {said:?}");
    }
}

#[test]
fn the_command_line_finds_them_too() {
    let table = table();
    let mut failures = Vec::new();
    for (rows, code, list) in [(&table.refused, 3, "errors"), (&table.warned, 0, "warnings")] {
        for row in rows {
            let (exit, printed) = lint(&root().join(&row.path));
            let found = printed[list].as_array().unwrap();
            if exit != code || !found.iter().any(|entry| row.is_printed(entry)) {
                failures.push(format!("{}: exit {exit}, {printed}", row.path));
            }
        }
    }
    for path in &table.clean {
        let (exit, printed) = lint(&root().join(path));
        if exit != 0 || printed["warnings"] != serde_json::json!([]) {
            failures.push(format!("{path}: exit {exit}, {printed}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_file_is_in_the_table() {
    let table = table();
    let listed: BTreeSet<String> = table
        .refused
        .iter()
        .chain(&table.warned)
        .map(|row| row.path.clone())
        .chain(table.clean)
        .collect();
    for folder in ["policy", "directory", "set", "warning", "clean"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            assert!(listed.contains(&path), "{path} is not in expected.yaml");
        }
    }
}

#[test]
fn huge_and_deep_documents_are_refused_in_no_time() {
    let policy = |statement: &str| format!(r#"{{"Version": "1", "Statement": [{statement}]}}"#);
    let padded = policy(&format!(
        r#"{{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}}{}"#,
        " ".repeat(64 * 1024)
    ));
    let many = "[".repeat(100_000);
    let nested = policy(&format!("{many}{}", "]".repeat(100_000)));
    let objects = r#"{"a":"#.repeat(10_000);
    for text in [&padded, &many, &nested, &objects] {
        let started = Instant::now();
        assert!(
            !ParsedDocument::policy("Deep", text.as_bytes())
                .faults()
                .is_empty()
        );
        assert!(started.elapsed() < Duration::from_secs(2));
    }
    let account = "account: {id: \"1234567890123456\", region: cn-hangzhou}\n";
    for text in [
        format!("{account}users: {many}"),
        format!("{account}users: {}", "{a: ".repeat(100_000)),
        format!("{account}users:\n{}", "- ".repeat(100_000)),
    ] {
        let started = Instant::now();
        assert!(!ParsedDocument::directory(text.as_bytes()).faults().is_empty());
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

impl Row {
    fn is(&self, fault: &LocatedFault) -> bool {
        let at = fault.fault.at;
        self.file
            .as_ref()
            .is_none_or(|file| fault.document.ends_with(file.as_str()))
            && self.line.is_none_or(|line| line == at.line)
            && self.column.is_none_or(|column| column == at.column)
            && fault.fault.message.contains(&self.says)
    }

    fn is_printed(&self, entry: &serde_json::Value) -> bool {
        let is = |key: &str, wanted: Option<u32>| wanted.is_none_or(|wanted| entry[key] == wanted);
        is("line", self.line)
            && is("column", self.column)
            && entry["message"].as_str().unwrap().contains(&self.says)
    }

    fn complaint(&self, found: &[LocatedFault]) -> String {
        let found: Vec<String> = found.iter().map(LocatedFault::to_string).collect();
        format!(
            "{}: wanted `{}` at {:?}:{:?}, found {found:?}",
            self.path, self.says, self.line, self.column
        )
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/lint")
}

fn table() -> Table {
    let text = fs::read_to_string(root().join("expected.yaml")).unwrap();
    yaml::parse(&text).unwrap()[0].read().unwrap()
}

/// The exit code and the output of `ramgate lint`
fn lint(path: &Path) -> (i32, serde_json::Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(["lint", "--output", "json"])
        .arg(path)
        .output()
        .unwrap();
    let printed = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{}: {error}: {output:?}", path.display()));
    (output.status.code().unwrap(), printed)
}

/// Reads a policy, a directory file without its references, or a folder as one directory
fn check(path: &str) -> CheckResult {
    let full = root().join(path);
    let (files, references) = if full.is_dir() {
        let mut files: Vec<PathBuf> = fs::read_dir(&full)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        (files, true)
    } else {
        (vec![full], false)
    };
    let documents: Vec<(String, ParsedDocument)> = files
        .iter()
        .map(|file| (file.display().to_string(), read(file)))
        .collect();
    if let [(name, document @ (ParsedDocument::Policy(_) | ParsedDocument::Broken(_)))] = documents.as_slice()
    {
        let located = |fault: &_| LocatedFault::new(name, Clone::clone(fault), FaultClass::Document);
        return CheckResult {
            faults: document.faults().iter().map(located).collect(),
            warnings: document
                .warnings()
                .iter()
                .map(|doubt| located(&doubt.fault))
                .collect(),
        };
    }
    match merge(documents.iter().map(|(name, document)| (name.as_str(), document))) {
        Ok(configuration) => CheckResult {
            faults: Vec::new(),
            warnings: configuration.warnings,
        },
        Err(faults) => CheckResult {
            faults: faults
                .into_iter()
                .filter(|fault| references || fault.class != FaultClass::Reference)
                .collect(),
            warnings: Vec::new(),
        },
    }
}

fn read(file: &Path) -> ParsedDocument {
    let bytes = fs::read(file).unwrap();
    match file.extension().unwrap().to_str().unwrap() {
        "json" => ParsedDocument::policy(file.file_stem().unwrap().to_str().unwrap(), &bytes),
        _ => ParsedDocument::directory(&bytes),
    }
}
