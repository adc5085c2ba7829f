//! The directive and the size of a revision's data.

/// The largest data that is parsed, in bytes; usual templates have a few kilobytes, and etcd stores 1.5 MiB
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// The directive of strategic merge patch, and its value for a patch that replaces instead of merging
pub(super) const PATCH: &str = "$patch";
pub(super) const REPLACE: &str = "replace";
