//! Case files: policies and a directory with the decisions expected of them, which `ramgate test` runs.
//!
//! A case is on one of three levels:
//!
//! | key | file | question |
//! | --- | --- | --- |
//! | `action` | `ram_request.rs` | may this principal perform this action in RAM? |
//! | `call` | `eci_call.rs` | may this principal make this call of the ECI API? |
//! | `manifest` | `pod_request.rs` | what does the webhook answer to this request of Kubernetes? |

pub(crate) mod case_file;
pub(crate) mod comparison;
pub(crate) mod eci_call;
pub(crate) mod expected_decision;
pub(crate) mod pod_request;
pub(crate) mod ram_request;
pub(crate) mod unknown_names;
pub(crate) mod values;

use std::path::Path;

pub use crate::cases::case_file::CaseResult;

use crate::cases::case_file::CaseFile;
use crate::config;
use crate::config::{Configuration, FaultClass, LocatedFault, NamedDocument, ParsedDocument};
use crate::yaml;
use ram_policy::source::{Fault, Node, json, utf8};

/// The largest case file that is read
pub(crate) const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Runs all cases of a file; `defaults` are the documents of a file that has none of its own
///
/// ```text
/// policies: {P: {Version: "1", Statement: [{Effect: Allow, Action: "eci:*", Resource: "*"}]}}
/// directory: {account: {id: "1", region: r}, users: [{name: a, policies: [{policy: P}]}]}
/// cases: [{name: allowed, principal: user/a, action: "eci:X", expect: Allow}]
///   -> [CaseResult { name: "allowed", passed: true, expected: "Allow", actual: "Allow", .. }]
/// ```
///
/// # Errors
/// A text that is no case file, and documents that make no configuration
pub fn run(
    path: &Path,
    bytes: &[u8],
    defaults: &[NamedDocument],
) -> Result<Vec<CaseResult>, Vec<LocatedFault>> {
    let name = path.display().to_string();
    let located = |fault: Fault| vec![LocatedFault::new(name.as_str(), fault, FaultClass::Document)];
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        let message = format!("the case file is larger than {MAX_BYTES} bytes: split it");
        let fault = LocatedFault::whole(name.as_str(), message, FaultClass::Document);
        return Err(vec![fault]);
    }
    let mut results: Vec<CaseResult> = Vec::new();
    for document in &parse(path, bytes).map_err(located)? {
        let file: CaseFile = document.read().map_err(located)?;
        let configuration = configuration(&name, &file, defaults)?;
        for case in &file.cases {
            results.push(case_file::run(&name, case, &configuration).map_err(located)?);
        }
    }
    if results.is_empty() {
        let message = "no case is in this file: a file without cases proves nothing";
        let fault = LocatedFault::whole(name.as_str(), message, FaultClass::Document);
        return Err(vec![fault]);
    }
    Ok(results)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Node>, Fault> {
    let text = utf8(bytes)?;
    if path.extension().is_some_and(|extension| extension == "json") {
        Ok(vec![json::parse(text)?])
    } else {
        yaml::parse(text)
    }
}

/// Merges the file's own documents, and the defaults of each kind that the file lacks
fn configuration(
    name: &str,
    file: &CaseFile,
    defaults: &[NamedDocument],
) -> Result<Configuration, Vec<LocatedFault>> {
    if file.directory.is_none() && defaults.is_empty() {
        let message =
            "the file has no `directory`: write one, or give the policies and directory with --config-dir";
        return Err(vec![LocatedFault::whole(name, message, FaultClass::Document)]);
    }
    let is_kept = |named: &&NamedDocument| match &named.document {
        ParsedDocument::Policy(_) => file.policies.is_none(),
        ParsedDocument::Directory(_) => file.directory.is_none(),
        ParsedDocument::Broken(_) => true,
    };
    let mut documents: Vec<NamedDocument> = defaults.iter().filter(is_kept).cloned().collect();
    if let Some(policies) = &file.policies {
        let located = |fault| vec![LocatedFault::new(name, fault, FaultClass::Document)];
        for (key, node) in policies.entries("policies").map_err(located)? {
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
