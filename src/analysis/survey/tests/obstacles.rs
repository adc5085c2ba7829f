//! Every obstacle of a workload at once, for a person who is known and for nobody.

use serde_json::{Value, json};

use crate::analysis::survey::evaluated_workload::EvaluatedWorkload;
use crate::analysis::survey::test_cluster::{
    ALICE, CAROL, MALLORY, TestCluster, meta, pod, template, workload,
};
use crate::analysis::survey::tests::{DEPLOYMENT, only};
use crate::analysis::survey::{EnforceOutcome, WorkloadKind};
use crate::kubernetes::workload::Workload;

const TAGS: &str = "k8s.aliyun.com/eci-custom-tags";
const ROLE: &str = "k8s.aliyun.com/eci-ram-role-name";

/// Two mapped tags, of which one source may not fit, and a boundary
const RULES: &str = "mapping:
  tags:
    - {key: team, from: {namespaceLabel: team}, mode: default}
    - {key: app, from: {podLabel: app}, mode: default}
";

fn deployment(annotations: Value) -> Value {
    let mut template = template("env:test");
    template["metadata"]["annotations"] = annotations;
    workload("Deployment", "web", template)
}

fn codes(one: &EvaluatedWorkload) -> Vec<&str> {
    one.obstacles.iter().map(|obstacle| obstacle.code).collect()
}

#[track_caller]
fn evaluated(test: &TestCluster, object: &Value) -> EvaluatedWorkload {
    only(test.evaluate(&DEPLOYMENT, object))
}

#[test]
fn a_malformed_annotation_does_not_hide_what_ram_says() {
    let test = TestCluster::new("").owned_by(ALICE);
    let one = evaluated(
        &test,
        &deployment(json!({TAGS: "team:a, env:prod,x", ROLE: "Reader!"})),
    );
    assert_eq!(
        codes(&one),
        [
            "MissingStamp",
            "MalformedAnnotation",
            "MalformedAnnotation",
            "MalformedAnnotation",
            "ImplicitDeny",
        ]
    );
    // The remedy that changes no meaning is a line to paste; RAM's answer is about the pod with that line
    let fix = one.obstacles[1].fix.as_deref().unwrap();
    assert_eq!(
        fix,
        format!("under spec.template.metadata.annotations write {TAGS}: \"team:a,env:prod,x\"")
    );
    assert!(
        one.obstacles[4].message.contains("tag `env` must be `test`"),
        "{one:?}"
    );
    assert_eq!(
        one.obstacles[4].fix.as_deref(),
        Some(
            "under spec.template.metadata.annotations write k8s.aliyun.com/eci-custom-tags: \"team:a,env:test\""
        )
    );
}

#[test]
fn a_blank_alone_is_the_only_obstacle_of_an_otherwise_good_workload() {
    let test = TestCluster::new("").before_installation().owned_by(ALICE);
    let one = evaluated(&test, &deployment(json!({TAGS: "team:a, env:test"})));
    assert_eq!(codes(&one), ["MissingStamp", "MalformedAnnotation"]);
    let one = evaluated(&test, &deployment(json!({TAGS: "team:a,env:test"})));
    assert_eq!(codes(&one), ["MissingStamp"]);
}

#[test]
fn limits_and_mapping_sources_do_not_hide_what_ram_says() {
    let mut test = TestCluster::new(RULES).owned_by(ALICE);
    let labels = meta("shop", &[("team", "a")]);
    test.cluster
        .snapshot
        .namespaces
        .insert("shop".to_owned(), labels.into());
    let mut object = deployment(json!({TAGS: "env:prod,one:1,two:2,three:3"}));
    object["spec"]["template"]["metadata"]["labels"]["app"] = "acs:web".into();
    let one = evaluated(&test, &object);
    let mut found = codes(&one);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "ImplicitDeny",
            "MalformedMappingSource",
            "MissingStamp",
            "TooManyCustomTags"
        ]
    );
}

#[test]
fn without_a_known_person_only_what_depends_on_nobody_is_an_obstacle() {
    let test = TestCluster::new("").before_installation();
    // Tags that alice may not write may be right for somebody else
    let one = evaluated(&test, &deployment(json!({TAGS: "env:prod"})));
    assert_eq!((codes(&one), &one.person), (vec!["MissingStamp"], &None));
    let needs: Vec<String> = one.needs.iter().map(ToString::to_string).collect();
    assert_eq!(
        needs,
        ["eci:CreateContainerGroup on acs:eci:cn-hangzhou:123:containergroup/* with tags env:prod"]
    );
    // A role that RAM does not have is nobody's
    let one = evaluated(&test, &deployment(json!({TAGS: "env:prod, a:b", ROLE: "Ghost"})));
    assert_eq!(
        codes(&one),
        ["MissingStamp", "MalformedAnnotation", "Forbidden.RamRoleNotExist"]
    );
}

#[test]
fn the_boundary_of_a_namespace_counts_whoever_the_owner_is() {
    let boundary = "boundaries: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}, principal: user/alice}]";
    let test = TestCluster::new(boundary).before_installation();
    let one = evaluated(&test, &deployment(json!({TAGS: "env:prod"})));
    assert_eq!(codes(&one), ["MissingStamp", "ImplicitDeny"]);
    assert!(
        one.obstacles[1]
            .message
            .starts_with("the boundary of its namespace, RAM user `alice`, forbids it"),
        "{one:?}"
    );
}

#[test]
fn the_person_that_the_caller_names_is_asked_about_and_a_stamp_wins() {
    let object = workload("Deployment", "web", template("env:test"));
    let principal = |test: &TestCluster, object: &Value| {
        let one = evaluated(test, object);
        let person = one.person.clone().unwrap();
        let principal = person.principal.map(|principal| principal.to_string());
        (person.user, principal, person.is_assumed, one.obstacles.len())
    };
    let test = TestCluster::new("").owned_by(CAROL);
    let carol = (CAROL.to_owned(), Some("user/carol".to_owned()), true, 2);
    assert_eq!(principal(&test, &object), carol);
    let made = test.made_by(ALICE, &object);
    let alice = (ALICE.to_owned(), Some("user/alice".to_owned()), false, 0);
    assert_eq!(principal(&test, &made), alice);
    let test = TestCluster::new("").owned_by(MALLORY);
    let one = evaluated(&test, &object);
    assert_eq!(codes(&one), ["MissingStamp", "UnboundIdentity"]);
}

#[test]
fn a_forged_stamp_names_nobody_and_hides_nothing() {
    let test = TestCluster::new("").owned_by(CAROL);
    let mut copied = test.made_by(ALICE, &workload("Deployment", "web", template("env:test")));
    copied["metadata"]["namespace"] = "bank".into();
    let one = evaluated(&test, &copied);
    assert_eq!(codes(&one), ["ForgedStamp", "ImplicitDeny"]);
    assert_eq!(one.person.unwrap().user, CAROL);
}

#[test]
fn a_pod_that_runs_has_its_obstacles_as_well() {
    let test = TestCluster::new("").owned_by(CAROL);
    let mut running = pod("runs", "env:test");
    running["spec"]["nodeName"] = "vk".into();
    let one = only(test.evaluate(&WorkloadKind::Pod, &running));
    assert!(one.is_bound && matches!(one.outcome, EnforceOutcome::Denied(_)));
    assert_eq!(codes(&one), ["MissingStamp", "ImplicitDeny"]);
}

#[test]
fn the_last_client_that_wrote_the_spec_is_a_hint() {
    let test = TestCluster::new("");
    let mut object = workload("Deployment", "web", template("env:test"));
    let entry = |manager: &str, time: &str, field: &str| json!({"manager": manager, "time": time, "fieldsV1": {field: {}}});
    let mut scaled = entry("kube-controller-manager", "2026-03-01T00:00:00Z", "f:spec");
    scaled["subresource"] = "scale".into();
    object["metadata"]["managedFields"] = json!([
        entry("helm", "2026-01-01T00:00:00Z", "f:spec"),
        entry("kubectl-client-side-apply", "2026-02-01T00:00:00Z", "f:spec"),
        entry("labeller", "2026-03-01T00:00:00Z", "f:metadata"),
        scaled,
    ]);
    let one = evaluated(&test, &object);
    assert_eq!(one.written_by.unwrap().client, "kubectl-client-side-apply");
    assert_eq!(one.person, None, "a client's name is no person");
}

#[test]
fn the_place_of_an_annotation_is_that_in_the_workload() {
    let test = TestCluster::new("cluster: {carriers: [{preset: argo-workflows}]}").owned_by(CAROL);
    let alone = |kind: WorkloadKind, object: &Value, place: &str| {
        let one = only(test.evaluate(&kind, object));
        let annotation = format!("{place}[{TAGS}]");
        let obstacle = one
            .obstacles
            .iter()
            .find(|one| one.code == "MalformedAnnotation")
            .unwrap();
        assert_eq!(obstacle.field.as_deref(), Some(annotation.as_str()));
        let fix = format!("under {place} write {TAGS}: \"env:prod,a:b\"");
        assert_eq!(obstacle.fix.as_deref(), Some(fix.as_str()));
        let causes = &one.outcome.denial().unwrap().causes;
        let stamp = format!("{place}[ramgate.io/requested-by]");
        assert!(
            causes
                .iter()
                .any(|cause| cause.field.as_deref() == Some(&annotation))
                || causes.iter().all(|cause| cause.field.as_deref() == Some(&stamp)),
            "{causes:?}"
        );
    };
    let blank = || template("env:prod, a:b");
    alone(
        WorkloadKind::BuiltIn(Workload::Deployment),
        &workload("Deployment", "web", blank()),
        "spec.template.metadata.annotations",
    );
    alone(
        WorkloadKind::BuiltIn(Workload::CronJob),
        &workload("CronJob", "web", blank()),
        "spec.jobTemplate.spec.template.metadata.annotations",
    );
    alone(
        WorkloadKind::Pod,
        &pod("web", "env:prod, a:b"),
        "metadata.annotations",
    );
    // The pods of a Workflow have the metadata of the whole, which is no template
    let flow = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "f", "namespace": "shop"},
        "spec": {"podMetadata": blank()["metadata"], "entrypoint": "a"}});
    let flows = WorkloadKind::named("workflow", &test.configuration.cluster).unwrap();
    alone(flows, &flow, "spec.podMetadata.annotations");
}

#[test]
fn what_ram_asks_for_is_written_into_the_template() {
    let test = TestCluster::new("").owned_by(ALICE);
    let one = only(test.evaluate(
        &WorkloadKind::BuiltIn(Workload::CronJob),
        &workload("CronJob", "web", template("env:prod")),
    ));
    let denied = one
        .obstacles
        .iter()
        .find(|one| one.code == "ImplicitDeny")
        .unwrap();
    let fix = denied.fix.as_deref().unwrap();
    assert!(
        fix.starts_with("under spec.jobTemplate.spec.template.metadata.annotations write"),
        "{fix}"
    );
    // The message says the same, so that people read it once
    assert!(denied.message.contains(fix), "{}", denied.message);
}
