//! The whole path on made-up requests: decisions, modes, and every sentence that a person reads.

mod advice;
mod exceptions;
mod owners;
mod pod_update_findings;
pub(crate) mod review_limits;
mod spawners;
pub(crate) mod stored;

use crate::kubernetes::snapshot::ClusterSnapshot;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::admission::offline;
use crate::admission::offline::{OfflineResult, Operation, Request};
use crate::admission::review::complete::NamedObjects;
use crate::admission::*;
use crate::config::{ParsedDocument, merge};
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS};
use crate::yaml;

const DIRECTORY: &str = r#"
account: {id: "1234567890123456", region: cn-hangzhou, clusterId: c0ffee, serviceLinkedRoles: [AliyunServiceRoleForECI]}
resourceGroups: [{id: rg-default1, name: default, default: true}, {id: rg-prod1, name: production}]
users:
  - {name: all, policies: [{policy: AliyunECIFullAccess}, {policy: Pass}]}
  - {name: test, policies: [{policy: Test}]}
  - {name: wide, policies: [{policy: Wide}]}
  - {name: odd, policies: [{policy: Odd}]}
  - {name: grouped, policies: [{policy: Grouped}]}
  - {name: denied, policies: [{policy: AliyunECIFullAccess}, {policy: Guard}, {policy: Pass}]}
  - {name: nobody}
  - {name: prod, policies: [{policy: AliyunECIFullAccess, resourceGroup: rg-prod1}]}
roles:
  - {name: Good, trustPolicy: {Version: "1", Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}}
  - {name: Other, trustPolicy: {Version: "1", Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}}
  - {name: Wary, trustPolicy: {Version: "1", Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [fc.aliyuncs.com]}}]}}
  - {name: Team, policies: [{policy: Test}], trustPolicy: {Version: "1", Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}}
bindings:
  - {principal: user/all, subjects: [{kind: User, name: all}, {kind: ServiceAccount, namespace: ci, name: deployer}]}
  - {principal: user/test, subjects: [{kind: User, name: test}]}
  - {principal: user/wide, subjects: [{kind: User, name: wide}]}
  - {principal: user/odd, subjects: [{kind: User, name: odd}]}
  - {principal: user/grouped, subjects: [{kind: User, name: grouped}]}
  - {principal: user/denied, subjects: [{kind: User, name: denied}]}
  - {principal: user/nobody, subjects: [{kind: User, name: nobody}]}
  - {principal: user/prod, subjects: [{kind: User, name: prod}]}
  - {principal: account, subjects: [{kind: User, name: root}]}
boundaries: [{namespaces: {matchLabels: {tenant: team}}, principal: role/Team}]
"#;

const POLICIES: &str = r#"
Test: {Version: "1", Statement: [{Effect: Allow, Action: "eci:*", Resource: "*", Condition: {StringEquals: {"eci:tag/env": test}}}]}
Wide: {Version: "1", Statement: [{Effect: Allow, Action: "eci:Create*", Resource: "*", Condition: {StringLike: {"acs:RequestTag/team": ["pay*", "ops", "dev", "qa"]}}}]}
Odd: {Version: "1", Statement: [{Effect: Allow, Action: "eci:Create*", Resource: "*", Condition: {IpAddress: {"acs:SourceIp": "10.0.0.0/8"}}}]}
Grouped: {Version: "1", Statement: [{Effect: Allow, Action: "eci:Create*", Resource: "*", Condition: {StringEquals: {"acs:ResourceGroupId": rg-prod1}}}]}
Guard: {Version: "1", Statement: [
  {Effect: Deny, Action: "eci:*", Resource: "*", Condition: {StringEquals: {"acs:RequestTag/env": prod}}},
  {Effect: Deny, Action: "eci:Delete*", Resource: "*", Condition: {StringEquals: {"acs:ResourceTag/keep": "true"}}}]}
Pass: {Version: "1", Statement: [{Effect: Allow, Action: "ram:PassRole", Resource: ["acs:ram:*:*:role/Good", "acs:ram:*:*:role/Wary"]}]}
"#;

/// A configuration of the directory above with some changes of its text
fn configuration(changes: &[(&str, &str)]) -> Configuration {
    let directory = changes.iter().fold(DIRECTORY.to_owned(), |text, (from, to)| {
        text.replacen(from, to, 1)
    });
    let policies = yaml::parse(POLICIES).unwrap().remove(0);
    let mut pieces: Vec<(String, ParsedDocument)> = Vec::new();
    for (key, node) in policies.entries("policies").unwrap() {
        pieces.push((key.text.clone(), ParsedDocument::policy_node(&key.text, node)));
    }
    pieces.push((
        "directory".to_owned(),
        ParsedDocument::directory_node(&yaml::parse(&directory).unwrap().remove(0)),
    ));
    merge(pieces.iter().map(|(name, piece)| (name.as_str(), piece))).unwrap()
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// A pod that is certainly bound for ECI
fn pod(annotations: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"alibabacloud.com/eci": "true"}, "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
    })
}

fn with_image(mut pod: Value, image: &str) -> Value {
    pod["spec"]["containers"][0]["image"] = json!(image);
    pod
}

struct Given {
    configuration: Configuration,
    objects: Vec<Value>,
    modes: Modes,
}

impl Given {
    fn new(changes: &[(&str, &str)], objects: &[Value]) -> Self {
        Self {
            configuration: configuration(changes),
            objects: objects.to_vec(),
            modes: Modes::everywhere(Mode::Enforce),
        }
    }

    fn ask(&self, user: &str, operation: Operation<'_>) -> OfflineResult {
        self.ask_about(user, operation, "")
    }

    fn ask_about(&self, user: &str, operation: Operation<'_>, subresource: &str) -> OfflineResult {
        let objects = ClusterSnapshot::new(&self.objects, &self.configuration.cluster).unwrap();
        let request = Request {
            operation,
            subresource,
            user,
            groups: &[],
            extra: None,
        };
        offline::run(&request, &self.configuration, &objects, &self.modes, now()).unwrap()
    }

    fn connect(&self, user: &str, pod: &Value, subresource: &str) -> OfflineResult {
        self.ask_about(user, Operation::Connect(pod), subresource)
    }

    fn create(&self, user: &str, annotations: Value) -> OfflineResult {
        self.ask(user, Operation::Create(&pod(annotations)))
    }
}

/// The sentence of a denial, without RAM's own words
fn sentence(done: &OfflineResult) -> String {
    assert!(!done.allowed, "{done:?}");
    assert!(done.message.len() <= crate::admission::response::admission_response::MAX_MESSAGE);
    let end = ["\nAuthAction: ", "\nCode: "]
        .iter()
        .filter_map(|words| done.message.find(words))
        .min();
    let sentence = done.message.get(..end.unwrap()).unwrap();
    format!("{sentence} [{}]", done.causes[0].reason)
}

#[test]
fn every_denial_of_a_create_says_what_to_do() {
    let given = Given::new(&[], &[]);
    let tags = |tags: &str| json!({CUSTOM_TAGS: tags});
    let role = |role: &str| json!({RAM_ROLE_NAME: role});
    let group = |group: &str| json!({RESOURCE_GROUP_ID: group});
    let asked = [
        given.create("test", json!({})),
        given.create("test", tags("team:pay,env:prod")),
        given.create("wide", json!({})),
        given.create("wide", tags("team:x")),
        given.create("odd", json!({})),
        given.create("grouped", json!({})),
        given.create("nobody", json!({})),
        given.create("prod", json!({})),
        given.create("denied", tags("env:prod")),
        given.create("all", role("Other")),
        given.create("all", role("Missing")),
        given.create("all", role("Wary")),
        given.create("all", json!({SERVICE_ARNS: "acs:ram::99:role/puller"})),
        given.create("all", group("rg-gone")),
        given.create("all", group("production")),
        given.create("all", tags("env")),
        given.create("all", tags("a:1,b:2,c:3,d:4")),
        given.create("stranger@example.com", json!({})),
        given.create("system:serviceaccount:ci:other", json!({})),
        given.create(
            "system:serviceaccount:kube-system:replicaset-controller",
            json!({}),
        ),
    ];
    insta::assert_snapshot!(asked.iter().map(sentence).collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_denial_of_what_is_there_says_what_to_do() {
    let given = Given::new(&[], &[]);
    let tagged = |tags: &str| pod(json!({CUSTOM_TAGS: tags}));
    let (plain, test, prod) = (pod(json!({})), tagged("env:test"), tagged("env:prod"));
    let role = pod(json!({RAM_ROLE_NAME: "Good"}));
    let group = pod(json!({RESOURCE_GROUP_ID: "rg-prod1"}));
    let puller = pod(json!({SERVICE_ARNS: "acs:ram::99:role/puller"}));
    let on_node = |pod: &Value| {
        let mut pod = pod.clone();
        pod["spec"]["nodeName"] = "virtual".into();
        pod
    };
    let [bound, role, group, puller] = [&plain, &role, &group, &puller].map(on_node);
    let asked = [
        given.ask(
            "test",
            Operation::Update(&prod, &with_image(prod.clone(), "nginx:2")),
        ),
        given.ask("test", Operation::Update(&test, &prod)),
        given.ask("test", Operation::Update(&test, &plain)),
        given.ask("all", Operation::Update(&role, &bound)),
        given.ask("all", Operation::Update(&bound, &role)),
        given.ask("all", Operation::Update(&group, &bound)),
        given.ask("all", Operation::Update(&bound, &puller)),
        given.ask(
            "nobody",
            Operation::Update(&plain, &with_image(plain.clone(), "nginx:2")),
        ),
        given.ask("system:kube-scheduler", Operation::Update(&plain, &test)),
        given.ask("test", Operation::Delete(&prod)),
        given.ask("denied", Operation::Delete(&tagged("keep:true"))),
        given.connect("nobody", &plain, "exec"),
        given.connect("nobody", &plain, "attach"),
        given.connect("nobody", &plain, "portforward"),
        given.connect("nobody", &plain, "proxy"),
    ];
    insta::assert_snapshot!(asked.iter().map(sentence).collect::<Vec<_>>().join("\n"));
}

/// The API server asks again if another webhook changes an object after ramgate's turn.
#[test]
fn what_the_mutating_webhook_made_of_an_object_it_leaves_alone() {
    let mapping = "mapping: {tags: [{key: env, from: {value: test}, mode: enforce}], ramRoleName: {from: {value: Good}, mode: default}}\nboundaries";
    let given = Given::new(&[("boundaries", mapping)], &[]);
    let template = json!({"metadata": {"labels": {"eci": "true"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": template}});
    for object in [
        pod(json!({})),
        pod(json!({CUSTOM_TAGS: "env:prod,a:b"})),
        deployment,
    ] {
        let once = stamped(&object, &given.configuration);
        assert_ne!(once, object);
        assert_eq!(stamped(&once, &given.configuration), once);
    }
}

#[test]
fn denials_by_configuration_say_whom_to_ask() {
    let namespace = json!({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"tenant": "team", "env": "prod"}}});
    let in_namespace = |changes: &[(&str, &str)]| Given::new(changes, std::slice::from_ref(&namespace));
    let mapping = "mapping: {tags: [{key: env, from: {namespaceLabel: env}, mode: enforce}]}\nboundaries";
    let bad = "mapping: {ramRoleName: {from: {namespaceLabel: env}, mode: default}, resourceGroupId: {from: {value: \"a b\"}, mode: enforce}}\nboundaries";
    let asked = [
        in_namespace(&[]).create("all", json!({})),
        in_namespace(&[("boundaries", mapping)]).create("all", json!({CUSTOM_TAGS: "env:test"})),
        in_namespace(&[("boundaries", bad)]).create("all", json!({})),
        Given::new(
            &[(
                "serviceLinkedRoles: [AliyunServiceRoleForECI]",
                "serviceLinkedRoles: []",
            )],
            &[],
        )
        .create("test", json!({CUSTOM_TAGS: "env:test"})),
        Given::new(
            &[
                ("controlPolicies", "controlPolicies"),
                (
                    "clusterId: c0ffee,",
                    "clusterId: c0ffee, controlPolicies: [[Test]],",
                ),
            ],
            &[],
        )
        .create("all", json!({})),
    ];
    insta::assert_snapshot!(asked.iter().map(sentence).collect::<Vec<_>>().join("\n"));
}

/// A cluster of which nothing is known but one node
fn empty() -> ClusterSnapshot {
    let mut snapshot = ClusterSnapshot::unknown();
    snapshot.nodes.insert("real".to_owned(), Arc::default());
    snapshot
}

fn review(operation: &str, subresource: &str, object: &Value, old: &Value) -> String {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u-1", "resource": {"group": "", "version": "v1", "resource": "pods"}, "subResource": subresource,
            "name": "web", "namespace": "shop", "operation": operation, "userInfo": {"username": "all"},
            "object": object, "oldObject": old,
        },
    })
    .to_string()
}

/// The pod as the user `all` gets it from the mutating webhook
fn stamped(pod: &Value, configuration: &Configuration) -> Value {
    let objects = ClusterSnapshot::new(&[], &configuration.cluster).unwrap();
    offline::stamped(pod, ("all", &[], None), configuration, &objects, now()).unwrap()
}

fn answered(
    webhook: Webhook,
    body: &str,
    cluster: &dyn Cluster,
    configuration: &Configuration,
    mode: Mode,
) -> (Value, Response) {
    let review = Review::parse(body.as_bytes()).unwrap();
    let answer = respond(
        webhook,
        &CompleteReview::new(&review, NamedObjects::default()),
        configuration,
        cluster,
        &Modes::everywhere(mode),
        now(),
    );
    (serde_json::from_slice(&answer.body).unwrap(), answer)
}

#[test]
fn what_is_not_known_is_denied_unless_the_node_shows_that_it_does_not_matter() {
    let configuration = configuration(&[]);
    let answered = |operation: &str, subresource: &str, object: &Value, old: &Value| {
        let body = review(operation, subresource, object, old);
        let (_, record) = answered(
            Webhook::Validating,
            &body,
            &empty(),
            &configuration,
            Mode::Enforce,
        );
        (record.decision, record.message().unwrap_or_default().to_owned())
    };
    let mut bound = pod(json!({}));
    bound["spec"]["nodeName"] = json!("real");
    let messages = [
        answered("CREATE", "", &pod(json!({})), &Value::Null),
        answered("DELETE", "", &Value::Null, &pod(json!({}))),
        answered("CONNECT", "exec", &Value::Null, &Value::Null),
        answered("CREATE", "", &bound, &Value::Null),
    ];
    insta::assert_debug_snapshot!(messages);
    let body = review("CREATE", "", &pod(json!({})), &Value::Null);
    let parsed = Review::parse(body.as_bytes()).unwrap();
    assert_eq!(
        (parsed.unread_namespace(&empty()), parsed.unread_nodes(&empty())),
        (Some("shop"), vec![])
    );
}

#[test]
fn the_validating_webhook_finds_what_was_not_mapped() {
    let mapping = "mapping: {tags: [{key: origin, from: {value: k8s}, mode: enforce}], resourceGroupId: {from: {namespaceLabel: none}, mode: enforce}}\nboundaries";
    let configuration = configuration(&[("boundaries", mapping)]);
    let objects = ClusterSnapshot::new(&[], &configuration.cluster).unwrap();
    let body = review(
        "CREATE",
        "",
        &pod(json!({RESOURCE_GROUP_ID: "rg-prod1"})),
        &Value::Null,
    );
    let (denied, _) = answered(
        Webhook::Validating,
        &body,
        &objects,
        &configuration,
        Mode::Enforce,
    );
    insta::assert_snapshot!(denied["response"]["status"]["message"].as_str().unwrap());
    let (softened, record) = answered(Webhook::Validating, &body, &objects, &configuration, Mode::Warn);
    assert_eq!(
        (softened["response"]["allowed"].as_bool(), record.decision),
        (Some(true), Decision::Warn)
    );
}

#[test]
fn the_validating_webhook_takes_the_requesters_stamp_and_no_other() {
    let configuration = configuration(&[]);
    let objects = ClusterSnapshot::new(&[], &configuration.cluster).unwrap();
    let code_in = |mode: Mode, pod: &Value| {
        let body = review("CREATE", "", pod, &Value::Null);
        let (_, record) = answered(Webhook::Validating, &body, &objects, &configuration, mode);
        let cause = record.causes().first().map(|cause| cause.reason.clone());
        (record.decision, cause.unwrap_or_default())
    };
    let code = |pod: &Value| code_in(Mode::Warn, pod);
    let by = |user: &str, pod: &Value| {
        offline::stamped(pod, (user, &[], None), &configuration, &objects, now()).unwrap()
    };
    let plain = pod(json!({}));
    assert_eq!(code(&by("all", &plain)), (Decision::Allow, String::new()));
    assert_eq!(code(&plain), (Decision::Warn, "StampNotApplied".to_owned()));
    assert_eq!(
        code(&by("test", &plain)),
        (Decision::Warn, "ForgedStamp".to_owned())
    );
    // Where it is not certain that the pod reaches ECI, a missing stamp is softened, and a forged one is not
    let possible = |pod: &Value| {
        let mut pod = pod.clone();
        pod["metadata"]["labels"] = json!({});
        pod["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
        code_in(Mode::Enforce, &pod)
    };
    assert_eq!(possible(&plain), (Decision::Warn, "StampNotApplied".to_owned()));
    for forged in [by("test", &plain), {
        let mut pod = by("all", &plain);
        pod["metadata"]["annotations"][CUSTOM_TAGS] = json!("env:test");
        pod
    }] {
        assert_eq!(possible(&forged).0, Decision::Deny);
    }
    let mut retagged = by("all", &plain);
    retagged["metadata"]["annotations"][CUSTOM_TAGS] = json!("env:test");
    assert_eq!(code(&retagged), (Decision::Warn, "StampNotApplied".to_owned()));
    let mut broken = by("all", &plain);
    let stamp = broken["metadata"]["annotations"]["ramgate.io/requested-by"]
        .as_str()
        .unwrap();
    let stamp = stamp.replace("user/all", "account");
    broken["metadata"]["annotations"]["ramgate.io/requested-by"] = json!(stamp);
    assert_eq!(code(&broken), (Decision::Warn, "ForgedStamp".to_owned()));
    assert_eq!(possible(&broken), (Decision::Deny, "ForgedStamp".to_owned()));
    // A stamp that nobody could read is not written, and nothing is stored that waits for the stamp of somebody else
    let mut huge = plain.clone();
    huge["spec"]["serviceAccountName"] = json!("a".repeat(70_000));
    let huge = by("all", &huge);
    assert_eq!(
        huge["metadata"]["annotations"].get("ramgate.io/requested-by"),
        None
    );
    assert_eq!(possible(&huge), (Decision::Deny, "StampNotApplied".to_owned()));
    assert_eq!(
        code_in(Mode::Enforce, &huge),
        (Decision::Deny, "StampNotApplied".to_owned())
    );
    let mut brought = huge;
    brought["metadata"]["annotations"]["ramgate.io/requested-by"] = json!("0".repeat(70_000));
    assert_eq!(possible(&brought), (Decision::Deny, "StampNotApplied".to_owned()));
}

#[test]
fn a_denial_is_an_admission_review_in_the_words_of_ram() {
    let configuration = configuration(&[]);
    let objects = ClusterSnapshot::new(&[], &configuration.cluster).unwrap();
    let body = review(
        "CREATE",
        "",
        &stamped(
            &pod(json!({RAM_ROLE_NAME: "Other", "k8s.aliyun.com/eci-custom-tag": "a:b"})),
            &configuration,
        ),
        &Value::Null,
    );
    let (answer, _) = answered(
        Webhook::Validating,
        &body,
        &objects,
        &configuration,
        Mode::Enforce,
    );
    insta::assert_snapshot!(format!("{answer:#}"));
}

#[test]
fn an_allowance_brings_the_patch_or_the_reasons() {
    let mapping = "mapping: {tags: [{key: env, from: {value: test}, mode: enforce}]}\nboundaries";
    let configuration = configuration(&[("boundaries", mapping)]);
    let objects = ClusterSnapshot::new(&[], &configuration.cluster).unwrap();
    let body = |pod: &Value| review("CREATE", "", pod, &Value::Null);
    let tagged = |tags: &str| pod(json!({CUSTOM_TAGS: tags}));
    let (mapped, _) = answered(
        Webhook::Mutating,
        &body(&tagged("env:prod")),
        &objects,
        &configuration,
        Mode::Enforce,
    );
    let (judged, _) = answered(
        Webhook::Validating,
        &body(&stamped(&tagged("env:test"), &configuration)),
        &objects,
        &configuration,
        Mode::Enforce,
    );
    insta::assert_snapshot!(format!("{mapped:#}\n{judged:#}"));
}

#[test]
fn only_mode_enforce_denies() {
    let mut given = Given::new(&[], &[]);
    let mut decisions = Vec::new();
    for mode in [Mode::Enforce, Mode::Warn, Mode::Audit] {
        given.modes = Modes::everywhere(mode);
        let asked = [
            given.create("all", json!({})),
            given.create("nobody", json!({})),
            given.create("stranger", json!({})),
            given.create("all", json!({RAM_ROLE_NAME: "Missing"})),
            given.create("system:kube-controller-manager", json!({})),
            given.create("all", json!({CUSTOM_TAGS: "env"})),
            given.create("all", json!({CUSTOM_TAGS: "a:1,b:2,c:3,d:4"})),
        ];
        decisions.push(
            asked
                .iter()
                .map(|done| done.response.decision.name())
                .collect::<Vec<_>>()
                .join(" "),
        );
        assert!(asked.iter().all(|done| done.allowed == done.message.is_empty()));
    }
    assert_eq!(
        decisions,
        [
            "allow deny deny deny deny deny deny",
            "allow warn warn warn warn warn warn",
            "allow audit audit audit audit audit audit",
        ]
    );
    given.modes = Modes {
        default: Mode::Enforce,
        namespaces: [("shop".to_owned(), Mode::Warn)].into(),
        ..Modes::default()
    };
    let warned = given.create("nobody", json!({}));
    assert!(
        warned.allowed
            && warned.warnings[0]
                .starts_with("ramgate in mode warn, in mode enforce this would be denied: `nobody`")
    );
    given.modes = Modes::everywhere(Mode::Audit);
    assert_eq!(given.create("nobody", json!({})).warnings, [""; 0]);
}

#[test]
fn a_pod_that_may_reach_eci_is_warned_of() {
    let mut given = Given::new(&[], &[]);
    let mut pod = pod(json!({}));
    pod["metadata"]["labels"] = json!({});
    pod["spec"]["tolerations"] = json!([{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]);
    let warned = given.ask("nobody", Operation::Create(&pod));
    assert_eq!((warned.allowed, warned.response.decision), (true, Decision::Warn));
    insta::assert_snapshot!(warned.warnings.join("\n"));
    let allowed = given.ask("all", Operation::Create(&pod));
    assert_eq!(
        (allowed.response.decision, allowed.warnings.len()),
        (Decision::Allow, 0)
    );
    for operation in [
        Operation::Delete(&pod),
        Operation::Update(&pod, &with_image(pod.clone(), "nginx:2")),
    ] {
        assert_eq!(
            given.ask("nobody", operation).response.decision,
            Decision::NotEvaluated
        );
    }
    pod["metadata"]["annotations"][CUSTOM_TAGS] = json!("env");
    for (mode, decision) in [
        (Mode::Enforce, Decision::Deny),
        (Mode::Warn, Decision::Warn),
        (Mode::Audit, Decision::Audit),
    ] {
        given.modes = Modes::everywhere(mode);
        let done = given.ask("all", Operation::Create(&pod));
        assert_eq!(done.response.decision, decision, "a malformed annotation");
        let says_would = |warning: &String| warning.starts_with("ramgate in mode warn, in mode enforce");
        assert_eq!(
            done.warnings.iter().any(says_would),
            mode == Mode::Warn,
            "{:?}",
            done.warnings
        );
    }
}

#[test]
fn the_control_plane_looks_after_what_was_judged() {
    let given = Given::new(
        &[("boundaries", "cluster: {controlPlane: [janitor]}\nboundaries")],
        &[],
    );
    let decide_on = |node: &str, user: &str, groups: &[&str]| {
        let bound = |mut pod: Value| {
            if !node.is_empty() {
                pod["spec"]["nodeName"] = json!(node);
            }
            pod
        };
        let before = bound(pod(json!({CUSTOM_TAGS: "env:prod"})));
        let image = with_image(before.clone(), "nginx:2");
        let retagged = bound(pod(json!({})));
        let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
        let objects = ClusterSnapshot::new(&given.objects, &given.configuration.cluster).unwrap();
        let operations = [
            Operation::Create(&before),
            Operation::Update(&before, &image),
            Operation::Update(&before, &retagged),
            Operation::Delete(&before),
        ];
        operations.map(|operation| {
            let request = Request {
                operation,
                subresource: "",
                user,
                groups: &groups,
                extra: None,
            };
            offline::run(&request, &given.configuration, &objects, &given.modes, now())
                .unwrap()
                .response
                .decision
                .name()
        })
    };
    let decide = |user: &str, groups: &[&str]| decide_on("", user, groups);
    let trusted = ["deny", "unjudged", "deny", "unjudged"];
    let untrusted = ["deny"; 4];
    for user in [
        "system:kube-scheduler",
        "system:kube-controller-manager",
        "system:apiserver",
        "system:serviceaccount:kube-system:job-controller",
        "janitor",
    ] {
        assert_eq!(decide(user, &[]), trusted, "{user}");
    }
    assert_eq!(decide_on("n1", "system:node:n1", &["system:nodes"]), trusted);
    assert_eq!(decide_on("n2", "system:node:n1", &["system:nodes"]), untrusted);
    assert_eq!(decide("system:node:n1", &["system:nodes"]), untrusted);
    assert_eq!(
        decide_on("n1", "system:node:n1", &["system:authenticated"]),
        untrusted
    );
    // The agent of virtual nodes ends their pods and changes nothing that runs
    let ends = ["deny", "deny", "deny", "unjudged"];
    for user in ["virtual-kubelet", "vnode"] {
        let user = format!("system:serviceaccount:kube-system:{user}");
        assert_eq!(decide_on("n1", &user, &[]), ends, "{user}");
        assert_eq!(decide(&user, &[]), untrusted, "{user}");
    }
    for user in [
        "system:serviceaccount:shop:job-controller",
        "system:serviceaccount:kube-system:default",
        "system:nodes",
    ] {
        assert_eq!(decide(user, &[]), untrusted, "{user}");
    }
}

#[test]
fn an_unchanged_update_is_nobodys_business() {
    let mapping = "mapping: {tags: [{key: origin, from: {value: k8s}, mode: enforce}], ramRoleName: {from: {value: Good}, mode: enforce}}\nboundaries";
    let given = Given::new(&[("boundaries", mapping)], &[]);
    let before = pod(json!({CUSTOM_TAGS: "broken"}));
    let mut labelled = before.clone();
    labelled["metadata"]["labels"]["app"] = json!("web");
    let done = given.ask("nobody", Operation::Update(&before, &labelled));
    assert_eq!(
        (done.response.decision, done.annotations[CUSTOM_TAGS].as_str()),
        (Decision::NotEvaluated, "broken")
    );
}

#[test]
fn an_update_is_mapped_only_where_it_can_still_matter() {
    let mapping = "mapping: {tags: [{key: origin, from: {value: k8s}, mode: enforce}], ramRoleName: {from: {value: Good}, mode: enforce}}\nboundaries";
    let given = Given::new(&[("boundaries", mapping)], &[]);
    let tags = |done: &OfflineResult| done.annotations.get(CUSTOM_TAGS).cloned().unwrap_or_default();
    let before = pod(json!({CUSTOM_TAGS: "env:test"}));
    let done = given.ask(
        "all",
        Operation::Update(&before, &with_image(before.clone(), "nginx:2")),
    );
    assert!(done.allowed, "{}", done.message);
    assert_eq!(
        (tags(&done).as_str(), done.annotations.get(RAM_ROLE_NAME)),
        ("env:test,origin:k8s", None)
    );
    let mut bound = before;
    bound["spec"]["nodeName"] = json!("virtual-kubelet");
    let done = given.ask(
        "all",
        Operation::Update(&bound, &with_image(bound.clone(), "nginx:2")),
    );
    assert_eq!((done.allowed, tags(&done).as_str()), (true, "env:test"));
    let mut retagged = bound.clone();
    retagged["metadata"]["annotations"][CUSTOM_TAGS] = json!("env:test,team:x");
    let done = given.ask("all", Operation::Update(&bound, &retagged));
    assert_eq!(
        (done.allowed, tags(&done).as_str()),
        (true, "env:test,team:x,origin:k8s")
    );
}

#[test]
fn a_stored_pod_with_a_malformed_annotation_can_still_go() {
    let given = Given::new(&[], &[]);
    let broken = pod(json!({CUSTOM_TAGS: "env:test:x"}));
    let done = given.ask("all", Operation::Delete(&broken));
    assert!(done.allowed);
    insta::assert_snapshot!(done.warnings.join("\n"));
    assert!(!given.ask("test", Operation::Delete(&broken)).allowed);
    assert!(
        given
            .ask(
                "all",
                Operation::Update(&broken, &pod(json!({CUSTOM_TAGS: "env:test"})))
            )
            .allowed
    );
}

#[test]
fn a_message_fits_into_an_event_and_keeps_the_words_of_ram() {
    let given = Given::new(&[], &[]);
    let user = "ü".repeat(2000);
    let long = given.create(&user, json!({}));
    assert!(
        long.message.len() <= 1000 && long.message.ends_with("Code: UnboundIdentity"),
        "{}",
        long.message
    );
    let arns: Vec<String> = (0..20)
        .map(|n| format!("acs:ram::99:role/{}{n}", "r".repeat(60)))
        .collect();
    let many = given.create("nobody", json!({SERVICE_ARNS: arns.join(",")}));
    assert!(
        many.message.len() <= 1000 && many.message.contains("PolicyType: "),
        "{}",
        many.message
    );
    assert_eq!(many.causes.len(), 21);
    assert_eq!(
        many.message,
        given
            .create("nobody", json!({SERVICE_ARNS: arns.join(",")}))
            .message
    );
}

proptest! {
    #[test]
    fn any_pod_is_answered_within_limits(
        tags in prop::option::of(".{0,40}|([a-z]{1,3}:[a-z]{0,3},?){0,5}"),
        group in prop::option::of("rg-prod1|.{0,20}"),
        role in prop::option::of("Good|.{0,20}"),
        other in "k8s.aliyun.com/eci-.{0,20}",
        user in "all|test|nobody|.{1,30}",
        mode in prop::sample::select(vec![Mode::Enforce, Mode::Warn, Mode::Audit]),
    ) {
        let configuration = configuration(&[]);
        let objects = ClusterSnapshot::new(&[], &configuration.cluster).unwrap();
        let mut annotations = json!({other: "x"});
        for (key, value) in [(CUSTOM_TAGS, tags), (RESOURCE_GROUP_ID, group), (RAM_ROLE_NAME, role)] {
            if let Some(value) = value {
                annotations[key] = json!(value);
            }
        }
        let mut body: Value = serde_json::from_str(&review("CREATE", "", &pod(annotations), &Value::Null)).unwrap();
        body["request"]["userInfo"]["username"] = json!(user);
        for path in [Webhook::Mutating, Webhook::Validating] {
            let (answer, record) = answered(path, &body.to_string(), &objects, &configuration, mode);
            let response = &answer["response"];
            prop_assert_eq!(response["allowed"].as_bool(), Some(record.decision.passes()));
            let message = response["status"]["message"].as_str().unwrap_or_default();
            prop_assert!(message.len() <= 1000, "{}", message);
            for line in message.split('\n').skip(1) {
                let starts = ["k8s.aliyun.com/", "AuthAction: ", "Code: ", "Also: "];
                prop_assert!(starts.iter().any(|start| line.starts_with(start)), "{}", message);
            }
            prop_assert!(!message.replace('\n', "").contains(char::is_control), "{}", message);
            for warning in response["warnings"].as_array().into_iter().flatten() {
                let warning = warning.as_str().unwrap();
                prop_assert!(warning.len() <= 256 && !warning.contains(char::is_control), "{}", warning);
            }
        }
    }
}

/// Mapping rules of both modes from every kind of source, and a boundary
const MAPPED: &str = r#"
mapping:
  tags:
    - {key: env, from: {namespaceLabel: env}, mode: default}
    - {key: team, from: {podLabel: team}, mode: default}
    - {key: origin, from: {value: kubernetes}, mode: enforce}
  resourceGroupId: {from: {namespaceAnnotation: group}, mode: default}
  ramRoleName: {from: {podAnnotation: role}, mode: default}
"#;

/// The pod with the advice followed to the letter
fn advised(pod: &Value, done: &OfflineResult) -> Option<Value> {
    let lines = done.response.evaluation.advice.as_ref()?.lines();
    let mut pod = pod.clone();
    let annotations = pod["metadata"]["annotations"].as_object_mut().unwrap();
    for line in lines {
        match &line.value {
            Some(value) => drop(annotations.insert(line.annotation.to_owned(), json!(value))),
            None => drop(annotations.remove(line.annotation)),
        }
    }
    (!lines.is_empty()).then_some(pod)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whoever_follows_the_advice_passes(
        user in prop::sample::select(vec!["all", "test", "wide", "grouped", "nobody", "denied", "prod"]),
        tags in prop::sample::subsequence(vec!["env:test", "env:prod", "team:pay", "team:x", "keep:true"], 0..4),
        group in prop::option::of(prop::sample::select(vec!["rg-default1", "rg-prod1", "rg-gone", "production"])),
        role in prop::option::of(prop::sample::select(vec!["Good", "Other", "Wary", "Missing"])),
        namespace in prop::sample::select(vec![json!({}), json!({"env": "test"}), json!({"env": "prod"}), json!({"tenant": "team"})]),
        of_namespace in prop::option::of(prop::sample::select(vec!["rg-prod1", "rg-default1"])),
        mapped in any::<bool>(),
        old in prop::option::of(prop::sample::subsequence(vec!["env:test", "team:pay"], 0..3)),
    ) {
        let mut tags: Vec<&str> = tags;
        tags.dedup_by_key(|tag| tag.split(':').next().unwrap().to_owned());
        let change = format!("{DIRECTORY}{MAPPED}");
        let changes: &[(&str, &str)] = if mapped { &[(DIRECTORY, &change)] } else { &[] };
        let annotations = of_namespace.map_or_else(|| json!({}), |group| json!({"group": group}));
        let shop = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": namespace, "annotations": annotations}});
        let given = Given::new(changes, &[shop]);
        let written = |tags: &[&str]| {
            let mut annotations = json!({});
            for (key, value) in [(CUSTOM_TAGS, Some(tags.join(",")).filter(|text| !text.is_empty())),
                (RESOURCE_GROUP_ID, group.map(str::to_owned)), (RAM_ROLE_NAME, role.map(str::to_owned))] {
                if let Some(value) = value {
                    annotations[key] = json!(value);
                }
            }
            pod(annotations)
        };
        let new = with_image(written(&tags), "nginx:2");
        let before = old.map(|tags| written(&tags));
        let ask = |pod: &Value| match &before {
            None => given.ask(user, Operation::Create(pod)),
            Some(before) => given.ask(user, Operation::Update(before, pod)),
        };
        let done = ask(&new);
        prop_assert_eq!(done.response.evaluation.advice.is_some(), !done.allowed && !done.causes[0].reason.contains("Mapping")
            && done.causes[0].reason != "TooManyCustomTags", "{:?}", done);
        if let Some(fixed) = advised(&new, &done) {
            let again = ask(&fixed);
            prop_assert!(again.allowed, "{:#}\n{}\nbecame {:#}\n{}", new, done.message, fixed, again.message);
        }
    }
}

#[test]
fn what_is_sent_and_not_known_is_denied_where_denials_stand() {
    let said = |group: &str, resource: &str, subresource: &str, operation: &str, mode: Mode| {
        let object = json!({"metadata": {"name": "a"}});
        let body = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u", "resource": {"group": group, "version": "v1", "resource": resource}, "subResource": subresource,
                "name": "a", "namespace": "shop", "operation": operation, "userInfo": {"username": "all"},
                "object": object, "oldObject": object,
            },
        });
        let body = body.to_string();
        let review = Review::parse(body.as_bytes()).unwrap();
        let modes = Modes::everywhere(mode);
        let record = respond(
            Webhook::Validating,
            &CompleteReview::new(&review, NamedObjects::default()),
            &configuration(&[]),
            &ClusterSnapshot::default(),
            &modes,
            now(),
        );
        (record.decision, record.message().unwrap_or_default().to_owned())
    };
    for (group, resource, subresource, operation, what) in [
        ("", "pods", "checkpoint", "CONNECT", "`CONNECT pods/checkpoint`"),
        ("", "pods", "resize", "CREATE", "`CREATE pods/resize`"),
        ("", "nodes", "", "UPDATE", "`UPDATE nodes`"),
        ("apps", "deployments", "", "DELETE", "`DELETE deployments.apps`"),
        (
            "apps",
            "deployments",
            "status",
            "UPDATE",
            "`UPDATE deployments.apps/status`",
        ),
        (
            "example.com",
            "widgets",
            "",
            "CREATE",
            "`CREATE widgets.example.com`",
        ),
    ] {
        let (decision, message) = said(group, resource, subresource, operation, Mode::Enforce);
        assert_eq!(decision, Decision::Deny, "{what}");
        assert!(
            message.contains(what) && message.contains("UnknownRequest"),
            "{message}"
        );
        for (mode, softened) in [(Mode::Warn, Decision::Warn), (Mode::Audit, Decision::Audit)] {
            assert_eq!(
                said(group, resource, subresource, operation, mode).0,
                softened,
                "{what}"
            );
        }
    }
}
