//! Logs and metrics: one log line and a few counters for every decision.
//!
//! ```text
//! Record -> log     (tracing: JSON or text, on stderr)
//!        -> metrics (Prometheus text on the admin port)
//! ```
//!
//! Neither holds an object's body, a policy's text or a key. No label takes a value that a tenant can choose.

pub(crate) mod clip;
pub(crate) mod endpoint;
pub(crate) mod log;
pub(crate) mod log_folding;
pub(crate) mod metrics;
pub(crate) mod record;
