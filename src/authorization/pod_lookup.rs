//! The result of a lookup of the pod that a review names.

/// The pod that a review names, as far as it could be read
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PodLookup<'a> {
    /// The pod, as JSON
    Found(&'a str),
    /// There is no such pod
    Absent,
    /// The pod could not be read; it may run on ECI
    Unread,
}
