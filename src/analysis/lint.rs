//! The linter: policies and directories that are well formed, but cannot mean what they say.
//!
//! ```text
//! one document    ParsedDocument -> statements -> DocumentWarning -> Warning    (cheap; also when a ConfigMap is applied)
//! all documents   ParsedDocument + Configuration -> DocumentIndex -> Warning
//! ```
//!
//! The linter warns only if it is certain. No warning does not prove that a policy does what its author wants.

mod account_facts;
mod account_number;
mod broad_binding;
mod code;
mod contradiction;
mod document_index;
mod expired;
mod instance_role;
mod known_action;
mod linted_statement;
mod never_present_key;
mod pass_role;
mod resource_mismatch;
mod shadowing;
mod single_document;
mod subsumption;
mod uncarried_tag;
mod unknown_action;
mod unknown_name;
mod unknown_place;
mod unused;
mod warning;
mod wildcard;
mod witness;

pub use crate::analysis::lint::account_facts::AccountFacts;
pub use crate::analysis::lint::code::Code;
pub use crate::analysis::lint::warning::Warning;

use crate::analysis::lint::document_index::DocumentIndex;
use crate::analysis::lint::warning::DocumentWarning;
use crate::config::{Configuration, ParsedDocument};
use jiff::Timestamp;
use ram_policy::{Document, DocumentKind};

/// The warnings that one document gives without the others, in the order of their positions
///
/// ```text
/// "Action": "eci:CreatePod"  ->  UnknownAction: `eci:CreatePod` is no operation of the ECI API
/// ```
pub fn document(name: &str, document: &ParsedDocument, facts: &AccountFacts) -> Vec<Warning> {
    let mut warnings: Vec<DocumentWarning> = document.warnings().iter().map(DocumentWarning::from).collect();
    match document {
        ParsedDocument::Policy(policy) => {
            warnings.extend(single_document::find(
                &policy.document,
                DocumentKind::Identity,
                facts,
            ));
        }
        ParsedDocument::Directory(directory) => {
            let trust_policies = directory.roles.iter().map(|role| &role.trust);
            warnings.extend(
                trust_policies.flat_map(|policy| single_document::find(policy, DocumentKind::Trust, facts)),
            );
            let sections = directory.clusters.iter();
            warnings.extend(sections.flat_map(|(_, settings)| unknown_place::find(settings)));
            warnings.extend(broad_binding::find(directory));
            warnings.extend(unknown_action::exceptions(&directory.exceptions));
        }
        ParsedDocument::Broken(_) => {}
    }
    warnings.sort_by_key(|warning| (warning.at, warning.code));
    warnings
        .into_iter()
        .map(|warning| warning.in_document(name))
        .collect()
}

/// The warnings about statements and exceptions of one document whose time is over, and exceptions that end too late
pub(crate) fn expired(
    name: &str,
    document: &ParsedDocument,
    facts: &AccountFacts,
    now: Timestamp,
) -> Vec<Warning> {
    let policies: Vec<&Document> = match document {
        ParsedDocument::Policy(policy) => vec![&*policy.document],
        ParsedDocument::Directory(directory) => directory.roles.iter().map(|role| &*role.trust).collect(),
        ParsedDocument::Broken(_) => Vec::new(),
    };
    let statements = policies
        .into_iter()
        .flat_map(|policy| expired::find(policy, facts, now));
    let warnings = statements.chain(expired::exceptions(document.exceptions(), now));
    warnings.map(|warning| warning.in_document(name)).collect()
}

/// The warnings that show only in a whole configuration; `configuration` is what `documents` merge to
pub fn configuration<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)>,
    configuration: &Configuration,
) -> Vec<Warning> {
    let index = DocumentIndex::new(documents);
    let mut warnings = shadowing::find(&index);
    warnings.extend(pass_role::find(&index, configuration));
    warnings.extend(instance_role::find(&index, configuration));
    warnings.extend(unused::find(&index));
    warnings.extend(unknown_name::find(&index, configuration));
    warnings
}
