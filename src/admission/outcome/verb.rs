//! What a request does to a pod.

/// What a request does to a pod
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// It is created
    Create,
    /// It is changed
    Update,
    /// It is deleted
    Delete,
    /// It is evicted
    Evict,
    /// It gets other owners, on whose end the garbage collector deletes it
    Own,
    /// More of it is asked for
    Scale,
    /// A command is run in it
    Exec,
    /// A terminal is attached to it
    Attach,
    /// Ports of it are forwarded
    PortForward,
    /// It is reached through the API server
    Proxy,
}

impl Verb {
    pub(crate) fn active(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Evict => "evict",
            Self::Own => "change the owners, and so decide on the deletion, of",
            Self::Scale => "scale up",
            Self::Exec => "exec into",
            Self::Attach => "attach to",
            Self::PortForward => "forward ports of",
            Self::Proxy => "proxy to",
        }
    }
}
