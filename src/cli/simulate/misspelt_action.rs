//! Actions that neither ECI nor a policy knows. A misspelt one is denied like any that no statement allows.

use crate::config::{NamedDocument, ParsedDocument};
use eci_calls::{ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, Operation, PASS_ROLE};
use ram_policy::source::closest;
use ram_policy::{Actions, Pattern};

/// The note on an action that is probably misspelt; the actions of other services are not known
///
/// ```text
/// eci:CreateContainerGruop   ECI has no such action: did you mean eci:CreateContainerGroup?
/// ram:PasRole                nobody knows it: did you mean ram:PassRole?
/// oss:GetObject              None: nothing is near
/// ```
pub(super) fn misspelt_action(action: &str, documents: &[NamedDocument]) -> Option<String> {
    let written = documents.iter().flat_map(exact_actions);
    let others = [PASS_ROLE, CREATE_SERVICE_LINKED_ROLE, ASSUME_ROLE];
    let of_eci = || Operation::ALL.iter().map(|operation| operation.action());
    let known: Vec<&str> = of_eci().chain(others).chain(written).collect();
    if known.iter().any(|known| known.eq_ignore_ascii_case(action)) {
        return None;
    }
    let is_of_eci = action
        .get(..4)
        .is_some_and(|code| code.eq_ignore_ascii_case("eci:"));
    let problem = if is_of_eci {
        format!("ECI has no action `{action}`")
    } else {
        format!("no policy names action `{action}`")
    };
    match closest(action, known) {
        Some(meant) => Some(format!("{problem}: did you mean `{meant}`?")),
        None if is_of_eci => Some(format!(
            "{problem} that ramgate knows of: take one from the ECI API reference"
        )),
        None => None,
    }
}

/// The actions without a wildcard in a policy
fn exact_actions(named: &NamedDocument) -> Vec<&str> {
    let ParsedDocument::Policy(policy) = &named.document else {
        return Vec::new();
    };
    let statements = policy.document.statements.iter();
    let patterns = statements.flat_map(|statement| match &statement.actions {
        Actions::Listed(patterns) | Actions::Except(patterns) => patterns.iter(),
    });
    let texts = patterns.map(|pattern| pattern.as_str());
    texts.filter(|text| !Pattern::new(text).is_wild()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_a_known_action_is_doubted() {
        let policy = br#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["eci:NewAction", "vpc:DescribeVpcs", "log:*"], "Resource": "*"}]}"#;
        let documents = [NamedDocument::new("P.json", ParsedDocument::policy("P", policy))];
        let note = |action: &str| misspelt_action(action, &documents).unwrap_or_default();
        for (action, words) in [
            (
                "eci:CreateContainerGroups",
                "did you mean `eci:CreateContainerGroup`?",
            ),
            (
                "ecii:CreateContainerGroup",
                "no policy names action `ecii:CreateContainerGroup`: did you mean `eci:",
            ),
            ("ram:PasRole", "did you mean `ram:PassRole`?"),
            ("vpc:DescribeVpc", "did you mean `vpc:DescribeVpcs`?"),
            ("eci:Fly", "ECI has no action `eci:Fly` that ramgate knows of"),
        ] {
            assert!(note(action).contains(words), "{action}: {}", note(action));
        }
        // What a policy names, what differs by case, and other services
        for action in [
            "eci:NewAction",
            "ECI:deletecontainergroup",
            "oss:GetObject",
            "log:PostLogStoreLogs",
        ] {
            assert_eq!(note(action), "", "{action}");
        }
    }
}
