//! The result of evaluating a request, as data.
//!
//! | question | file |
//! | --- | --- |
//! | what does an evaluation find out? | [`evaluation`] |
//! | which reasons against a request are there, with which codes? | [`finding`], [`stamp_fault`], [`revision_fault`] |
//! | when does a denial become a warning or a record? | `Evaluation::decision` in [`evaluation`], by the [`mode`] |
//! | which annotations are allowed instead? | [`advice`] |

pub(crate) mod advice;
pub(crate) mod cause;
pub(crate) mod container_difference;
pub(crate) mod creating_pod_fault;
pub(crate) mod decision;
pub(crate) mod evaluation;
pub(crate) mod finding;
pub(crate) mod mode;
pub(crate) mod origin;
pub(crate) mod restart_step;
pub(crate) mod revision_fault;
pub(crate) mod stamp_fault;
pub(crate) mod stamp_state;
pub(crate) mod verb;
pub(crate) mod warning;
