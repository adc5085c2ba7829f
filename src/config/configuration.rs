//! A complete, checked configuration, which every decision is made by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::directory::advice_settings::AdviceSettings;
use crate::config::directory::bindings::Bindings;
use crate::config::directory::cluster_settings::ClusterSettings;
use crate::config::directory::directory_document::DirectoryDocument;
use crate::config::directory::exception::Exception;
use crate::config::directory::label_selector::LabelSelector;
use crate::config::directory::mapping_rules::{MappingRules, MappingSource};
use crate::config::located_fault::LocatedFault;
use crate::config::mode::Mode;
use eci_calls::Account;
use ram_policy::{PolicySet, Principal};

/// All documents, merged and compiled; it never changes, and what is large in it is shared by its clones
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The number of this set among those in force in this process, from 1; 0 before it is in force
    pub(crate) generation: u64,
    /// RAM identities with their policies
    pub policies: Arc<PolicySet>,
    /// The account, for the ECI layer
    pub account: Account,
    /// The cluster's id, which ACK adds to every instance as a tag
    pub(crate) cluster_id: Option<String>,
    /// The `cluster` section
    pub cluster: ClusterSettings,
    /// RAM principals of Kubernetes subjects
    pub(crate) bindings: Arc<Bindings>,
    /// Second principals of namespaces, which must be allowed as well
    pub(crate) boundaries: Vec<Boundary>,
    /// Denials that are warnings for a while, in the order of their names
    pub(crate) exceptions: Vec<Arc<Exception>>,
    /// The modes of the namespaces that the directory names, which count before those of the flags
    pub(crate) modes: Arc<BTreeMap<String, Mode>>,
    /// Rules that set a pod's ECI fields
    pub(crate) mapping: MappingRules,
    /// Whom denials name, and the language of messages
    pub(crate) advice: AdviceSettings,
    /// The number of documents
    pub(crate) documents: DocumentCounts,
    /// Contents that are valid but probably not meant
    pub warnings: Vec<LocatedFault>,
    /// The directory documents that it was made of: a later configuration of the same ones has the same bindings
    pub(crate) directories: Arc<[Arc<DirectoryDocument>]>,
}

/// A principal that must be allowed as well as the requester in some namespaces
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Boundary {
    /// The selector of the namespaces
    pub(crate) namespaces: LabelSelector,
    /// A RAM user or role
    pub(crate) principal: Principal,
}

/// The number of documents of each kind
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DocumentCounts {
    /// RAM policies
    pub(crate) policies: usize,
    /// Directory documents
    pub(crate) directories: usize,
}

/// The labels and annotations of cluster objects that a configuration reads; nothing else of them is kept
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interest {
    /// Annotation keys of namespaces; their labels are all kept, because routing reads them
    pub(crate) namespace_annotations: BTreeSet<String>,
    /// Label keys of nodes
    pub(crate) node_labels: BTreeSet<String>,
    /// Label keys of service accounts
    pub(crate) service_account_labels: BTreeSet<String>,
    /// Annotation keys of service accounts
    pub(crate) service_account_annotations: BTreeSet<String>,
}

impl Configuration {
    /// Whether it was made of these directory documents, which are the same in memory
    pub(crate) fn is_of_directories(&self, directories: &[&Arc<DirectoryDocument>]) -> bool {
        let mut pairs = self.directories.iter().zip(directories);
        self.directories.len() == directories.len() && pairs.all(|(own, other)| Arc::ptr_eq(own, other))
    }

    /// The labels and annotations that this configuration reads
    pub(crate) fn interest(&self) -> Interest {
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
            .flat_map(LabelSelector::requirements)
            .map(|requirement| requirement.key.clone())
            .collect();
        interest
    }
}

impl Interest {
    /// Whether service accounts need to be watched
    pub(crate) fn service_accounts(&self) -> bool {
        !self.service_account_labels.is_empty() || !self.service_account_annotations.is_empty()
    }
}
