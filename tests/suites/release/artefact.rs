//! The chart as an OCI artefact, as Helm reads it. `rehearse.sh` compares it with what `helm push` makes.

use serde_json::{Value, json};

use crate::dist::{Dist, VERSION, document, error_of, printed, sha256, text, unpacked};

/// Makes the artefact, and returns the digest that is printed
#[track_caller]
pub(crate) fn make(dist: &Dist) -> String {
    let output = dist.script("artefact.sh", &[]);
    assert!(output.status.success(), "{}", error_of(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn blob(dist: &Dist, digest: &Value) -> Value {
    let digest = digest.as_str().unwrap().trim_start_matches("sha256:");
    let path = dist.path("artefact/blobs/sha256").join(digest);
    assert_eq!(sha256(&path), digest);
    serde_json::from_str(&text(&path)).unwrap()
}

#[test]
fn the_artefact_is_the_package_and_what_its_chart_says() {
    let dist = Dist::copy();
    let digest = make(&dist);
    let index: Value = serde_json::from_str(&text(&dist.path("artefact/index.json"))).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(index["manifests"][0]["digest"], digest);
    let manifest = blob(&dist, &index["manifests"][0]["digest"]);
    let package = format!("sha256:{}", sha256(&dist.chart()));
    let size = std::fs::metadata(dist.chart()).unwrap().len();
    assert_eq!(
        manifest["layers"],
        json!([{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": package, "size": size}])
    );
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.cncf.helm.config.v1+json"
    );
    let chart = String::from_utf8(unpacked(&dist.chart(), "ramgate/Chart.yaml")).unwrap();
    let chart = document(&chart);
    assert_eq!(blob(&dist, &manifest["config"]["digest"]), chart);

    let commit = String::from_utf8(printed("git", &["log", "-1", "--format=@%ct"])).unwrap();
    let time = printed("date", &["-u", "-d", commit.trim(), "+%Y-%m-%dT%H:%M:%SZ"]);
    let annotation = |name: &str| manifest["annotations"][format!("org.opencontainers.image.{name}")].clone();
    assert_eq!(annotation("created"), String::from_utf8(time).unwrap().trim());
    assert_eq!(annotation("version"), VERSION);
    assert_eq!(annotation("title"), "ramgate");
    assert_eq!(annotation("description"), chart["description"]);
    for (name, value) in chart["annotations"].as_object().unwrap() {
        assert_eq!(&manifest["annotations"][name], value, "{name}");
    }
}

#[test]
fn the_artefact_is_the_same_each_time() {
    let (one, two) = (Dist::copy(), Dist::copy());
    assert_eq!(make(&one), make(&two));
    assert_eq!(make(&one), make(&two), "over an earlier one");
}
