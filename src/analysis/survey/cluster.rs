//! What a cluster holds beside its workloads, as far as judging depends on it, at one time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::survey::webhooks::Webhooks;
use crate::config::directory::{ClusterSettings, Selector};
use crate::kubernetes::cluster::{Cluster, Meta, NodeKind};
use crate::kubernetes::eci_profile;
use crate::kubernetes::eci_profile::Profile;
use crate::stamp::Signer;

/// The cluster around the workloads
#[derive(Clone, Debug, Default)]
pub(crate) struct SurveyedCluster {
    /// The namespace that ramgate is installed in
    pub release: String,
    /// Namespaces by name
    pub namespaces: BTreeMap<String, Arc<Meta>>,
    /// Service accounts by namespace and name, if mapping reads any
    pub service_accounts: BTreeMap<(String, String), Arc<Meta>>,
    /// Nodes by name
    pub nodes: BTreeMap<String, Node>,
    /// ACK's eci-profile
    pub profile: Arc<Profile>,
    /// What verifies stamps; nothing where there are no keys yet
    pub signer: Option<Arc<Signer>>,
    /// The live webhook configurations; nothing where there are none
    pub webhooks: Option<Webhooks>,
}

/// A node, as far as bindings to it are concerned
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Whether what is bound to it becomes ECI's
    pub kind: NodeKind,
    /// Whether it has the labels of virtual nodes, ACS's included
    pub looks_virtual: bool,
}

impl Node {
    /// What a node with these labels is
    pub(crate) fn of(labels: &BTreeMap<String, String>, settings: &ClusterSettings) -> Self {
        let selects = |selector: &Selector| selector.matches(labels);
        Self {
            kind: NodeKind::of(labels, settings),
            looks_virtual: settings.virtual_nodes.iter().any(selects),
        }
    }
}

impl SurveyedCluster {
    /// Whether pods of this namespace are never sent to ramgate, as the installation wants it
    ///
    /// Exemptions are by name. Where no webhook configuration tells, they are the chart's own.
    pub(crate) fn is_exempt(&self, namespace: &str) -> bool {
        let webhooks = self.webhooks.as_ref();
        webhooks
            .and_then(|webhooks| webhooks.exempts(namespace))
            .unwrap_or_else(|| namespace == eci_profile::NAMESPACE || namespace == self.release)
    }
}

impl Cluster for SurveyedCluster {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.namespaces.get(name).cloned()
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        let key = (namespace.to_owned(), name.to_owned());
        self.service_accounts.get(&key).cloned()
    }

    fn node(&self, name: &str) -> NodeKind {
        self.nodes.get(name).map_or(NodeKind::Unknown, |node| node.kind)
    }

    /// Workloads and pods are judged one by one, so that none has to be looked up
    fn pod(&self, _namespace: &str, _name: &str) -> Option<Arc<str>> {
        None
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.clone()
    }

    /// Before the installation nothing is sent, and afterwards everything that the chart knows of
    fn sends(&self, group: &str, resource: &str) -> bool {
        self.webhooks
            .as_ref()
            .is_none_or(|webhooks| webhooks.sends(group, resource))
    }

    fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.profile)
    }
}
