//! Rows, tallies and findings of a small cluster.

pub(crate) mod inventory;
pub(crate) mod preflight;

use serde_json::{Value, json};

use crate::analysis::survey::fixture::{
    ALICE, CAROL, MALLORY, Town, meta, owned, pod, signer, template, workload,
};
use crate::analysis::survey::restamp_plan::Obstacle;
use crate::analysis::survey::row::Row;
use crate::analysis::survey::{RestampPlan, Source, Stamp, Today};
use crate::kubernetes::workload::Workload;
use crate::stamp::{Broken, REQUESTED_BY};

const DEPLOYMENT: Source = Source::Workload(Workload::Deployment);

#[track_caller]
fn only(mut rows: Vec<Row>) -> Row {
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.pop().unwrap()
}

fn code(row: &Row) -> &str {
    row.today.denied().map_or("", |denied| denied.code.as_str())
}

#[test]
fn a_stamped_workload_says_who_asked_and_is_judged_for_them() {
    let town = Town::new("");
    let made = town.made_by(ALICE, &workload("Deployment", "web", template("env:test")));
    let row = only(town.rows(&DEPLOYMENT, &made));
    assert!(
        row.is_good() && !row.would_be_denied() && row.is_certain,
        "{row:?}"
    );
    let claims = row.stamp.claims().unwrap();
    assert_eq!(
        (
            claims.user.as_str(),
            claims.principal.as_ref().unwrap().to_string().as_str()
        ),
        (ALICE, "user/alice")
    );
    assert_eq!(
        (row.stamp.key(), row.mark.as_str()),
        (Some("k2"), "label alibabacloud.com/eci=true")
    );

    let made = town.made_by(CAROL, &workload("Deployment", "web", template("env:test")));
    let row = only(town.rows(&DEPLOYMENT, &made));
    assert_eq!(
        (row.stamp.name(), row.today.name(), code(&row)),
        ("good", "denied", "ImplicitDeny")
    );
    let sentence = &row.today.denied().unwrap().sentence;
    assert!(
        sentence.starts_with("`carol@example.com` (RAM user `carol`) may not create pod `shop/web-*`"),
        "{sentence}"
    );
    assert!(!sentence.contains("AuthAction"), "{sentence}");

    let made = town.made_by(MALLORY, &workload("Deployment", "web", template("env:test")));
    let row = only(town.rows(&DEPLOYMENT, &made));
    assert_eq!((row.stamp.name(), code(&row)), ("good", "UnboundIdentity"));
    assert!(row.would_be_denied());
}

#[test]
fn a_workload_without_a_stamp_would_be_denied() {
    let town = Town::new("");
    let row = only(town.rows(&DEPLOYMENT, &workload("Deployment", "web", template("env:test"))));
    assert_eq!(
        (&row.stamp, row.today.name(), code(&row)),
        (&Stamp::Missing, "denied", "MissingStamp")
    );
    assert!(row.would_be_denied());
}

#[test]
fn a_stamp_that_proves_nothing_is_told_with_its_reason() {
    let town = Town::new("");
    let made = town.made_by(ALICE, &workload("Deployment", "web", template("env:test")));
    let mut copied = made.clone();
    copied["metadata"]["namespace"] = "bank".into();
    let row = only(town.rows(&DEPLOYMENT, &copied));
    let reason = Some(Broken::Namespace("shop".to_owned()));
    assert_eq!(
        row.stamp,
        Stamp::Broken {
            reason,
            key: Some("k2".to_owned())
        }
    );
    assert_eq!(code(&row), "ForgedStamp");

    let lost = town.made_with(
        signer(&["k9"]),
        ALICE,
        &workload("Deployment", "web", template("env:test")),
    );
    let row = only(town.rows(&DEPLOYMENT, &lost));
    assert_eq!(
        row.stamp.trouble().unwrap(),
        "its stamp proves nothing, it was signed with key k9, which ramgate does not have"
    );

    let mut keyless = Town::new("");
    keyless.cluster.snapshot.signer = None;
    let row = only(keyless.rows(&DEPLOYMENT, &made));
    assert_eq!(
        row.stamp.trouble().unwrap(),
        "its stamp proves nothing, there is no key to check it with"
    );
    assert!(row.would_be_denied());
}

#[test]
fn fields_that_were_changed_behind_the_stamp_are_denied() {
    let town = Town::new("");
    let mut made = town.made_by(ALICE, &workload("Deployment", "web", template("env:test")));
    made["spec"]["template"]["metadata"]["annotations"]["k8s.aliyun.com/eci-custom-tags"] = "env:prod".into();
    let row = only(town.rows(&DEPLOYMENT, &made));
    assert_eq!((row.stamp.name(), code(&row)), ("good", "DiffersFromStamp"));
}

#[test]
fn what_cannot_reach_eci_is_no_row_and_what_may_is_a_possible_one() {
    let town = Town::new("");
    let plain = json!({"metadata": {}, "spec": {"containers": []}});
    assert!(
        town.rows(&DEPLOYMENT, &workload("Deployment", "web", plain))
            .is_empty()
    );
    let tolerant = json!({"spec": {"tolerations": [{"operator": "Exists"}]}});
    let row = only(town.rows(
        &Source::Workload(Workload::DaemonSet),
        &workload("DaemonSet", "agent", tolerant),
    ));
    assert!(
        !row.is_certain && matches!(row.today, Today::DeniedIfBound(_)),
        "{row:?}"
    );
    assert_eq!(row.mark, "toleration of every taint");
}

#[test]
fn labels_of_the_namespace_and_eci_profile_lead_to_eci() {
    let mut town = Town::new("");
    let plain = || {
        workload(
            "Deployment",
            "web",
            json!({"metadata": {"labels": {"app": "web"}}, "spec": {}}),
        )
    };
    assert!(town.rows(&DEPLOYMENT, &plain()).is_empty());
    town.cluster
        .snapshot
        .namespaces
        .insert("shop".to_owned(), meta("shop", &[("eci", "true")]).into());
    assert_eq!(
        only(town.rows(&DEPLOYMENT, &plain())).mark,
        "namespace label eci=true"
    );
    let mut town = Town::new("");
    let selectors = r#"[{"name": "webs", "objectSelector": {"matchLabels": {"app": "web"}}, "effect": {}}]"#;
    let data = [("selectors".to_owned(), selectors.to_owned())].into();
    town.cluster.snapshot.profile = crate::kubernetes::eci_profile::Profile::parse(&data)
        .unwrap()
        .into();
    assert_eq!(
        only(town.rows(&DEPLOYMENT, &plain())).mark,
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
fn every_template_of_a_listed_kind_has_its_row() {
    let mut town = Town::new(CARRIERS);
    let source = Source::meant("clonesets", &town.configuration.cluster).unwrap();
    let mut set = workload("CloneSet", "web", template("env:test"));
    let other = json!({"metadata": {"labels": {"eci": "true"}}});
    set["spec"]["others"] = json!([{"template": other}, {"name": "none"}, {"template": other}]);
    let rows = town.rows(&source, &set);
    let titles: Vec<String> = rows.iter().map(Row::title).collect();
    assert_eq!(
        titles,
        [
            "CloneSet/web (spec.template)",
            "CloneSet/web (spec.others.0.template)",
            "CloneSet/web (spec.others.2.template)"
        ]
    );
    assert!(rows.iter().all(|row| row.stamp == Stamp::Missing));
    assert!(matches!(
        RestampPlan::of(&rows[0]),
        RestampPlan::None(Obstacle::Foreign)
    ));

    // The default installation does not send the kind, so that its stamps are not trusted
    town.cluster.webhooks = Some(crate::analysis::survey::fixture::webhooks(|_| {}));
    let rows = town.rows(&source, &set);
    assert_eq!(code(&rows[0]), "CarrierNotSent");
}

#[test]
fn kinds_are_meant_by_all_their_names() {
    let town = Town::new(CARRIERS);
    let settings = &town.configuration.cluster;
    for word in ["deployment", "Deployment", "deployments", "deploy"] {
        assert_eq!(Source::meant(word, settings), Some(DEPLOYMENT), "{word}");
    }
    assert_eq!(Source::meant("po", settings), Some(Source::Pod));
    assert_eq!(
        Source::meant("CloneSet", settings).unwrap().resource(),
        "clonesets"
    );
    assert_eq!(Source::meant("service", settings), None);
    let object = json!({"apiVersion": "apps.example.com/v2", "kind": "CloneSet"});
    assert_eq!(Source::of(&object, settings).unwrap().kind(), "CloneSet");
    let object = json!({"apiVersion": "other.example.com/v1", "kind": "Deployment"});
    assert_eq!(Source::of(&object, settings), None);
    // A built-in kind that a carrier lists is looked through once
    let kinds: Vec<String> = Source::all(settings)
        .iter()
        .map(|source| source.kind().to_owned())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "Job").count(), 1, "{kinds:?}");
}

fn plan(kind: &str, change: impl FnOnce(&mut Value)) -> (RestampPlan, String) {
    let town = Town::new("");
    let source = Source::meant(kind, &town.configuration.cluster).unwrap();
    let mut object = match kind {
        "Pod" => pod("web", "env:test"),
        kind => workload(kind, "web", template("env:test")),
    };
    change(&mut object);
    let row = only(town.rows(&source, &object));
    let plan = RestampPlan::of(&row);
    let advice = plan.advice(&row);
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
    assert_eq!(of("Job").0, RestampPlan::None(Obstacle::Job));
    assert_eq!(of("Pod").0, RestampPlan::None(Obstacle::Pod));
    let paused = plan("Deployment", |object| object["spec"]["paused"] = true.into());
    assert_eq!(paused.0, RestampPlan::None(Obstacle::Paused));
    for (kind, api, owner) in [
        ("ReplicaSet", "apps/v1", "Deployment"),
        ("Job", "batch/v1", "CronJob"),
        ("ReplicationController", "apps.example.com/v1", "DeploymentConfig"),
    ] {
        let (plan, advice) = plan(kind, |object| *object = owned(object.clone(), api, owner, "web"));
        assert!(
            matches!(plan, RestampPlan::None(Obstacle::Owned(_))),
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
    let town = Town::new("");
    let made = town.made_by(ALICE, &workload("CronJob", "web", template("env:test")));
    let row = only(town.rows(&Source::Workload(Workload::CronJob), &made));
    assert_eq!(RestampPlan::of(&row), RestampPlan::Template);
    assert!(
        made.pointer("/spec/jobTemplate/spec/template/metadata/annotations")
            .unwrap()[REQUESTED_BY]
            .is_string()
    );
}
