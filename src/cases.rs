//! Case files: what policies and a directory must decide, as data that `ramgate test` runs.
//!
//! A case stands on one of three levels: a raw question to RAM, an ECI call, or a pod at admission.

pub(crate) mod call;
pub(crate) mod expect;
pub(crate) mod file;
pub(crate) mod pod;
pub(crate) mod raw;
pub(crate) mod text;

use std::path::Path;

use serde::Serialize;

use crate::cases::file::CaseFile;
use crate::config;
use crate::config::NamedDocument;
use crate::config::directory::{Configuration, FaultClass, LocatedFault, ParsedDocument};
use crate::yaml;
use ram_policy::source::{Fault, json, utf8};

/// The largest case file that is read
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// One case after it ran
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseResult {
    /// The file the case stands in
    pub file: String,
    /// The case's name
    pub name: String,
    /// Whether everything that was expected came
    pub passed: bool,
    /// What the case expects, as it is written
    pub expected: serde_json::Value,
    /// What came, in the same shape
    pub actual: serde_json::Value,
}

/// Runs every case of a file's text
///
/// # Errors
/// What keeps the file from being run at all: a text that is no case file, or documents that make no configuration
pub fn run(
    path: &Path,
    bytes: &[u8],
    defaults: &[NamedDocument],
) -> Result<Vec<CaseResult>, Vec<LocatedFault>> {
    let name = path.display().to_string();
    let refused = |fault: Fault| vec![LocatedFault::new(name.as_str(), fault, FaultClass::Document)];
    if bytes.len() > MAX_BYTES {
        let message = format!("case file has {} bytes: the limit is {MAX_BYTES}", bytes.len());
        return Err(vec![LocatedFault::whole(
            name.as_str(),
            message,
            FaultClass::Document,
        )]);
    }
    let text = utf8(bytes).map_err(refused)?;
    let documents = if path.extension().is_some_and(|extension| extension == "json") {
        vec![json::parse(text).map_err(refused)?]
    } else {
        yaml::parse(text).map_err(refused)?
    };
    let mut results = Vec::new();
    for document in &documents {
        let file: CaseFile = document.read().map_err(refused)?;
        let configuration = configuration(&name, &file, defaults)?;
        for case in &file.cases {
            results.push(file::run(&name, case, &configuration).map_err(refused)?);
        }
    }
    Ok(results)
}

/// The file's own documents, each kind of which takes the place of the defaults' kind
fn configuration(
    name: &str,
    file: &CaseFile,
    defaults: &[NamedDocument],
) -> Result<Configuration, Vec<LocatedFault>> {
    let kept = |named: &&NamedDocument| match &named.document {
        ParsedDocument::Policy(_) => file.policies.is_none(),
        ParsedDocument::Directory(_) => file.directory.is_none(),
        ParsedDocument::Broken(_) => true,
    };
    let mut documents: Vec<NamedDocument> = defaults.iter().filter(kept).cloned().collect();
    if let Some(policies) = &file.policies {
        let refused = |fault| vec![LocatedFault::new(name, fault, FaultClass::Document)];
        for (key, node) in policies.entries("policies").map_err(refused)? {
            documents.push(NamedDocument::new(
                name,
                ParsedDocument::policy_node(&key.text, node),
            ));
        }
    }
    if let Some(directory) = &file.directory {
        documents.push(NamedDocument::new(
            name,
            ParsedDocument::directory_node(directory),
        ));
    }
    config::load(&documents)
}
