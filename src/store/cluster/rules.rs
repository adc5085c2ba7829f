//! What the live webhook configurations send here, as far as somebody's trust depends on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use futures::StreamExt;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhookConfiguration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use crate::api::{self, ApiError, Told};

/// The resource that every entry about pod templates names
const MEASURE: (&str, &str) = ("apps", "deployments");

/// The operations with which a template can be written
const OPERATIONS: [&str; 2] = ["CREATE", "UPDATE"];

/// The live webhook configurations of one name
pub struct Rules {
    client: Client,
    name: String,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    mutating: Scopes,
    validating: Scopes,
}

/// For each resource the places (by namespace and object selector) in which it is sent
type Scopes = BTreeMap<(String, String), BTreeSet<String>>;

/// What of an entry says where it applies
type Entry<'a> = (
    &'a [RuleWithOperations],
    Option<&'a LabelSelector>,
    Option<&'a LabelSelector>,
);

/// A webhook configuration of either kind
trait Configuration: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned + Send + 'static {
    fn entries(&self) -> Vec<Entry<'_>>;
}

impl Configuration for MutatingWebhookConfiguration {
    fn entries(&self) -> Vec<Entry<'_>> {
        let entries = self.webhooks.iter().flatten();
        let entry = entries.map(|entry| {
            (
                entry.rules.as_deref().unwrap_or_default(),
                entry.namespace_selector.as_ref(),
                entry.object_selector.as_ref(),
            )
        });
        entry.collect()
    }
}

impl Configuration for ValidatingWebhookConfiguration {
    fn entries(&self) -> Vec<Entry<'_>> {
        let entries = self.webhooks.iter().flatten();
        let entry = entries.map(|entry| {
            (
                entry.rules.as_deref().unwrap_or_default(),
                entry.namespace_selector.as_ref(),
                entry.object_selector.as_ref(),
            )
        });
        entry.collect()
    }
}

impl Rules {
    /// The configurations of this name; nothing is known of them before they are followed
    pub fn new(client: Client, name: &str) -> Self {
        Self {
            client,
            name: name.to_owned(),
            sent: Mutex::default(),
        }
    }

    /// Whether a resource is sent to both webhooks wherever Deployments are
    pub fn sends(&self, group: &str, resource: &str) -> bool {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        covers(&sent.mutating, group, resource) && covers(&sent.validating, group, resource)
    }

    /// Follows both configurations, for ever
    pub async fn keep(&self) {
        tokio::join!(
            self.keep_one(
                Api::<MutatingWebhookConfiguration>::all(self.client.clone()),
                |sent| { &mut sent.mutating }
            ),
            self.keep_one(
                Api::<ValidatingWebhookConfiguration>::all(self.client.clone()),
                |sent| { &mut sent.validating }
            )
        );
    }

    async fn keep_one<K: Configuration>(&self, api: Api<K>, part: fn(&mut Sent) -> &mut Scopes) {
        let mut events = pin!(api::follow(api, &self.name));
        let mut told = Told::default();
        while let Some(event) = events.next().await {
            let sent = event.map(|object| {
                let entries = object.iter().flat_map(Configuration::entries);
                scopes(entries)
            });
            self.take(sent, &mut told, part);
        }
    }

    /// Notes what a configuration sends; while it cannot be read, what was known stays
    fn take(&self, scopes: Result<Scopes, ApiError>, told: &mut Told, part: fn(&mut Sent) -> &mut Scopes) {
        if told.is_news(&scopes)
            && let Err(error) = &scopes
        {
            tracing::warn!("webhook configuration `{}`: {error}", self.name);
        }
        if let Ok(scopes) = scopes {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            *part(&mut sent) = scopes;
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Whether two configurations send a resource to both webhooks wherever they send Deployments
pub fn sent(
    mutating: &MutatingWebhookConfiguration,
    validating: &ValidatingWebhookConfiguration,
    group: &str,
    resource: &str,
) -> bool {
    let (mutating, validating) = (mutating.entries(), validating.entries());
    covers(&scopes(mutating.into_iter()), group, resource)
        && covers(&scopes(validating.into_iter()), group, resource)
}

fn covers(scopes: &Scopes, group: &str, resource: &str) -> bool {
    let at = |(group, resource): (&str, &str)| scopes.get(&(group.to_owned(), resource.to_owned()));
    match (at(MEASURE), at((group, resource))) {
        (Some(measure), Some(found)) => found.is_superset(measure),
        _ => false,
    }
}

fn scopes<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Scopes {
    let mut scopes = Scopes::new();
    for (rules, namespaces, objects) in entries {
        // Helm writes an absent selector as none, the API server as an empty one
        let scope = format!(
            "{:?} {:?}",
            namespaces.cloned().unwrap_or_default(),
            objects.cloned().unwrap_or_default()
        );
        for rule in rules {
            let operations = rule.operations.as_deref().unwrap_or_default();
            let has = |wanted: &str| operations.iter().any(|one| one == wanted || one == "*");
            if !OPERATIONS.into_iter().all(has) {
                continue;
            }
            for group in rule.api_groups.iter().flatten() {
                for resource in rule.resources.iter().flatten() {
                    let key = (group.clone(), resource.clone());
                    scopes.entry(key).or_default().insert(scope.clone());
                }
            }
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(group: &str, resources: &[&str], operations: &[&str]) -> RuleWithOperations {
        let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
        RuleWithOperations {
            api_groups: texts(&[group]),
            resources: texts(resources),
            operations: texts(operations),
            ..RuleWithOperations::default()
        }
    }

    fn namespaces(label: &str) -> LabelSelector {
        LabelSelector {
            match_labels: Some([("route".to_owned(), label.to_owned())].into()),
            ..LabelSelector::default()
        }
    }

    fn sends(entries: &[(Vec<RuleWithOperations>, LabelSelector)]) -> bool {
        let entries = entries
            .iter()
            .map(|(rules, namespaces)| (rules.as_slice(), Some(namespaces), None));
        covers(&scopes(entries), "apps.kruise.io", "clonesets")
    }

    #[test]
    fn a_kind_is_sent_where_it_is_sent_wherever_deployments_are() {
        let both = ["CREATE", "UPDATE"];
        let apps = || rule("apps", &["deployments", "daemonsets"], &both);
        let kruise = || rule("apps.kruise.io", &["clonesets"], &both);
        let (a, b) = (|| namespaces("a"), || namespaces("b"));
        assert!(sends(&[(vec![apps(), kruise()], a())]));
        assert!(sends(&[(vec![apps()], a()), (vec![kruise()], a())]));
        assert!(!sends(&[(vec![apps()], a())]));
        assert!(!sends(&[(vec![apps(), kruise()], a()), (vec![apps()], b())]));
        assert!(!sends(&[(vec![apps()], a()), (vec![kruise()], b())]));
        let creates = rule("apps.kruise.io", &["clonesets"], &["CREATE"]);
        assert!(!sends(&[(vec![apps(), creates], a())]));
        assert!(
            !sends(&[(vec![kruise()], a())]),
            "nothing is known without the measure"
        );
        assert!(!sends(&[]));
    }
}
