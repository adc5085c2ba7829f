//! The state of a cluster that decisions depend on, beside the review.

use std::sync::Arc;

use crate::config::ClusterSettings;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::stamp::Signer;

/// The state of a cluster, as far as decisions depend on it
///
/// Watches of a live cluster implement it, and so does a [snapshot](crate::kubernetes::snapshot::ClusterSnapshot). A
/// lookup never blocks and never fails: it returns `None` if the object is not known, and the caller decides what that
/// means.
pub trait Cluster: Send + Sync {
    /// Labels and annotations of a namespace
    fn namespace(&self, name: &str) -> Option<Arc<Meta>>;

    /// Labels and annotations of a service account
    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>>;

    /// Labels of a node
    fn node(&self, name: &str) -> Option<Arc<Meta>>;

    /// Signs and verifies stamps; `None` while the keys are not known
    fn signer(&self) -> Option<Arc<Signer>>;

    /// Whether the webhook configurations of the cluster send this resource to ramgate, so every stamp in it was checked
    fn sends(&self, group: &str, resource: &str) -> bool;

    /// ACK's eci-profile; empty if there is none or it cannot be read
    fn profile(&self) -> Arc<Profile>;
}

/// ACK's eci-profile; empty if the settings turn it off
pub(crate) fn profile_in_force(cluster: &dyn Cluster, settings: &ClusterSettings) -> Arc<Profile> {
    if settings.eci_profile {
        cluster.profile()
    } else {
        Arc::default()
    }
}
