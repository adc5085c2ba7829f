//! Denials that RAM explained itself, decided again by the engine.
//!
//! ```text
//! answer of DecodeDiagnosticMessage -> diagnostic_message -> Request -> Trace -> comparison with RAM's decision
//! ```
//!
//! Limits: RAM decodes denials only, and names policies but not their statements. A message holds neither the policies of
//! the session nor, for every service, the resource group.

mod comparison;
mod diagnostic_message;
mod question;

pub(crate) use crate::replay::comparison::{Comparison, Difference};
pub(crate) use crate::replay::diagnostic_message::{DiagnosticMessage, read};
pub(crate) use crate::replay::question::{Assumptions, Unanswerable};

use crate::config::Configuration;

/// Decides the request of a message as the configuration does, and compares
///
/// # Errors
/// The message or the configuration lacks a part of the question.
pub(crate) fn replay(
    message: &DiagnosticMessage,
    assumptions: &Assumptions,
    configuration: &Configuration,
) -> Result<Comparison, Unanswerable> {
    let trace = question::decide(message, assumptions, configuration)?;
    Ok(Comparison::new(message, trace))
}
