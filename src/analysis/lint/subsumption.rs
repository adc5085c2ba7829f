//! Subsumption of statements: one surely matches every request that another one matches.

use ram_policy::{ActionPattern, Actions, Condition, Effect, OperatorFamily, Quantifier, Statement, Target};

/// Whether `outer` matches every request that `inner` matches; `false` may also mean that this is not plain to see
///
/// ```text
/// Deny eci:* on *  subsumes  Allow eci:Create* on * if Bool k true
/// ```
pub(crate) fn subsumes(outer: &Statement, inner: &Statement) -> bool {
    actions_include(&outer.actions, &inner.actions)
        && target_includes(&outer.target, &inner.target)
        && outer.conditions.iter().all(|condition| {
            inner
                .conditions
                .iter()
                .any(|given| implies((given, inner.effect), (condition, outer.effect)))
        })
}

fn actions_include(outer: &Actions, inner: &Actions) -> bool {
    let within =
        |pattern: &ActionPattern, wider: &[ActionPattern]| wider.iter().any(|wide| wide.includes(pattern));
    match (outer, inner) {
        (Actions::Listed(wide), Actions::Listed(narrow)) => narrow.iter().all(|each| within(each, wide)),
        (Actions::Listed(wide), Actions::Except(_)) => wide.iter().any(|each| each.as_str() == "*"),
        (Actions::Except(excluded), Actions::Listed(narrow)) => narrow
            .iter()
            .all(|each| !excluded.iter().any(|excluded| excluded.overlaps(each))),
        (Actions::Except(outer), Actions::Except(inner)) => outer.iter().all(|each| within(each, inner)),
    }
}

fn target_includes(outer: &Target, inner: &Target) -> bool {
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

/// Whether `wanted` holds wherever `given` holds, each in a statement with its own effect
fn implies(given: (&Condition, Effect), wanted: (&Condition, Effect)) -> bool {
    let ((given, given_effect), (wanted, wanted_effect)) = (given, wanted);
    if given.key != wanted.key {
        return false;
    }
    let values = given.wanted();
    // Of several values, a plain operator needs one, but `ForAllValues:` all.
    let asks_for_one = wanted.operator.quantifier() != Some(Quantifier::All);
    if given.exact_values().is_some() && !wanted.operator.is_negated() && asks_for_one {
        return values
            .into_iter()
            .all(|value| wanted.met(&[value], wanted_effect));
    }
    // In a Deny, a condition also holds for a value that it cannot parse; only strings always parse.
    let parses_alike = given_effect == wanted_effect
        || given_effect == Effect::Allow
        || given.operator.family() == OperatorFamily::String;
    if given.operator != wanted.operator || !parses_alike {
        return false;
    }
    // A negated or set condition holds for an absent key in a Deny, but not in an Allow.
    let holds_if_absent = given.operator.is_negated() || given.operator.quantifier().is_some();
    if holds_if_absent && given_effect == Effect::Deny && wanted_effect == Effect::Allow {
        return false;
    }
    let wide = wanted.wanted();
    if given.operator.is_negated() {
        wide.iter().all(|value| values.contains(value))
    } else {
        values.iter().all(|value| wide.contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ram_policy::{Document, DocumentKind};

    /// Whether the first of two statements subsumes the second
    fn subsumed(outer: &str, inner: &str) -> bool {
        let text = format!(r#"{{"Version": "1", "Statement": [{{{outer}}}, {{{inner}}}]}}"#);
        let document = Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document;
        subsumes(&document.statements[0], &document.statements[1])
    }

    #[test]
    fn wider_actions_and_resources_subsume() {
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
                subsumed(&statement(wide, "*"), &statement(narrow, "*")),
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
                subsumed(&statement(action, wide), &statement(action, narrow)),
                wanted,
                "{wide} {narrow}"
            );
        }
    }

    #[test]
    fn stricter_conditions_imply_looser_ones() {
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
                ("Deny", r#""ForAllValues:StringEquals": {"k": ["a", "b"]}"#),
                ("Allow", r#""StringEquals": {"k": "a"}"#),
                false,
            ),
            (
                ("Deny", r#""ForAnyValue:StringEquals": {"k": ["a", "b"]}"#),
                ("Allow", r#""StringEquals": {"k": "a"}"#),
                true,
            ),
            (
                ("Deny", r#""ForAllValues:StringEquals": {"k": ["a", "b"]}"#),
                ("Allow", r#""ForAllValues:StringEquals": {"k": "a"}"#),
                true,
            ),
            (
                ("Allow", r#""ForAnyValue:StringEquals": {"k": "a"}"#),
                ("Deny", r#""ForAnyValue:StringEquals": {"k": "a"}"#),
                false,
            ),
            (
                ("Allow", r#""StringEquals": {"k": ["a", "b"]}"#),
                ("Deny", r#""StringEquals": {"k": "a"}"#),
                true,
            ),
        ] {
            assert_eq!(
                subsumed(&statement(wide.0, wide.1), &statement(narrow.0, narrow.1)),
                wanted,
                "{wide:?} {narrow:?}"
            );
        }
    }
}
