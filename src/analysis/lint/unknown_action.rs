//! Actions with the prefix `eci:` that ECI does not have, and actions of ECI with the prefix of another service.

use crate::analysis::lint::code::Code;
use crate::analysis::lint::known_action::ActionMatch;
use crate::analysis::lint::linted_statement::{LintedAction, LintedStatement};
use crate::analysis::lint::warning::DocumentWarning;
use crate::config::ExceptionEntry;
use eci_calls::Operation;
use ram_policy::Pattern;
use ram_policy::source::closest;

pub(crate) fn find(statement: &LintedStatement<'_>) -> Vec<DocumentWarning> {
    statement.actions.iter().filter_map(check).collect()
}

/// The same for the actions of exceptions, of which such a one excuses nothing
pub(crate) fn exceptions(entries: &[ExceptionEntry]) -> impl Iterator<Item = DocumentWarning> + '_ {
    entries.iter().flat_map(|entry| {
        let actions = entry.exception.actions.iter().zip(&entry.actions_at);
        actions.filter_map(|(text, at)| {
            check(&LintedAction {
                text,
                at: *at,
                matched: ActionMatch::of_name(text),
            })
        })
    })
}

fn check(action: &LintedAction<'_>) -> Option<DocumentWarning> {
    match action.matched {
        ActionMatch::UnknownToEci => Some(warning(action)),
        ActionMatch::OtherService => action_of_eci(action),
        ActionMatch::Known(_) => None,
    }
}

/// What names of operations hold that ECI alone has
const OF_ECI_ALONE: [&str; 4] = ["containergroup", "imagecache", "datacache", "virtualnode"];

/// A warning for an operation of ECI under another code, such as `ecs:CreateContainerGroup`
fn action_of_eci(action: &LintedAction<'_>) -> Option<DocumentWarning> {
    let (_, name) = action.text.split_once(':').filter(|_| !action.spans_services())?;
    let lower = name.to_ascii_lowercase();
    if !OF_ECI_ALONE.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let mut names = Operation::ALL.iter().map(|operation| operation.name());
    names.find(|known| Pattern::new(name).matches_ignoring_case(known))?;
    Some(DocumentWarning {
        code: Code::ActionOfEci,
        at: action.at,
        message: format!("`{}` matches nothing: the operation belongs to ECI", action.text),
        advice: format!("write `eci:{name}`, if that was meant"),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ParsedDocument;

    #[test]
    fn an_exception_of_no_action_is_warned_of_and_letter_case_counts() {
        let text = "exceptions: [{name: x, principals: [user/a], namespaces: [n], codes: [ImplicitDeny], reason: r, owner: o,
 until: '2026-12-31T18:00:00Z',
 actions: ['eci:CreatePod', 'eci:CreateContainerGroup', 'eci:createcontainergroup', 'ecs:CreateContainerGroup', 'ram:PassRole']}]";
        let document = ParsedDocument::directory(text.as_bytes());
        let found = exceptions(document.exceptions());
        let found: Vec<String> = found
            .map(|warning| {
                format!(
                    "{} {}: {}: {}",
                    warning.at, warning.code, warning.message, warning.advice
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "3:12 UnknownAction: `eci:CreatePod` is no operation of the ECI API: take an action from the ECI API \
                 reference, such as `eci:CreateContainerGroup`",
                "3:57 UnknownAction: `eci:createcontainergroup` is no operation of the ECI API: write \
                 `eci:CreateContainerGroup`, if that was meant",
                "3:85 ActionOfEci: `ecs:CreateContainerGroup` matches nothing: the operation belongs to ECI: write \
                 `eci:CreateContainerGroup`, if that was meant",
            ]
        );
    }
}
