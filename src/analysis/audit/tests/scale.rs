//! The time and memory of an audit of a large cluster, whose API server makes each page when it is asked for.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use serde_json::{Value, json};

use crate::analysis::audit::collector::AuditCollector;
use crate::analysis::audit::report::report;
use crate::analysis::audit::state::AuditState;
use crate::analysis::survey::large_cluster::{client, peak};
use crate::analysis::survey::live::{Scope, read_objects};
use crate::analysis::survey::test_cluster::{
    ALICE, CAROL, TestCluster, meta, owned, pod, template, workload,
};
use crate::stamp::REQUESTED_BY;

/// The number of Deployments
const DEPLOYMENTS: usize = 5_000;

/// The number of pods of each
const PODS: usize = 10;

/// The number of namespaces
const NAMESPACES: usize = 50;

/// What pods of real clusters have besides: environment, volumes, managed fields, status
static PADDING: LazyLock<Value> = LazyLock::new(|| {
    let variables = (0..60).map(|n| json!({"name": format!("VARIABLE_{n}"), "value": format!("value-{n}")}));
    variables.collect()
});

fn namespace(number: usize) -> String {
    format!("team-{:02}", number % NAMESPACES)
}

/// The stamps of all Deployments: half of them are alice's, a quarter carol's, and a quarter have none
fn stamps(test: &TestCluster) -> Vec<Option<String>> {
    let stamp = |number: usize| {
        let user = [ALICE, ALICE, CAROL].get(number % 4)?;
        let mut deployment = workload("Deployment", &format!("web-{number}"), template("env:test"));
        deployment["metadata"]["namespace"] = namespace(number).into();
        let made = test.made_by(user, &deployment);
        let stamp = &made["spec"]["template"]["metadata"]["annotations"][REQUESTED_BY];
        stamp.as_str().map(str::to_owned)
    };
    (0..DEPLOYMENTS).map(stamp).collect()
}

/// One object of a list
fn object(resource: &str, at: usize, stamps: &[Option<String>]) -> Value {
    let number = if resource == "pods" { at / PODS } else { at };
    let mut made = template("env:test");
    if let Some(stamp) = &stamps[number] {
        made["metadata"]["annotations"][REQUESTED_BY] = stamp.as_str().into();
    }
    made["spec"]["containers"][0]["env"] = PADDING.clone();
    let (deployment, set) = (format!("web-{number}"), format!("web-{number}-5d9c7b6f4d"));
    let mut object = match resource {
        "deployments" => workload("Deployment", &deployment, made),
        "replicasets" => owned(
            workload("ReplicaSet", &set, made),
            "apps/v1",
            "Deployment",
            &deployment,
        ),
        _ => {
            let mut pod = pod(&format!("{set}-{at}"), "env:test");
            pod["metadata"]["annotations"] = made["metadata"]["annotations"].clone();
            pod["spec"] = made["spec"].clone();
            pod["spec"]["nodeName"] = "vk".into();
            owned(pod, "apps/v1", "ReplicaSet", &set)
        }
    };
    object["metadata"]["namespace"] = namespace(number).into();
    object["metadata"]["uid"] = format!("00000000-0000-4000-8000-{at:012}").into();
    object
}

#[tokio::test]
#[ignore = "a measurement: docs/benchmarks.md"]
async fn fifty_thousand_pods() {
    let mut test = TestCluster::new("");
    for number in 0..NAMESPACES {
        let name = namespace(number);
        let meta = meta(&name, &[]);
        test.cluster.snapshot.namespaces.insert(name, Arc::new(meta));
    }
    let total = |resource: &str| match resource {
        "deployments" | "replicasets" => DEPLOYMENTS,
        "pods" => DEPLOYMENTS * PODS,
        _ => 0,
    };
    let stamps = stamps(&test);
    let client = client(total, move |resource, at| Some(object(resource, at, &stamps)));
    let (evaluator, start, before) = (test.evaluator(), Instant::now(), peak());
    let mut collector = AuditCollector::default();
    read_objects(&client, &evaluator, &Scope::AllNamespaces, &mut collector)
        .await
        .unwrap();
    let audit = collector.finish();
    let longest = audit
        .namespaces()
        .map(|(namespace, rows)| report(namespace, rows).to_string().len());
    let longest = longest.max().unwrap();
    let (seconds, mebibytes) = (start.elapsed().as_secs_f64(), peak());
    println!("{seconds:.1} s, {mebibytes} MiB ({before} before), longest Report {longest} bytes");
    let summary = audit.summary();
    let counts = AuditState::ALL.map(|state| (summary.workloads(state), summary.pods(state)));
    let quarter = DEPLOYMENTS / 4;
    assert_eq!(
        counts,
        [
            (quarter * 2, quarter * 2 * PODS),
            (quarter, quarter * PODS),
            (0, 0),
            (quarter, quarter * PODS),
            (0, 0)
        ]
    );
    assert!(seconds < 60.0 && mebibytes < 100, "{seconds} s, {mebibytes} MiB");
}
