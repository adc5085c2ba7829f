//! Audits of small clusters: the rows, and the Reports, Events and gauges that come of them.

mod scale;

use serde_json::{Value, json};

use crate::analysis::audit::collector::{Audit, AuditCollector};
use crate::analysis::audit::event::events;
use crate::analysis::audit::gauges::gauges;
use crate::analysis::audit::report::{is_same, report};
use crate::analysis::audit::row::AuditRow;
use crate::analysis::audit::state::AuditState;
use crate::analysis::survey::WorkloadKind;
use crate::analysis::survey::object_sink::{ListedKind, ObjectSink};
use crate::analysis::survey::test_cluster::{
    ALICE, CAROL, TestCluster, now, owned, pod, signer, template, workload,
};

/// The object with a UID made of its name
pub(crate) fn stored(mut object: Value) -> Value {
    let uid = format!("uid-{}", object["metadata"]["name"].as_str().unwrap());
    object["metadata"]["uid"] = uid.into();
    object
}

pub(crate) fn audit(test: &TestCluster, objects: &[Value]) -> Audit {
    let (mut collector, evaluator) = (AuditCollector::default(), test.evaluator());
    for kind in WorkloadKind::all(&test.configuration.cluster) {
        let own = objects.iter().filter(|object| object["kind"] == kind.name());
        for object in own {
            let listed = ListedKind {
                kind: &kind,
                api_version: object["apiVersion"].as_str().unwrap(),
            };
            collector.add(&evaluator, &listed, &stored(object.clone()));
        }
    }
    collector.finish()
}

/// Title, state and running pods of every row
fn rows(audit: &Audit) -> Vec<(String, &'static str, usize)> {
    let rows = audit.namespaces().flat_map(|(_, rows)| rows);
    let shown = rows.map(|row| (row.title(), row.verdict.state.name(), row.running_pods));
    shown.collect()
}

fn row(title: &str, state: &'static str, pods: usize) -> (String, &'static str, usize) {
    (title.to_owned(), state, pods)
}

fn running(mut pod: Value) -> Value {
    pod["spec"]["nodeName"] = "vk".into();
    pod
}

/// A Deployment of a user with its ReplicaSet and two running pods
pub(crate) fn chain(test: &TestCluster, user: &str, name: &str, tags: &str) -> Vec<Value> {
    let deployment = test.made_by(user, &workload("Deployment", name, template(tags)));
    let made = deployment["spec"]["template"].clone();
    let set = format!("{name}-5d9c7b6f4d");
    let replicas = owned(
        workload("ReplicaSet", &set, made.clone()),
        "apps/v1",
        "Deployment",
        name,
    );
    let pods = ["a", "b"].map(|suffix| {
        let mut pod = running(pod(&format!("{set}-{suffix}"), tags));
        pod["metadata"]["annotations"] = made["metadata"]["annotations"].clone();
        owned(pod, "apps/v1", "ReplicaSet", &set)
    });
    [deployment, replicas].into_iter().chain(pods).collect()
}

#[test]
fn pods_count_with_their_workload_and_are_judged_for_the_person_in_its_stamp() {
    let test = TestCluster::new("");
    let objects = [
        chain(&test, ALICE, "web", "env:test"),
        chain(&test, CAROL, "api", "env:test"),
        vec![workload("StatefulSet", "old", template("env:test"))],
    ];
    let audit = audit(&test, &objects.concat());
    assert_eq!(
        rows(&audit),
        [
            row("Deployment/api", "denied", 2),
            row("Deployment/web", "allowed", 2),
            row("StatefulSet/old", "no-stamp", 0),
        ]
    );
    let (_, shop) = audit.namespaces().next().unwrap();
    let api = &shop[0].verdict;
    assert_eq!(api.user.as_deref(), Some(CAROL));
    assert_eq!(api.principal.as_ref().unwrap().to_string(), "user/carol");
    let codes = |row: usize| {
        shop[row]
            .verdict
            .reasons
            .iter()
            .map(|one| one.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (codes(0), codes(1), codes(2)),
        (vec!["ImplicitDeny"], vec![], vec!["MissingStamp"])
    );
    assert!(
        shop[2].verdict.reasons[0]
            .with_fix()
            .contains("kubectl rollout restart statefulset/old")
    );
    let summary = audit.summary();
    assert_eq!((summary.all_workloads(), summary.all_pods()), (3, 4));
    assert_eq!(summary.pods(AuditState::Denied), 2);
}

#[test]
fn a_pod_that_differs_from_its_workload_has_a_row_of_its_own() {
    let test = TestCluster::new("");
    let mut objects = chain(&test, ALICE, "web", "env:test");
    // The pod of an older template, which nobody may have today
    let older = chain(&test, ALICE, "web", "env:prod");
    let mut pod = older[2].clone();
    pod["metadata"]["name"] = "web-5d9c7b6f4d-older".into();
    objects.push(pod);
    let audit = audit(&test, &objects);
    assert_eq!(
        rows(&audit),
        [
            row("Deployment/web", "allowed", 2),
            row("Pod/web-5d9c7b6f4d-older", "denied", 1),
        ]
    );
    // People look at the Deployment
    let (events, _) = events(&audit, now());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].object["regarding"]["kind"], "Deployment");
    assert_eq!(events[0].object["regarding"]["uid"], "uid-web");
}

#[test]
fn bare_pods_are_judged_and_others_are_left_out() {
    let test = TestCluster::new("");
    let real = |mut pod: Value| {
        pod["spec"]["nodeName"] = "real".into();
        pod
    };
    let mut ended = running(pod("ended", "env:test"));
    ended["status"] = json!({"phase": "Succeeded"});
    let mut exempt = running(pod("exempt", "env:test"));
    exempt["metadata"]["namespace"] = "kube-system".into();
    let objects = [
        running(test.made_by(ALICE, &pod("good", "env:test"))),
        running(test.made_by(CAROL, &pod("bad", "env:test"))),
        running(pod("nobody", "env:test")),
        test.made_by(ALICE, &pod("waits", "env:test")),
        real(test.made_by(CAROL, &pod("here", "env:test"))),
        ended,
        owned(exempt, "apps/v1", "ReplicaSet", "web-1"),
    ];
    let audit = audit(&test, &objects);
    assert_eq!(
        rows(&audit),
        [
            row("Pod/bad", "denied", 1),
            row("Pod/good", "allowed", 1),
            row("Pod/nobody", "no-stamp", 1),
            row("Pod/waits", "allowed", 0),
        ]
    );
}

#[test]
fn a_stamp_that_proves_nothing_is_denied_and_not_missing() {
    let test = TestCluster::new("");
    let lost = workload("Deployment", "lost", template("env:test"));
    let lost = test.made_with(signer(&["k9"]), ALICE, &lost);
    assert_eq!(
        rows(&audit(&test, &[lost])),
        [row("Deployment/lost", "denied", 0)]
    );
}

#[test]
fn a_revoked_right_shows() {
    let test = TestCluster::new("");
    let objects = chain(&test, ALICE, "web", "env:test");
    assert_eq!(
        rows(&audit(&test, &objects)),
        [row("Deployment/web", "allowed", 2)]
    );
    let mut later = TestCluster::new("");
    later.configuration = {
        let text = "account: {id: '123', region: cn-hangzhou}
users: [{name: alice}]
bindings: [{principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}]";
        let document = crate::config::ParsedDocument::directory(text.as_bytes());
        crate::config::load(&[crate::config::NamedDocument::new("directory", document)]).unwrap()
    };
    assert_eq!(
        rows(&audit(&later, &objects)),
        [row("Deployment/web", "denied", 2)]
    );
}

#[test]
fn a_report_counts_all_and_says_the_same_about_the_same_cluster() {
    let test = TestCluster::new("");
    let objects = [
        chain(&test, ALICE, "web", "env:test"),
        chain(&test, CAROL, "api", "env:test"),
    ]
    .concat();
    let of = |objects: &[Value]| {
        let audit = audit(&test, objects);
        let (namespace, rows) = audit.namespaces().next().unwrap();
        report(namespace, rows)
    };
    let first = of(&objects);
    insta::assert_snapshot!(format!("{first:#}"));
    let mut stored = of(&objects);
    // What the API server and others add
    stored["metadata"]["resourceVersion"] = "7".into();
    stored["metadata"]["labels"]["team"] = "a".into();
    assert!(is_same(&stored, &first));
    // Another pod changes nothing, another verdict does
    assert!(is_same(&of(objects.split_last().unwrap().1), &first));
    assert!(!is_same(&of(&objects[..4]), &first));
    stored["results"][0]["result"] = "pass".into();
    assert!(!is_same(&stored, &first), "somebody changed it");
}

#[test]
fn a_report_stays_below_what_the_api_server_takes_and_shows_the_denied_first() {
    let test = TestCluster::new("");
    let tags: Vec<String> = (0..9).map(|n| format!("key-{n}:{}", "v".repeat(100))).collect();
    let denied = test.made_by(
        CAROL,
        &workload("Deployment", "denied", template(&tags.join(","))),
    );
    let allowed = test.made_by(ALICE, &workload("Deployment", "allowed", template("env:test")));
    let few = audit(&test, &[allowed, denied]);
    let (namespace, few) = few.namespaces().next().unwrap();
    let many = few.iter().zip([900, 300]);
    let many: Vec<AuditRow> = many.flat_map(|(row, count)| vec![row.clone(); count]).collect();
    let report = report(namespace, &many);
    let results = report["results"].as_array().unwrap();
    assert_eq!(
        (&report["summary"]["pass"], &report["summary"]["fail"]),
        (&json!(900), &json!(300))
    );
    assert!(results.len() > 300 && results.len() <= 1000, "{}", results.len());
    assert!(results[..300].iter().all(|one| one["result"] == "fail"));
    assert!(report.to_string().len() < 1_200_000);
}

#[test]
fn events_are_bounded_and_have_one_name_for_one_fault() {
    let test = TestCluster::new("");
    let made = |n: usize| {
        test.made_by(
            CAROL,
            &workload("Deployment", &format!("web-{n}"), template("env:test")),
        )
    };
    let objects: Vec<Value> = (0..25).map(made).collect();
    let audit = audit(&test, &objects);
    let (first, left_out) = events(&audit, now());
    assert_eq!((first.len(), left_out), (20, 5));
    assert!(
        first
            .iter()
            .all(|one| one.namespace == "shop" && one.object["metadata"]["namespace"] == "shop")
    );
    let again = events(&audit, "2026-05-05T10:00:00Z".parse().unwrap()).0;
    let names = |events: &[crate::analysis::audit::event::AuditEvent]| -> Vec<Value> {
        events
            .iter()
            .map(|one| one.object["metadata"]["name"].clone())
            .collect()
    };
    assert_eq!(names(&first), names(&again));
    insta::assert_snapshot!(format!("{:#}", first[0].object));
}

#[test]
fn gauges_count_by_namespace_and_state() {
    let test = TestCluster::new("");
    let audit = audit(&test, &chain(&test, CAROL, "api", "env:test"));
    insta::assert_snapshot!(gauges(&audit, now()));
}

#[test]
fn gauges_are_bounded_and_the_rest_is_counted_together() {
    let test = TestCluster::new("");
    let one = audit(&test, &[workload("Deployment", "web", template("env:test"))]);
    let row = one.namespaces().next().unwrap().1[0].clone();
    let rows = (0..1002).map(|number| AuditRow {
        namespace: format!("ns-{number:04}").into(),
        ..row.clone()
    });
    let text = gauges(&Audit::of_rows(rows.collect()), now());
    assert!(text.contains("ramgate_audit_workloads{namespace=\"ns-0999\",state=\"no-stamp\"} 1\n"));
    assert!(text.contains("ramgate_audit_workloads{namespace=\"_other\",state=\"no-stamp\"} 2\n"));
    assert!(!text.contains("ns-1000"));
}
