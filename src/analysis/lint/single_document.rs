//! All checks that need one policy document alone.

use crate::analysis::lint::account_facts::AccountFacts;
use crate::analysis::lint::linted_statement::LintedStatement;
use crate::analysis::lint::warning::DocumentWarning;
use crate::analysis::lint::{
    account_number, contradiction, never_present_key, resource_mismatch, shadowing, uncarried_tag,
    unknown_action, wildcard,
};
use ram_policy::{Document, DocumentKind, Statement};

/// Checks each statement, and then the statements against each other
pub(crate) fn find(document: &Document, kind: DocumentKind, facts: &AccountFacts) -> Vec<DocumentWarning> {
    let statements = document.statements.iter();
    let mut warnings: Vec<DocumentWarning> = statements
        .flat_map(|statement| in_statement(statement, kind, facts))
        .collect();
    warnings.extend(shadowing::within(document));
    warnings
}

fn in_statement(statement: &Statement, kind: DocumentKind, facts: &AccountFacts) -> Vec<DocumentWarning> {
    let linted = LintedStatement::new(statement, facts);
    let mut warnings = match kind {
        DocumentKind::Identity => {
            let mut warnings = unknown_action::find(&linted);
            warnings.extend(never_present_key::find(&linted));
            warnings.extend(resource_mismatch::find(&linted));
            warnings.extend(resource_mismatch::find_names(&linted));
            warnings.extend(account_number::find(&linted));
            warnings.extend(uncarried_tag::find(&linted));
            warnings
        }
        DocumentKind::Trust => never_present_key::find_in_trust(statement, facts),
    };
    warnings.extend(contradiction::find(statement, facts));
    warnings.extend(wildcard::literal_wildcards(statement));
    warnings.extend(wildcard::open_prefixes(&linted));
    warnings
}
