//! The presets of `carriers` held to the CRDs of their projects: every kind and plural resource, and every place of pod
//! metadata, with the fields that its shape promises.
//!
//! The CRDs come from the projects' Go modules, which the module cache keeps. `sources.yaml` says which, and has the places
//! of the few projects that publish theirs elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ramgate::testing::yaml::parse;
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn document(path: &str) -> Value {
    let text = fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    parse(&text).unwrap()[0].to_json()
}

/// The folder of a Go module, downloaded unless the module cache has it
fn module(name: &str) -> PathBuf {
    let output = Command::new("go")
        .args(["mod", "download", "-json", name])
        .current_dir(std::env::temp_dir())
        .output()
        .expect("Go 1.26 or newer is needed");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let folder = answer["Dir"].as_str();
    PathBuf::from(folder.unwrap_or_else(|| panic!("{name}: {answer}")))
}

/// All CRDs of some files, by group and kind
fn crds(folder: &Path, files: &Value) -> BTreeMap<String, Value> {
    let mut crds = BTreeMap::new();
    for file in files.as_array().unwrap() {
        let file = folder.join(file.as_str().unwrap());
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for document in parse(&text).unwrap_or_else(|fault| panic!("{}: {fault}", file.display())) {
            let crd = document.to_json();
            if crd["kind"] == "CustomResourceDefinition" {
                let spec = &crd["spec"];
                let name = format!(
                    "{}/{}",
                    spec["group"].as_str().unwrap(),
                    spec["names"]["kind"].as_str().unwrap()
                );
                crds.insert(name, crd);
            }
        }
    }
    crds
}

/// The schema at a path; `None` within an object of which the schema says nothing
fn at<'s>(schema: &'s Value, path: &str) -> Result<Option<&'s Value>, String> {
    let mut schema = schema;
    for field in path.split('.') {
        while schema.get("items").is_some() {
            schema = &schema["items"];
        }
        let next = match field {
            "*" => schema.get("additionalProperties"),
            field => schema.get("properties").and_then(|fields| fields.get(field)),
        };
        match next {
            Some(next) => schema = next,
            None if is_open(schema) => return Ok(None),
            None => return Err(format!("there is no `{field}` on the way to {path}")),
        }
    }
    while schema.get("items").is_some() {
        schema = &schema["items"];
    }
    Ok((!is_open(schema)).then_some(schema))
}

fn is_open(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true && schema.get("properties").is_none()
}

/// Whether the fields that a shape promises are in a schema
fn fits(place: &Value, schema: &Value, metadata: &Value) -> Result<(), String> {
    let path = place["path"].as_str().unwrap();
    if path == "metadata" {
        assert_eq!(place["shape"], "objectMetadata");
        assert_eq!(metadata["type"], "object");
        return Ok(());
    }
    let Some(schema) = at(schema, path)? else {
        return Ok(());
    };
    let has = |field: &str| schema["properties"].get(field).is_some();
    let fits = match place["shape"].as_str() {
        None | Some("template") => has("metadata"),
        Some("metadata") => has("labels") && has("annotations") && !has("metadata"),
        Some("scheduling") => has("nodeSelector") || has("tolerations") || has("nodeSelectorTerm"),
        Some(_) => false,
    };
    fits.then_some(())
        .ok_or_else(|| format!("{path} is not of shape {}", place["shape"]))
}

/// The faults of the places of a kind in every served version of its CRD that has the place at all
fn faults(kind: &Value, crd: &Value) -> Vec<String> {
    let spec = &crd["spec"];
    assert_eq!(kind["resource"], spec["names"]["plural"]);
    assert_eq!(spec["scope"], "Namespaced");
    let versions: Vec<&Value> = spec["versions"].as_array().unwrap().iter().collect();
    let places = kind["templates"].as_array().unwrap();
    let none = Vec::new();
    let mut faults = Vec::new();
    for place in places {
        let bases = place.get("inherits").and_then(Value::as_array).unwrap_or(&none);
        for place in std::iter::once(place).chain(bases) {
            let results: Vec<Result<(), String>> = versions
                .iter()
                .map(|version| {
                    let schema = &version["schema"]["openAPIV3Schema"];
                    fits(place, schema, &serde_json::json!({"type": "object"}))
                })
                .collect();
            // An older version may lack what a newer one has
            if results.iter().all(Result::is_err) {
                faults.extend(results.into_iter().filter_map(Result::err).take(1));
            }
        }
    }
    faults
}

#[test]
fn every_place_is_in_the_crd_of_its_project() {
    let presets = document("src/config/directory/carrier_presets.yaml");
    let sources = document("tests/suites/presets/sources.yaml");
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&presets), names(&sources));
    let mut found = Vec::new();
    for (name, preset) in presets.as_object().unwrap() {
        let source = &sources[name];
        let crds = match source["module"].as_str() {
            Some(wanted) => crds(&module(wanted), &source["files"]),
            None => BTreeMap::new(),
        };
        for kind in preset["kinds"].as_array().unwrap() {
            if kind["group"] == "" {
                continue;
            }
            let full = format!(
                "{}/{}",
                kind["group"].as_str().unwrap(),
                kind["kind"].as_str().unwrap()
            );
            let faults = match (source.get("paths"), crds.get(&full)) {
                (Some(paths), _) => read_faults(kind, &paths[&full]),
                (None, Some(crd)) => faults(kind, crd),
                (None, None) => vec!["has no CRD".to_owned()],
            };
            found.extend(faults.into_iter().map(|fault| format!("{name}, {full}: {fault}")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The faults of a kind whose places were read elsewhere
fn read_faults(kind: &Value, known: &Value) -> Vec<String> {
    let known = known.as_array().cloned().unwrap_or_default();
    let places = kind["templates"].as_array().unwrap().iter();
    let wanted = places.map(|place| &place["path"]).chain([&kind["resource"]]);
    let missing = wanted.filter(|text| !known.contains(text));
    missing.map(|text| format!("{text} was not read")).collect()
}

#[test]
fn a_wrong_path_is_found() {
    let schema = serde_json::json!({"properties": {"spec": {"properties": {
        "units": {"items": {"properties": {"template": {"properties": {"metadata": {}}}}}},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}});
    assert!(at(&schema, "spec.units.template").unwrap().is_some());
    assert!(at(&schema, "spec.open.anything").unwrap().is_none());
    assert_eq!(
        at(&schema, "spec.unit"),
        Err("there is no `unit` on the way to spec.unit".to_owned())
    );
    let place = |shape: &str| serde_json::json!({"path": "spec.units.template", "shape": shape});
    assert!(fits(&place("template"), &schema, &schema).is_ok());
    assert!(fits(&place("metadata"), &schema, &schema).is_err());
}
