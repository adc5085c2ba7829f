//! The ECI annotations of a pod: read, mapped, and changed by a JSON patch.

pub(crate) mod changes;
pub(crate) mod malformed;
pub(crate) mod mapping;
pub(crate) mod patch;
pub(crate) mod reading;
