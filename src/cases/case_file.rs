//! A case file as written, and the run of one of its cases.

use serde::{Deserialize, Serialize};

use crate::cases::comparison::Comparison;
use crate::cases::eci_call::EciCallCase;
use crate::cases::pod_request::PodRequestCase;
use crate::cases::ram_request::RamRequestCase;
use crate::config::Configuration;
use ram_policy::source::{Fault, Node};

/// A document of a case file
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFile {
    pub(super) policies: Option<Node>,
    pub(super) directory: Option<Node>,
    pub(super) cases: Vec<Node>,
}

/// The result of a case
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseResult {
    /// The file of the case
    pub file: String,
    /// The line on which the case starts
    pub line: u32,
    /// The name of the case
    pub name: String,
    /// Whether the actual result is the expected one
    pub passed: bool,
    /// The expectation, as it is written
    pub expected: serde_json::Value,
    /// The actual result, in the same shape
    pub actual: serde_json::Value,
}

/// Runs a case, whose level follows from its keys
///
/// # Errors
/// A case that is not well formed; a case that fails is a result
pub(super) fn run(file: &str, case: &Node, configuration: &Configuration) -> Result<CaseResult, Fault> {
    let entries = case.entries("a case")?;
    let start = case.at;
    let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
    let (name, comparison) = if has("call") {
        let at = case.at;
        let case: EciCallCase = case.read()?;
        let comparison = case.run(configuration, at)?;
        (case.name, comparison)
    } else if has("action") {
        let at = case.at;
        let case: RamRequestCase = case.read()?;
        let comparison = case.run(configuration, at)?;
        (case.name, comparison)
    } else if has("manifest") {
        let case: PodRequestCase = case.read()?;
        let comparison = case.run(configuration)?;
        (case.name, comparison)
    } else {
        return Err(Fault::new(
            case.at,
            "a case needs `action` (raw), `call` (ECI) or `manifest` (pod)",
        ));
    };
    let Comparison {
        passed,
        expected,
        actual,
    } = comparison;
    Ok(CaseResult {
        file: file.to_owned(),
        line: start.line,
        name,
        passed,
        expected,
        actual,
    })
}
