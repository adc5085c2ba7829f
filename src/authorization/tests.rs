//! Made-up reviews, and a cluster with pods on ECI and elsewhere.

pub(crate) mod requesters;
pub(crate) mod responses;
pub(crate) mod scope;
pub(crate) mod tables;

use serde_json::{Value, json};

use crate::admission::response::admission_response::MAX_MESSAGE;
use crate::admission::{Mode, Modes};
use crate::authorization::*;
use crate::config::{Configuration, ParsedDocument, merge};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RESOURCE_GROUP_ID};
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::telemetry::record::QuestionLabels;
use crate::yaml;

const DIRECTORY: &str = r#"
account: {id: "1234567890123456", region: cn-hangzhou, clusterId: c0ffee}
resourceGroups: [{id: rg-default1, name: default, default: true}, {id: rg-test1, name: test_a}]
users:
  - {name: tags, policies: [{policy: P26}]}
  - {name: older, policies: [{policy: P20}]}
  - {name: all, policies: [{policy: AliyunECIFullAccess}]}
  - {name: test, policies: [{policy: AliyunECIFullAccess, resourceGroup: rg-test1}]}
  - {name: guarded, policies: [{policy: AliyunECIReadOnlyAccess}, {policy: Guard}]}
  - {name: space, policies: [{policy: Space}]}
  - {name: asked, policies: [{policy: Asked}]}
  - {name: odd, policies: [{policy: Odd}]}
  - {name: nothing}
roles:
  - {name: Wall, policies: [{policy: AliyunECIReadOnlyAccess}, {policy: Guard}], trustPolicy: {Version: "1", Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}}
  - {name: Team, policies: [{policy: P26}], trustPolicy: {Version: "1", Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}}
bindings:
  - {principal: user/tags, subjects: [{kind: User, name: tags}, {kind: ServiceAccount, namespace: ci, name: deployer}]}
  - {principal: user/older, subjects: [{kind: User, name: older}]}
  - {principal: user/all, subjects: [{kind: User, name: all}]}
  - {principal: user/test, subjects: [{kind: User, name: test}]}
  - {principal: user/guarded, subjects: [{kind: User, name: guarded}]}
  - {principal: user/space, subjects: [{kind: User, name: space}]}
  - {principal: user/asked, subjects: [{kind: User, name: asked}]}
  - {principal: user/odd, subjects: [{kind: User, name: odd}]}
  - {principal: user/nothing, subjects: [{kind: User, name: nothing}, {kind: Group, name: nothings}]}
  - {principal: account, subjects: [{kind: User, name: root}]}
cluster: {controlPlane: [janitor]}
"#;

const POLICIES: &str = r#"
P26: {Version: "1", Statement: [
  {Effect: Allow, Action: "eci:Create*", Resource: "*", Condition: {StringEquals: {"acs:RequestTag/env": test}}},
  {Effect: Allow, Action: "eci:*", Resource: "*", Condition: {StringEquals: {"acs:ResourceTag/env": test}}},
  {Effect: Allow, Action: "eci:Describe*", Resource: "*", Condition: {StringEquals: {"acs:RequestTag/env": test}}}]}
P20: {Version: "1", Statement: [
  {Effect: Allow, Action: "eci:*", Resource: "*", Condition: {StringEquals: {"eci:tag/name": liumi, "eci:tag/env": test}}}]}
Guard: {Version: "1", Statement: [
  {Effect: Deny, Action: "eci:Describe*", Resource: "*", Condition: {StringEquals: {"acs:RequestTag/env": secret}}},
  {Effect: Deny, Action: "eci:Describe*", Resource: "*", Condition: {StringEquals: {"acs:ResourceTag/env": secret}}}]}
Asked: {Version: "1", Statement: [
  {Effect: Allow, Action: "eci:Describe*", Resource: "*", Condition: {StringEquals: {"acs:RequestTag/env": test}}}]}
Odd: {Version: "1", Statement: [
  {Effect: Allow, Action: "eci:Describe*", Resource: "*", Condition: {StringEquals: {"acs:RequestTag/env": "a test"}}}]}
Space: {Version: "1", Statement: [
  {Effect: Allow, Action: "eci:Describe*", Resource: "*", Condition: {StringLike: {"acs:RequestTag/NameSpace": "eci*"}}}]}
"#;

/// A configuration of the directory above with some changes of its text
fn configuration(changes: &[(&str, &str)]) -> Configuration {
    let directory = changes.iter().fold(DIRECTORY.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    let policies = yaml::parse(POLICIES).unwrap().remove(0);
    let mut documents: Vec<(String, ParsedDocument)> = Vec::new();
    for (key, node) in policies.entries("policies").unwrap() {
        documents.push((key.text.clone(), ParsedDocument::policy_node(&key.text, node)));
    }
    let directory = yaml::parse(&directory).unwrap().remove(0);
    documents.push(("directory".to_owned(), ParsedDocument::directory_node(&directory)));
    merge(documents.iter().map(|(name, document)| (name.as_str(), document))).unwrap()
}

/// A pod that its own label sends to ECI
fn pod(annotations: Value) -> Value {
    json!({"metadata": {"name": "web", "labels": {"alibabacloud.com/eci": "true"}, "annotations": annotations}, "spec": {}})
}

fn tagged(tags: &str) -> Value {
    pod(json!({CUSTOM_TAGS: tags}))
}

fn grouped(group: &str) -> Value {
    pod(json!({RESOURCE_GROUP_ID: group}))
}

/// One question, and who asks it
#[derive(Clone, Debug)]
struct Ask {
    user: String,
    groups: Vec<String>,
    attributes: Value,
    pod: Option<String>,
    is_unread: bool,
}

fn ask(user: &str, attributes: Value) -> Ask {
    Ask {
        user: user.to_owned(),
        groups: vec!["system:authenticated".to_owned()],
        attributes,
        pod: None,
        is_unread: false,
    }
}

/// One pod named `web` in the namespace `shop`, which nothing leads to ECI by itself
fn get(user: &str, pod: &Value) -> Ask {
    let attributes =
        json!({"namespace": "shop", "verb": "get", "version": "v1", "resource": "pods", "name": "web"});
    Ask {
        pod: Some(pod.to_string()),
        ..ask(user, attributes)
    }
}

/// A list in the namespace `eci`, all of whose pods are ECI's
fn list(user: &str) -> Ask {
    let attributes = json!({"namespace": "eci", "verb": "list", "version": "v1", "resource": "pods"});
    ask(user, attributes)
}

impl Ask {
    fn with(mut self, key: &str, value: Value) -> Self {
        self.attributes[key] = value;
        self
    }

    fn log(self) -> Self {
        self.with("subresource", json!("log"))
    }

    fn in_group(mut self, group: &str) -> Self {
        self.groups.push(group.to_owned());
        self
    }

    fn within(self, namespace: &str) -> Self {
        self.with("namespace", json!(namespace))
    }

    fn labels(self, labels: &[(&str, &str)]) -> Self {
        let requirements = labels
            .iter()
            .map(|(key, value)| json!({"key": key, "operator": "In", "values": [value]}));
        self.with(
            "labelSelector",
            json!({"requirements": requirements.collect::<Vec<_>>()}),
        )
    }

    fn field(self, key: &str, value: &str) -> Self {
        let requirement = json!({"key": key, "operator": "In", "values": [value]});
        self.with("fieldSelector", json!({"requirements": [requirement]}))
    }

    fn absent(mut self) -> Self {
        self.pod = None;
        self
    }

    fn unread(mut self) -> Self {
        self.is_unread = true;
        self
    }

    fn body(&self) -> String {
        json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "metadata": {"creationTimestamp": null},
            "spec": {"resourceAttributes": self.attributes, "user": self.user, "groups": self.groups, "extra": {"k": ["v"]}},
            "status": {"allowed": false},
        })
        .to_string()
    }
}

struct Given {
    configuration: Configuration,
    objects: ClusterSnapshot,
    modes: Modes,
    exemptions: Exemptions,
}

impl Given {
    fn new(changes: &[(&str, &str)]) -> Self {
        let configuration = configuration(changes);
        let namespace = |name: &str, labels: Value| json!({"kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        let objects = [
            namespace(
                "eci",
                json!({"alibabacloud.com/eci": "true", "env": "test", "group": "rg-test1"}),
            ),
            namespace("injected", json!({"virtual-node-affinity-injection": "enabled"})),
            json!({"kind": "Node", "metadata": {"name": "virtual", "labels": {"type": "virtual-kubelet"}}}),
            json!({"kind": "Node", "metadata": {"name": "real"}}),
        ];
        let objects = ClusterSnapshot::new(&objects, &configuration.cluster).unwrap();
        Self {
            configuration,
            objects,
            modes: Modes::everywhere(Mode::Enforce),
            exemptions: Exemptions {
                own: Some("ramgate-system".to_owned()),
            },
        }
    }

    fn respond(&self, ask: &Ask) -> Response {
        self.respond_in(ask, &self.objects)
    }

    fn respond_in(&self, ask: &Ask, cluster: &dyn Cluster) -> Response {
        let body = ask.body();
        let review = SubjectAccessReview::parse(body.as_bytes()).unwrap();
        let pod = match &ask.pod {
            _ if ask.is_unread => PodLookup::Unread,
            Some(json) => PodLookup::Found(json),
            None => PodLookup::Absent,
        };
        self.context(&review, cluster).respond(pod)
    }

    fn context<'a>(
        &'a self,
        review: &'a SubjectAccessReview<'a>,
        cluster: &'a dyn Cluster,
    ) -> ReviewContext<'a> {
        ReviewContext {
            review,
            configuration: &self.configuration,
            cluster,
            modes: &self.modes,
            exemptions: &self.exemptions,
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
        }
    }

    /// The reason of a denial, or nothing where there is no opinion
    fn reason(&self, ask: &Ask) -> Option<String> {
        reason(&self.respond(ask))
    }

    fn denies(&self, ask: &Ask) -> bool {
        self.reason(ask).is_some()
    }
}

fn status(answer: &Response) -> Value {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["kind"], "SubjectAccessReview");
    body["status"].clone()
}

fn reason(answer: &Response) -> Option<String> {
    let status = status(answer);
    assert_eq!(status["allowed"], false, "{status}");
    let reason = status["reason"].as_str().map(str::to_owned);
    assert_eq!(status["denied"], reason.is_some(), "{status}");
    assert!(reason.as_ref().is_none_or(|reason| reason.len() <= MAX_MESSAGE));
    reason
}

/// Whether each is denied, with the row that says so
fn hold(given: &Given, rows: &[(&str, Ask, bool)]) {
    for (row, ask, is_denied) in rows {
        let reason = given.reason(ask);
        assert_eq!(reason.is_some(), *is_denied, "{row}: {reason:?}");
    }
}
