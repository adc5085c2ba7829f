//! An update of a pod that changes no owner keeps every finding of its other half.

use crate::admission::tests::*;

/// The first cause of the validating webhook's reply, the decision, and whether the API server lets the request in
fn found(body: &str, objects: &ClusterSnapshot, mode: Mode) -> (bool, Decision, String, bool) {
    let configuration = configuration(&[]);
    let (reply, record) = answered(Webhook::Validating, body, objects, &configuration, mode);
    let cause = record.causes().first().map(|cause| cause.reason.clone());
    let said = match mode {
        Mode::Enforce => reply["response"]["status"]["message"].is_string(),
        Mode::Warn => reply["response"]["warnings"].is_array(),
        Mode::Audit => record.message().is_some(),
    };
    (
        reply["response"]["allowed"].as_bool().unwrap(),
        record.decision,
        cause.unwrap_or_default(),
        said,
    )
}

fn assert_found(body: &str, objects: &ClusterSnapshot, code: &str) {
    for (mode, allowed, decision) in [
        (Mode::Enforce, false, Decision::Deny),
        (Mode::Warn, true, Decision::Warn),
        (Mode::Audit, true, Decision::Audit),
    ] {
        assert_eq!(
            found(body, objects, mode),
            (allowed, decision, code.to_owned(), true),
            "{mode:?}"
        );
    }
}

#[test]
fn an_update_in_a_namespace_that_nobody_knows_is_found() {
    let old = pod(json!({}));
    let new = with_image(old.clone(), "other:2");
    assert_found(&review("UPDATE", "", &new, &old), &empty(), "UnknownNamespace");
}

#[test]
fn a_stamp_that_an_update_takes_away_or_replaces_is_found() {
    let configuration = configuration(&[]);
    let objects = ClusterSnapshot::new(&[], &configuration.cluster).unwrap();
    let old = stamped(&pod(json!({})), &configuration);
    let without = pod(json!({}));
    assert_found(&review("UPDATE", "", &without, &old), &objects, "StampNotApplied");
    let foreign = offline::stamped(&without, ("test", &[], None), &configuration, &objects, now()).unwrap();
    let body = review("UPDATE", "", &foreign, &old);
    let (allowed, decision, code, said) = found(&body, &objects, Mode::Enforce);
    assert_eq!((allowed, decision, said), (false, Decision::Deny, true), "{code}");
}
