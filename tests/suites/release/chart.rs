//! The chart as it is published.

use std::process::Command;

use serde_json::Value;

use crate::dist::{Dist, REGISTRY, VERSION, document, error_of, helm, repository, text, unpacked};
use crate::image;

fn of_chart(name: &str) -> String {
    String::from_utf8(unpacked(&Dist::shared().chart(), &format!("ramgate/{name}"))).unwrap()
}

/// Who verifies the chart has verified what it runs
#[test]
fn the_chart_runs_the_image_of_its_release_by_digest() {
    let digest = image::index()["digest"].as_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(helm())
        .arg("template")
        .args(["ramgate", "--namespace", "ramgate-system"])
        .arg(Dist::shared().chart())
        .env("HELM_CACHE_HOME", folder.path())
        .env("HELM_CONFIG_HOME", folder.path())
        .env("KUBECONFIG", folder.path().join("none"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", error_of(&output));
    let rendered = String::from_utf8(output.stdout).unwrap();
    let expected = format!("{REGISTRY}/ramgate@{digest}");
    let images: Vec<&str> = rendered
        .lines()
        .filter_map(|line| line.trim().strip_prefix("image: "))
        .filter(|image| image.contains("/ramgate"))
        .collect();
    assert!(!images.is_empty());
    for image in images {
        assert_eq!(image.trim_matches('"'), expected);
    }
}

/// Nothing else in it differs from the chart of the source
#[test]
fn only_the_image_and_what_the_hub_shows_are_filled_in() {
    let (packed, source) = (
        of_chart("values.yaml"),
        text(&repository("charts/ramgate/values.yaml")),
    );
    let differing: Vec<(&str, &str)> = source
        .lines()
        .zip(packed.lines())
        .filter(|(source, packed)| source != packed)
        .collect();
    assert_eq!(differing.len(), 2, "{differing:?}");
    assert!(differing[0].0.starts_with("  repository: ") && differing[1].0.starts_with("  digest: "));
    let archive = Dist::shared().chart();
    let listed = crate::dist::printed(
        "tar",
        &["--list", "--gzip", "--file", &archive.display().to_string()],
    );
    let listed = String::from_utf8(listed).unwrap();
    for file in listed.lines().filter(|name| !name.ends_with('/')) {
        let name = file.strip_prefix("ramgate/").unwrap();
        if !["values.yaml", "Chart.yaml"].contains(&name) {
            assert_eq!(
                of_chart(name),
                text(&repository("charts/ramgate").join(name)),
                "{name}"
            );
        }
    }
}

#[test]
fn the_chart_says_its_version_and_what_artifact_hub_shows() {
    let chart = document(&of_chart("Chart.yaml"));
    assert_eq!(
        (&chart["version"], &chart["appVersion"]),
        (&VERSION.into(), &VERSION.into())
    );
    let annotation = |name: &str| -> Value {
        let text = chart["annotations"][format!("artifacthub.io/{name}")].as_str();
        document(text.unwrap_or_else(|| panic!("no annotation {name}")))
    };
    assert_eq!(annotation("category"), "security");
    assert_eq!(annotation("license"), "Apache-2.0");
    assert_eq!(annotation("containsSecurityUpdates"), false);
    let images = annotation("images");
    let digest = image::index()["digest"].as_str().unwrap().to_owned();
    assert_eq!(
        images[0]["image"],
        format!("{REGISTRY}/ramgate:{VERSION}@{digest}")
    );
    assert_eq!(
        images[0]["platforms"],
        serde_json::json!(["linux/amd64", "linux/arm64"])
    );
    for link in annotation("links").as_array().unwrap() {
        let url = link["url"].as_str().unwrap();
        let path = url.strip_prefix("https://github.com/ramgate/ramgate");
        let path = path.unwrap_or_else(|| panic!("{url}"));
        let path = path.split('#').next().unwrap().trim_start_matches("/blob/main/");
        assert!(path.is_empty() || repository(path).exists(), "{url}");
    }
}

/// Each entry of CHANGELOG.md, as text without links, in a kind that the hub knows
#[test]
fn the_chart_s_changes_are_those_of_the_changelog() {
    let chart = document(&of_chart("Chart.yaml"));
    let changes = document(chart["annotations"]["artifacthub.io/changes"].as_str().unwrap());
    let changelog = text(&repository("CHANGELOG.md"));
    let section = |name: &str| {
        let (_, rest) = changelog.split_once(&format!("\n## [{name}]"))?;
        Some(rest.split("\n## ").next().unwrap().to_owned())
    };
    let section = section(VERSION).or_else(|| section("Unreleased")).unwrap();
    let entries = section.lines().filter(|line| line.starts_with("- ")).count();
    let changes = changes.as_array().unwrap();
    assert_eq!(changes.len(), entries);
    for change in changes {
        let kinds = ["added", "changed", "deprecated", "removed", "fixed", "security"];
        assert!(kinds.contains(&change["kind"].as_str().unwrap()), "{change}");
        let text = change["description"].as_str().unwrap();
        assert!(
            !text.is_empty() && !text.contains("](") && !text.starts_with('*'),
            "{text}"
        );
    }
}

#[test]
fn a_chart_without_a_digest_is_not_packaged() {
    for digest in ["", "latest", "sha256:12", "sha256:$(id)"] {
        let output = Dist::shared().script("chart.sh", &["registry.example.com/ramgate", digest]);
        assert!(!output.status.success(), "{digest}");
        assert!(
            error_of(&output).contains("is no digest"),
            "{}",
            error_of(&output)
        );
    }
}
