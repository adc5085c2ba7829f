//! Whether live webhook entries send a kind wherever they send Deployments, so that stamps in it can be believed.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhookConfiguration,
};

use crate::cluster::installed_webhooks::{
    AdmissionPhase, WebhookConfiguration, WebhookDifference, WebhookEntry,
};

/// The resource that every entry about pod templates names
const MEASURE: (&str, &str) = ("apps", "deployments");

/// The operations with which a template can be written
const OPERATIONS: [&str; 2] = ["CREATE", "UPDATE"];

/// The beginnings of the names of entries that see no templates: whatever becomes of them, no stamp is written past us
const WITHOUT_TEMPLATES: [&str; 8] = [
    "fields",
    "binding",
    "connect",
    "scale",
    "image-caches",
    "removal",
    "profile",
    "configuration",
];

/// For each place (by namespace and object selector) whether an entry there holds requests back in an outage
type Places = BTreeMap<String, bool>;

/// Whether two configurations send a resource to both webhooks wherever they send Deployments
///
/// `namespace` is where ramgate's Service is, if that is known.
pub(crate) fn sent(
    mutating: &MutatingWebhookConfiguration,
    validating: &ValidatingWebhookConfiguration,
    differences: &[WebhookDifference],
    namespace: Option<&str>,
    resource: (&str, &str),
) -> bool {
    let differences: Vec<&WebhookDifference> = differences.iter().collect();
    sends(
        &mutating.entries(),
        &validating.entries(),
        &differences,
        namespace,
        resource,
    )
}

/// The same for entries
pub(crate) fn sends(
    mutating: &[WebhookEntry],
    validating: &[WebhookEntry],
    differences: &[&WebhookDifference],
    namespace: Option<&str>,
    resource: (&str, &str),
) -> bool {
    let sees_templates = |difference: &&&WebhookDifference| {
        let mut others = WITHOUT_TEMPLATES.iter();
        !others.any(|other| difference.entry.starts_with(other))
    };
    let is_as_installed = differences.iter().find(sees_templates).is_none();
    is_as_installed
        && covers(mutating, AdmissionPhase::Mutating, namespace, resource)
        && covers(validating, AdmissionPhase::Validating, namespace, resource)
}

/// Whether a resource is sent in every place in which Deployments are, and held back in an outage where they are
fn covers(
    entries: &[WebhookEntry],
    phase: AdmissionPhase,
    namespace: Option<&str>,
    resource: (&str, &str),
) -> bool {
    let measure = places(entries, |entry| has_rule(entry, MEASURE, |_| true));
    let found = places(entries, |entry| {
        comes_here(entry, phase, namespace) && has_rule(entry, resource, covers_all_versions)
    });
    let holds =
        |(place, is_strict): (&String, &bool)| found.get(place).is_some_and(|found| found >= is_strict);
    !measure.is_empty() && measure.iter().all(holds)
}

fn places(entries: &[WebhookEntry], wanted: impl Fn(&WebhookEntry) -> bool) -> Places {
    let mut places = Places::new();
    for entry in entries.iter().filter(|entry| wanted(entry)) {
        // Helm writes an absent selector as none, the API server as an empty one
        let place = format!(
            "{:?} {:?}",
            entry.hook.namespace_selector.clone().unwrap_or_default(),
            entry.hook.object_selector.clone().unwrap_or_default()
        );
        let is_strict = entry.hook.failure_policy.as_deref() != Some("Ignore");
        let known = places.entry(place).or_default();
        *known = *known || is_strict;
    }
    places
}

/// Whether an entry asks ramgate, at the path of its phase
fn comes_here(entry: &WebhookEntry, phase: AdmissionPhase, namespace: Option<&str>) -> bool {
    let path = match phase {
        AdmissionPhase::Mutating => "/mutate",
        AdmissionPhase::Validating => "/validate",
    };
    let service = entry.hook.client_config.service.as_ref();
    service.is_some_and(|service| {
        service.path.as_deref() == Some(path)
            && namespace.is_none_or(|namespace| service.namespace == namespace)
    })
}

/// Whether an entry has a rule for all ways to write a resource of a namespace
fn has_rule(
    entry: &WebhookEntry,
    (group, resource): (&str, &str),
    is_enough: impl Fn(&RuleWithOperations) -> bool,
) -> bool {
    let has = |list: &Option<Vec<String>>, wanted: &str| list.iter().flatten().any(|one| one == wanted);
    let mut rules = entry.hook.rules.iter().flatten();
    rules.any(|rule| {
        let writes = |operation: &str| has(&rule.operations, operation) || has(&rule.operations, "*");
        OPERATIONS.into_iter().all(writes)
            && has(&rule.api_groups, group)
            && has(&rule.resources, resource)
            && matches!(rule.scope.as_deref(), None | Some("*" | "Namespaced"))
            && is_enough(rule)
    })
}

/// Anybody may write a custom kind in any version that is served
fn covers_all_versions(rule: &RuleWithOperations) -> bool {
    rule.api_versions.iter().flatten().any(|version| version == "*")
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

    fn entry(place: &str, rules: Value) -> Value {
        json!({"name": "marked.ramgate.io", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "clientConfig": {"service": {"namespace": "gate", "name": "ramgate", "path": "/mutate"}},
            "namespaceSelector": {"matchLabels": {"route": place}}, "failurePolicy": "Fail", "rules": rules})
    }

    /// The same entries in both configurations, each with its path
    fn asked(entries: &[Value], differences: &[WebhookDifference]) -> bool {
        let mut validating = json!(entries);
        for entry in validating.as_array_mut().unwrap() {
            if entry["clientConfig"]["service"]["path"] == "/mutate" {
                entry["clientConfig"]["service"]["path"] = "/validate".into();
            }
        }
        let mutating = serde_json::from_value(json!({"webhooks": entries, "metadata": {}})).unwrap();
        let validating = serde_json::from_value(json!({"webhooks": validating, "metadata": {}})).unwrap();
        sent(&mutating, &validating, differences, Some("gate"), CLONE_SETS)
    }

    fn sends(entries: &[Value]) -> bool {
        asked(entries, &[])
    }

    #[test]
    fn a_kind_is_sent_where_it_is_sent_wherever_deployments_are() {
        let (both, alone) = (json!([apps(), kruise()]), json!([apps()]));
        let (a, b) = (
            |rules: &Value| entry("a", rules.clone()),
            |rules: &Value| entry("b", rules.clone()),
        );
        let custom = json!([kruise()]);
        assert!(sends(&[a(&both)]));
        assert!(sends(&[a(&alone), a(&custom)]));
        assert!(!sends(&[a(&alone)]));
        assert!(!sends(&[a(&both), b(&alone)]));
        assert!(!sends(&[a(&alone), b(&custom)]));
        assert!(!sends(&[a(&custom)]), "nothing is known without the measure");
        assert!(!sends(&[]));
    }

    #[test]
    fn a_rule_counts_that_sends_every_write_in_a_namespace() {
        let with = |field: &str, value: Value| {
            let mut kruise = kruise();
            kruise[field] = value;
            sends(&[entry("a", json!([apps(), kruise]))])
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
    fn an_entry_counts_that_comes_here_and_holds_back_what_deployments_are_held_back_for() {
        let with = |change: &dyn Fn(&mut Value)| {
            let mut own = entry("a", json!([kruise()]));
            change(&mut own);
            sends(&[entry("a", json!([apps()])), own])
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
        assert!(sends(&soft), "no stricter than Deployments");
    }

    #[test]
    fn no_entry_about_templates_may_differ_from_what_was_installed() {
        let entries = [entry("a", json!([apps(), kruise()]))];
        let differs = |entry: &str| WebhookDifference {
            phase: AdmissionPhase::Validating,
            entry: entry.to_owned(),
            kind: DifferenceKind::Fields(vec!["matchConditions".to_owned()]),
        };
        assert!(!asked(&entries, &[differs("marked.ramgate.io")]));
        assert!(!asked(&entries, &[differs("something-new.ramgate.io")]));
        assert!(asked(&entries, &[differs("connect.ramgate.io")]));
    }
}
