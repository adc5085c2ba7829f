//! Evaluates the workloads of a small cluster.

pub(crate) mod inventory;
pub(crate) mod obstacles;
pub(crate) mod preflight;
mod unlisted_subjects;

use serde_json::{Value, json};

use crate::analysis::survey::evaluated_workload::EvaluatedWorkload;
use crate::analysis::survey::restamp_plan::Obstacle;
use crate::analysis::survey::test_cluster::{
    ALICE, CAROL, MALLORY, TestCluster, meta, owned, pod, signer, template, workload,
};
use crate::analysis::survey::{EnforceOutcome, RestampPlan, StampStatus, WorkloadKind};
use crate::kubernetes::workload::Workload;
use crate::stamp::{REQUESTED_BY, VerifyError};

const DEPLOYMENT: WorkloadKind = WorkloadKind::BuiltIn(Workload::Deployment);

#[track_caller]
fn only(mut all: Vec<EvaluatedWorkload>) -> EvaluatedWorkload {
    assert_eq!(all.len(), 1, "{all:?}");
    all.pop().unwrap()
}

fn code(one: &EvaluatedWorkload) -> &str {
    one.outcome.denial().map_or("", |denial| denial.code.as_str())
}

#[test]
fn a_stamped_workload_is_evaluated_for_the_stamped_user() {
    let test = TestCluster::new("");
    let made = test.made_by(ALICE, &workload("Deployment", "web", template("env:test")));
    let one = only(test.evaluate(&DEPLOYMENT, &made));
    assert!(
        one.is_good() && !one.would_be_denied() && one.is_certain,
        "{one:?}"
    );
    let claims = one.stamp.claims().unwrap();
    assert_eq!(
        (
            claims.user.as_str(),
            claims.principal.as_ref().unwrap().to_string().as_str()
        ),
        (ALICE, "user/alice")
    );
    assert_eq!(
        (one.stamp.key(), one.mark.as_str()),
        (Some("k2"), "label alibabacloud.com/eci=true")
    );

    let made = test.made_by(CAROL, &workload("Deployment", "web", template("env:test")));
    let one = only(test.evaluate(&DEPLOYMENT, &made));
    assert_eq!(
        (one.stamp.name(), one.outcome.name(), code(&one)),
        ("good", "denied", "ImplicitDeny")
    );
    let sentence = &one.outcome.denial().unwrap().sentence;
    assert!(
        sentence.starts_with("`carol@example.com` (RAM user `carol`) may not create pod `shop/web-*`"),
        "{sentence}"
    );
    assert!(!sentence.contains("AuthAction"), "{sentence}");

    let made = test.made_by(MALLORY, &workload("Deployment", "web", template("env:test")));
    let one = only(test.evaluate(&DEPLOYMENT, &made));
    assert_eq!((one.stamp.name(), code(&one)), ("good", "UnboundIdentity"));
    assert!(one.would_be_denied());
}

#[test]
fn a_workload_without_a_stamp_would_be_denied() {
    let test = TestCluster::new("");
    let one = only(test.evaluate(&DEPLOYMENT, &workload("Deployment", "web", template("env:test"))));
    assert_eq!(
        (&one.stamp, one.outcome.name(), code(&one)),
        (&StampStatus::Missing, "denied", "MissingStamp")
    );
    assert!(one.would_be_denied());
}

#[test]
fn a_broken_stamp_has_a_reason() {
    let test = TestCluster::new("");
    let made = test.made_by(ALICE, &workload("Deployment", "web", template("env:test")));
    let mut copied = made.clone();
    copied["metadata"]["namespace"] = "bank".into();
    let one = only(test.evaluate(&DEPLOYMENT, &copied));
    let reason = Some(VerifyError::Namespace("shop".to_owned()));
    assert_eq!(
        one.stamp,
        StampStatus::Broken {
            reason,
            key: Some("k2".to_owned())
        }
    );
    assert_eq!(code(&one), "ForgedStamp");

    let lost = test.made_with(
        signer(&["k9"]),
        ALICE,
        &workload("Deployment", "web", template("env:test")),
    );
    let one = only(test.evaluate(&DEPLOYMENT, &lost));
    assert_eq!(
        one.stamp.problem().unwrap(),
        "its stamp proves nothing, it was signed with key k9, which ramgate does not have"
    );

    let mut keyless = TestCluster::new("");
    keyless.cluster.snapshot.signer = None;
    let one = only(keyless.evaluate(&DEPLOYMENT, &made));
    assert_eq!(
        one.stamp.problem().unwrap(),
        "its stamp proves nothing, there is no key to check it with"
    );
    assert!(one.would_be_denied());
}

#[test]
fn fields_that_were_changed_behind_the_stamp_are_denied() {
    let test = TestCluster::new("");
    let mut made = test.made_by(ALICE, &workload("Deployment", "web", template("env:test")));
    made["spec"]["template"]["metadata"]["annotations"]["k8s.aliyun.com/eci-custom-tags"] = "env:prod".into();
    let one = only(test.evaluate(&DEPLOYMENT, &made));
    assert_eq!((one.stamp.name(), code(&one)), ("good", "DiffersFromStamp"));
}

#[test]
fn workloads_that_cannot_reach_eci_are_left_out_and_others_are_possible() {
    let test = TestCluster::new("");
    let plain = json!({"metadata": {}, "spec": {"containers": []}});
    assert!(
        test.evaluate(&DEPLOYMENT, &workload("Deployment", "web", plain))
            .is_empty()
    );
    let tolerant = json!({"spec": {"tolerations": [{"operator": "Exists"}]}});
    let one = only(test.evaluate(
        &WorkloadKind::BuiltIn(Workload::DaemonSet),
        &workload("DaemonSet", "agent", tolerant),
    ));
    assert!(
        !one.is_certain && matches!(one.outcome, EnforceOutcome::DeniedIfBound(_)),
        "{one:?}"
    );
    assert_eq!(one.mark, "toleration of every taint");
}

#[test]
fn labels_of_the_namespace_and_eci_profile_lead_to_eci() {
    let mut test = TestCluster::new("");
    let plain = || {
        workload(
            "Deployment",
            "web",
            json!({"metadata": {"labels": {"app": "web"}}, "spec": {}}),
        )
    };
    assert!(test.evaluate(&DEPLOYMENT, &plain()).is_empty());
    test.cluster
        .snapshot
        .namespaces
        .insert("shop".to_owned(), meta("shop", &[("eci", "true")]).into());
    assert_eq!(
        only(test.evaluate(&DEPLOYMENT, &plain())).mark,
        "namespace label eci=true"
    );
    let mut test = TestCluster::new("");
    let selectors = r#"[{"name": "webs", "objectSelector": {"matchLabels": {"app": "web"}}, "effect": {}}]"#;
    let data = [("selectors".to_owned(), selectors.to_owned())].into();
    test.cluster.snapshot.profile = crate::kubernetes::eci_profile::Profile::parse(&data)
        .unwrap()
        .into();
    assert_eq!(
        only(test.evaluate(&DEPLOYMENT, &plain())).mark,
        "eci-profile selector `webs`"
    );
}

const CARRIERS: &str = "cluster:
  carriers:
    - {user: 'system:serviceaccount:tools:sets', group: apps.example.com, kind: CloneSet, resource: clonesets,
       templates: [spec.template, spec.others.template]}
    - {user: 'system:serviceaccount:tools:sets', group: batch, kind: Job, resource: jobs, templates: [spec.template]}
";

#[test]
fn every_template_of_a_delegated_kind_is_evaluated() {
    let mut test = TestCluster::new(CARRIERS);
    let workload_kind = WorkloadKind::named("clonesets", &test.configuration.cluster).unwrap();
    let mut set = workload("CloneSet", "web", template("env:test"));
    let other = json!({"metadata": {"labels": {"eci": "true"}}});
    set["spec"]["others"] = json!([{"template": other}, {"name": "none"}, {"template": other}]);
    let all = test.evaluate(&workload_kind, &set);
    let titles: Vec<String> = all.iter().map(EvaluatedWorkload::title).collect();
    assert_eq!(
        titles,
        [
            "CloneSet/web (spec.template)",
            "CloneSet/web (spec.others.0.template)",
            "CloneSet/web (spec.others.2.template)"
        ]
    );
    assert!(all.iter().all(|one| one.stamp == StampStatus::Missing));
    assert!(matches!(
        RestampPlan::of(&all[0]),
        RestampPlan::Impossible(Obstacle::CustomController)
    ));

    // The default installation does not send the kind: its stamps are not trusted
    test.cluster.webhooks = Some(crate::analysis::survey::test_cluster::webhooks(|_| {}));
    let all = test.evaluate(&workload_kind, &set);
    assert_eq!(code(&all[0]), "CarrierNotSent");
}

#[test]
fn kinds_are_found_by_all_their_names() {
    let test = TestCluster::new(CARRIERS);
    let settings = &test.configuration.cluster;
    for word in ["deployment", "Deployment", "deployments", "deploy"] {
        assert_eq!(WorkloadKind::named(word, settings), Some(DEPLOYMENT), "{word}");
    }
    assert_eq!(WorkloadKind::named("po", settings), Some(WorkloadKind::Pod));
    assert_eq!(
        WorkloadKind::named("CloneSet", settings).unwrap().resource(),
        "clonesets"
    );
    assert_eq!(WorkloadKind::named("service", settings), None);
    let object = json!({"apiVersion": "apps.example.com/v2", "kind": "CloneSet"});
    assert_eq!(
        WorkloadKind::of_object(&object, settings).unwrap().name(),
        "CloneSet"
    );
    let object = json!({"apiVersion": "other.example.com/v1", "kind": "Deployment"});
    assert_eq!(WorkloadKind::of_object(&object, settings), None);
    // A built-in kind that `cluster.carriers` lists comes once
    let kinds: Vec<String> = WorkloadKind::all(settings)
        .iter()
        .map(|kind| kind.name().to_owned())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "Job").count(), 1, "{kinds:?}");
}

fn plan(kind: &str, change: impl FnOnce(&mut Value)) -> (RestampPlan, String) {
    let test = TestCluster::new("");
    let workload_kind = WorkloadKind::named(kind, &test.configuration.cluster).unwrap();
    let mut object = match kind {
        "Pod" => pod("web", "env:test"),
        kind => workload(kind, "web", template("env:test")),
    };
    change(&mut object);
    let one = only(test.evaluate(&workload_kind, &object));
    let plan = RestampPlan::of(&one);
    let advice = plan.advice(&one);
    (plan, advice)
}

#[test]
fn each_kind_has_its_way_to_a_stamp() {
    let of = |kind: &str| plan(kind, |_| {});
    for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
        let (plan, advice) = of(kind);
        assert_eq!(plan, RestampPlan::Rollout);
        let command = format!(
            "run `kubectl rollout restart {}/web -n shop`",
            kind.to_lowercase()
        );
        assert!(advice.starts_with(&command), "{advice}");
    }
    for kind in ["CronJob", "ReplicaSet", "ReplicationController"] {
        let (plan, advice) = of(kind);
        assert_eq!(plan, RestampPlan::Object, "{kind}");
        assert!(advice.contains("kubectl annotate"), "{advice}");
    }
    assert_eq!(of("Job").0, RestampPlan::Impossible(Obstacle::Job));
    assert_eq!(of("Pod").0, RestampPlan::Impossible(Obstacle::Pod));
    let paused = plan("Deployment", |object| object["spec"]["paused"] = true.into());
    assert_eq!(paused.0, RestampPlan::Impossible(Obstacle::Paused));
    for (kind, api, owner) in [
        ("ReplicaSet", "apps/v1", "Deployment"),
        ("Job", "batch/v1", "CronJob"),
        ("ReplicationController", "apps.example.com/v1", "DeploymentConfig"),
    ] {
        let (plan, advice) = plan(kind, |object| *object = owned(object.clone(), api, owner, "web"));
        assert!(
            matches!(plan, RestampPlan::Impossible(Obstacle::Owned(_))),
            "{kind} {plan:?}"
        );
        assert!(advice.contains(owner), "{advice}");
    }
    let (plan, _) = plan("Deployment", |object| {
        *object = owned(object.clone(), "apps.example.com/v1", "App", "web");
    });
    assert_eq!(plan, RestampPlan::Rollout);
}

#[test]
fn a_good_stamp_is_renewed_by_the_template() {
    let test = TestCluster::new("");
    let made = test.made_by(ALICE, &workload("CronJob", "web", template("env:test")));
    let one = only(test.evaluate(&WorkloadKind::BuiltIn(Workload::CronJob), &made));
    assert_eq!(RestampPlan::of(&one), RestampPlan::Template);
    assert!(
        made.pointer("/spec/jobTemplate/spec/template/metadata/annotations")
            .unwrap()[REQUESTED_BY]
            .is_string()
    );
}
