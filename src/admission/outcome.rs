//! The result of evaluating a request, as data: findings, advice, and the effect of a mode.

pub(crate) mod advice;
pub(crate) mod cause;
pub(crate) mod container_difference;
pub(crate) mod decision;
pub(crate) mod evaluation;
pub(crate) mod finding;
pub(crate) mod mode;
pub(crate) mod restart;
pub(crate) mod revision_fault;
pub(crate) mod stamp_fault;
pub(crate) mod verb;
pub(crate) mod warning;
