//! The law of the modes at the port: whatever a review holds and whatever fails, `warn` and `audit` deny nothing, and
//! `enforce` lets nothing in that it cannot judge.
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod candidate;

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use k8s_openapi::ByteString;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tower::ServiceExt;

use super::*;
use crate::config::{NamedDocument, ParsedDocument, load};
use crate::server::limits::ReviewLimits;
use crate::server::reviews::{Reviews, router};
use crate::stamp::REQUESTED_BY;
use crate::telemetry::metrics::Metrics;

const DIRECTORY: &str = r#"
account: {id: "1000000000000001", region: cn-hangzhou}
resourceGroups: [{id: rg-aaaaaaaaaaaaa1, default: true}]
users: [{name: ann, policies: [{policy: Tagged}]}]
bindings: [{principal: user/ann, subjects: [{kind: User, name: ann}]}]
mapping:
  tags:
    - {key: team, from: {namespaceLabel: team}, mode: enforce}
    - {key: cost, from: {podLabel: cost}, mode: default}
  resourceGroupId: {from: {podAnnotation: group}, mode: default}
cluster:
  carriers: [{user: "system:serviceaccount:ops:things", group: example.com, kind: Thing, resource: things, templates: [spec.template]}]
"#;

const POLICY: &str = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*",
    "Condition": {"StringEquals": {"acs:RequestTag/env": "test"}}}]}"#;

const TAGS: &str = "k8s.aliyun.com/eci-custom-tags";
const LENIENT: [Mode; 2] = [Mode::Warn, Mode::Audit];
const WEBHOOKS: [&str; 2] = ["/mutate", "/validate"];

/// What goes wrong beside what the review holds
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failing {
    Nothing,
    /// No review fits into the bound
    Overload,
    /// No body fits into the memory
    Memory,
    /// No body is small enough
    Size,
    /// No answer comes in time
    Deadline,
    /// The evaluation panics
    Panic,
    /// No configuration is in force
    NotReady,
}

const FAILURES: [Failing; 6] = [
    Failing::Overload,
    Failing::Memory,
    Failing::Size,
    Failing::Deadline,
    Failing::Panic,
    Failing::NotReady,
];

/// The product's handler, which panics or never ends if it shall
struct Fallible(WebhookHandler, Failing);

impl ReviewHandler for Fallible {
    fn handle<'a>(
        &'a self,
        endpoint: Endpoint,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<HandledReview, UnreadableReview>> {
        match self.1 {
            Failing::Panic => async { panic!("as the test wants it") }.boxed(),
            Failing::Deadline => std::future::pending().boxed(),
            _ => self.0.handle(endpoint, body),
        }
    }

    fn mode(&self, head: &RequestHead) -> Mode {
        self.0.mode(head)
    }
}

/// A body that a failed test shows as text
#[derive(Clone)]
struct Sent(Vec<u8>);

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3000}", String::from_utf8_lossy(&self.0))
    }
}

/// The reviews' port in one mode
struct Port {
    router: axum::Router,
}

/// What an API server makes of an answer
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    /// The answer allows the request, perhaps with a patch
    Allowed { patch: Option<Value>, warnings: String },
    /// The answer denies the request for this reason
    Denied(String),
    /// It is no answer to this request, so the failure policy of the webhook decides
    FailurePolicy,
}

impl Port {
    fn new(mode: Mode, failing: Failing) -> Self {
        Self::with(Modes::everywhere(mode), failing, DIRECTORY)
    }

    fn with(modes: Modes, failing: Failing, directory: &str) -> Self {
        let documents = [
            NamedDocument::new("Tagged", ParsedDocument::policy("Tagged", POLICY.as_bytes())),
            NamedDocument::new("directory", ParsedDocument::directory(directory.as_bytes())),
        ];
        let configuration = load(&documents).unwrap();
        let objects = [
            json!({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "shop"}}}),
            json!({"kind": "Namespace", "metadata": {"name": "odd", "labels": {"team": "a_very.odd-team"}}}),
            json!({"kind": "Node", "metadata": {"name": "virtual", "labels": {"type": "virtual-kubelet"}}}),
            json!({"kind": "Node", "metadata": {"name": "real"}}),
            pod(json!({TAGS: "env:prod"})),
        ];
        let snapshot = ClusterSnapshot::new(&objects, &configuration.cluster).unwrap();
        let ring = KeyRing::new([("k".to_owned(), KeyRing::generate().unwrap())]).unwrap();
        let signed = snapshot.signed_by(Signer::new(ring, ""));
        let store = Store::default();
        if failing != Failing::NotReady {
            store.accept(configuration);
        }
        let store = Arc::new(store);
        let metrics = Arc::new(Metrics::new().unwrap());
        let modes = Arc::new(MergedModes::new(modes));
        let (rehearsal, _) = Rehearsal::new(Arc::clone(&store), Arc::clone(modes.flags()), metrics);
        let handler = WebhookHandler {
            store,
            surrounding: Surrounding::Empty(signed),
            modes,
            enforced: None,
            authorize: None,
            rehearsal,
        };
        let usual = ReviewLimits::new(8, Duration::from_secs(20));
        let limits = match failing {
            Failing::Overload => ReviewLimits { inflight: 0, ..usual },
            Failing::Memory => ReviewLimits { bytes: 1, ..usual },
            Failing::Size => ReviewLimits { body: 1, ..usual },
            Failing::Deadline => ReviewLimits {
                deadline: Duration::from_millis(2),
                ..usual
            },
            _ => usual,
        };
        let metrics = Arc::new(Metrics::new().unwrap());
        let reviews = Reviews::new(Arc::new(Fallible(handler, failing)), metrics, limits);
        Self {
            router: router(reviews),
        }
    }

    async fn ask(&self, path: &str, body: &[u8]) -> Outcome {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_vec()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .unwrap();
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let response = &answer["response"];
        let sent_uid = sent["request"]["uid"].as_str().unwrap_or("u-1");
        if status != StatusCode::OK || response["uid"] != sent_uid {
            assert_ne!(response["allowed"], true, "an answer to nobody: {answer}");
            return Outcome::FailurePolicy;
        }
        match response["allowed"].as_bool().unwrap() {
            true => Outcome::Allowed {
                patch: decoded(&response["patch"]),
                warnings: response["warnings"].to_string(),
            },
            false => Outcome::Denied(response["status"]["message"].as_str().unwrap().to_owned()),
        }
    }

    fn asked(&self, path: &str, body: &[u8]) -> Outcome {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(self.ask(path, body));
        runtime.shutdown_background();
        outcome
    }
}

fn decoded(patch: &Value) -> Option<Value> {
    patch.as_str()?;
    let bytes: ByteString = serde_json::from_value(patch.clone()).unwrap();
    Some(serde_json::from_slice(&bytes.0).unwrap())
}

fn apply(object: &mut Value, patch: &Value) {
    let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    json_patch::patch(object, &patch).unwrap();
}

fn pod(annotations: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "uid": "p-1", "resourceVersion": "7",
            "labels": {"alibabacloud.com/eci": "true"}, "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}})
}

/// A review as the API server writes it, with its keys in its order
fn review(
    operation: &str,
    resource: (&str, &str, &str),
    namespace: &str,
    new: &Value,
    old: &Value,
) -> Vec<u8> {
    let (group, plural, subresource) = resource;
    let version = json!({"group": group, "version": "v1", "resource": plural});
    let kind = new["kind"].as_str().or(old["kind"].as_str()).unwrap_or("Thing");
    format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"u-1","kind":{{"group":"{group}","version":"v1","kind":"{kind}"}},"resource":{version},"subResource":"{subresource}","name":"web","namespace":"{namespace}","operation":"{operation}","userInfo":{{"username":"ann","groups":["system:authenticated"]}},"object":{new},"oldObject":{old},"dryRun":false,"options":null}}}}"#
    )
    .into_bytes()
}

fn creation(pod: &Value) -> Vec<u8> {
    review("CREATE", ("", "pods", ""), "shop", pod, &Value::Null)
}

fn any_tags() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "env:test",
            "env:prod",
            "env: test, team:x",
            "a:1,b:2,c:3",
            "a:1,b:2,c:3,d:4",
            "env",
            "",
            "team:other",
        ])
        .prop_map(str::to_owned),
        "[a-z:, ]{0,20}",
    ]
}

/// A pod with annotations, labels and a spec of all kinds
fn any_pod() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![Just("x".to_owned()), "[a-z,: \u{1}<-]{0,12}"];
    let annotation = prop_oneof![
        any_tags().prop_map(|tags| (TAGS.to_owned(), tags)),
        (
            "k8s.aliyun.com/eci-(ram-role-name|resource-group-id|custom-tag)",
            text()
        ),
        (Just(REQUESTED_BY.to_owned()), text()),
        (Just("group".to_owned()), text()),
        (
            "[a-z]{1,5}",
            select(vec![1, 300, 262_100]).prop_map(|size| "v".repeat(size))
        ),
    ];
    let annotations = prop::collection::btree_map(annotation, Just(()), 0..4);
    let labels = prop::collection::btree_map(
        select(vec!["alibabacloud.com/eci", "cost", "app"]),
        prop_oneof![Just("true".to_owned()), text()],
        0..4,
    );
    let node = select(vec![None, None, Some("virtual"), Some("real"), Some("unknown")]);
    (annotations, labels, node).prop_map(|(annotations, labels, node)| {
        let annotations: serde_json::Map<String, Value> = annotations
            .into_keys()
            .map(|(key, value)| (key, json!(value)))
            .collect();
        let mut pod = pod(annotations.into());
        pod["metadata"]["labels"] = json!(labels);
        if let Some(node) = node {
            pod["spec"]["nodeName"] = json!(node);
        }
        pod
    })
}

/// A request of any kind that the rules send, and of some that they do not
fn any_request() -> impl Strategy<Value = Vec<u8>> {
    let resource = select(vec![
        ("", "pods", ""),
        ("", "pods", "status"),
        ("", "pods", "ephemeralcontainers"),
        ("", "pods", "binding"),
        ("", "pods", "eviction"),
        ("", "pods", "exec"),
        ("", "bindings", ""),
        ("", "nodes", "proxy"),
        ("", "secrets", ""),
        ("apps", "deployments", ""),
        ("apps", "deployments", "scale"),
        ("apps", "controllerrevisions", ""),
        ("batch", "cronjobs", ""),
        ("eci.alibabacloud.com", "imagecaches", ""),
        ("example.com", "things", ""),
    ]);
    let operation = select(vec!["CREATE", "CREATE", "UPDATE", "DELETE", "CONNECT"]);
    let namespace = select(vec!["shop", "odd", "nowhere", ""]);
    (resource, operation, namespace, any_pod(), any_pod()).prop_map(
        |(resource, operation, namespace, new, old)| {
            let object = |pod: Value| match resource {
                ("apps" | "example.com", "deployments" | "things", _) => {
                    json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": pod}})
                }
                ("batch", ..) => json!({"kind": "CronJob", "metadata": {"name": "web"},
                "spec": {"jobTemplate": {"spec": {"template": pod}}}}),
                ("apps", ..) => json!({"kind": "ControllerRevision", "metadata": {"name": "web"},
                "data": {"spec": {"template": pod}}}),
                (_, "bindings", _) | (_, _, "binding") => {
                    json!({"kind": "Binding", "metadata": pod["metadata"],
                "target": {"kind": "Node", "name": pod["spec"]["nodeName"].as_str().unwrap_or("virtual")}})
                }
                _ => pod,
            };
            let (new, old) = match operation {
                "CREATE" | "CONNECT" => (object(new), Value::Null),
                "DELETE" => (Value::Null, object(old)),
                _ => (object(new), object(old)),
            };
            review(operation, resource, namespace, &new, &old)
        },
    )
}

/// A review with another value, or none, at some place
fn any_mutated() -> impl Strategy<Value = Vec<u8>> {
    let value = select(vec![
        json!(null),
        json!(7),
        json!("x"),
        json!([]),
        json!([{}]),
        json!({}),
        json!({"a": {"b": 1}}),
    ]);
    (any_request(), any::<Index>(), prop::option::of(value)).prop_map(|(body, at, value)| {
        let mut review: Value = serde_json::from_slice(&body).unwrap();
        let mut places = Vec::new();
        collect(&review, String::new(), &mut places);
        let place = &places[at.index(places.len())];
        match value {
            Some(value) => *review.pointer_mut(place).unwrap() = value,
            None => {
                let (parent, key) = place.rsplit_once('/').unwrap_or(("", ""));
                let key = key.replace("~1", "/").replace("~0", "~");
                if let Some(parent) = review.pointer_mut(parent).and_then(Value::as_object_mut) {
                    parent.remove(&key);
                }
            }
        }
        review.to_string().into_bytes()
    })
}

fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(all) => all
            .iter()
            .for_each(|(key, value)| collect(value, format!("{at}/{}", escaped(key)), places)),
        Value::Array(all) => all
            .iter()
            .enumerate()
            .for_each(|(index, value)| collect(value, format!("{at}/{index}"), places)),
        _ => {}
    }
    places.push(at);
}

fn any_damaged() -> impl Strategy<Value = Vec<u8>> {
    (any_request(), any::<Index>(), any::<u8>(), any::<bool>()).prop_map(|(mut body, at, byte, cut)| {
        let at = at.index(body.len());
        if cut {
            body.truncate(at);
        } else {
            body[at] = byte;
        }
        body
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any_request(),
        3 => any_mutated(),
        2 => any_damaged(),
        1 => prop::collection::vec(any::<u8>(), 0..300),
    ]
}

/// The bytes of all annotations that stand together, at any depth of an object
fn annotation_bytes(value: &Value) -> usize {
    let own = value.pointer("/metadata/annotations").and_then(Value::as_object);
    let own: usize = own.map_or(0, |all| {
        let size =
            |(key, value): (&String, &Value)| key.len().saturating_add(value.as_str().map_or(0, str::len));
        all.iter().map(size).sum()
    });
    let nested = match value {
        Value::Object(all) => all.values().map(annotation_bytes).max(),
        Value::Array(all) => all.iter().map(annotation_bytes).max(),
        _ => None,
    };
    own.max(nested.unwrap_or_default())
}

/// Fails if the API server could not store the object with this patch, and could without it
fn assert_harmless(body: &[u8], patch: &Value) {
    // Fields that ramgate skips may hold bytes that are no text, which no API server sends
    let Ok(sent) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let mut object = sent["request"]["object"].clone();
    let before = annotation_bytes(&object);
    apply(&mut object, patch);
    let limit = 256 * 1024;
    assert!(
        annotation_bytes(&object) <= before.max(limit),
        "the patch makes the annotations too long"
    );
    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    assert_eq!(
        version(&object),
        version(&sent["request"]["object"]),
        "the patch ties the object to a version"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_a_review_holds_is_denied_in_warn_and_audit(body in any_body().prop_map(Sent), path in select(&WEBHOOKS[..])) {
        for mode in LENIENT {
            match Port::new(mode, Failing::Nothing).asked(path, &body.0) {
                Outcome::Denied(message) => prop_assert!(false, "mode {mode}: {message}"),
                Outcome::Allowed { patch: Some(patch), .. } => assert_harmless(&body.0, &patch),
                Outcome::Allowed { patch: None, .. } | Outcome::FailurePolicy => {}
            }
        }
    }

    #[test]
    fn no_failure_denies_in_warn_and_audit_or_lets_in_under_enforce(
        body in any_request().prop_map(Sent),
        path in select(&WEBHOOKS[..]),
        failing in select(&FAILURES[..]),
    ) {
        for mode in LENIENT {
            let outcome = Port::new(mode, failing).asked(path, &body.0);
            prop_assert!(matches!(outcome, Outcome::Allowed { patch: None, .. }), "mode {mode}, {failing:?}: {outcome:?}");
        }
        let outcome = Port::new(Mode::Enforce, failing).asked(path, &body.0);
        prop_assert!(matches!(outcome, Outcome::Denied(_)), "{failing:?}: {outcome:?}");
    }

    #[test]
    fn what_enforce_denies_is_a_warning_in_warn(body in any_mutated().prop_map(Sent), path in select(&WEBHOOKS[..])) {
        let enforced = Port::new(Mode::Enforce, Failing::Nothing).asked(path, &body.0);
        let warned = Port::new(Mode::Warn, Failing::Nothing).asked(path, &body.0);
        match (path, enforced, warned) {
            ("/validate", Outcome::Denied(_), Outcome::Allowed { warnings, .. }) => {
                prop_assert!(warnings.contains("in mode enforce this would be denied"), "{warnings}");
            }
            ("/validate", Outcome::Allowed { .. }, Outcome::Allowed { warnings, .. }) => {
                prop_assert!(!warnings.contains("in mode enforce this would be denied"), "{warnings}");
            }
            (_, Outcome::FailurePolicy, other) => prop_assert_eq!(other, Outcome::FailurePolicy),
            (_, _, other) => prop_assert!(matches!(other, Outcome::Allowed { .. }), "{other:?}"),
        }
    }
}

#[test]
fn what_cannot_be_done_is_denied_under_enforce_with_its_reason() {
    let three = json!({TAGS: "a:1,b:2,c:3"});
    let many: serde_json::Map<String, Value> = (0..1_100).map(|at| (format!("a{at}"), json!(""))).collect();
    let given = [
        (
            creation(&pod(json!({TAGS: "env:test, team:x"}))),
            "has a blank before the key",
        ),
        (
            creation(&pod(json!({TAGS: "a:1,b:2,c:3,d:4"}))),
            "would have 5 tags",
        ),
        (
            creation(&pod(three)),
            "would have 4 tags with `team` from mapping rules",
        ),
        (
            creation(&pod(json!({TAGS: "env:test", "group": "rg a"}))),
            "cannot be a resource group id",
        ),
        (creation(&pod(many.into())), "ramgate cannot read this review"),
    ];
    for (body, words) in &given {
        let denials = WEBHOOKS.map(|path| Port::new(Mode::Enforce, Failing::Nothing).asked(path, body));
        let is_told =
            |outcome: &Outcome| matches!(outcome, Outcome::Denied(message) if message.contains(words));
        assert!(denials.iter().any(is_told), "{words}: {denials:?}");
        let warned = Port::new(Mode::Warn, Failing::Nothing).asked("/validate", body);
        let Outcome::Allowed { warnings, .. } = &warned else {
            panic!("{words}: {warned:?}")
        };
        // A long warning comes in parts
        let joined = warnings.replace("\",\"", " ");
        assert!(joined.contains(words), "{words}: {warnings}");
        let recorded = Port::new(Mode::Audit, Failing::Nothing).asked("/validate", body);
        assert!(
            matches!(&recorded, Outcome::Allowed { warnings, .. } if warnings == "null"),
            "{recorded:?}"
        );
    }
}

#[test]
fn what_cannot_be_mapped_is_left_out() {
    let added = |annotations: Value, labels: Value| {
        let mut pod = pod(annotations);
        pod["metadata"]["labels"]
            .as_object_mut()
            .unwrap()
            .extend(labels.as_object().unwrap().clone());
        let outcome = Port::new(Mode::Warn, Failing::Nothing).asked("/mutate", &creation(&pod));
        let Outcome::Allowed {
            patch: Some(patch), ..
        } = outcome
        else {
            panic!("{outcome:?}")
        };
        apply(&mut pod, &patch);
        let annotations = pod["metadata"]["annotations"].as_object().unwrap();
        assert!(
            annotations[REQUESTED_BY].as_str().unwrap().contains("\"ann\""),
            "{annotations:?}"
        );
        let keys = [TAGS, "k8s.aliyun.com/eci-resource-group-id"];
        keys.map(|key| {
            annotations
                .get(key)
                .map(|value| value.as_str().unwrap().to_owned())
        })
    };
    let text = |text: &str| Some(text.to_owned());
    let none = json!({});
    assert_eq!(
        added(json!({TAGS: "a:1"}), none.clone()),
        [text("a:1,team:shop"), None]
    );
    assert_eq!(
        added(json!({TAGS: "a:1,team:x"}), json!({"cost": "c,d"})),
        [text("a:1,team:shop"), None],
        "a source that does not fit leaves out its own rule alone"
    );
    assert_eq!(
        added(json!({TAGS: "a:1,b:2,c:3", "group": "rg-1"}), none.clone()),
        [text("a:1,b:2,c:3"), text("rg-1")],
        "too many tags leave out the tags alone"
    );
    assert_eq!(
        added(json!({TAGS: "a:1, b:2", "group": "rg-1"}), none.clone()),
        [text("a:1, b:2"), text("rg-1")],
        "an annotation that cannot be read is left as it is"
    );
    assert_eq!(
        added(json!({TAGS: "a:1", "group": "rg 1"}), none),
        [text("a:1,team:shop"), None]
    );
}

#[test]
fn a_stamp_that_ramgate_did_not_write_is_not_stored_whatever_else_is_wrong() {
    for mode in LENIENT {
        for tags in ["env:test", "env:test, x", "a:1,b:2,c:3,d:4"] {
            for filler in [1, 262_000] {
                let mut pod = pod(json!({TAGS: tags, REQUESTED_BY: "forged", "filler": "f".repeat(filler)}));
                let outcome = Port::new(mode, Failing::Nothing).asked("/mutate", &creation(&pod));
                let Outcome::Allowed {
                    patch: Some(patch), ..
                } = outcome
                else {
                    panic!("{outcome:?}")
                };
                apply(&mut pod, &patch);
                assert_ne!(
                    pod["metadata"]["annotations"][REQUESTED_BY], "forged",
                    "{mode} {tags} {filler}"
                );
            }
        }
    }
}

#[test]
fn each_namespace_has_its_own_mode_and_config_maps_have_none() {
    let modes = Modes {
        namespaces: [
            ("calm".to_owned(), Mode::Audit),
            ("kube-system".to_owned(), Mode::Enforce),
        ]
        .into(),
        default: Mode::Enforce,
        ..Modes::default()
    };
    let allowed = |directory: &str, resource: &str, namespace: &str, name: &str| {
        let body = review("UPDATE", ("", resource, ""), namespace, &json!({}), &json!({}));
        let body = String::from_utf8(body)
            .unwrap()
            .replace("\"web\"", &format!("\"{name}\""));
        let port = Port::with(modes.clone(), Failing::Overload, directory);
        matches!(port.asked("/validate", body.as_bytes()), Outcome::Allowed { .. })
    };
    assert!(allowed(DIRECTORY, "pods", "calm", "web"));
    assert!(!allowed(DIRECTORY, "pods", "shop", "web"));
    assert!(!allowed(DIRECTORY, "imagecaches", "", "web"));
    assert!(!allowed(DIRECTORY, "configmaps", "calm", "ramgate-policies"));
    assert!(allowed(DIRECTORY, "configmaps", "kube-system", "eci-profile"));
    let refusing = DIRECTORY.replace("cluster:\n", "cluster:\n  eciProfileChanges: refuse\n");
    assert!(!allowed(&refusing, "configmaps", "kube-system", "eci-profile"));
}

#[test]
fn the_directory_decides_the_mode_of_a_namespace_whether_a_review_is_judged_or_not() {
    let modes = Modes {
        namespaces: [("calm".to_owned(), Mode::Enforce)].into(),
        ..Modes::default()
    };
    let directory = format!("{DIRECTORY}modes: {{shop: enforce, calm: audit}}\n");
    for failing in [
        Failing::Nothing,
        Failing::Overload,
        Failing::Deadline,
        Failing::NotReady,
    ] {
        for (given, [shop, calm, others]) in [
            (DIRECTORY, [true, false, true]),
            (&directory, [false, true, true]),
        ] {
            // Before there is a directory, the flags alone count
            let [shop, calm] = if failing == Failing::NotReady {
                [true, false]
            } else {
                [shop, calm]
            };
            let port = Port::with(modes.clone(), failing, given);
            for (namespace, is_allowed) in [("shop", shop), ("calm", calm), ("odd", others)] {
                let pod = pod(json!({TAGS: "env:prod"}));
                let body = review("CREATE", ("", "pods", ""), namespace, &pod, &json!(null));
                let outcome = port.asked("/validate", &body);
                assert_eq!(
                    matches!(outcome, Outcome::Allowed { .. }),
                    is_allowed,
                    "{failing:?} {namespace}: {outcome:?}"
                );
            }
        }
    }
}
