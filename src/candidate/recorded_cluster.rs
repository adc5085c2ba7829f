//! What the evaluation of a review was told about the cluster, so that a second one is told the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::candidate::UnkeptMetadata;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::stamp::Signer;

/// A cluster that keeps what it answered
pub(crate) struct RecordedCluster<'a> {
    cluster: &'a dyn Cluster,
    facts: Mutex<Facts>,
}

/// The answers of a cluster; an object that is not here was never asked for
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    namespaces: BTreeMap<String, Option<Arc<Meta>>>,
    service_accounts: BTreeMap<String, Option<Arc<Meta>>>,
    nodes: BTreeMap<String, Option<Arc<Meta>>>,
    sent: BTreeMap<(String, String), bool>,
    signer: Option<Arc<Signer>>,
    profile: Arc<Profile>,
}

/// The cluster as it was for one review, for a configuration that may ask for more than was answered
pub(super) struct KnownCluster<'a> {
    facts: &'a Facts,
    unkept: UnkeptMetadata,
    missed: AtomicBool,
}

impl<'a> RecordedCluster<'a> {
    /// A cluster that passes questions on
    pub(crate) fn new(cluster: &'a dyn Cluster) -> Self {
        Self {
            facts: Mutex::new(Facts {
                signer: cluster.signer(),
                profile: cluster.profile(),
                ..Facts::default()
            }),
            cluster,
        }
    }

    /// The answers
    pub(super) fn into_facts(self) -> Facts {
        self.facts.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster for RecordedCluster<'_> {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        let found = self.cluster.namespace(name);
        self.facts().namespaces.insert(name.to_owned(), found.clone());
        found
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        let found = self.cluster.service_account(namespace, name);
        let key = account_key(namespace, name);
        self.facts().service_accounts.insert(key, found.clone());
        found
    }

    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        let found = self.cluster.node(name);
        self.facts().nodes.insert(name.to_owned(), found.clone());
        found
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.facts().signer.clone()
    }

    fn sends(&self, group: &str, resource: &str) -> bool {
        let sends = self.cluster.sends(group, resource);
        let key = (group.to_owned(), resource.to_owned());
        self.facts().sent.insert(key, sends);
        sends
    }

    fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.facts().profile)
    }
}

impl<'a> KnownCluster<'a> {
    /// A cluster that knows these facts; of `unkept` objects it knows that they lack what is asked for
    pub(super) fn new(facts: &'a Facts, unkept: UnkeptMetadata) -> Self {
        Self {
            facts,
            unkept,
            missed: AtomicBool::new(false),
        }
    }

    /// Whether something was asked for that nobody knows
    pub(super) fn was_asked_more(&self) -> bool {
        self.missed.load(Ordering::Relaxed)
    }

    fn known<T: Clone + Default>(&self, fact: Option<&T>, is_unkept: bool) -> T {
        if fact.is_none() || is_unkept {
            self.missed.store(true, Ordering::Relaxed);
        }
        fact.cloned().unwrap_or_default()
    }
}

impl Cluster for KnownCluster<'_> {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.known(self.facts.namespaces.get(name), self.unkept.namespaces)
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        let fact = self.facts.service_accounts.get(&account_key(namespace, name));
        self.known(fact, self.unkept.service_accounts)
    }

    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        self.known(self.facts.nodes.get(name), self.unkept.nodes)
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.facts.signer.clone()
    }

    fn sends(&self, group: &str, resource: &str) -> bool {
        let key = (group.to_owned(), resource.to_owned());
        self.known(self.facts.sent.get(&key), false)
    }

    fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.facts.profile)
    }
}

fn account_key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::ClusterSettings;
    use crate::kubernetes::snapshot::ClusterSnapshot;

    #[test]
    fn a_second_evaluation_is_told_the_same_and_nothing_else() {
        let objects = [
            json!({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}}}),
            json!({"kind": "Node", "metadata": {"name": "vk"}}),
        ];
        let snapshot = ClusterSnapshot::new(&objects, &ClusterSettings::default()).unwrap();
        let recorded = RecordedCluster::new(&snapshot);
        assert_eq!(recorded.namespace("shop").unwrap().labels["team"], "a");
        assert_eq!(recorded.node("gone"), None);
        assert!(recorded.sends("apps", "deployments"));
        let facts = recorded.into_facts();
        let known = KnownCluster::new(&facts, UnkeptMetadata::default());
        assert_eq!(known.namespace("shop").unwrap().labels["team"], "a");
        assert_eq!(known.node("gone"), None);
        assert!(known.sends("apps", "deployments") && !known.was_asked_more());
        for ask in [
            (|known| drop(known.namespace("other"))) as fn(&KnownCluster<'_>),
            |known| drop(known.node("vk")),
            |known| drop(known.service_account("shop", "x")),
            |known| assert!(!known.sends("apps", "jobs")),
        ] {
            let known = KnownCluster::new(&facts, UnkeptMetadata::default());
            ask(&known);
            assert!(known.was_asked_more());
        }
        let unkept = UnkeptMetadata {
            namespaces: true,
            ..UnkeptMetadata::default()
        };
        let known = KnownCluster::new(&facts, unkept);
        assert!(known.node("gone").is_none() && !known.was_asked_more());
        assert!(known.namespace("shop").is_some() && known.was_asked_more());
    }
}
