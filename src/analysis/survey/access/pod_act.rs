//! What a subject can do with pods that ramgate judges, and the requests by which RBAC allows it.

/// Something that ramgate judges, done to pods
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PodAct {
    /// Creates them
    Create,
    /// Deletes them, one or many at once
    Delete,
    /// Evicts them
    Evict,
    /// Assigns a node to them
    Bind,
    /// Changes their status
    ChangeStatus,
    /// Opens a shell, a port or a proxy in them
    Exec,
}

/// Whether a request says which object it is about; rules with `resourceNames` allow only requests that do
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestName {
    /// It always does
    Given,
    /// It never does: the API server checks the right before it reads the object
    Absent,
    /// It does with the field selector `metadata.name`
    Selected,
}

/// A kind of request by which something is done
#[derive(Clone, Copy, Debug)]
pub(super) struct PodRequest {
    pub(super) act: PodAct,
    pub(super) verbs: &'static [&'static str],
    pub(super) resource: &'static str,
    pub(super) subresource: &'static str,
    pub(super) name: RequestName,
}

/// All of them; each is in the core group, an eviction too, whose body alone is of group `policy`
pub(super) const REQUESTS: [PodRequest; 11] = [
    pods(PodAct::Create, &["create"], "", RequestName::Absent),
    pods(PodAct::Delete, &["delete"], "", RequestName::Given),
    pods(PodAct::Delete, &["deletecollection"], "", RequestName::Selected),
    pods(PodAct::Evict, &["create"], "eviction", RequestName::Given),
    pods(PodAct::Bind, &["create"], "binding", RequestName::Given),
    PodRequest {
        resource: "bindings",
        ..pods(PodAct::Bind, &["create"], "", RequestName::Absent)
    },
    pods(
        PodAct::ChangeStatus,
        &["update", "patch"],
        "status",
        RequestName::Given,
    ),
    // A client that speaks WebSocket sends GET, which older API servers take for `get` alone
    pods(PodAct::Exec, &["create", "get"], "exec", RequestName::Given),
    pods(PodAct::Exec, &["create", "get"], "attach", RequestName::Given),
    pods(
        PodAct::Exec,
        &["create", "get"],
        "portforward",
        RequestName::Given,
    ),
    pods(
        PodAct::Exec,
        &["create", "get", "update", "patch", "delete"],
        "proxy",
        RequestName::Given,
    ),
];

const fn pods(
    act: PodAct,
    verbs: &'static [&'static str],
    subresource: &'static str,
    name: RequestName,
) -> PodRequest {
    PodRequest {
        act,
        verbs,
        resource: "pods",
        subresource,
        name,
    }
}

impl PodAct {
    /// Its name for programs
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Evict => "evict",
            Self::Bind => "bind",
            Self::ChangeStatus => "status",
            Self::Exec => "exec",
        }
    }

    /// The words before "pods"
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ChangeStatus => "change the status of",
            Self::Exec => "exec into",
            Self::Create | Self::Delete | Self::Evict | Self::Bind => self.name(),
        }
    }
}
