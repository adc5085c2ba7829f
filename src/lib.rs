//! ramgate holds pods bound for Alibaba Cloud ECI to the account's own RAM policies.
//!
//! ```text
//! AdmissionReview -> review -> route -> call -> principal -> RAM engine -> reply
//!   bytes            typed     ECI-bound?  ECI API call   RAM user or role   decision   allow, patch or deny + why
//!
//! SubjectAccessReview -> authorize -> RAM engine -> denied, or no opinion
//! ```

mod admission;
mod analysis;
mod authorization;
mod cases;
pub mod cli;
mod cluster;
mod config;
mod config_admission;
mod kubernetes;
mod server;
mod stamp;
mod telemetry;
pub mod testing;
mod wording;
mod yaml;
