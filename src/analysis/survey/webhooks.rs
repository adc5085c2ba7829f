//! The live webhook configurations: what each entry sends to ramgate, from where, and what an outage means to it.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhookConfiguration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

use crate::admission::Webhook;
use crate::cluster::{Difference, Installed, sent};

/// The label by which the API server names every namespace
pub(crate) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The name of the match condition that only lets marked pods through
const MARKED: &str = "marked";

/// Both configurations of one installation
#[derive(Clone, Debug, Default)]
pub(crate) struct Webhooks {
    mutating: MutatingWebhookConfiguration,
    validating: ValidatingWebhookConfiguration,
    entries: Vec<Entry>,
    differences: Vec<Difference>,
}

/// One entry of either configuration
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) path: Webhook,
    pub(crate) name: String,
    /// Whether requests pass while ramgate does not answer
    pub(crate) ignores_failure: bool,
    pub(crate) has_authority: bool,
    /// Whether only objects with marks of their own are sent
    pub(crate) wants_marks: bool,
    rules: Vec<RuleWithOperations>,
    namespaces: Option<LabelSelector>,
    objects: Option<LabelSelector>,
}

/// One request that a rule may be about
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    pub(crate) operation: &'a str,
    pub(crate) group: &'a str,
    /// With its subresource, such as `pods/exec`
    pub(crate) resource: &'a str,
}

impl Webhooks {
    /// Reads both configurations
    pub(crate) fn new(
        mutating: MutatingWebhookConfiguration,
        validating: ValidatingWebhookConfiguration,
    ) -> Self {
        let first = mutating.webhooks.iter().flatten().map(|entry| Entry {
            path: Webhook::Mutating,
            name: entry.name.clone(),
            ignores_failure: entry.failure_policy.as_deref() == Some("Ignore"),
            has_authority: has_authority(entry.client_config.ca_bundle.as_ref()),
            wants_marks: entry
                .match_conditions
                .iter()
                .flatten()
                .any(|one| one.name == MARKED),
            rules: entry.rules.clone().unwrap_or_default(),
            namespaces: entry.namespace_selector.clone(),
            objects: entry.object_selector.clone(),
        });
        let second = validating.webhooks.iter().flatten().map(|entry| Entry {
            path: Webhook::Validating,
            name: entry.name.clone(),
            ignores_failure: entry.failure_policy.as_deref() == Some("Ignore"),
            has_authority: has_authority(entry.client_config.ca_bundle.as_ref()),
            wants_marks: entry
                .match_conditions
                .iter()
                .flatten()
                .any(|one| one.name == MARKED),
            rules: entry.rules.clone().unwrap_or_default(),
            namespaces: entry.namespace_selector.clone(),
            objects: entry.object_selector.clone(),
        });
        Self {
            entries: first.chain(second).collect(),
            mutating,
            validating,
            differences: Vec::new(),
        }
    }

    /// The same, held against what the chart installed
    #[must_use]
    pub(crate) fn compared(mut self, installed: &Installed) -> Self {
        self.differences = installed.differences(&self.mutating, &self.validating);
        self
    }

    /// In what they are not as they were installed, as far as that is known
    pub(crate) fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Whether a resource is sent to both webhooks wherever Deployments are
    pub(crate) fn sends(&self, group: &str, resource: &str) -> bool {
        let resource = (group, resource);
        sent(
            &self.mutating,
            &self.validating,
            &self.differences,
            None,
            resource,
        )
    }

    /// Whether entries about pods let no namespace of this name in, whatever its labels; nothing if there are none
    ///
    /// All of them count, so that an entry that is missing makes no namespace look exempt.
    pub(crate) fn keep_out(&self, namespace: &str) -> Option<bool> {
        let about_pods = self.entries.iter().filter(|entry| entry.is_about_pods());
        let admitting: Vec<bool> = about_pods.map(|entry| entry.admits_name(namespace)).collect();
        (!admitting.is_empty()).then(|| !admitting.contains(&true))
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

fn has_authority(bundle: Option<&k8s_openapi::ByteString>) -> bool {
    bundle.is_some_and(|bundle| !bundle.0.is_empty())
}

impl Entry {
    /// Whether a rule is about such requests
    pub(crate) fn covers(&self, asked: Asked<'_>) -> bool {
        self.rules.iter().any(|rule| {
            let has = |list: &Option<Vec<String>>, wanted: &str| {
                list.iter().flatten().any(|one| one == wanted || one == "*")
            };
            let scope = rule.scope.as_deref().unwrap_or("*");
            let is_cluster_wide = asked.resource == "imagecaches";
            has(&rule.operations, asked.operation)
                && has(&rule.api_groups, asked.group)
                && has(&rule.api_versions, "v1")
                && rule
                    .resources
                    .iter()
                    .flatten()
                    .any(|one| is_among(one, asked.resource))
                && (scope == "*" || (scope == "Cluster") == is_cluster_wide)
        })
    }

    fn is_about_pods(&self) -> bool {
        let resources = self.rules.iter().flat_map(|rule| rule.resources.iter().flatten());
        resources
            .into_iter()
            .any(|one| one == "pods" || one.starts_with("pods/"))
    }

    /// Whether objects of a namespace with these labels are sent
    pub(crate) fn admits(&self, namespace: &BTreeMap<String, String>) -> bool {
        selects(self.namespaces.as_ref(), namespace, |_| true)
    }

    /// Whether it looks at some objects alone, by their labels
    pub(crate) fn picks_objects(&self) -> bool {
        let selector = self.objects.as_ref();
        selector.is_some_and(|selector| *selector != LabelSelector::default())
    }

    /// Whether nothing keeps a namespace of this name out
    fn admits_name(&self, name: &str) -> bool {
        let labels = BTreeMap::from([(NAME_LABEL.to_owned(), name.to_owned())]);
        selects(self.namespaces.as_ref(), &labels, |key| key == NAME_LABEL)
    }
}

/// Whether a rule's resource stands for this one; `*` stands for no subresource
fn is_among(rule: &str, resource: &str) -> bool {
    match (rule, resource.split_once('/')) {
        ("*/*", _) => true,
        ("*", None) => true,
        (rule, Some((whole, part))) => {
            rule == resource
                || rule.strip_suffix("/*") == Some(whole)
                || rule.strip_prefix("*/") == Some(part)
        }
        (rule, None) => rule == resource,
    }
}

/// Whether a selector fits these labels, as far as its requirements on some keys are concerned
fn selects(
    selector: Option<&LabelSelector>,
    labels: &BTreeMap<String, String>,
    counts: impl Fn(&str) -> bool,
) -> bool {
    let mut counted = selector.cloned().unwrap_or_default();
    counted
        .match_labels
        .iter_mut()
        .for_each(|pairs| pairs.retain(|key, _| counts(key)));
    counted
        .match_expressions
        .iter_mut()
        .for_each(|all| all.retain(|one| counts(&one.key)));
    // What is not understood sends nothing; the API server stores no such selector
    Selector::try_from(counted).is_ok_and(|selector| selector.matches(labels))
}
