//! A condition whose key the request does not have.
//!
//! ```text
//!                              Allow      Deny
//! positive (StringEquals)      not met    not met
//! negated  (StringNotEquals)   not met    met
//! ```
//!
//! A Deny with a negated operator therefore also denies requests without the key: "deny unless the tag env is test"
//! denies a request without tags. An Allow grants nothing to a request that lacks the key.

use crate::condition::operator::Operator;
use crate::effect::Effect;

/// Whether a condition is met although its key is absent
#[inline]
pub(super) fn is_met(operator: &Operator, effect: Effect) -> bool {
    operator.is_negated() && effect == Effect::Deny
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::OPERATORS;

    #[test]
    fn only_a_negated_operator_in_a_deny_is_met_without_a_value() {
        for operator in OPERATORS {
            assert!(!is_met(operator, Effect::Allow), "{operator}");
            assert_eq!(
                is_met(operator, Effect::Deny),
                operator.is_negated(),
                "{operator}"
            );
        }
    }
}
