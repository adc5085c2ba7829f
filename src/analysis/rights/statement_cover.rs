//! Whether one statement matches everything that another one matches.
//!
//! `true` is certain. `false` may also mean that this is not known: patterns and values are compared, not requests.

use std::collections::BTreeSet;

use ram_policy::{ActionPattern, Actions, Condition, ResourcePattern, Statement, Target};

/// Whether `wide` matches whatever `narrow` matches; both allow, or both deny
pub(super) fn covers(wide: &Statement, narrow: &Statement) -> bool {
    covers_conditions(wide, narrow)
        && covers_actions(&wide.actions, &narrow.actions)
        && covers_target(&wide.target, &narrow.target)
}

/// Whether `wide` matches this action and this resource whenever `narrow` matches them
pub(super) fn covers_pair(
    wide: &Statement,
    narrow: &Statement,
    action: &ActionPattern,
    resource: &ResourcePattern,
) -> bool {
    covers_conditions(wide, narrow)
        && covers_action(&wide.actions, action)
        && matches!(&wide.target, Target::Resources(all) if all.iter().any(|each| each.includes(resource)))
}

fn covers_actions(wide: &Actions, narrow: &Actions) -> bool {
    match narrow {
        Actions::Listed(patterns) => patterns.iter().all(|pattern| covers_action(wide, pattern)),
        Actions::Except(left_out) => match wide {
            Actions::Listed(patterns) => patterns.iter().any(|pattern| pattern.as_str() == "*"),
            Actions::Except(others) => others
                .iter()
                .all(|other| left_out.iter().any(|pattern| pattern.includes(other))),
        },
    }
}

fn covers_action(wide: &Actions, action: &ActionPattern) -> bool {
    match wide {
        Actions::Listed(patterns) => patterns.iter().any(|pattern| pattern.includes(action)),
        Actions::Except(left_out) => !left_out.iter().any(|pattern| pattern.overlaps(action)),
    }
}

fn covers_target(wide: &Target, narrow: &Target) -> bool {
    match (wide, narrow) {
        (Target::Resources(wide), Target::Resources(narrow)) => narrow
            .iter()
            .all(|resource| wide.iter().any(|each| each.includes(resource))),
        (Target::Principals(wide), Target::Principals(narrow)) => {
            narrow.iter().all(|principal| wide.contains(principal))
        }
        (Target::Resources(_), Target::Principals(_)) | (Target::Principals(_), Target::Resources(_)) => {
            false
        }
    }
}

/// Whether the conditions of `narrow` are met only if those of `wide` are
fn covers_conditions(wide: &Statement, narrow: &Statement) -> bool {
    let follows = |condition: &Condition| narrow.conditions.iter().any(|each| implies(each, condition));
    wide.conditions.iter().all(follows)
}

/// Whether the first condition is met only if the second is
fn implies(narrow: &Condition, wide: &Condition) -> bool {
    if narrow.operator != wide.operator || narrow.key != wide.key {
        return false;
    }
    let [narrow_values, wide_values] =
        [narrow, wide].map(|condition| BTreeSet::from_iter(condition.wanted()));
    if narrow.operator.is_negated() {
        wide_values.is_subset(&narrow_values)
    } else {
        narrow_values.is_subset(&wide_values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ram_policy::{Document, DocumentKind};

    fn statement(elements: &str) -> Statement {
        let text = format!(r#"{{"Version": "1", "Statement": [{{"Effect": "Allow", {elements}}}]}}"#);
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        parsed.document.statements.first().unwrap().clone()
    }

    #[test]
    fn a_statement_covers_what_it_matches_for_certain() {
        let all = r#""Action": "*", "Resource": "*""#;
        let eci = r#""Action": "eci:*", "Resource": "acs:eci:*:*:containergroup/*""#;
        let but_ram = r#""NotAction": "ram:*", "Resource": "*""#;
        let but_both = r#""NotAction": ["ram:*", "oss:*"], "Resource": "*""#;
        let tagged = |operator: &str, values: &str| {
            format!(r#"{eci}, "Condition": {{"{operator}": {{"acs:RequestTag/env": {values}}}}}"#)
        };
        let (one, two) = (
            tagged("StringEquals", r#""a""#),
            tagged("StringEquals", r#"["a", "b"]"#),
        );
        let (not_one, not_two) = (
            tagged("StringNotEquals", r#""a""#),
            tagged("StringNotEquals", r#"["a", "b"]"#),
        );
        for (wide, narrow, is_covered) in [
            (all, eci, true),
            (eci, all, false),
            (eci, eci, true),
            (but_ram, eci, true),
            (but_ram, all, false),
            (all, but_ram, true),
            (but_ram, but_both, true),
            (but_both, but_ram, false),
            (eci, &one, true),
            (&one, eci, false),
            (&two, &one, true),
            (&one, &two, false),
            (&not_one, &not_two, true),
            (&not_two, &not_one, false),
            (&one, &tagged("StringLike", r#""a""#), false),
        ] {
            assert_eq!(
                covers(&statement(wide), &statement(narrow)),
                is_covered,
                "{wide} {narrow}"
            );
        }
    }
}
