//! The list of components: CycloneDX by its schema, and whole.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::dist::{Dist, VERSION, printed, repository, text};

fn list() -> Value {
    let file = Dist::shared().file(&format!("ramgate_{VERSION}.cdx.json"));
    serde_json::from_str(&text(&file)).unwrap()
}

/// The names and versions of components with a scope
fn components(list: &Value, scope: &str) -> BTreeSet<String> {
    let all = list["components"].as_array().unwrap();
    all.iter()
        .filter(|one| one["scope"] == scope)
        .map(|one| {
            format!(
                "{} {}",
                one["name"].as_str().unwrap(),
                one["version"].as_str().unwrap()
            )
        })
        .collect()
}

/// What Cargo says of a tree of dependencies
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        let fixed = [
            "tree",
            "--locked",
            "--offline",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ];
        let output = Command::new(env!("CARGO"))
            .args(fixed)
            .args(["--target", target])
            .args(arguments)
            .current_dir(repository("."))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let listed = String::from_utf8(output.stdout).unwrap();
        lines.extend(listed.lines().filter(|line| !line.is_empty()).map(|line| {
            let mut words = line.split(' ');
            let (name, version) = (words.next().unwrap(), words.next().unwrap());
            format!("{name} {}", version.trim_start_matches('v'))
        }));
    }
    lines
}

#[test]
fn the_list_fits_cyclonedx_s_schema() {
    let mut schema: Value = serde_json::from_str(include_str!("schema/bom-1.6.schema.json")).unwrap();
    // Schemas that are not beside it; the list has neither identifiers of SPDX alone nor signatures in itself
    *schema.pointer_mut("/definitions/license/properties/id").unwrap() = Value::Bool(false);
    *schema.pointer_mut("/definitions/signature").unwrap() = Value::Bool(false);
    let schema = jsonschema::validator_for(&schema).unwrap();
    let list = list();
    let faults: Vec<String> = schema.iter_errors(&list).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let about = &list["metadata"]["component"];
    assert_eq!(
        (&about["name"], &about["version"], &about["type"]),
        (&"ramgate".into(), &VERSION.into(), &"application".into())
    );
}

/// Cargo's own tree of normal dependencies, without macros, is what is linked
#[test]
fn every_dependency_that_is_in_the_program_is_required() {
    let list = list();
    let mut linked = tree(&["--edges", "normal,no-proc-macro"]);
    linked.remove(&format!("ramgate {VERSION}"));
    let required = components(&list, "required");
    let built_in: BTreeSet<&String> = required.difference(&linked).collect();
    let missing: BTreeSet<&String> = linked.difference(&required).collect();
    assert!(missing.is_empty(), "the list lacks {missing:?}");
    let built_in: Vec<&str> = built_in
        .iter()
        .map(|one| one.split(' ').next().unwrap())
        .collect();
    assert_eq!(built_in, ["glibc", "rust-std"], "what is linked besides crates");
    // Of the machines that built the programs
    for named in ["glibc 2.99", "rust-std 1.95.0"] {
        assert!(required.contains(named), "{required:?}");
    }
}

#[test]
fn what_only_runs_while_the_program_is_built_is_excluded() {
    let list = list();
    let all = tree(&["--edges", "normal,build"]);
    let listed: BTreeSet<String> = components(&list, "required")
        .union(&components(&list, "excluded"))
        .cloned()
        .collect();
    let missing: BTreeSet<&String> = all
        .difference(&listed)
        .filter(|one| !one.starts_with("ramgate "))
        .collect();
    assert!(missing.is_empty(), "the list lacks {missing:?}");
    for name in ["proptest", "criterion", "insta"] {
        assert!(
            !listed.iter().any(|one| one.starts_with(&format!("{name} "))),
            "{name} only tests"
        );
    }
}

/// A checksum in the list is that of Cargo.lock, and every crate that comes from elsewhere has one
#[test]
fn each_component_has_the_checksum_of_cargo_lock() {
    let lock = text(&repository("Cargo.lock"));
    let mut locked = BTreeMap::new();
    for package in lock.split("[[package]]") {
        let field = |name: &str| {
            let prefix = format!("{name} = \"");
            let line = package.lines().find(|line| line.starts_with(&prefix))?;
            Some(line[prefix.len()..].trim_end_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) = (field("name"), field("version"), field("checksum")) {
            locked.insert(format!("pkg:cargo/{name}@{version}"), sum);
        }
    }
    let list = list();
    let mut checked = 0;
    for component in list["components"].as_array().unwrap() {
        let purl = component["purl"].as_str().unwrap();
        let sum = &component["hashes"][0]["content"];
        let own = ["pkg:cargo/eci-calls@", "pkg:cargo/ram-policy@", "pkg:generic/"];
        if own.iter().any(|prefix| purl.starts_with(prefix)) {
            continue;
        }
        assert_eq!(sum, &locked[purl], "{purl}");
        assert!(component["licenses"][0]["expression"].is_string(), "{purl}");
        checked += 1;
    }
    assert!(checked > 100, "{checked}");
}

/// Each edge ends at a component, and the program's own are complete
#[test]
fn the_list_says_what_depends_on_what() {
    let list = list();
    let known: BTreeSet<&str> = list["components"]
        .as_array()
        .unwrap()
        .iter()
        .chain([&list["metadata"]["component"]])
        .map(|one| one["bom-ref"].as_str().unwrap())
        .collect();
    let edges = list["dependencies"].as_array().unwrap();
    for edge in edges {
        let ends = edge["dependsOn"].as_array().unwrap();
        for end in ends.iter().chain([&edge["ref"]]) {
            assert!(known.contains(end.as_str().unwrap()), "{end}");
        }
    }
    let root = format!("pkg:cargo/ramgate@{VERSION}");
    let root = edges.iter().find(|edge| edge["ref"] == root.as_str()).unwrap();
    let direct = tree(&["--edges", "normal", "--depth", "1"]).len() - 1;
    // The C library and Rust's standard library are no crates
    let named = root["dependsOn"].as_array().unwrap().iter();
    let crates = named.filter(|end| end.as_str().unwrap().starts_with("pkg:cargo/"));
    assert_eq!(crates.count(), direct);
}

/// No folder of the machine on which the list was made
#[test]
fn the_list_tells_nothing_of_the_machine() {
    let file = Dist::shared().file(&format!("ramgate_{VERSION}.cdx.json"));
    let printed = String::from_utf8(printed("cat", &[&file.display().to_string()])).unwrap();
    for path in ["file://", env!("CARGO_MANIFEST_DIR"), "serialNumber"] {
        assert!(!printed.contains(path), "{path}");
    }
}
