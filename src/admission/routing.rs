//! Whether a pod becomes an ECI container group.

pub(crate) mod constraint;
pub(crate) mod lookalike;
pub(crate) mod route;
