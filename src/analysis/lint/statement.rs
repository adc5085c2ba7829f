//! Everything that one document shows by itself.

use crate::analysis::lint::facts::Facts;
use crate::analysis::lint::subject::{Finding, Subject};
use crate::analysis::lint::{action, contradiction, never, resource, shadow, text};
use ram_policy::{Document, DocumentKind, Statement};

/// Looks at every statement, and at those of one document together
pub(crate) fn find(document: &Document, kind: DocumentKind, facts: &Facts) -> Vec<Finding> {
    let statements = document.statements.iter();
    let mut findings: Vec<Finding> = statements
        .flat_map(|statement| each(statement, kind, facts))
        .collect();
    findings.extend(shadow::within(document));
    findings
}

fn each(statement: &Statement, kind: DocumentKind, facts: &Facts) -> Vec<Finding> {
    let subject = Subject::new(statement, facts);
    let mut findings = match kind {
        DocumentKind::Identity => {
            let mut findings = action::find(&subject);
            findings.extend(never::find(&subject));
            findings.extend(resource::find(&subject));
            findings
        }
        DocumentKind::Trust => never::find_in_trust(statement, facts),
    };
    findings.extend(contradiction::find(statement, facts));
    findings.extend(text::literal_wildcards(statement));
    findings.extend(text::open_prefixes(&subject));
    findings
}
