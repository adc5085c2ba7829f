//! What is checked before anything is signed.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::dist::{Dist, REGISTRY, VERSION, error_of, refused, text};
use crate::image;
use crate::stubs::Stubs;

/// Neither signs nor publishes what is put together so
#[track_caller]
fn refuses(dist: &Dist, reason: &str) {
    let stubs = Stubs::new();
    let none: &[&str] = &[];
    for (script, arguments) in [
        ("check.sh", none),
        ("sign.sh", none),
        ("publish.sh", &["--check", REGISTRY]),
        ("publish.sh", &[REGISTRY]),
    ] {
        refused(&stubs.run(dist, script, arguments), reason);
    }
    assert!(stubs.signed().is_empty() && stubs.pushed().is_empty(), "{reason}");
}

fn append(path: &Path, more: &str) {
    let text = text(path);
    fs::write(path, text + more).unwrap();
}

fn edit_provenance(dist: &Dist, edit: impl FnOnce(&mut Value)) {
    let path = dist.path("provenance.json");
    let mut statement: Value = serde_json::from_str(&text(&path)).unwrap();
    edit(&mut statement);
    fs::write(path, statement.to_string()).unwrap();
}

/// A change of the subjects
type Edit<'a> = &'a dyn Fn(&mut Vec<Value>);

/// Checksums and provenance of what the files are now
fn sum_up(dist: &Dist) {
    let image = image::index()["digest"].as_str().unwrap().to_owned();
    for (script, arguments) in [("checksums.sh", &[][..]), ("provenance.sh", &[&*image])] {
        let output = dist.script(script, arguments);
        assert!(output.status.success(), "{}", error_of(&output));
    }
}

#[test]
fn what_was_assembled_is_signed_also_a_second_time() {
    let (dist, stubs) = (Dist::copy(), Stubs::new());
    for name in [
        "SHA256SUMS.sigstore.json".to_owned(),
        format!("ramgate_{VERSION}_provenance.sigstore.json"),
    ] {
        let output = stubs.run(&dist, "sign.sh", &[]);
        assert!(output.status.success(), "{}", error_of(&output));
        fs::write(dist.file(&name), "{}").unwrap();
    }
    assert_eq!(stubs.signed().len(), 4);
    let output = stubs.run(&dist, "check.sh", &[REGISTRY]);
    assert!(output.status.success(), "{}", error_of(&output));
}

#[test]
fn files_that_nobody_listed_or_that_changed_are_refused() {
    for name in ["more", "more.sigstore.json"] {
        let dist = Dist::copy();
        fs::write(dist.file(name), "").unwrap();
        refuses(&dist, "/files: expected ");
        // Even with a checksum
        sum_up(&dist);
        refuses(&dist, "/files: expected ");
    }
    let components = format!("ramgate_{VERSION}.cdx.json");
    let dist = Dist::copy();
    append(&dist.file(&components), " ");
    refuses(&dist, "are not those of SHA256SUMS");
    sum_up(&dist);
    append(&dist.file("SHA256SUMS"), "more\n");
    refuses(&dist, "the files that SHA256SUMS lists: expected ");

    let dist = Dist::copy();
    let sums = text(&dist.file("SHA256SUMS"));
    let without: Vec<&str> = sums.lines().filter(|line| !line.ends_with(&components)).collect();
    fs::write(dist.file("SHA256SUMS"), without.join("\n") + "\n").unwrap();
    refuses(&dist, "the files that SHA256SUMS lists: expected ");
    fs::remove_file(dist.file(&components)).unwrap();
    refuses(&dist, "/files: expected ");
}

#[test]
fn a_provenance_of_something_else_is_refused() {
    let dist = Dist::copy();
    edit_provenance(&dist, |statement| {
        statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]["gitCommit"] =
            "0".repeat(40).into();
    });
    refuses(&dist, "the commit of the provenance: expected gitCommit ");
    let other = json!({"name": "more", "digest": {"sha256": "0".repeat(64)}});
    let edits: [Edit<'_>; 5] = [
        &|subjects| subjects.push(other.clone()),
        &|subjects| drop(subjects.pop()),
        &|subjects| drop(subjects.remove(0)),
        &|subjects| subjects[0]["digest"] = other["digest"].clone(),
        &|subjects| subjects[0]["digest"]["sha512"] = "0".into(),
    ];
    for edit in edits {
        let dist = Dist::copy();
        edit_provenance(&dist, |statement| {
            edit(statement["subject"].as_array_mut().unwrap())
        });
        refuses(
            &dist,
            "the subjects of the provenance are not the files of SHA256SUMS",
        );
    }
    let dist = Dist::copy();
    fs::remove_file(dist.path("provenance.json")).unwrap();
    refuses(&dist, "there is no provenance.json");
}

#[test]
fn an_image_whose_blobs_are_not_what_their_names_say_is_refused() {
    let image = image::index()["digest"].as_str().unwrap().to_owned();
    let blob = format!("image/blobs/sha256/{}", image.trim_start_matches("sha256:"));
    let dist = Dist::copy();
    append(&dist.path(&blob), " ");
    refuses(&dist, "is not what its name says");
    fs::remove_file(dist.path(&blob)).unwrap();
    refuses(&dist, &format!("lacks the blob {image}"));
    let dist = Dist::copy();
    let path = dist.path("image/index.json");
    let mut index: Value = serde_json::from_str(&text(&path)).unwrap();
    let manifests = index["manifests"].as_array_mut().unwrap();
    manifests.push(manifests[0].clone());
    fs::write(path, index.to_string()).unwrap();
    refuses(&dist, "is no OCI layout of one manifest");
}

#[test]
fn a_chart_of_another_image_is_refused() {
    let image = image::index()["digest"].as_str().unwrap().to_owned();
    let dist = Dist::copy();
    let other = format!("sha256:{}", "0".repeat(64));
    let output = dist.script("chart.sh", &[&format!("{REGISTRY}/ramgate"), &other]);
    assert!(output.status.success(), "{}", error_of(&output));
    sum_up(&dist);
    refuses(&dist, &format!("runs: expected {image}, found {other}"));

    // Who signs does not know where it goes.
    let (dist, stubs) = (Dist::copy(), Stubs::new());
    let said = format!("runs: expected registry.example.org/acme/ramgate, found {REGISTRY}/ramgate");
    for arguments in [
        &["--check", "registry.example.org/acme"][..],
        &["registry.example.org/acme"],
    ] {
        refused(&stubs.run(&dist, "publish.sh", arguments), &said);
    }
    assert!(stubs.signed().is_empty() && stubs.pushed().is_empty());
}

/// An assembly that stops leaves nothing to sign
#[test]
fn nothing_of_an_earlier_assembly_is_signed() {
    let dist = Dist::copy();
    fs::write(dist.path("bin/arm64/tools.json"), "{}").unwrap();
    let output = dist.script("assemble.sh", &[REGISTRY]);
    assert!(!output.status.success());
    assert!(!dist.path("provenance.json").exists());
    refuses(&dist, "run scripts/release/assemble.sh");
}
