//! Whether live webhook entries send a resource wherever they send Deployments, so that stamps in it can be trusted.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhookConfiguration,
};

use crate::cluster::installed_webhooks::{AdmissionPhase, WebhookDifference};
use crate::cluster::webhook_entry::{WebhookConfiguration, WebhookEntry};
use crate::kubernetes::workload::Workload;

/// The resource that every entry about pod templates names, by group and resource
const DEPLOYMENTS: (&str, &str) = ("apps", "deployments");

/// The operations with which a template can be written
const OPERATIONS: [&str; 2] = ["CREATE", "UPDATE"];

/// The beginnings of the names of entries that receive no templates: no change of these lets a stamp pass unchecked
const WITHOUT_TEMPLATES: [&str; 9] = [
    "fields",
    "binding",
    "connect",
    "scale",
    "image-caches",
    "removal",
    "profile",
    "routing-policies",
    "configuration",
];

/// The effect of an outage of ramgate on requests; the stricter policy is the greater one
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FailurePolicy {
    Ignore,
    Fail,
}

/// For each pair of namespace selector and object selector, the strictest failure policy of its entries
type StrictestPolicies = BTreeMap<String, FailurePolicy>;

/// Whether two configurations send a resource to both webhooks wherever they send Deployments
///
/// `namespace` is the namespace of ramgate's Service, if it is known.
/// The answer is `false` if an entry about templates differs from the installed one.
pub(crate) fn configurations_cover(
    mutating: &MutatingWebhookConfiguration,
    validating: &ValidatingWebhookConfiguration,
    differences: &[WebhookDifference],
    namespace: Option<&str>,
    resource: (&str, &str),
) -> bool {
    let differences: Vec<&WebhookDifference> = differences.iter().collect();
    entries_cover(
        &mutating.entries(),
        &validating.entries(),
        &differences,
        namespace,
        resource,
    )
}

/// Whether the entries of two configurations do what [`configurations_cover`] describes
pub(crate) fn entries_cover(
    mutating: &[WebhookEntry],
    validating: &[WebhookEntry],
    differences: &[&WebhookDifference],
    namespace: Option<&str>,
    resource: (&str, &str),
) -> bool {
    let is_as_installed = !differences
        .iter()
        .any(|difference| receives_templates(difference));
    is_as_installed
        && phase_covers(mutating, AdmissionPhase::Mutating, namespace, resource)
        && phase_covers(validating, AdmissionPhase::Validating, namespace, resource)
}

fn receives_templates(difference: &WebhookDifference) -> bool {
    let mut others = WITHOUT_TEMPLATES.iter();
    !others.any(|other| difference.entry.starts_with(other))
}

/// Whether a resource is sent for all selectors for which Deployments are, with a failure policy at least as strict
///
/// ```text
/// selector A: deployments and clonesets, selector B: deployments -> clonesets are not covered
/// selector A: deployments (Fail), clonesets (Ignore)             -> clonesets are not covered
/// ```
fn phase_covers(
    entries: &[WebhookEntry],
    phase: AdmissionPhase,
    namespace: Option<&str>,
    resource: (&str, &str),
) -> bool {
    let deployments = strictest_policies(entries, |entry| has_rule(entry, DEPLOYMENTS, |_| true));
    let found = strictest_policies(entries, |entry| {
        calls_ramgate(entry, phase, namespace)
            && has_rule(entry, resource, |rule| matches_all_versions(rule, resource))
    });
    let is_covered = |(selectors, needed): (&String, &FailurePolicy)| {
        found.get(selectors).is_some_and(|policy| policy >= needed)
    };
    !deployments.is_empty() && deployments.iter().all(is_covered)
}

fn strictest_policies(
    entries: &[WebhookEntry],
    is_wanted: impl Fn(&WebhookEntry) -> bool,
) -> StrictestPolicies {
    let mut policies = StrictestPolicies::new();
    for entry in entries.iter().filter(|entry| is_wanted(entry)) {
        // An absent selector stays absent in what Helm writes and is empty in what the API server returns
        let selectors = format!(
            "{:?} {:?}",
            entry.webhook.namespace_selector.clone().unwrap_or_default(),
            entry.webhook.object_selector.clone().unwrap_or_default()
        );
        let policy = match entry.webhook.failure_policy.as_deref() {
            Some("Ignore") => FailurePolicy::Ignore,
            _ => FailurePolicy::Fail,
        };
        let strictest = policies.entry(selectors).or_insert(policy);
        *strictest = policy.max(*strictest);
    }
    policies
}

/// Whether an entry calls ramgate, at the path of its phase
fn calls_ramgate(entry: &WebhookEntry, phase: AdmissionPhase, namespace: Option<&str>) -> bool {
    let path = match phase {
        AdmissionPhase::Mutating => "/mutate",
        AdmissionPhase::Validating => "/validate",
    };
    let service = entry.webhook.client_config.service.as_ref();
    service.is_some_and(|service| {
        service.path.as_deref() == Some(path)
            && namespace.is_none_or(|namespace| service.namespace == namespace)
    })
}

/// Whether an entry has a rule for every operation that writes a namespaced resource
fn has_rule(
    entry: &WebhookEntry,
    (group, resource): (&str, &str),
    is_enough: impl Fn(&RuleWithOperations) -> bool,
) -> bool {
    let has = |list: &Option<Vec<String>>, wanted: &str| list.iter().flatten().any(|item| item == wanted);
    let mut rules = entry.webhook.rules.iter().flatten();
    rules.any(|rule| {
        let writes = |operation: &str| has(&rule.operations, operation) || has(&rule.operations, "*");
        OPERATIONS.into_iter().all(writes)
            && has(&rule.api_groups, group)
            && has(&rule.resources, resource)
            && matches!(rule.scope.as_deref(), None | Some("*" | "Namespaced"))
            && is_enough(rule)
    })
}

/// Whether a rule matches every version that the API server serves
///
/// Users may write a custom resource in any version that is served. Pods and the built-in workloads have v1 alone.
fn matches_all_versions(rule: &RuleWithOperations, (group, resource): (&str, &str)) -> bool {
    let has_one_version = (group, resource) == ("", "pods") || Workload::of(group, "v1", resource).is_some();
    let mut versions = rule.api_versions.iter().flatten();
    versions.any(|version| version == "*" || has_one_version && version == "v1")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::installed_webhooks::DifferenceKind;

    const CLONE_SETS: (&str, &str) = ("apps.kruise.io", "clonesets");

    fn rule(group: &str, resource: &str) -> Value {
        json!({"apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "operations": ["CREATE", "UPDATE"],
            "scope": "Namespaced"})
    }

    fn apps() -> Value {
        rule("apps", "deployments")
    }

    fn kruise() -> Value {
        rule("apps.kruise.io", "clonesets")
    }

    fn entry(route: &str, rules: Value) -> Value {
        json!({"name": "marked.ramgate.io", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "clientConfig": {"service": {"namespace": "gate", "name": "ramgate", "path": "/mutate"}},
            "namespaceSelector": {"matchLabels": {"route": route}}, "failurePolicy": "Fail", "rules": rules})
    }

    /// Whether these entries, in both configurations, cover CloneSets despite some differences
    fn covers_despite(entries: &[Value], differences: &[WebhookDifference]) -> bool {
        covers_resource(entries, differences, CLONE_SETS)
    }

    fn covers_resource(entries: &[Value], differences: &[WebhookDifference], resource: (&str, &str)) -> bool {
        let mut validating = json!(entries);
        for entry in validating.as_array_mut().unwrap() {
            if entry["clientConfig"]["service"]["path"] == "/mutate" {
                entry["clientConfig"]["service"]["path"] = "/validate".into();
            }
        }
        let mutating = serde_json::from_value(json!({"webhooks": entries, "metadata": {}})).unwrap();
        let validating = serde_json::from_value(json!({"webhooks": validating, "metadata": {}})).unwrap();
        configurations_cover(&mutating, &validating, differences, Some("gate"), resource)
    }

    fn covers(entries: &[Value]) -> bool {
        covers_despite(entries, &[])
    }

    #[test]
    fn a_kind_is_sent_where_it_is_sent_wherever_deployments_are() {
        let (both, alone) = (json!([apps(), kruise()]), json!([apps()]));
        let (a, b) = (
            |rules: &Value| entry("a", rules.clone()),
            |rules: &Value| entry("b", rules.clone()),
        );
        let custom = json!([kruise()]);
        assert!(covers(&[a(&both)]));
        assert!(covers(&[a(&alone), a(&custom)]));
        assert!(!covers(&[a(&alone)]));
        assert!(!covers(&[a(&both), b(&alone)]));
        assert!(!covers(&[a(&alone), b(&custom)]));
        assert!(!covers(&[a(&custom)]), "nothing is known without Deployments");
        assert!(!covers(&[]));
    }

    #[test]
    fn a_rule_counts_that_sends_every_write_in_a_namespace() {
        let with = |field: &str, value: Value| {
            let mut kruise = kruise();
            kruise[field] = value;
            covers(&[entry("a", json!([apps(), kruise]))])
        };
        for (field, value, counts) in [
            ("scope", json!("*"), true),
            ("scope", json!(null), true),
            ("scope", json!("Cluster"), false),
            ("apiVersions", json!(["v1", "*"]), true),
            ("apiVersions", json!(["v1alpha1"]), false),
            ("operations", json!(["*"]), true),
            ("operations", json!(["CREATE"]), false),
        ] {
            assert_eq!(with(field, value.clone()), counts, "{field}: {value}");
        }
    }

    #[test]
    fn a_built_in_kind_has_one_version() {
        for (group, resource) in [("", "pods"), ("apps", "statefulsets"), ("batch", "jobs")] {
            for (version, counts) in [("v1", true), ("*", true), ("v1beta1", false)] {
                let mut own = rule(group, resource);
                own["apiVersions"] = json!([version]);
                let entries = [entry("a", json!([apps(), own]))];
                assert_eq!(
                    covers_resource(&entries, &[], (group, resource)),
                    counts,
                    "{resource} {version}"
                );
            }
        }
    }

    #[test]
    fn an_entry_counts_that_comes_here_and_holds_back_what_deployments_are_held_back_for() {
        let with = |change: &dyn Fn(&mut Value)| {
            let mut own = entry("a", json!([kruise()]));
            change(&mut own);
            covers(&[entry("a", json!([apps()])), own])
        };
        assert!(with(&|_| {}));
        assert!(!with(&|own| own["failurePolicy"] = "Ignore".into()));
        assert!(
            with(&|own| own["failurePolicy"] = Value::Null),
            "Fail is the default"
        );
        assert!(!with(
            &|own| own["clientConfig"] = json!({"url": "https://elsewhere.example.com/mutate"})
        ));
        assert!(!with(
            &|own| own["clientConfig"]["service"]["namespace"] = "other".into()
        ));
        assert!(!with(
            &|own| own["clientConfig"]["service"]["path"] = "/live".into()
        ));
        let mut soft = [entry("a", json!([apps()])), entry("a", json!([kruise()]))];
        for entry in &mut soft {
            entry["failurePolicy"] = "Ignore".into();
        }
        assert!(covers(&soft), "no stricter than Deployments");
    }

    #[test]
    fn no_entry_about_templates_may_differ_from_what_was_installed() {
        let entries = [entry("a", json!([apps(), kruise()]))];
        let differs = |entry: &str| WebhookDifference {
            phase: AdmissionPhase::Validating,
            entry: entry.to_owned(),
            kind: DifferenceKind::Fields(vec!["matchConditions".to_owned()]),
        };
        assert!(!covers_despite(&entries, &[differs("marked.ramgate.io")]));
        assert!(!covers_despite(&entries, &[differs("something-new.ramgate.io")]));
        assert!(covers_despite(&entries, &[differs("connect.ramgate.io")]));
    }
}
