//! The live webhook configurations: the requests that each entry sends to ramgate, and from which namespaces.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhook,
    ValidatingWebhookConfiguration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

use crate::admission::Webhook;
use crate::cluster::webhook_entry::WebhookConfiguration;
use crate::cluster::webhook_rule::{are_about_no_namespace, may_fail_open, rules_match};
use crate::cluster::{InstalledWebhooks, NamespacedEntries, WebhookDifference, configurations_cover};
pub(crate) use crate::cluster::{NAME_LABEL, RequestKind};

/// The name of the match condition that only lets marked pods through
const MARKED: &str = "marked";

/// Both webhook configurations of one installation
#[derive(Clone, Debug, Default)]
pub(crate) struct Webhooks {
    mutating: MutatingWebhookConfiguration,
    validating: ValidatingWebhookConfiguration,
    entries: Vec<Entry>,
    differences: Vec<WebhookDifference>,
}

/// One webhook of either configuration
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) path: Webhook,
    pub(crate) name: String,
    /// Whether its `failurePolicy` is `Ignore`: requests pass while ramgate does not answer
    pub(crate) ignores_failure: bool,
    pub(crate) has_ca_bundle: bool,
    /// Whether it sends only objects that carry a mark themselves
    pub(crate) requires_mark: bool,
    /// Whether it sends only some objects, by their labels
    pub(crate) has_object_selector: bool,
    rules: Vec<RuleWithOperations>,
    /// Matches the namespaces whose objects are sent; `None` if it is invalid, and matches none
    namespace_selector: Option<Selector>,
    /// Its requirements on the namespace's name alone
    name_selector: Option<Selector>,
}

impl Webhooks {
    /// Reads both configurations
    pub(crate) fn new(
        mutating: MutatingWebhookConfiguration,
        validating: ValidatingWebhookConfiguration,
    ) -> Self {
        let first = mutating.webhooks.iter().flatten().map(Entry::mutating);
        let second = validating.webhooks.iter().flatten().map(Entry::validating);
        Self {
            entries: first.chain(second).collect(),
            mutating,
            validating,
            differences: Vec::new(),
        }
    }

    /// Notes the differences from what the chart installed
    #[must_use]
    pub(crate) fn compared_with(mut self, installed: &InstalledWebhooks) -> Self {
        self.differences = installed.differences(&self.mutating, &self.validating);
        self
    }

    /// The differences from what the chart installed, as far as that is known
    pub(crate) fn differences(&self) -> &[WebhookDifference] {
        &self.differences
    }

    /// Whether a resource is sent to both webhooks wherever Deployments are
    pub(crate) fn sends(&self, group: &str, resource: &str) -> bool {
        let resource = (group, resource);
        configurations_cover(
            &self.mutating,
            &self.validating,
            &self.differences,
            None,
            resource,
        )
    }

    /// Whether no entry about pods selects a namespace of this name, whatever its labels; `None` if there are no such entries
    ///
    /// All entries are considered together, so one missing entry does not make a namespace look exempt.
    pub(crate) fn exempts(&self, namespace: &str) -> Option<bool> {
        let about_pods = self.entries.iter().filter(|entry| entry.is_about_pods());
        let selected: Vec<bool> = about_pods.map(|entry| entry.may_select(namespace)).collect();
        (!selected.is_empty()).then(|| !selected.contains(&true))
    }

    /// The entries about requests of namespaces, to ask which of these fail open
    pub(crate) fn namespaced_entries(&self) -> NamespacedEntries {
        NamespacedEntries::new(&self.mutating.entries(), &self.validating.entries())
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Entry {
    fn mutating(webhook: &MutatingWebhook) -> Self {
        Self {
            path: Webhook::Mutating,
            name: webhook.name.clone(),
            ignores_failure: is_ignore(webhook.failure_policy.as_deref()),
            has_ca_bundle: is_filled(webhook.client_config.ca_bundle.as_ref()),
            requires_mark: requires_mark(webhook.match_conditions.as_deref()),
            rules: webhook.rules.clone().unwrap_or_default(),
            has_object_selector: is_selective(webhook.object_selector.as_ref()),
            namespace_selector: parsed(webhook.namespace_selector.clone()),
            name_selector: parsed(webhook.namespace_selector.clone().map(about_name)),
        }
    }

    fn validating(webhook: &ValidatingWebhook) -> Self {
        Self {
            path: Webhook::Validating,
            name: webhook.name.clone(),
            ignores_failure: is_ignore(webhook.failure_policy.as_deref()),
            has_ca_bundle: is_filled(webhook.client_config.ca_bundle.as_ref()),
            requires_mark: requires_mark(webhook.match_conditions.as_deref()),
            rules: webhook.rules.clone().unwrap_or_default(),
            has_object_selector: is_selective(webhook.object_selector.as_ref()),
            namespace_selector: parsed(webhook.namespace_selector.clone()),
            name_selector: parsed(webhook.namespace_selector.clone().map(about_name)),
        }
    }

    /// Whether a rule matches such requests
    pub(crate) fn matches(&self, request: RequestKind<'_>) -> bool {
        rules_match(&self.rules, request)
    }

    /// Whether it is about requests that an outage must not block
    pub(crate) fn may_fail_open(&self) -> bool {
        may_fail_open(&self.rules)
    }

    /// Whether it receives only objects that are in no namespace
    pub(crate) fn is_about_no_namespace(&self) -> bool {
        are_about_no_namespace(&self.rules)
    }

    fn is_about_pods(&self) -> bool {
        let mut resources = self.rules.iter().flat_map(|rule| rule.resources.iter().flatten());
        resources.any(|one| one == "pods" || one.starts_with("pods/"))
    }

    /// Whether its namespace selector matches a namespace with these labels
    pub(crate) fn selects_namespace(&self, labels: &BTreeMap<String, String>) -> bool {
        let selector = self.namespace_selector.as_ref();
        selector.is_some_and(|selector| selector.matches(labels))
    }

    /// Whether its namespace selector matches a namespace of this name with some labels
    fn may_select(&self, namespace: &str) -> bool {
        let labels = BTreeMap::from([(NAME_LABEL.to_owned(), namespace.to_owned())]);
        let selector = self.name_selector.as_ref();
        selector.is_some_and(|selector| selector.matches(&labels))
    }
}

fn is_ignore(failure_policy: Option<&str>) -> bool {
    failure_policy == Some("Ignore")
}

fn is_filled(ca_bundle: Option<&ByteString>) -> bool {
    ca_bundle.is_some_and(|bundle| !bundle.0.is_empty())
}

fn requires_mark(conditions: Option<&[MatchCondition]>) -> bool {
    conditions
        .unwrap_or_default()
        .iter()
        .any(|condition| condition.name == MARKED)
}

fn is_selective(selector: Option<&LabelSelector>) -> bool {
    selector.is_some_and(|selector| *selector != LabelSelector::default())
}

/// A selector to match with; `None` if it has an operator that the API server does not know
///
/// An absent selector matches everything, as an empty one does.
fn parsed(selector: Option<LabelSelector>) -> Option<Selector> {
    Selector::try_from(selector.unwrap_or_default()).ok()
}

/// The requirements of a selector on the namespace's name alone
fn about_name(mut selector: LabelSelector) -> LabelSelector {
    if let Some(labels) = &mut selector.match_labels {
        labels.retain(|key, _| key == NAME_LABEL);
    }
    if let Some(requirements) = &mut selector.match_expressions {
        requirements.retain(|requirement| requirement.key == NAME_LABEL);
    }
    selector
}
