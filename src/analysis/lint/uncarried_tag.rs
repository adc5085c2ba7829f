//! Conditions on tags that no annotation of a pod can hold.

use crate::admission::fields::malformed_annotation::{AnnotationFault, EntryFault};
use crate::admission::fields::parse_tags::parse_tags;
use crate::analysis::lint::code::Code;
use crate::analysis::lint::known_action::KnownAction;
use crate::analysis::lint::linted_statement::LintedStatement;
use crate::analysis::lint::warning::DocumentWarning;
use eci_calls::condition_key::TagKey;
use ram_policy::LocatedCondition;

/// A value that every tag can have
const PLAIN_VALUE: &str = "x";

pub(crate) fn find(statement: &LintedStatement<'_>) -> Vec<DocumentWarning> {
    let is_call = |action: &KnownAction| matches!(action, KnownAction::Call(_));
    let mut known = statement.actions.iter().flat_map(|action| action.known());
    if !known.any(is_call) {
        return Vec::new();
    }
    let conditions = statement.statement.located_conditions();
    let unfixed = conditions.filter(|condition| statement.facts.fixed_values(&condition.key).is_none());
    unfixed.flat_map(of_condition).collect()
}

/// The key, if no tag can have it; else each value that the tag must equal and cannot have
fn of_condition(condition: LocatedCondition<'_>) -> Vec<DocumentWarning> {
    let Some(TagKey { tag, .. }) = TagKey::parse(&condition.key) else {
        return Vec::new();
    };
    let warning = |at, what: String| DocumentWarning {
        code: Code::UncarriedTag,
        at,
        message: format!("{what} cannot stand in the annotation for tags, so no pod ever has it"),
        advice: "use a tag whose key and value have neither colon nor comma and keep the rules of ECI"
            .to_owned(),
    };
    if !can_carry(tag, PLAIN_VALUE) {
        return vec![warning(condition.at(), format!("tag `{tag}`"))];
    }
    let values = condition.exact_values().into_iter().flatten();
    let values = values.zip(condition.values_at());
    values
        .filter(|(value, _)| !can_carry(tag, value))
        .map(|(value, at)| warning(at, format!("value `{value}` of tag `{tag}`")))
        .collect()
}

/// Whether a pod can have a tag, which it or ACK sets
fn can_carry(key: &str, value: &str) -> bool {
    match parse_tags(&format!("{key}:{value}")) {
        Ok(tags) => matches!(tags.as_slice(), [(one, other)] if *one == *key && *other == *value),
        Err(AnnotationFault::Entry {
            fault: EntryFault::ProviderKey(_),
            ..
        }) => true,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotation_decides() {
        for (key, value, wanted) in [
            ("env", "test", true),
            ("env", "", true),
            ("ClusterId", "c1", true),
            ("ops:managed", "true", false),
            ("a,b", "true", false),
            ("env", "a:b", false),
            ("env", "a,b", false),
            ("env", "a,b:c", false),
            ("acs:env", "x", false),
            ("aliyun", "x", false),
            ("env", " x", false),
            ("", "x", false),
        ] {
            assert_eq!(can_carry(key, value), wanted, "{key} {value}");
        }
    }
}
