//! The linter: what policies and directories may say, but cannot mean.
//!
//! ```text
//! one document    Piece -> statements -> findings            (cheap; also shown when a ConfigMap is applied)
//! all of them     pieces + Configuration -> who holds what -> findings
//! ```
//!
//! A warning is given only where it is certain: silence is no proof that a policy does what its author wants.

mod action;
mod code;
mod contradiction;
mod cover;
mod directory;
mod facts;
mod never;
mod passing;
mod question;
mod resource;
mod shadow;
mod statement;
mod subject;
mod text;
mod trust;
mod unused;
mod warning;
mod witness;

pub use crate::analysis::lint::code::Code;
pub use crate::analysis::lint::facts::Facts;
pub use crate::analysis::lint::warning::Warning;

use crate::analysis::lint::directory::Directory;
use crate::analysis::lint::subject::Finding;
use crate::config::{Configuration, ParsedDocument};
use ram_policy::DocumentKind;

/// What one document may say but cannot mean, as far as it shows without the others
pub fn document(name: &str, document: &ParsedDocument, facts: &Facts) -> Vec<Warning> {
    let doubts = document.warnings().iter().map(Finding::from);
    let mut findings: Vec<Finding> = doubts.collect();
    match document {
        ParsedDocument::Policy(policy) => {
            findings.extend(statement::find(&policy.document, DocumentKind::Identity, facts));
        }
        ParsedDocument::Directory(part) => {
            let trusts = part.roles.iter().map(|role| &role.trust);
            findings.extend(trusts.flat_map(|trust| statement::find(trust, DocumentKind::Trust, facts)));
        }
        ParsedDocument::Broken(_) => {}
    }
    findings.sort_by_key(|finding| (finding.at, finding.code));
    findings
        .into_iter()
        .map(|finding| finding.in_document(name))
        .collect()
}

/// What shows only in a whole configuration, which these documents made
pub fn configuration<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)>,
    configuration: &Configuration,
) -> Vec<Warning> {
    let directory = Directory::new(documents);
    let mut warnings = shadow::find(&directory);
    warnings.extend(passing::find(&directory, configuration));
    warnings.extend(trust::find(&directory, configuration));
    warnings.extend(unused::find(&directory));
    warnings
}
