//! The authorization webhook: decides whether somebody may read pods that run on ECI.
//!
//! ```text
//! body -> SubjectAccessReview -> PodRead -> Route -> Call -> eci_calls::evaluate -> Finding -> Response
//! ```
//!
//! It denies or has no opinion, and never allows: RBAC grants access to pods, and RAM can only take it away. Like
//! [`admission`](crate::admission) it is pure: the caller passes in the state of the cluster and the time.

pub(crate) mod evaluate;
pub(crate) mod evaluation;
pub(crate) mod exemptions;
pub(crate) mod filter;
pub(crate) mod finding;
pub(crate) mod message;
pub(crate) mod pod_lookup;
pub(crate) mod pod_read;
pub(crate) mod requester;
pub(crate) mod review_context;
pub(crate) mod review_response;
pub(crate) mod selector_advice;
pub(crate) mod subject_access_review;

pub(crate) use crate::authorization::exemptions::Exemptions;
pub(crate) use crate::authorization::pod_lookup::PodLookup;
pub(crate) use crate::authorization::review_context::ReviewContext;
pub(crate) use crate::authorization::review_response::{Response, malformed, refuse, unready};
pub(crate) use crate::authorization::subject_access_review::SubjectAccessReview;

#[cfg(test)]
mod tests;
