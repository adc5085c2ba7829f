//! What the process tells about itself: one log line and a few counters for every decision.
//!
//! ```text
//! Record -> log (tracing: JSON or text, on stderr)
//!        -> metrics (Prometheus text on the admin port)
//! ```
//!
//! Neither ever holds an object's body, a policy's text or a key; no label takes a value that a tenant can choose.

pub(crate) mod clip;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod record;
