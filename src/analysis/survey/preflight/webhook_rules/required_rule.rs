//! The requests that the webhook configurations have to send in a cluster with this configuration.

use std::collections::BTreeSet;
use std::fmt;

use crate::admission::Webhook;
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::analysis::survey::preflight::webhook_rules::namespace_labels::{
    NamespaceLabels, NamespacesByRoute,
};
use crate::analysis::survey::webhooks::RequestKind;
use crate::kubernetes::eci_profile::NAMESPACE as PROFILE_NAMESPACE;
use crate::kubernetes::workload::Workload;

pub(super) const BOTH: &[Webhook] = &[Webhook::Mutating, Webhook::Validating];
const VALIDATE: &[Webhook] = &[Webhook::Validating];

/// The older templates of StatefulSets and DaemonSets, which have their own entry
const REVISION: Workload = Workload::ControllerRevision;

/// Requests that have to be sent from some namespaces
#[derive(Debug)]
pub(super) struct RequiredRule {
    /// The entry of the chart that sends them
    pub(super) entry: &'static str,
    pub(super) paths: &'static [Webhook],
    pub(super) requests: Vec<RequiredRequest>,
    pub(super) namespaces: Vec<NamespaceLabels>,
    /// Whether objects without a mark have to be sent, too
    pub(super) is_unmarked: bool,
    /// Whether the entry may have an object selector
    pub(super) may_select_objects: bool,
}

/// One kind of request that has to be sent
#[derive(Clone, Debug)]
pub(super) struct RequiredRequest {
    operation: &'static str,
    group: String,
    resource: String,
}

impl RequiredRequest {
    pub(super) fn kind(&self) -> RequestKind<'_> {
        RequestKind {
            operation: self.operation,
            group: &self.group,
            resource: &self.resource,
        }
    }
}

impl fmt::Display for RequiredRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.group.is_empty() { "" } else { "." };
        write!(f, "{} {}{dot}{}", self.operation, self.resource, self.group)
    }
}

impl RequiredRule {
    fn new(
        entry: &'static str,
        paths: &'static [Webhook],
        requests: Vec<RequiredRequest>,
        namespaces: Vec<NamespaceLabels>,
    ) -> Self {
        Self {
            entry,
            paths,
            requests,
            namespaces,
            is_unmarked: false,
            may_select_objects: false,
        }
    }

    fn unmarked(self) -> Self {
        Self {
            is_unmarked: true,
            ..self
        }
    }
}

/// All rules, in the order of their findings
pub(super) fn required_rules(input: &PreflightInput<'_>) -> Vec<RequiredRule> {
    let namespaces = NamespacesByRoute::of(input);
    let mut rules = template_rules(input, &namespaces);
    rules.extend(request_rules(&namespaces.all()));
    rules.extend(configuration_rules(input));
    rules
}

/// Creations and updates of pods and of everything that makes pods
fn template_rules(input: &PreflightInput<'_>, namespaces: &NamespacesByRoute) -> Vec<RequiredRule> {
    let all_kinds = || creations(built_in().chain(delegated(input)));
    vec![
        RequiredRule::new("marked", BOTH, creations(built_in()), namespaces.unrouted.clone()),
        RequiredRule::new("revisions", BOTH, creations([kind(REVISION)]), namespaces.all()).unmarked(),
        RequiredRule::new(
            "carriers",
            BOTH,
            creations(delegated(input)),
            namespaces.unrouted.clone(),
        ),
        RequiredRule::new("namespaces", BOTH, all_kinds(), namespaces.routed.clone()).unmarked(),
        RequiredRule::new("burst", BOTH, all_kinds(), namespaces.burst.clone()).unmarked(),
    ]
}

/// Requests on pods that exist, and on image caches
fn request_rules(all: &[NamespaceLabels]) -> Vec<RequiredRule> {
    let fields = ["pods/ephemeralcontainers", "pods/resize", "pods/status"];
    let bindings = ["bindings", "pods/binding"];
    let connections = ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"];
    let removals = [core("DELETE", &["pods"]), core("CREATE", &["pods/eviction"])].concat();
    let cluster = || vec![NamespaceLabels::cluster()];
    let rule = RequiredRule::new;
    vec![
        rule("fields", BOTH, core("UPDATE", &fields), all.to_vec()),
        rule("binding", BOTH, core("CREATE", &bindings), all.to_vec()),
        rule("connect", VALIDATE, core("CONNECT", &connections), all.to_vec()),
        rule(
            "image-caches",
            VALIDATE,
            image_caches(&["CREATE", "UPDATE"]),
            cluster(),
        ),
        rule("removal", VALIDATE, removals, all.to_vec()),
        rule(
            "removal-image-caches",
            VALIDATE,
            image_caches(&["DELETE"]),
            cluster(),
        ),
    ]
}

/// Changes of ramgate's own ConfigMaps, and of eci-profile if it is read
fn configuration_rules(input: &PreflightInput<'_>) -> Vec<RequiredRule> {
    let rule = |entry, namespace: &str| {
        let requests = [core("CREATE", &["configmaps"]), core("UPDATE", &["configmaps"])].concat();
        RequiredRule::new(entry, VALIDATE, requests, vec![NamespaceLabels::named(namespace)])
    };
    let own = RequiredRule {
        may_select_objects: true,
        ..rule("configuration", &input.evaluator.cluster.release)
    };
    let settings = &input.evaluator.configuration.cluster;
    let profile = settings.eci_profile.then(|| rule("profile", PROFILE_NAMESPACE));
    [own].into_iter().chain(profile).collect()
}

fn core(operation: &'static str, resources: &[&str]) -> Vec<RequiredRequest> {
    let request = |resource: &&str| RequiredRequest {
        operation,
        group: String::new(),
        resource: (*resource).to_owned(),
    };
    resources.iter().map(request).collect()
}

fn image_caches(operations: &[&'static str]) -> Vec<RequiredRequest> {
    let request = |operation: &&'static str| RequiredRequest {
        operation,
        group: "eci.alibabacloud.com".to_owned(),
        resource: "imagecaches".to_owned(),
    };
    operations.iter().map(request).collect()
}

/// A group and resource
type GroupResource = (String, String);

fn kind(workload: Workload) -> GroupResource {
    (workload.group().to_owned(), workload.resource().to_owned())
}

/// Pods and the built-in workloads
fn built_in() -> impl Iterator<Item = GroupResource> {
    let workloads = Workload::ALL.into_iter().filter(|one| *one != REVISION);
    workloads.map(kind).chain([(String::new(), "pods".to_owned())])
}

/// The kinds that `cluster.carriers` lists
fn delegated(input: &PreflightInput<'_>) -> Vec<GroupResource> {
    let carriers = input.evaluator.configuration.cluster.carriers.iter();
    let kinds = carriers.map(|carrier| (carrier.group.clone(), carrier.resource.clone()));
    kinds.collect()
}

/// Creations and updates of these kinds, each once
fn creations(kinds: impl IntoIterator<Item = GroupResource>) -> Vec<RequiredRequest> {
    let kinds: BTreeSet<GroupResource> = kinds.into_iter().collect();
    let requests = |operation: &'static str| {
        let request = move |(group, resource): &GroupResource| RequiredRequest {
            operation,
            group: group.clone(),
            resource: resource.clone(),
        };
        kinds.iter().map(request)
    };
    requests("CREATE").chain(requests("UPDATE")).collect()
}
