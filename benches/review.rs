//! The cost of a review: parsing an AdmissionReview of 5 KB, compared with serde_json's own tree of it, and answering it.
//! Run with `cargo bench --bench review`.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up may panic")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use ramgate::testing::admission::{
    CompleteReview, Mode, Modes, NamedObjects, Review, Webhook, offline, respond,
};
use ramgate::testing::config as store;
use ramgate::testing::config::folder;
use ramgate::testing::kubernetes::ClusterSnapshot;
use serde_json::{Value, json};

/// A pod as the API server sends it, with defaults, managed fields and two containers, for a review of about 5 KB
fn pod(tag: &str) -> Value {
    let env: Vec<Value> = (0..26)
        .map(|at| json!({"name": format!("SETTING_{at}"), "value": format!("value number {at}")}))
        .collect();
    let container = |name: &str| {
        json!({
            "name": name, "image": format!("registry.example.com/team/{name}:1.2.3"), "env": env,
            "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            "volumeMounts": [{"name": "kube-api-access", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
        })
    };
    let managed = json!([{"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "v1", "time": "2026-11-22T08:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:annotations": {".": {}, "f:k8s.aliyun.com/eci-custom-tags": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"main\"}": {".": {}, "f:image": {}, "f:name": {}, "f:env": {}}}, "f:dnsPolicy": {}}}}]);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "worker", "namespace": "default", "managedFields": managed,
            "labels": {"app": "worker", "team": "payments", "alibabacloud.com/eci": "true"},
            "annotations": {"k8s.aliyun.com/eci-custom-tags": format!("env:{tag}"), "example.com/note": "a note ".repeat(20)},
        },
        "spec": {
            "containers": [container("main"), container("sidecar")], "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "default", "schedulerName": "default-scheduler", "enableServiceLinks": true, "priority": 0,
            "volumes": [{"name": "kube-api-access", "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}], "defaultMode": 420}}],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
        },
    });
    pod
}

/// The review of a user's request to create it
fn review(pod: &Value, user: &str) -> Vec<u8> {
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "11111111-2222-3333-4444-555555555555", "operation": "CREATE", "name": "worker", "namespace": "default",
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"}, "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "userInfo": {"username": user, "groups": ["developers", "system:authenticated"]},
            "object": pod, "oldObject": null, "dryRun": false, "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    });
    review.to_string().into_bytes()
}

fn bench(criterion: &mut Criterion) {
    let configuration = store::load(&folder::read("deploy/demo/config".as_ref()).unwrap()).unwrap();
    let namespace = json!({"kind": "Namespace", "metadata": {"name": "default"}});
    let objects = ClusterSnapshot::new([&namespace], &configuration.cluster).unwrap();
    let modes = Modes::everywhere(Mode::Enforce);
    let now = Timestamp::now();
    const ALICE: &str = "alice@example.com";
    let stamped =
        |tag| offline::stamped(&pod(tag), (ALICE, &[], None), &configuration, &objects, now).unwrap();
    let (new, allowed, denied) = (
        review(&pod("test"), ALICE),
        review(&stamped("test"), ALICE),
        review(&stamped("prod"), ALICE),
    );
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    let carried = review(&stamped("test"), controller);

    let mut group = criterion.benchmark_group(format!("review of {} bytes", allowed.len()));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| Review::parse(black_box(&allowed)).unwrap())
    });
    group.bench_function("parse to serde_json::Value (baseline)", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Value>(black_box(&allowed)).unwrap());
    });
    for (name, path, body) in [
        ("mutate, stamped", Webhook::Mutating, &new),
        ("validate, allowed", Webhook::Validating, &allowed),
        ("validate, of a controller", Webhook::Validating, &carried),
        ("validate, denied", Webhook::Validating, &denied),
    ] {
        let ask = |body: &[u8]| {
            let review = Review::parse(body).unwrap();
            let review = CompleteReview::new(&review, NamedObjects::default());
            respond(path, &review, &configuration, &objects, &modes, now)
        };
        let passes = ask(body).decision.passes();
        assert_eq!(passes, name != "validate, denied", "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| ask(black_box(body))));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
