//! The result of evaluating a request, as data: findings, advice, and the effect of a mode.

pub(crate) mod evaluation;
pub(crate) mod finding;
pub(crate) mod mode;
