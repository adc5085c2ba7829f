//! One complete, checked configuration: what every decision is made by.

use std::collections::BTreeSet;

use crate::config::directory::binding::Bindings;
use crate::config::directory::fault::LocatedFault;
use crate::config::directory::mapping::{MappingRules, MappingSource};
use crate::config::directory::selector::Selector;
use crate::config::directory::settings::ClusterSettings;
use eci_calls::Account;
use ram_policy::{PolicySet, Principal};

/// All documents together, compiled; immutable, and shared behind an `Arc`
#[derive(Debug)]
pub struct Configuration {
    /// Counts the sets that came into force in this process, from 1; 0 before that
    pub generation: u64,
    /// The RAM side: who holds which policies
    pub policies: PolicySet,
    /// What the ECI layer must know about the account
    pub account: Account,
    /// The cluster's id, which ACK adds to every instance as a tag
    pub cluster_id: Option<String>,
    /// What the gate must know about the cluster
    pub cluster: ClusterSettings,
    /// Kubernetes subjects and their RAM principals
    pub bindings: Bindings,
    /// Namespaces in which a second principal must be allowed as well
    pub boundaries: Vec<Boundary>,
    /// The mutating half
    pub mapping: MappingRules,
    /// How many documents there are
    pub documents: DocumentCounts,
    /// What the documents may say but probably do not mean
    pub warnings: Vec<LocatedFault>,
}

/// In these namespaces this principal must be allowed as well as the requester
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Which namespaces
    pub namespaces: Selector,
    /// A RAM user or role
    pub principal: Principal,
}

/// How many documents of each kind there are
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentCounts {
    /// RAM policies
    pub policies: usize,
    /// Directory documents
    pub directories: usize,
}

/// Which labels and annotations of cluster objects a configuration reads; nothing else of them is kept
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Annotation keys of namespaces; their labels are all kept, because routing reads them
    pub namespace_annotations: BTreeSet<String>,
    /// Label keys of nodes
    pub node_labels: BTreeSet<String>,
    /// Label keys of service accounts
    pub service_account_labels: BTreeSet<String>,
    /// Annotation keys of service accounts
    pub service_account_annotations: BTreeSet<String>,
}

impl Configuration {
    /// What of the cluster's objects this configuration reads
    pub fn interest(&self) -> Interest {
        let mut interest = Interest::default();
        for source in self.mapping.sources() {
            let (keys, key) = match source {
                MappingSource::NamespaceAnnotation(key) => (&mut interest.namespace_annotations, key),
                MappingSource::ServiceAccountLabel(key) => (&mut interest.service_account_labels, key),
                MappingSource::ServiceAccountAnnotation(key) => {
                    (&mut interest.service_account_annotations, key)
                }
                MappingSource::Value(_)
                | MappingSource::NamespaceLabel(_)
                | MappingSource::PodLabel(_)
                | MappingSource::PodAnnotation(_) => continue,
            };
            keys.insert(key.clone());
        }
        let nodes = self.cluster.virtual_nodes.iter().chain(&self.cluster.acs_nodes);
        interest.node_labels = nodes
            .flat_map(Selector::requirements)
            .map(|requirement| requirement.key.clone())
            .collect();
        interest
    }
}

impl Interest {
    /// Whether service accounts need to be watched at all
    pub fn service_accounts(&self) -> bool {
        !self.service_account_labels.is_empty() || !self.service_account_annotations.is_empty()
    }

    /// Everything that either of two reads
    pub fn union(&self, other: &Self) -> Self {
        let both = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.union(b).cloned().collect();
        Self {
            namespace_annotations: both(&self.namespace_annotations, &other.namespace_annotations),
            node_labels: both(&self.node_labels, &other.node_labels),
            service_account_labels: both(&self.service_account_labels, &other.service_account_labels),
            service_account_annotations: both(
                &self.service_account_annotations,
                &other.service_account_annotations,
            ),
        }
    }
}
