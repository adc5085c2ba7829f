//! Logs and metrics: one log line and a few counters for every decision.
//!
//! ```text
//! Record -> log     (tracing: JSON or text, on stderr by a thread of its own)
//!        -> metrics (Prometheus text on the admin port)
//! ```
//!
//! Neither holds an object's body, a policy's text or a key. Labels take values from closed lists; a namespace
//! is one only in a bounded number of series.

pub(crate) mod clip;
pub(crate) mod endpoint;
mod json_lines;
pub(crate) mod log;
pub(crate) mod log_folding;
pub(crate) mod log_writer;
mod logged_causes;
pub(crate) mod metrics;
pub(crate) mod record;
