//! Admission: evaluates requests about pods that may go to ECI.
//!
//! ```text
//! body -> review -> routing -> fields -> attribution -> evaluate -> response -> body
//!                                                          |            |
//!                                                       outcome: findings, advice, decision
//! ```
//!
//! Each step uses only the steps before it. `outcome` is the result as data: `evaluate` writes it and `response` reads it. Its
//! types contain types of `routing` and `fields`; `review` and `attribution` use only its faults and differences, which do
//! not.
//!
//! The code is pure: a [`Cluster`] answers questions about other objects, the caller gives the time, and the same review
//! always gets the same response. `serve` and `check` run exactly these functions.

pub(crate) mod attribution;
pub(crate) mod evaluate;
pub(crate) mod fields;
pub(crate) mod offline;
pub(crate) mod outcome;
pub(crate) mod response;
pub(crate) mod review;
pub(crate) mod routing;
mod webhook;

use jiff::Timestamp;

use crate::admission::evaluate::EvaluationContext;
use crate::admission::response::Response;
use crate::admission::review::complete::CompleteReview;
use crate::config::{Configuration, ProfileChanges};
use crate::kubernetes::cluster::Cluster;

pub(crate) use crate::admission::outcome::cause::Cause;
pub(crate) use crate::admission::outcome::decision::Decision;
pub(crate) use crate::admission::outcome::evaluation::PrincipalQuestions;
pub use crate::admission::outcome::mode::{Mode, Modes};
pub(crate) use crate::admission::response::admission_response::refuse;
pub use crate::admission::review::Review;
pub(crate) use crate::admission::review::ReviewError;
pub use crate::admission::webhook::Webhook;

/// Responds to a review
pub fn respond(
    webhook: Webhook,
    review: &CompleteReview<'_>,
    configuration: &Configuration,
    cluster: &dyn Cluster,
    modes: &Modes,
    now: Timestamp,
) -> Response {
    let mode = match (review.is_eci_profile(), configuration.cluster.eci_profile_changes) {
        (true, ProfileChanges::Record) => Mode::Audit,
        (true, ProfileChanges::Refuse) => Mode::Enforce,
        (false, _) => modes.of(review.namespace()),
    };
    let context = EvaluationContext {
        review,
        configuration,
        cluster,
        mode,
        on_difference: modes.on_difference_in(review.namespace()),
        now,
    };
    let evaluation = match webhook {
        Webhook::Mutating => context.mutate(),
        Webhook::Validating => context.validate(),
    };
    Response::new(webhook, review, configuration, mode, evaluation)
}

#[cfg(test)]
mod tests;
