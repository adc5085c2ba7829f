//! A case file as written, and which level a case stands on.

use serde::Deserialize;

use crate::cases::{CaseResult, call, pod, raw};
use crate::config::directory::Configuration;
use ram_policy::source::{Fault, Node};

/// One document of a case file
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFile {
    pub(super) policies: Option<Node>,
    pub(super) directory: Option<Node>,
    pub(super) cases: Vec<Node>,
}

/// Runs one case; only a case that cannot be understood is an error
pub(super) fn run(file: &str, case: &Node, configuration: &Configuration) -> Result<CaseResult, Fault> {
    let has = |name: &str| {
        case.entries("a case")
            .map(|entries| entries.iter().any(|(key, _)| key.text == name))
    };
    let (name, (passed, expected, actual)) = if has("call")? {
        let case: call::CallCase = case.read()?;
        (case.name.clone(), case.run(configuration)?)
    } else if has("action")? {
        let case: raw::RawCase = case.read()?;
        (case.name.clone(), case.run(configuration)?)
    } else if has("manifest")? {
        let case: pod::PodCase = case.read()?;
        (case.name.clone(), case.run(configuration)?)
    } else {
        return Err(Fault::new(
            case.at,
            "a case needs `action` (raw), `call` (ECI) or `manifest` (pod)",
        ));
    };
    Ok(CaseResult {
        file: file.to_owned(),
        name,
        passed,
        expected,
        actual,
    })
}
