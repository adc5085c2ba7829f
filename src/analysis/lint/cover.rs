//! Whether one statement surely matches whatever another one matches.

use ram_policy::{ActionPattern, Actions, Condition, Effect, OperatorFamily, Statement, Target};

/// Whether every request that `inner` matches is matched by `outer`; `false` may also mean that it is not plain to see
pub(crate) fn covers(outer: &Statement, inner: &Statement) -> bool {
    actions(&outer.actions, &inner.actions)
        && targets(&outer.target, &inner.target)
        && outer.conditions.iter().all(|condition| {
            inner
                .conditions
                .iter()
                .any(|given| implies((given, inner.effect), (condition, outer.effect)))
        })
}

fn actions(outer: &Actions, inner: &Actions) -> bool {
    let within =
        |pattern: &ActionPattern, wider: &[ActionPattern]| wider.iter().any(|wide| wide.includes(pattern));
    match (outer, inner) {
        (Actions::Listed(wide), Actions::Listed(narrow)) => narrow.iter().all(|each| within(each, wide)),
        (Actions::Listed(wide), Actions::Except(_)) => wide.iter().any(|each| each.as_str() == "*"),
        (Actions::Except(out), Actions::Listed(narrow)) => narrow
            .iter()
            .all(|each| !out.iter().any(|out| out.overlaps(each))),
        (Actions::Except(out), Actions::Except(left)) => out.iter().all(|each| within(each, left)),
    }
}

fn targets(outer: &Target, inner: &Target) -> bool {
    match (outer, inner) {
        (Target::Resources(wide), Target::Resources(narrow)) => narrow
            .iter()
            .all(|each| wide.iter().any(|wide| wide.includes(each))),
        (Target::Principals(wide), Target::Principals(narrow)) => {
            narrow.iter().all(|each| wide.contains(each))
        }
        (Target::Resources(_), Target::Principals(_)) | (Target::Principals(_), Target::Resources(_)) => {
            false
        }
    }
}

/// Whether one condition, in a statement of its effect, holds only where the other does in a statement of its own
fn implies(given: (&Condition, Effect), wanted: (&Condition, Effect)) -> bool {
    let ((given, given_effect), (wanted, wanted_effect)) = (given, wanted);
    if given.key != wanted.key {
        return false;
    }
    let values = given.wanted();
    if given.exact_values().is_some() && !wanted.operator.is_negated() {
        return values
            .into_iter()
            .all(|value| wanted.met(&[value], wanted_effect));
    }
    // A Deny also holds for a value that cannot be read, which only texts always can
    let is_same_world = given_effect == wanted_effect
        || given_effect == Effect::Allow
        || given.operator.family() == OperatorFamily::String;
    if given.operator != wanted.operator || !is_same_world {
        return false;
    }
    let wide = wanted.wanted();
    if given.operator.is_negated() {
        // A Deny also holds where the key is absent, an Allow does not
        (given_effect == Effect::Allow || wanted_effect == Effect::Deny)
            && wide.iter().all(|value| values.contains(value))
    } else {
        values.iter().all(|value| wide.contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ram_policy::{Document, DocumentKind};

    /// Whether the first of two statements covers the second
    fn covered(outer: &str, inner: &str) -> bool {
        let text = format!(r#"{{"Version": "1", "Statement": [{{{outer}}}, {{{inner}}}]}}"#);
        let document = Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document;
        covers(&document.statements[0], &document.statements[1])
    }

    #[test]
    fn actions_and_resources_cover_each_other() {
        let statement = |actions: &str, resource: &str| {
            format!(r#""Effect": "Allow", {actions}, "Resource": "{resource}""#)
        };
        for (wide, narrow, wanted) in [
            (
                r#""Action": "eci:*""#,
                r#""Action": ["ECI:create*", "eci:DeleteImageCache"]"#,
                true,
            ),
            (r#""Action": "eci:Create*""#, r#""Action": "eci:*""#, false),
            (r#""Action": "*""#, r#""NotAction": "ecs:*""#, true),
            (r#""Action": "eci:*""#, r#""NotAction": "ecs:*""#, false),
            (r#""NotAction": "ram:*""#, r#""Action": "eci:*""#, true),
            (r#""NotAction": "*:Delete*""#, r#""Action": "eci:*""#, false),
            (r#""NotAction": "ram:PassRole""#, r#""NotAction": "ram:*""#, true),
            (r#""NotAction": "ram:*""#, r#""NotAction": "ram:PassRole""#, false),
        ] {
            assert_eq!(
                covered(&statement(wide, "*"), &statement(narrow, "*")),
                wanted,
                "{wide} {narrow}"
            );
        }
        let action = r#""Action": "eci:*""#;
        for (wide, narrow, wanted) in [
            ("*", "acs:eci:*:*:*", true),
            ("acs:eci:*:*:*", "*", false),
            (
                "acs:eci:*:*:containergroup/*",
                "acs:eci:cn-hangzhou:1:containergroup/eci-*",
                true,
            ),
            ("acs:eci:cn-hangzhou:*:*", "acs:eci:*:*:*", false),
        ] {
            assert_eq!(
                covered(&statement(action, wide), &statement(action, narrow)),
                wanted,
                "{wide} {narrow}"
            );
        }
    }

    #[test]
    fn conditions_follow_from_stricter_ones() {
        let statement = |effect: &str, condition: &str| {
            format!(
                r#""Effect": "{effect}", "Action": "eci:*", "Resource": "*", "Condition": {{{condition}}}"#
            )
        };
        for (wide, narrow, wanted) in [
            (("Deny", ""), ("Allow", r#""Bool": {"k": "true"}"#), true),
            (("Deny", r#""Bool": {"k": "true"}"#), ("Allow", ""), false),
            (
                ("Deny", r#""StringLike": {"k": "prod-*"}"#),
                ("Allow", r#""StringEquals": {"k": ["prod-a", "prod-b"]}"#),
                true,
            ),
            (
                ("Deny", r#""StringLike": {"k": "prod-*"}"#),
                ("Allow", r#""StringEquals": {"k": ["prod-a", "test"]}"#),
                false,
            ),
            (
                ("Deny", r#""StringLike": {"k": "prod-*"}"#),
                ("Allow", r#""StringEquals": {"j": "prod-a"}"#),
                false,
            ),
            (
                ("Allow", r#""NumericLessThan": {"k": "5"}"#),
                ("Deny", r#""NumericLessThan": {"k": "5"}"#),
                false,
            ),
            (
                ("Deny", r#""NumericLessThan": {"k": ["5", "6"]}"#),
                ("Allow", r#""NumericLessThan": {"k": "5"}"#),
                true,
            ),
            (
                ("Deny", r#""StringNotEquals": {"k": "a"}"#),
                ("Allow", r#""StringNotEquals": {"k": ["a", "b"]}"#),
                true,
            ),
            (
                ("Allow", r#""StringNotEquals": {"k": "a"}"#),
                ("Deny", r#""StringNotEquals": {"k": "a"}"#),
                false,
            ),
            (
                ("Allow", r#""StringEquals": {"k": ["a", "b"]}"#),
                ("Deny", r#""StringEquals": {"k": "a"}"#),
                true,
            ),
        ] {
            assert_eq!(
                covered(&statement(wide.0, wide.1), &statement(narrow.0, narrow.1)),
                wanted,
                "{wide:?} {narrow:?}"
            );
        }
    }
}
