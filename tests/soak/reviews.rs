//! The reviews: what is asked again and again, and what must come back.

use axum::body::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use crate::harness::objects::TAGS;
use crate::ledger::Series;

/// The namespace of everything that is asked for; the values enforce it, as they do all
pub(crate) const NAMESPACE: &str = "soak";

/// A stored pod of alice's, into which reviews of exec want to go
pub(crate) const TARGET: &str = "target";

/// What must come back
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Allowed, with a patch that writes the stamp and these tags
    Allowed { tags: &'static str },
    /// Allowed as it is
    AllowedUnchanged,
    /// Denied with these words
    Denied(&'static str),
    /// Allowed or denied as the policies in force have it right now
    Turn,
    /// Denied with the generation of the policies in force
    Policies,
    /// Denied with the generation of the directory in force
    Directory,
}

/// One kind of review
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) expected: Expected,
    pub(crate) series: Series,
    /// Whether `/mutate` is asked first, and its patch applied
    pub(crate) mutates: bool,
    /// Whether ramgate reads the object from the API server, so that it can be asked only while that is there
    pub(crate) reads: bool,
    /// How often it is asked, beside the others
    pub(crate) weight: usize,
    request: Value,
    object: Value,
}

#[derive(Serialize)]
struct Review<'a> {
    kind: &'static str,
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    request: Request<'a>,
}

#[derive(Serialize)]
struct Request<'a> {
    uid: &'a str,
    name: &'a str,
    #[serde(flatten)]
    other: &'a Value,
    object: &'a Value,
}

impl Case {
    /// The review's body
    pub(crate) fn body(&self, uid: &str, object: &Value) -> Bytes {
        let review = Review {
            kind: "AdmissionReview",
            api_version: "admission.k8s.io/v1",
            request: Request {
                uid,
                name: object["metadata"]["name"].as_str().unwrap_or(TARGET),
                other: &self.request,
                object,
            },
        };
        serde_json::to_vec(&review).expect("a review").into()
    }

    /// The object, under a name that no other has: each has a line of its own in the log
    pub(crate) fn object_named(&self, number: u64) -> Value {
        let mut object = self.object.clone();
        if let Some(name) = object.pointer_mut("/metadata/name") {
            *name = format!("web-{number}").into();
        }
        object
    }

    /// How many reviews one turn of it is
    pub(crate) fn reviews(&self) -> u64 {
        if self.mutates { 2 } else { 1 }
    }
}

/// All kinds
pub(crate) fn cases() -> Vec<Case> {
    let denied = Expected::Denied;
    let alice = "alice@example.com";
    vec![
        pod(
            "allowed",
            30,
            alice,
            "env:test",
            Expected::Allowed {
                tags: "env:test,team:shop",
            },
        ),
        pod("denied", 10, alice, "env:production", denied("tag `env` must")),
        pod(
            "malformed",
            5,
            alice,
            "env:test, app:web",
            denied("blank before the key"),
        ),
        pod(
            "unbound",
            5,
            "stranger@example.com",
            "env:test",
            denied("stranger@example.com"),
        ),
        pod("turn", 10, "turner@example.com", "turn:even", Expected::Turn),
        pod(
            "policies",
            5,
            "reader@example.com",
            "env:test",
            Expected::Policies,
        ),
        pod(
            "directory",
            5,
            "guest@example.com",
            "env:production",
            Expected::Directory,
        ),
        deployment(
            "template allowed",
            10,
            "env:test",
            Expected::Allowed {
                tags: "env:test,team:shop",
            },
        ),
        deployment("template denied", 5, "env:production", denied("tag `env` must")),
        exec("exec allowed", alice, Expected::AllowedUnchanged),
        exec(
            "exec denied",
            "stranger@example.com",
            denied("stranger@example.com"),
        ),
    ]
}

/// A pod of the benchmarks, of 4.7 KB as a review, with these tags
pub(crate) fn marked_pod(name: &str, tags: &str) -> Value {
    let review: Value =
        serde_json::from_str(include_str!("../../benches/load/allowed.json")).expect("review");
    let mut pod = review["request"]["object"].clone();
    pod["metadata"]["name"] = name.into();
    pod["metadata"]["namespace"] = NAMESPACE.into();
    pod["metadata"]["annotations"] = json!({TAGS: tags});
    pod
}

fn pod(name: &'static str, weight: usize, user: &str, tags: &str, expected: Expected) -> Case {
    Case {
        name,
        expected,
        series: Series::Shared,
        mutates: true,
        reads: false,
        weight,
        request: request(["", "v1", "Pod", "pods"], "CREATE", user),
        object: marked_pod("web", tags),
    }
}

fn deployment(name: &'static str, weight: usize, tags: &str, expected: Expected) -> Case {
    let pod = marked_pod("web", tags);
    let mut template = json!({"metadata": pod["metadata"], "spec": pod["spec"]});
    for field in ["name", "namespace"] {
        template["metadata"]
            .as_object_mut()
            .expect("metadata")
            .remove(field);
    }
    let labels = json!({"app": "web"});
    let object = json!({
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template, "strategy": {}},
        "status": {},
    });
    let request = request(
        ["apps", "v1", "Deployment", "deployments"],
        "CREATE",
        "alice@example.com",
    );
    Case {
        name,
        expected,
        series: Series::Own,
        mutates: true,
        reads: false,
        weight,
        request,
        object,
    }
}

fn exec(name: &'static str, user: &str, expected: Expected) -> Case {
    let mut request = request(["", "v1", "PodExecOptions", "pods"], "CONNECT", user);
    request["subResource"] = "exec".into();
    request["requestSubResource"] = "exec".into();
    Case {
        name,
        expected,
        series: Series::Own,
        mutates: false,
        reads: true,
        weight: 3,
        request,
        object: json!({
            "kind": "PodExecOptions",
            "apiVersion": "v1",
            "stdout": true,
            "container": "web",
            "command": ["date"],
        }),
    }
}

fn request([group, version, kind, resource]: [&str; 4], operation: &str, user: &str) -> Value {
    let kind = json!({"group": group, "version": version, "kind": kind});
    let resource = json!({"group": group, "version": version, "resource": resource});
    json!({
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "namespace": NAMESPACE,
        "operation": operation,
        "userInfo": {"username": user, "groups": ["system:authenticated"]},
        "oldObject": null,
        "dryRun": false,
    })
}
