//! Whether requests of a namespace pass while ramgate does not answer, by the live webhook entries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kube::core::{Selector, SelectorExt};

use crate::cluster::installed_webhooks::AdmissionPhase;
use crate::cluster::webhook_entry::WebhookEntry;
use crate::cluster::webhook_rule::{RequestKind, are_about_no_namespace, may_fail_open, rules_match};

/// The label that the API server sets on every namespace to its name
pub(crate) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// How many entries one sentence names
const MAX_NAMED: usize = 3;

/// The live entries about requests of namespaces, without those that an outage must not block
#[derive(Debug, Default)]
pub(crate) struct NamespacedEntries(Vec<NamespacedEntry>);

#[derive(Debug)]
struct NamespacedEntry {
    phase: AdmissionPhase,
    name: String,
    /// Matches the namespaces whose requests are sent; `None` if it is invalid, and matches none
    namespaces: Option<Selector>,
    ignores_failure: bool,
    sends_pods: bool,
}

/// Why requests of a namespace pass
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FailingOpen {
    /// No entry of this phase sends its pods, so that they pass even while ramgate answers
    NotSent(AdmissionPhase),
    /// These entries have failure policy `Ignore`
    Ignored(BTreeSet<String>),
}

impl FailingOpen {
    /// Whether its pods are sent, and judged as long as ramgate answers
    pub(crate) fn is_judged(&self) -> bool {
        matches!(self, Self::Ignored(_))
    }
}

impl NamespacedEntries {
    /// The entries of both configurations
    pub(crate) fn new(mutating: &[WebhookEntry], validating: &[WebhookEntry]) -> Self {
        let phases = [
            (AdmissionPhase::Mutating, mutating),
            (AdmissionPhase::Validating, validating),
        ];
        let entries = phases.into_iter().flat_map(|(phase, entries)| {
            let read = move |entry| NamespacedEntry::new(phase, entry);
            entries.iter().filter_map(read)
        });
        Self(entries.collect())
    }

    /// Why requests of a namespace with these labels pass while ramgate does not answer; `None` if they are denied then
    ///
    /// ```text
    /// marked: Ignore, binding: Fail, both select the namespace     -> Ignored {marked}
    /// no entry with pods selects it in the mutating configuration  -> NotSent(Mutating)
    /// ```
    pub(crate) fn failing_open(&self, labels: &BTreeMap<String, String>) -> Option<FailingOpen> {
        let selects = |entry: &&NamespacedEntry| {
            let selector = entry.namespaces.as_ref();
            selector.is_some_and(|selector| selector.matches(labels))
        };
        let entries: Vec<&NamespacedEntry> = self.0.iter().filter(selects).collect();
        let phases = [AdmissionPhase::Mutating, AdmissionPhase::Validating];
        let is_sent = |phase: &AdmissionPhase| {
            let mut of_phase = entries.iter().filter(|entry| entry.phase == *phase);
            of_phase.any(|entry| entry.sends_pods)
        };
        if let Some(phase) = phases.into_iter().find(|phase| !is_sent(phase)) {
            return Some(FailingOpen::NotSent(phase));
        }
        let ignoring = entries.iter().filter(|entry| entry.ignores_failure);
        let names: BTreeSet<String> = ignoring.map(|entry| entry.name.clone()).collect();
        (!names.is_empty()).then_some(FailingOpen::Ignored(names))
    }
}

impl NamespacedEntry {
    fn new(phase: AdmissionPhase, entry: &WebhookEntry) -> Option<Self> {
        let webhook = &entry.webhook;
        let rules = webhook.rules.as_deref().unwrap_or_default();
        if may_fail_open(rules) || are_about_no_namespace(rules) {
            return None;
        }
        let pods = RequestKind {
            operation: "CREATE",
            group: "",
            resource: "pods",
        };
        let selector = webhook.namespace_selector.clone().unwrap_or_default();
        Some(Self {
            phase,
            name: entry.name.clone(),
            namespaces: Selector::try_from(selector).ok(),
            ignores_failure: webhook.failure_policy.as_deref() == Some("Ignore"),
            sends_pods: rules_match(rules, pods),
        })
    }
}

/// `binding.ramgate.io, marked.ramgate.io and 2 more`, or `no mutating entry sends its pods`
impl fmt::Display for FailingOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(phase) => write!(f, "no {phase} entry sends its pods"),
            Self::Ignored(names) => {
                let named: Vec<&str> = names.iter().take(MAX_NAMED).map(String::as_str).collect();
                f.write_str(&named.join(", "))?;
                match names.len().saturating_sub(MAX_NAMED) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn entry(name: &str, policy: &str, rule: &Value, selector: &Value) -> WebhookEntry {
        let entry = json!({"name": name, "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {}, "failurePolicy": policy, "namespaceSelector": selector});
        WebhookEntry::new(entry).unwrap()
    }

    fn rule(operations: &[&str], resource: &str, scope: &str) -> Value {
        json!({"apiGroups": ["*"], "apiVersions": ["*"], "operations": operations, "resources": [resource], "scope": scope})
    }

    fn labels(name: &str) -> BTreeMap<String, String> {
        [(NAME_LABEL.to_owned(), name.to_owned())].into()
    }

    /// The entries of a chart with these failure policies for namespace `a` and for all others
    fn chart(of_a: &str, of_others: &str) -> NamespacedEntries {
        let only = json!({"matchExpressions": [{"key": NAME_LABEL, "operator": "In", "values": ["a"]}]});
        let others = json!({"matchExpressions": [{"key": NAME_LABEL, "operator": "NotIn", "values": ["a", "exempt"]}]});
        let pods = rule(&["CREATE", "UPDATE"], "pods", "Namespaced");
        let both = [
            entry("marked-x", of_a, &pods, &only),
            entry("marked", of_others, &pods, &others),
        ];
        let mut validating = both.to_vec();
        validating.extend([
            entry(
                "connect",
                of_others,
                &rule(&["CONNECT"], "pods/exec", "Namespaced"),
                &others,
            ),
            // These fail open by design, or are in no namespace
            entry(
                "removal",
                "Ignore",
                &rule(&["DELETE", "UPDATE"], "pods", "Namespaced"),
                &json!({}),
            ),
            entry(
                "eviction",
                "Ignore",
                &rule(&["CREATE"], "pods/eviction", "Namespaced"),
                &json!({}),
            ),
            entry(
                "nodes",
                "Ignore",
                &rule(&["CONNECT"], "nodes/proxy", "Cluster"),
                &json!({}),
            ),
        ]);
        NamespacedEntries::new(&both, &validating)
    }

    fn said(entries: &NamespacedEntries, namespace: &str) -> Option<String> {
        entries
            .failing_open(&labels(namespace))
            .map(|open| open.to_string())
    }

    #[test]
    fn a_namespace_fails_open_by_its_own_entries_alone() {
        let warn = chart("Fail", "Ignore");
        assert_eq!(said(&warn, "a"), None);
        assert_eq!(said(&warn, "b").unwrap(), "connect, marked");
        let enforce = chart("Ignore", "Fail");
        assert_eq!(said(&enforce, "a").unwrap(), "marked-x");
        assert_eq!(said(&enforce, "b"), None);
    }

    #[test]
    fn a_namespace_that_no_entry_sends_fails_open() {
        let entries = chart("Fail", "Fail");
        assert_eq!(
            said(&entries, "exempt").unwrap(),
            "no mutating entry sends its pods"
        );
        assert_eq!(
            said(&NamespacedEntries::default(), "a").unwrap(),
            "no mutating entry sends its pods"
        );
        let pods = rule(&["CREATE", "UPDATE"], "pods", "Namespaced");
        let entries = NamespacedEntries::new(&[entry("marked", "Fail", &pods, &json!({}))], &[]);
        assert_eq!(said(&entries, "a").unwrap(), "no validating entry sends its pods");
        // A selector that the API server does not know either selects nothing
        let broken = json!({"matchExpressions": [{"key": "a", "operator": "Like", "values": ["b"]}]});
        let broken = [entry("marked", "Fail", &pods, &broken)];
        let entries = NamespacedEntries::new(&broken, &broken);
        assert_eq!(said(&entries, "a").unwrap(), "no mutating entry sends its pods");
    }

    #[test]
    fn three_entries_are_named() {
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!(
            FailingOpen::Ignored(names.into()).to_string(),
            "a, b, c and 2 more"
        );
    }
}
