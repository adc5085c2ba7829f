//! Where a release comes from, as a statement.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::dist::{ARCHITECTURES, Dist, VERSION, error_of, printed, refused, script, text, tools};
use crate::image;
use crate::source::Source;

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
    assert_eq!(
        definition["externalParameters"]["repository"],
        "https://github.com/ramgate/ramgate"
    );
    let page = definition["buildType"].as_str().unwrap();
    assert!(page.ends_with("/docs/release.md#provenance"), "{page}");
    // Where the programs were built, which is not this machine
    let expected: BTreeMap<&str, Value> = ARCHITECTURES.map(|arch| (arch, tools(arch))).into();
    assert_eq!(
        definition["internalParameters"]["tools"],
        serde_json::json!(expected)
    );
}

#[test]
fn what_a_program_was_built_with_must_be_known() {
    let digest = image::index()["digest"].as_str().unwrap().to_owned();
    for (written, reason) in [
        (None, "so what the program for arm64 was built with is unknown"),
        (
            Some("{}"),
            "does not say what the program for arm64 was built with",
        ),
        (
            Some(r#"{"rustc": "rustc 1.95.0", "gcc": "", "glibc": "2.36"}"#),
            "does not say what the program for arm64 was built with",
        ),
    ] {
        let dist = Dist::copy();
        let tools = dist.path("bin/arm64/tools.json");
        fs::remove_file(&tools).unwrap();
        if let Some(written) = written {
            fs::write(&tools, written).unwrap();
        }
        for (script, arguments) in [
            ("provenance.sh", &[&*digest][..]),
            ("sbom.sh", &[]),
            ("assemble.sh", &[]),
        ] {
            refused(&dist.script(script, arguments), reason);
        }
    }
}

/// A commit without the tag of its version comes from no tag
#[test]
fn only_a_tag_of_this_commit_is_named() {
    let (source, dist) = (Source::copy(), Dist::copy());
    let digest = image::index()["digest"].as_str().unwrap().to_owned();
    source.commit();
    let tag = format!("v{VERSION}");
    for named in [false, true, false] {
        if named {
            source.git(&["tag", "--annotate", "--message=one", &tag]);
        }
        let output = source
            .command("provenance.sh", &[&digest])
            .env("RAMGATE_DIST", dist.path("."))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", error_of(&output));
        let statement: Value = serde_json::from_str(&text(&dist.path("provenance.json"))).unwrap();
        let definition = &statement["predicate"]["buildDefinition"];
        let (reference, uri) = match named {
            true => (
                Value::from(format!("refs/tags/{tag}")),
                format!("git+https://github.com/ramgate/ramgate@refs/tags/{tag}"),
            ),
            false => (Value::Null, "git+https://github.com/ramgate/ramgate".to_owned()),
        };
        assert_eq!(definition["externalParameters"]["ref"], reference);
        assert_eq!(definition["resolvedDependencies"][0]["uri"], uri);
        source.git(&["commit", "--quiet", "--allow-empty", "--message=two"]);
        if !named {
            source.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
        }
    }
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
