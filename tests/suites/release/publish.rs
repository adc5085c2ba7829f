//! What is pushed and signed, by stand-ins for the registry and for cosign.

use std::process::Output;

use crate::artefact;
use crate::dist::{Dist, REGISTRY, VERSION, error_of, refused, sha256};
use crate::image;
use crate::stubs::Stubs;

#[track_caller]
fn refuses(output: &Output, reason: &str) {
    refused(output, reason);
    assert!(output.stdout.is_empty(), "{output:?}");
}

fn references() -> [String; 2] {
    [
        format!("{REGISTRY}/ramgate:{VERSION}"),
        format!("{REGISTRY}/charts/ramgate:{VERSION}"),
    ]
}

#[test]
fn what_was_made_is_pushed_once_and_signed_by_its_digest() {
    let (dist, stubs) = (Dist::copy(), Stubs::new());
    let checked = stubs.run(&dist, "publish.sh", &["--check", REGISTRY]);
    assert!(checked.status.success(), "{}", error_of(&checked));
    assert!(checked.stdout.is_empty());
    assert!(stubs.pushed().is_empty() && stubs.signed().is_empty());

    let [image, chart] = references();
    let (image_digest, chart_digest) = (image::index()["digest"].clone(), artefact::make(&dist));
    let image_digest = image_digest.as_str().unwrap();
    let expected =
        format!("image={image}\nimage-digest={image_digest}\nchart={chart}\nchart-digest={chart_digest}\n");
    let artifact_hub = format!("{REGISTRY}/charts/ramgate:artifacthub.io");
    // Again, as after an attempt that stopped half-way
    for pushed in [
        vec![image.clone(), chart.clone(), artifact_hub.clone()],
        vec![image.clone(), chart.clone(), artifact_hub.clone(), artifact_hub],
    ] {
        let output = stubs.run(&dist, "publish.sh", &[REGISTRY]);
        assert!(output.status.success(), "{}", error_of(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
        assert_eq!(stubs.pushed(), pushed);
    }
    let signed = stubs.signed();
    assert_eq!(signed.len(), 8, "{signed:?}");
    for (call, name) in signed.iter().zip(["sign ", "attest ", "attest ", "sign "]) {
        assert!(call.starts_with(name), "{call}");
    }
    for call in &signed[..3] {
        assert!(
            call.ends_with(&format!("{REGISTRY}/ramgate@{image_digest}")),
            "{call}"
        );
    }
    assert!(
        signed[3].ends_with(&format!("{REGISTRY}/charts/ramgate@{chart_digest}")),
        "{}",
        signed[3]
    );
}

/// Helm takes the last layer of a chart: one that has the package, and more, is another chart
#[test]
fn a_version_with_other_bits_is_refused_before_anything_is_signed() {
    let dist = Dist::copy();
    let manifest = format!(
        r#"{{"layers": [{{"digest": "sha256:{}"}}, {{"digest": "sha256:11"}}]}}"#,
        sha256(&dist.chart())
    );
    for reference in references() {
        let stubs = Stubs::new();
        stubs.publish(&reference, "sha256:22");
        stubs.write("manifest", &manifest);
        for arguments in [&["--check", REGISTRY][..], &[REGISTRY]] {
            let output = stubs.run(&dist, "publish.sh", arguments);
            refuses(&output, &format!("{reference} is published with sha256:22"));
        }
        assert!(stubs.pushed().is_empty() && stubs.signed().is_empty());
    }
}

/// Whoever replaces a tag between push and signature gets no signature
#[test]
fn what_the_registry_has_after_a_push_is_what_was_pushed() {
    for reference in references() {
        let (dist, stubs) = (Dist::copy(), Stubs::new());
        stubs.write("swapped", &reference);
        let output = stubs.run(&dist, "publish.sh", &[REGISTRY]);
        refuses(
            &output,
            &format!("the registry has sha256:00 as {reference}, not sha256:"),
        );
        let signed = stubs.signed();
        let (repository, _) = reference.rsplit_once(':').unwrap();
        assert!(
            !signed.iter().any(|call| call.contains(&format!("{repository}@"))),
            "{signed:?}"
        );
    }
}

#[test]
fn only_a_registry_that_says_so_has_not_the_version() {
    let at = "https://127.0.0.1:40404/v2/ramgate/manifests/0.1.404";
    let fallback = "2026/11/30 20:51:03 HEAD request failed, falling back on GET: HEAD https://registry.example.com/v2/x: \
                    unexpected status code 404 Not Found (HEAD responses have no body, use GET for details)";
    let dist = Dist::copy();
    for (error, absent) in [
        (
            format!("Error: GET {at}: MANIFEST_UNKNOWN: manifest unknown"),
            true,
        ),
        (
            format!("Error: GET {at}: NAME_UNKNOWN: repository name not known"),
            true,
        ),
        (
            format!("Error: GET {at}: NOT_FOUND: repository acme/ramgate not found"),
            true,
        ),
        (
            format!("Error: GET {at}: unexpected status code 404 Not Found: no"),
            true,
        ),
        (
            format!("{fallback}\nError: GET {at}: unexpected status code 404 Not Found"),
            true,
        ),
        (
            format!("Error: GET {at}: unexpected status code 503 Service Unavailable: 404"),
            false,
        ),
        (
            format!("{fallback}\nError: GET {at}: unexpected status code 503 Service Unavailable"),
            false,
        ),
        (
            format!("Error: GET {at}: UNAUTHORIZED: the page MANIFEST_UNKNOWN needs a login"),
            false,
        ),
        (
            format!("Error: Get \"{at}\": dial tcp 127.0.0.1:40404: connect: connection refused"),
            false,
        ),
        (
            format!("{fallback}\nError: Get \"{at}\": context deadline exceeded"),
            false,
        ),
        (String::new(), false),
    ] {
        let stubs = Stubs::new();
        stubs.write("error", &format!("{error}\n"));
        let output = stubs.run(&dist, "publish.sh", &["--check", REGISTRY]);
        assert_eq!(output.status.success(), absent, "{error}: {}", error_of(&output));
        assert!(stubs.pushed().is_empty());
    }
}
