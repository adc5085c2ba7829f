//! The verb of a request on a pod.

/// The verb of a request on a pod
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
    /// Its owners change, after whose deletion the garbage collector deletes it
    Own,
    /// Its workload asks for more pods
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
