//! x
pub mod server;
pub mod source;
pub mod telemetry;
