//! Partial evaluation of a caller's policies: the decision about a request of which only a part is known.
//!
//! Whether a statement matches may still be open. The evaluation is three-valued: `None` means that the open statements
//! can change the result.

use crate::analysis::diff::effective_policies::EffectivePolicies;
use crate::analysis::diff::statement_table::StatementNumber;
use ram_policy::Effect;

/// What is known of a statement about a partly known request
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartialMatch {
    pub(crate) effect: Effect,
    /// Whether the statement matches; `None` while some of its conditions are open
    pub(crate) matches: Option<bool>,
}

/// Whether the request is allowed whatever the open statements turn out to be; `None` if they can change that
///
/// ```text
/// account: Allow matches, Deny is open               ->  None
/// account: Allow is open; group: Allow matches       ->  Some(true)
/// account: Deny matches                              ->  Some(false)
/// ```
pub(crate) fn decide(
    policies: &EffectivePolicies,
    group: Option<&str>,
    partial_match: &impl Fn(StatementNumber) -> PartialMatch,
) -> Option<bool> {
    if policies.is_missing {
        return Some(false);
    }
    let layer = |numbers: &[StatementNumber]| PartialLayer::of(numbers, partial_match);
    let required: Vec<Option<bool>> = policies
        .required
        .iter()
        .map(|numbers| layer(numbers).allows())
        .collect();
    if required.contains(&Some(false)) {
        return Some(false);
    }
    let identity = match policies.identity {
        None => Some(true),
        Some(_) => {
            let [account, in_group] = policies.identity_layers(group);
            decide_identity(layer(account), layer(in_group))
        }
    };
    identity.filter(|allowed| !allowed || !required.contains(&None))
}

/// RAM evaluates the account first, and the resource group only if the account decides nothing (specification 4.2)
fn decide_identity(account: PartialLayer, in_group: PartialLayer) -> Option<bool> {
    match (account.denies, account.allows) {
        (Some(true), _) => Some(false),
        (Some(false), Some(true)) => Some(true),
        (Some(false), Some(false)) => in_group.allows(),
        // The account allows or decides nothing. If the group allows, both mean allowed.
        (Some(false), None) => in_group.allows().filter(|allowed| *allowed),
        // The account denies or decides nothing. If the group does not allow, both mean denied.
        (None, Some(false)) => in_group.allows().filter(|allowed| !*allowed),
        (None, Some(true) | None) => None,
    }
}

/// Whether some statement of each effect matches; `None` while that is open
#[derive(Clone, Copy, Debug)]
struct PartialLayer {
    denies: Option<bool>,
    allows: Option<bool>,
}

impl PartialLayer {
    fn of(numbers: &[StatementNumber], partial_match: &impl Fn(StatementNumber) -> PartialMatch) -> Self {
        let any = |effect: Effect| {
            let statements = numbers.iter().map(|number| partial_match(*number));
            let of_effect = statements.filter(|statement| statement.effect == effect);
            disjunction(of_effect.map(|statement| statement.matches))
        };
        Self {
            denies: any(Effect::Deny),
            allows: any(Effect::Allow),
        }
    }

    fn allows(self) -> Option<bool> {
        match (self.denies, self.allows) {
            (Some(true), _) | (_, Some(false)) => Some(false),
            (Some(false), Some(true)) => Some(true),
            (None, _) | (_, None) => None,
        }
    }
}

/// Whether one of the values is true, in three-valued logic
fn disjunction(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut any = Some(false);
    for value in values {
        match value {
            Some(true) => return Some(true),
            None => any = None,
            Some(false) => {}
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::effective_policies::tests::policies;

    /// Even numbers allow, odd ones deny; below 10 they match, below 20 they are open, from 20 they do not match
    fn partial_match(number: StatementNumber) -> PartialMatch {
        PartialMatch {
            effect: if number.is_multiple_of(2) {
                Effect::Allow
            } else {
                Effect::Deny
            },
            matches: match number {
                0..10 => Some(true),
                10..20 => None,
                _ => Some(false),
            },
        }
    }

    #[test]
    fn open_statements_leave_the_decision_open_if_they_can_change_it() {
        for (required, account, group, wanted) in [
            (&[][..], &[0][..], &[][..], Some(true)),
            (&[], &[0, 1], &[], Some(false)),
            (&[], &[0, 11], &[], None),
            (&[], &[10], &[], None),
            (&[], &[20], &[], Some(false)),
            (&[], &[20], &[0], Some(true)),
            (&[], &[21], &[10], None),
            // A Deny for the whole account goes before what a group allows
            (&[], &[1], &[0], Some(false)),
            // An Allow for the account is not checked against the group again
            (&[], &[0], &[1], Some(true)),
            (&[], &[10], &[0], Some(true)),
            (&[], &[10], &[1], None),
            (&[], &[11], &[0], None),
            (&[], &[11], &[1], Some(false)),
            (&[&[0][..]], &[0], &[], Some(true)),
            (&[&[0], &[20]], &[0], &[], Some(false)),
            (&[&[10]], &[0], &[], None),
            (&[&[10]], &[20], &[], Some(false)),
            (&[&[0, 1], &[10]], &[10], &[], Some(false)),
        ] {
            let policies = policies(required, account, &[("rg", group)]);
            let decided = decide(&policies, Some("rg"), &partial_match);
            assert_eq!(decided, wanted, "{required:?} {account:?} {group:?}");
        }
        let of_group = policies(&[], &[20], &[("rg", &[0])]);
        assert_eq!(decide(&of_group, None, &partial_match), Some(false));
        let missing = EffectivePolicies {
            is_missing: true,
            ..policies(&[], &[0], &[])
        };
        assert_eq!(decide(&missing, None, &partial_match), Some(false));
    }
}
