//! Where a release comes from, as a statement.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::dist::{Dist, VERSION, error_of, printed, script, text};
use crate::image;

fn statement() -> Value {
    serde_json::from_str(&text(&Dist::shared().path("provenance.json"))).unwrap()
}

#[test]
fn the_statement_is_slsa_s_provenance_of_every_file_and_of_the_image() {
    let statement = statement();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    let subjects: BTreeMap<String, String> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&subject["name"]), text(&subject["digest"]["sha256"]))
        })
        .collect();
    let mut expected: BTreeMap<String, String> = text(&Dist::shared().file("SHA256SUMS"))
        .lines()
        .map(|line| {
            let (sum, name) = line.split_once("  ").unwrap();
            (name.to_owned(), sum.to_owned())
        })
        .collect();
    let image = image::index()["digest"].as_str().unwrap().to_owned();
    expected.insert("image".to_owned(), image.trim_start_matches("sha256:").to_owned());
    assert_eq!(subjects, expected);
}

#[test]
fn the_statement_says_from_which_commit_with_which_tools() {
    let commit = String::from_utf8(printed("git", &["rev-parse", "HEAD"])).unwrap();
    let statement = statement();
    let definition = &statement["predicate"]["buildDefinition"];
    let source = &definition["resolvedDependencies"][0];
    assert_eq!(source["digest"]["gitCommit"], commit.trim());
    let tag = format!("refs/tags/v{VERSION}");
    assert_eq!(definition["externalParameters"]["ref"], tag.as_str());
    assert_eq!(
        source["uri"],
        format!("git+https://github.com/ramgate/ramgate@{tag}")
    );
    let page = definition["buildType"].as_str().unwrap();
    assert!(page.ends_with("/docs/release.md#provenance"), "{page}");
    let tools = &definition["internalParameters"]["tools"];
    assert!(tools["rustc"].as_str().unwrap().starts_with("rustc "), "{tools}");
    let glibc = &tools[if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    }]["glibc"];
    assert!(glibc.as_str().unwrap().starts_with("2."), "{tools}");
}

/// On GitHub the builder is the workflow, of that repository and in that run; elsewhere it is nobody special
#[test]
fn only_a_workflow_is_named_as_the_builder() {
    let builder = statement()["predicate"]["runDetails"]["builder"]["id"].clone();
    assert!(
        builder.as_str().unwrap().ends_with("/docs/release.md#by-hand"),
        "{builder}"
    );
    let copy = Dist::assemble();
    let digest = image::index()["digest"].as_str().unwrap().to_owned();
    let workflow = "acme/fork/.github/workflows/release.yaml@refs/tags/v1.2.3";
    let output = script("provenance.sh")
        .arg(digest)
        .env("RAMGATE_DIST", copy.path("."))
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_SERVER_URL", "https://github.com")
        .env("GITHUB_REPOSITORY", "acme/fork")
        .env("GITHUB_WORKFLOW_REF", workflow)
        .env("GITHUB_RUN_ID", "7")
        .env("GITHUB_RUN_ATTEMPT", "2")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", error_of(&output));
    let statement: Value = serde_json::from_str(&text(&copy.path("provenance.json"))).unwrap();
    let details = &statement["predicate"]["runDetails"];
    assert_eq!(details["builder"]["id"], format!("https://github.com/{workflow}"));
    let run = "https://github.com/acme/fork/actions/runs/7/attempts/2";
    assert_eq!(details["metadata"]["invocationId"], run);
}
