//! A live cluster around its workloads, read at one time.

use std::sync::Arc;

use crate::analysis::survey::webhooks::Webhooks;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_profile;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::stamp::Signer;

/// The cluster around the workloads
#[derive(Clone, Debug)]
pub(crate) struct SurveyedCluster {
    /// The namespace that ramgate is installed in
    pub release: String,
    /// Namespaces, service accounts, nodes, eci-profile and the keys of stamps
    pub snapshot: ClusterSnapshot,
    /// The live webhook configurations; `None` if there are none
    pub webhooks: Option<Webhooks>,
}

/// A cluster of which nothing is known
impl Default for SurveyedCluster {
    fn default() -> Self {
        Self {
            release: String::new(),
            snapshot: ClusterSnapshot::unknown(),
            webhooks: None,
        }
    }
}

impl SurveyedCluster {
    /// Whether the installation never sends pods of this namespace to ramgate
    ///
    /// Exemptions are by name. Without webhook configurations they are the chart's own.
    pub(crate) fn is_exempt(&self, namespace: &str) -> bool {
        let webhooks = self.webhooks.as_ref();
        webhooks
            .and_then(|webhooks| webhooks.exempts(namespace))
            .unwrap_or_else(|| namespace == eci_profile::NAMESPACE || namespace == self.release)
    }
}

impl Cluster for SurveyedCluster {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.snapshot.namespace(name)
    }

    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.snapshot.service_account(namespace, name)
    }

    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        self.snapshot.node(name)
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.snapshot.signer()
    }

    /// Before the installation every resource counts as sent, as the chart will send it
    fn sends(&self, group: &str, resource: &str) -> bool {
        self.webhooks
            .as_ref()
            .is_none_or(|webhooks| webhooks.sends(group, resource))
    }

    fn profile(&self) -> Arc<Profile> {
        self.snapshot.profile()
    }
}
