//! Admission: evaluates requests about pods that may go to ECI.
//!
//! ```text
//! body -> review -> routing -> fields -> attribution -> evaluate -> response -> body
//!                                                          |            |
//!                                                       outcome: findings, advice, decision
//! ```
//!
//! Each step uses only the steps before it; `outcome` is the data that all of them share. The code is pure: a
//! [`Cluster`] answers questions about other objects, the caller gives the time, and the same review always gets the same
//! response. `serve` and `check` run exactly these functions.

pub(crate) mod attribution;
pub(crate) mod evaluate;
pub(crate) mod fields;
pub(crate) mod offline;
pub(crate) mod outcome;
pub(crate) mod response;
pub(crate) mod review;
pub(crate) mod routing;

use jiff::Timestamp;

use crate::admission::evaluate::Case;
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

/// The two admission webhooks
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// Maps annotations and writes stamps, by a patch
    Mutating,
    /// Evaluates the final object
    Validating,
}

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
    let mode = if review.is_eci_profile() {
        profile_mode(configuration.cluster.eci_profile_changes)
    } else {
        modes.of(review.namespace())
    };
    let case = Case {
        review,
        configuration,
        cluster,
        mode,
        contents: modes.contents_of(review.namespace()),
        now,
    };
    let evaluation = match webhook {
        Webhook::Mutating => case.mutate(),
        Webhook::Validating => case.validate(),
    };
    Response::new(webhook, review, configuration, mode, evaluation)
}

#[cfg(test)]
mod tests;
