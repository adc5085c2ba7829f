//! Pods bound for ECI, judged at admission.
//!
//! ```text
//! body -> Review -> Route -> Call -> Principal -> eci::judge -> reply
//! ```
//!
//! Everything here is pure: what the cluster holds comes through [`Cluster`], the time is given, and the same review
//! always gets the same answer. `serve` and `check` run exactly these functions.

pub mod annotation;
pub mod cluster;
pub mod lookalike;
pub mod mapping;
pub mod mode;
pub mod patch;
pub mod phrase;
pub mod pod;
pub mod review;
pub mod route;
pub mod text;

pub use cluster::{Cluster, Meta, NodeKind};
pub use mode::{Mode, Modes};
pub use review::{Review, ReviewError};
