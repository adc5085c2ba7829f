//! Actions with the prefix `eci:` that ECI does not have.

use crate::analysis::lint::code::Code;
use crate::analysis::lint::known_action::ActionMatch;
use crate::analysis::lint::linted_statement::{LintedAction, LintedStatement};
use crate::analysis::lint::warning::DocumentWarning;
use eci_calls::Operation;
use ram_policy::Pattern;
use ram_policy::source::closest;

pub(crate) fn find(statement: &LintedStatement<'_>) -> Vec<DocumentWarning> {
    let actions = statement.actions.iter();
    actions
        .filter(|action| matches!(action.matched, ActionMatch::UnknownToEci))
        .map(warning)
        .collect()
}

fn warning(action: &LintedAction<'_>) -> DocumentWarning {
    let text = action.text;
    let message = if Pattern::new(text).is_wild() {
        format!("`{text}` matches no operation of the ECI API")
    } else {
        format!("`{text}` is no operation of the ECI API")
    };
    let known = Operation::ALL.iter().map(|operation| operation.action());
    let advice = match closest(text, known) {
        Some(meant) => format!("write `{meant}`, if that was meant"),
        None => "take an action from the ECI API reference, such as `eci:CreateContainerGroup`".to_owned(),
    };
    DocumentWarning {
        code: Code::UnknownAction,
        at: action.at,
        message,
        advice,
    }
}
