//! Resources of accounts that do not exist, and roles of other accounts.

use crate::analysis::lint::code::Code;
use crate::analysis::lint::known_action::KnownAction;
use crate::analysis::lint::linted_statement::LintedStatement;
use crate::analysis::lint::warning::DocumentWarning;
use ram_policy::source::Position;
use ram_policy::{Pattern, ResourcePattern};

/// The account segment of system policies
const SYSTEM: &str = "system";

pub(crate) fn find(statement: &LintedStatement<'_>) -> Vec<DocumentWarning> {
    let resources = statement.resources();
    resources
        .filter_map(|(pattern, at)| {
            no_such_account(pattern, at).or_else(|| foreign_role(statement, pattern, at))
        })
        .collect()
}

/// `acs:ram::1000xxxx:role/App`: a placeholder that nobody has filled in
fn no_such_account(pattern: &ResourcePattern, at: Position) -> Option<DocumentWarning> {
    let account = pattern.segments()?.account;
    let can_match_a_number = account
        .chars()
        .all(|letter| letter.is_ascii_digit() || matches!(letter, '*' | '?'));
    (!can_match_a_number && account != SYSTEM).then(|| DocumentWarning {
        code: Code::NoSuchAccount,
        at,
        message: format!(
            "`{account}` is no number of an account, so `{}` matches nothing",
            pattern.as_str()
        ),
        advice: "put the number of the account in its place".to_owned(),
    })
}

/// A role of another account, which `ram:PassRole` can hand over for pulling images alone
fn foreign_role(
    statement: &LintedStatement<'_>,
    pattern: &ResourcePattern,
    at: Position,
) -> Option<DocumentWarning> {
    let segments = pattern.segments()?;
    let own = statement.facts.id()?;
    let passes_roles = statement
        .actions
        .iter()
        .any(|action| !action.spans_services() && action.known().contains(&KnownAction::PassRole));
    let is_foreign = segments.code == "ram" && !Pattern::new(segments.account).matches(own);
    (passes_roles && is_foreign).then(|| DocumentWarning {
        code: Code::ForeignAccount,
        at,
        message: format!(
            "`{}` is a role of another account than `{own}`: ECI takes it to pull images, and never as the role of \
             an instance",
            pattern.as_str()
        ),
        advice: "correct the number, if the role of an instance is meant".to_owned(),
    })
}
