//! The requester of a review: bound to a RAM principal, or one of three kinds of unbound identities.

use crate::authorization::subject_access_review::SubjectAccessReview;
use crate::config::Configuration;
use ram_policy::Principal;

/// The prefix of every identity that Kubernetes gives to programs
const PROGRAMS: &str = "system:";
/// The user of requests without credentials: no program, though it has the prefix of one
const ANONYMOUS: &str = "system:anonymous";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";
/// The namespace of the cluster's own agents
pub(crate) const KUBE_SYSTEM: &str = "kube-system";

/// The requester of a review
///
/// ```text
/// alice@example.com                          -> UnboundPerson
/// system:anonymous                           -> UnboundPerson
/// system:serviceaccount:shop:operator        -> UnboundProgram
/// system:serviceaccount:kube-system:metrics  -> UnboundAgent
/// any of them, if it is a RAM principal      -> Bound
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Requester {
    /// An identity that is this principal
    Bound(Principal),
    /// A person without a binding
    UnboundPerson,
    /// A program without a binding
    UnboundProgram,
    /// One of the cluster's own agents, without a binding
    UnboundAgent,
}

impl Requester {
    /// The requester of a review
    pub(crate) fn of(review: &SubjectAccessReview<'_>, configuration: &Configuration) -> Self {
        let user = review.user();
        match review.requester().principal(configuration) {
            Some(principal) => Self::Bound(principal),
            None if service_account_namespace(user) == Some(KUBE_SYSTEM) => Self::UnboundAgent,
            None if user.starts_with(PROGRAMS) && user != ANONYMOUS => Self::UnboundProgram,
            None => Self::UnboundPerson,
        }
    }

    /// The principal of a bound requester
    pub(crate) fn principal(self) -> Option<Principal> {
        match self {
            Self::Bound(principal) => Some(principal),
            Self::UnboundPerson | Self::UnboundProgram | Self::UnboundAgent => None,
        }
    }
}

/// The namespace of a service account, from its user name
pub(super) fn service_account_namespace(user: &str) -> Option<&str> {
    let (namespace, _) = user.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    Some(namespace)
}
