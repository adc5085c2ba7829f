//! Who asks, and whom ramgate never keeps from reading.

use crate::config::{ClusterSettings, Configuration};
use crate::kubernetes::control_plane::is_control_plane;
use ram_policy::Principal;

use crate::authorization::review::Review;

/// The group that no authorizer binds
const MASTERS: &str = "system:masters";
/// How every identity begins that Kubernetes gives to programs
const PROGRAMS: &str = "system:";
/// Nobody has signed in; begins like a program, but is none
const ANONYMOUS: &str = "system:anonymous";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";
/// Where the cluster's own agents run
const KUBE_SYSTEM: &str = "kube-system";

/// Namespaces that are none of ramgate's business
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exempt {
    /// The namespace that ramgate runs in, if it runs in a cluster
    pub own: Option<String>,
}

/// Who asks
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who<'c> {
    /// An identity that a principal is bound to
    Bound(&'c Principal),
    /// A person whom RAM has never heard of
    Stranger,
    /// A program that RAM has never heard of
    Program,
    /// One of the cluster's own agents that RAM has never heard of
    Agent,
}

impl Exempt {
    /// Whether what is in this namespace may be read by whom RBAC lets
    pub(crate) fn covers(&self, namespace: &str) -> bool {
        namespace == KUBE_SYSTEM || self.own.as_deref() == Some(namespace)
    }

    /// Whether this is the control plane, ramgate itself, or somebody whom nothing binds
    ///
    /// ramgate reads pods to answer; were it asked about itself, it would read them again.
    pub(crate) fn frees(&self, review: &Review<'_>, settings: &ClusterSettings) -> bool {
        let home = home(review.user());
        home.is_some_and(|namespace| self.own.as_deref() == Some(namespace))
            || review.groups().any(|group| group == MASTERS)
            || is_control_plane(review.user(), review.groups(), settings)
    }
}

impl<'c> Who<'c> {
    pub(crate) fn asks(review: &Review<'_>, configuration: &'c Configuration) -> Self {
        let user = review.user();
        match configuration.bindings.principal(user, review.groups()) {
            Some(binding) => Self::Bound(&binding.principal),
            None if home(user) == Some(KUBE_SYSTEM) => Self::Agent,
            None if user.starts_with(PROGRAMS) && user != ANONYMOUS => Self::Program,
            None => Self::Stranger,
        }
    }

    pub(crate) fn principal(self) -> Option<&'c Principal> {
        match self {
            Self::Bound(principal) => Some(principal),
            Self::Stranger | Self::Program | Self::Agent => None,
        }
    }
}

/// The namespace of a service account
fn home(user: &str) -> Option<&str> {
    let (namespace, _) = user.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    Some(namespace)
}
