//! Takes any bytes as an AdmissionReview, which both webhooks answer with the reference example. The answer must be valid for
//! the review, within the API server's limits, and the same every time. Once a patch is applied, nothing is left to patch.

#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use json_patch::{Patch, PatchOperation};
use libfuzzer_sys::fuzz_target;
use ramgate::testing::admission::{
    CompleteReview, MAX_MESSAGE, MAX_WARNING, Mode, Modes, NamedObjects, Response, Review, Webhook, respond,
    unjudged,
};
use ramgate::testing::config::Configuration;
use ramgate::testing::kubernetes::ClusterSnapshot;
use serde_json::{Value, json};

static CONFIGURATION: LazyLock<Configuration> = LazyLock::new(ramgate_fuzz::configuration);

/// A namespace for each way in which one matters, a service account with a role, a node of each kind, and a pod for exec
static OBJECTS: LazyLock<ClusterSnapshot> = LazyLock::new(|| {
    let pod = json!({"kind": "Pod", "metadata": {"name": "web", "namespace": "shop-web", "labels": {"alibabacloud.com/eci": "true"},
        "annotations": {"k8s.aliyun.com/eci-custom-tags": "team:shop,source:cluster-a"}}, "spec": {"nodeName": "virtual"}});
    let objects = [
        json!({"kind": "Namespace", "metadata": {"name": "shop-web", "labels": {"tenant": "shop"}, "annotations": {"example.com/resource-group": "rg-aaaaaaaaaaaaa2"}}}),
        json!({"kind": "Namespace", "metadata": {"name": "batch", "labels": {"burst": "allowed"}}}),
        json!({"kind": "Namespace", "metadata": {"name": "eci", "labels": {"alibabacloud.com/eci": "true"}}}),
        json!({"kind": "ServiceAccount", "metadata": {"name": "reporter", "namespace": "shop-web", "annotations": {"example.com/ram-role": "ReportReader"}}}),
        json!({"kind": "Node", "metadata": {"name": "virtual", "labels": {"type": "virtual-kubelet"}}}),
        json!({"kind": "Node", "metadata": {"name": "real"}}),
        pod,
    ];
    ClusterSnapshot::new(&objects, &CONFIGURATION.cluster).unwrap()
});

fuzz_target!(|bytes: &[u8]| {
    match Review::parse(bytes) {
        Ok(mut review) => {
            if review.read_listed(&CONFIGURATION.cluster).is_err() {
                return;
            }
            review.unread_nodes(&*OBJECTS);
            for path in [Webhook::Mutating, Webhook::Validating] {
                answered(path, &review);
            }
        }
        Err(error) => {
            for mode in [Mode::Enforce, Mode::Warn, Mode::Audit] {
                let body = unjudged(Webhook::Validating, error.uid(), mode, 400, &error.to_string());
                let allowed = checked(&serde_json::from_slice(&body).unwrap(), error.uid());
                assert_eq!(allowed, mode != Mode::Enforce);
            }
        }
    }
    // An API server writes each key once. Only such a review has one object to patch
    let Ok(mut body) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let Some(patch) = patch(&body) else { return };
    let Some(object) = body.pointer_mut("/request/object") else {
        return;
    };
    json_patch::patch(object, &patch).expect("the patch applies");
    assert!(
        self::patch(&body).is_none(),
        "{patch} leaves something to be patched: {body}"
    );
    let text = body.to_string();
    let mut review = Review::parse(text.as_bytes()).unwrap();
    review.read_listed(&CONFIGURATION.cluster).unwrap();
    let validated = answered(Webhook::Validating, &review);
    let codes: Vec<&str> = validated
        .causes()
        .iter()
        .map(|cause| cause.reason.as_str())
        .collect();
    assert!(
        !codes.contains(&"MappingNotApplied") && !codes.contains(&"StampNotApplied"),
        "{patch} was applied, and {codes:?}"
    );
});

/// The changes that the mutating webhook makes to a review's object
fn patch(body: &Value) -> Option<Patch> {
    let text = body.to_string();
    let mut review = Review::parse(text.as_bytes()).ok()?;
    review.read_listed(&CONFIGURATION.cluster).ok()?;
    let answer = answered(Webhook::Mutating, &review);
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let base64 = body.pointer("/response/patch")?.clone();
    let bytes: k8s_openapi::ByteString = serde_json::from_value(base64).unwrap();
    let patch: Patch = serde_json::from_slice(&bytes.0).unwrap();
    for step in patch.iter() {
        let path = match step {
            PatchOperation::Add(add) => &add.path,
            PatchOperation::Remove(remove) => &remove.path,
            other => panic!("a patch neither tests nor moves: {other}"),
        };
        let path = path.to_string();
        let is_ours = path.contains("/metadata/annotations")
            || path.ends_with("/metadata") && path != "/metadata"
            || review.binding().is_some() && matches!(&*path, "/metadata/uid" | "/metadata/resourceVersion");
        assert!(is_ours, "{path}");
    }
    assert!(!patch.is_empty(), "an empty patch");
    Some(patch)
}

/// The answer in mode enforce; fails unless it is what every answer must be
fn answered(path: Webhook, review: &Review<'_>) -> Response {
    let named = NamedObjects::from_snapshot(review, &OBJECTS, &*OBJECTS, &CONFIGURATION.cluster);
    let complete = CompleteReview::new(review, named);
    let ask = |mode| {
        respond(
            path,
            &complete,
            &CONFIGURATION,
            &*OBJECTS,
            &Modes::everywhere(mode),
            Timestamp::UNIX_EPOCH,
        )
    };
    let enforced = ask(Mode::Enforce);
    assert_eq!(ask(Mode::Enforce).body, enforced.body, "two answers differ");
    let allowed = checked(&serde_json::from_slice(&enforced.body).unwrap(), review.uid());
    assert_eq!(allowed, enforced.decision.passes());
    for mode in [Mode::Warn, Mode::Audit] {
        let softer = ask(mode);
        let passes = checked(&serde_json::from_slice(&softer.body).unwrap(), review.uid());
        assert!(passes, "mode {mode} denies");
    }
    enforced
}

/// Whether an answer allows the request; fails unless an API server accepts the whole answer
fn checked(body: &Value, uid: &str) -> bool {
    assert_eq!(
        (&body["apiVersion"], &body["kind"]),
        (&json!("admission.k8s.io/v1"), &json!("AdmissionReview"))
    );
    let response = &body["response"];
    assert_eq!(response["uid"], uid);
    let allowed = response["allowed"].as_bool().unwrap();
    match response["status"]["message"].as_str() {
        Some(message) => assert!(
            !allowed && !message.is_empty() && message.len() <= MAX_MESSAGE,
            "{message}"
        ),
        None => assert!(allowed, "a denial without a message"),
    }
    assert!(
        allowed || response.get("patch").is_none(),
        "a denial with a patch"
    );
    for warning in response["warnings"].as_array().into_iter().flatten() {
        let warning = warning.as_str().unwrap();
        assert!(
            warning.len() <= MAX_WARNING && !warning.contains(char::is_control),
            "{warning:?}"
        );
    }
    allowed
}
