//! A condition whose key the request does not have.
//!
//! ```text
//!                                   Allow      Deny
//! positive (StringEquals)           not met    not met
//! negated  (StringNotEquals)        not met    met
//! set (ForAllValues:StringEquals)   not met    met
//! ```
//!
//! A Deny with a negated operator therefore also denies requests without the key: "deny unless the tag env is test"
//! denies a request without tags. An Allow grants nothing to a request that lacks the key. Nothing documents what set
//! operators do without the key, so that they never help the caller.

use crate::condition::operator::Operator;
use crate::effect::Effect;

/// Whether a condition is met although its key is absent
#[inline]
pub(super) fn is_met(operator: &Operator, effect: Effect) -> bool {
    (operator.is_negated() || operator.quantifier().is_some()) && effect == Effect::Deny
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{OPERATORS, SET_OPERATORS};

    #[test]
    fn only_negated_and_set_operators_in_a_deny_are_met_without_a_value() {
        for operator in OPERATORS {
            assert!(!is_met(operator, Effect::Allow), "{operator}");
            assert_eq!(
                is_met(operator, Effect::Deny),
                operator.is_negated(),
                "{operator}"
            );
        }
        for operator in SET_OPERATORS {
            assert!(!is_met(operator, Effect::Allow), "{operator}");
            assert!(is_met(operator, Effect::Deny), "{operator}");
        }
    }
}
