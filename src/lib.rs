//! ramgate holds pods bound for Alibaba Cloud ECI to the account's own RAM policies.
//!
//! ```text
//! AdmissionReview -> review -> route -> call -> principal -> RAM engine -> reply
//!   bytes            typed     ECI-bound?  ECI API call   RAM user or role   decision   allow, patch or deny + why
//!
//! SubjectAccessReview -> authorize -> RAM engine -> denied, or no opinion
//! ```

pub mod admission;
mod api;
pub mod authorize;
pub mod cases;
pub mod cli;
pub mod diff;
pub mod directory;
pub mod lint;
pub mod server;
pub mod stamp;
pub mod store;
pub mod survey;
pub mod telemetry;
pub mod yaml;
