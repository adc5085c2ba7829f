//! What roles allow, with what aggregated roles collect from others.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::{ClusterRole, Role};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

use crate::analysis::survey::access::grants::Grants;

/// All roles
#[derive(Clone, Debug, Default)]
pub(super) struct Roles {
    cluster_roles: BTreeMap<String, CollectedRole>,
    /// By namespace and name; those that allow nothing with pods are left out
    roles: BTreeMap<(String, String), Grants>,
}

/// A ClusterRole
#[derive(Clone, Debug)]
struct CollectedRole {
    grants: Grants,
    labels: BTreeMap<String, String>,
    /// Which roles' rules it has beside its own
    selectors: Vec<Selector>,
}

impl Roles {
    pub(super) fn add_cluster_role(&mut self, role: ClusterRole) {
        let aggregation = role.aggregation_rule.and_then(|rule| rule.cluster_role_selectors);
        let selectors: Vec<Selector> = aggregation
            .into_iter()
            .flatten()
            .filter_map(|selector: LabelSelector| Selector::try_from(selector).ok())
            .collect();
        let collected = CollectedRole {
            grants: Grants::of_rules(role.rules.iter().flatten()),
            labels: role.metadata.labels.unwrap_or_default(),
            selectors,
        };
        // A role that allows nothing and collects nothing adds nothing to others
        if !collected.grants.is_empty() || !collected.selectors.is_empty() {
            let name = role.metadata.name.unwrap_or_default();
            self.cluster_roles.insert(name, collected);
        }
    }

    pub(super) fn add_role(&mut self, role: Role) {
        let grants = Grants::of_rules(role.rules.iter().flatten());
        if !grants.is_empty() {
            let key = |text: Option<String>| text.unwrap_or_default();
            let key = (key(role.metadata.namespace), key(role.metadata.name));
            self.roles.insert(key, grants);
        }
    }

    pub(super) fn role(&self, namespace: &str, name: &str) -> Option<&Grants> {
        self.roles.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// What each ClusterRole allows
    ///
    /// A controller of Kubernetes writes the rules of aggregated roles. They are collected here as well, so that a change
    /// counts that the controller has not carried out.
    pub(super) fn cluster_roles(&self) -> BTreeMap<&str, Grants> {
        let names = self.cluster_roles.keys().map(String::as_str);
        names.map(|name| (name, self.aggregated(name))).collect()
    }

    fn aggregated(&self, name: &str) -> Grants {
        let (mut grants, mut seen, mut next) = (Grants::default(), BTreeSet::new(), vec![name]);
        while let Some(name) = next.pop() {
            let Some(role) = self.cluster_roles.get(name).filter(|_| seen.insert(name)) else {
                continue;
            };
            grants.add(&role.grants);
            let selected = self.cluster_roles.iter().filter(|(_, other)| {
                let mut selectors = role.selectors.iter();
                selectors.any(|selector| selector.matches(&other.labels))
            });
            next.extend(selected.map(|(name, _)| name.as_str()));
        }
        grants
    }
}
