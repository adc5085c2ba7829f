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

use crate::admission::attribution::creator;
use crate::admission::evaluate::EvaluationContext;
use crate::admission::response::Response;
use crate::admission::review::complete::CompleteReview;
use crate::config::{Configuration, ProfileChanges};
use crate::kubernetes::cluster::Cluster;

pub(crate) use crate::admission::outcome::cause::Cause;
pub(crate) use crate::admission::outcome::decision::Decision;
pub(crate) use crate::admission::outcome::evaluation::PrincipalQuestions;
pub use crate::admission::outcome::mode::{Mode, Modes};
pub(crate) use crate::admission::response::unjudged::unjudged;
pub use crate::admission::review::Review;
pub(crate) use crate::admission::review::ReviewError;
pub use crate::admission::webhook::Webhook;

/// The mode of changes of ACK's eci-profile, which namespaces do not set
pub(crate) fn profile_mode(changes: ProfileChanges) -> Mode {
    match changes {
        ProfileChanges::Record => Mode::Audit,
        ProfileChanges::Refuse => Mode::Enforce,
    }
}

/// Responds to a review
pub fn respond(
    webhook: Webhook,
    review: &CompleteReview<'_>,
    configuration: &Configuration,
    cluster: &dyn Cluster,
    modes: &Modes,
    now: Timestamp,
) -> Response {
    let mode = if review.is_routing_object() {
        profile_mode(configuration.cluster.eci_profile_changes)
    } else {
        modes.of(review.namespace())
    };
    let on_difference = modes.on_difference_in(review.namespace());
    let creator = creator(review, &configuration.cluster, cluster, on_difference);
    let context = EvaluationContext {
        review,
        configuration,
        cluster,
        creator: &creator,
        mode,
        on_difference,
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
