//! The ECI annotations of a pod: read, mapped, and changed by a JSON patch.

pub(crate) mod annotations;
pub(crate) mod fault;
pub(crate) mod mapping;
pub(crate) mod patch;
pub(crate) mod update;
