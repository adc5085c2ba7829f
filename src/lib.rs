//! ramgate holds pods bound for Alibaba Cloud ECI to the account's own RAM policies.
//!
//! ```text
//! AdmissionReview     -> server -> admission     -> eci_calls -> ram_policy -> allow, patch, or deny with the reason
//! SubjectAccessReview -> server -> authorization -> eci_calls -> ram_policy -> deny, or no opinion
//! ```

mod admission;
mod alibaba_cloud;
mod analysis;
mod authorization;
mod candidate;
mod cases;
pub mod cli;
mod cluster;
mod config;
mod config_admission;
mod import;
mod kubernetes;
mod replay;
mod server;
mod stamp;
mod sync;
mod telemetry;
pub mod testing;
mod wording;
mod yaml;
