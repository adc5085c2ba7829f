//! Sample values for a condition: its own values, and neighbours on both sides of them.

use crate::condition::Condition;
use crate::condition::operator::StringComparison;
use crate::condition::policy_values::PolicyValues;
use crate::pattern::Pattern;

/// Two texts, of which a policy of one value names at most one
const OTHERS: [&str; 2] = ["other", "another"];

/// Dates before and after every date in a policy
const FAR_DATES: [&str; 2] = ["1970-01-01T00:00:00Z", "9999-12-30T00:00:00Z"];

/// Addresses of the blocks that RFC 5737 reserves for examples
const OTHER_ADDRESSES: [&str; 2] = ["192.0.2.1", "203.0.113.1"];

impl Condition {
    /// Values to try for the key, the policy's own first.
    ///
    /// At least one of them meets the condition, and at least one does not, unless a pattern matches every text.
    ///
    /// ```text
    /// NumericLessThan 5     5, -1, 15
    /// StringLike team-*     team-, other, another
    /// Bool true             true, false
    /// ```
    pub fn samples(&self) -> Vec<String> {
        match &self.values {
            PolicyValues::String(comparison, values) => {
                let own = values
                    .iter()
                    .map(|value| matching_text(*comparison, value.as_str()));
                own.chain(OTHERS.map(str::to_owned)).collect()
            }
            PolicyValues::Numeric(_, values) => {
                let own = values.iter().map(ToString::to_string);
                own.flat_map(with_neighbours).collect()
            }
            PolicyValues::Date(_, values) => {
                let own = values.iter().map(ToString::to_string);
                own.chain(FAR_DATES.map(str::to_owned)).collect()
            }
            PolicyValues::Bool(_) => vec!["true".to_owned(), "false".to_owned()],
            PolicyValues::IpAddress(values) => {
                let own = values.iter().map(|block| first_address(&block.to_string()));
                own.chain(OTHER_ADDRESSES.map(str::to_owned)).collect()
            }
        }
    }
}

fn matching_text(comparison: StringComparison, value: &str) -> String {
    match comparison {
        StringComparison::Like => shortest_match(value),
        StringComparison::Equal | StringComparison::EqualIgnoringCase => value.to_owned(),
    }
}

/// The shortest text that matches a pattern and is not empty
fn shortest_match(pattern: &str) -> String {
    let short = Pattern::new(pattern).filled("");
    if short.is_empty() { "x".to_owned() } else { short }
}

fn first_address(block: &str) -> String {
    block.split('/').next().unwrap_or_default().to_owned()
}

/// A number with one below it and one above it
fn with_neighbours(value: String) -> [String; 3] {
    let (below, above) = match value.strip_prefix('-') {
        Some(digits) => (format!("-1{digits}"), "0".to_owned()),
        None => ("-1".to_owned(), format!("1{value}")),
    };
    [value, below, above]
}

#[cfg(test)]
mod tests {
    use crate::condition::parse::parse;
    use crate::condition::{OPERATORS, OperatorFamily, SET_OPERATORS};
    use crate::effect::Effect;
    use crate::source::json;

    #[test]
    fn samples_lie_on_both_sides_of_every_operator() {
        for operator in OPERATORS.iter().chain(SET_OPERATORS) {
            let values: &[&str] = match operator.family() {
                OperatorFamily::String => &["a", "b*?"],
                OperatorFamily::Numeric => &["5", "0", "-3.5", "0.5"],
                OperatorFamily::Date => &["2026-11-22T08:00:00Z"],
                OperatorFamily::Bool => &["true"],
                OperatorFamily::IpAddress => &["10.0.0.0/8"],
            };
            for value in values {
                let block = format!(r#"{{"{}": {{"k": "{value}"}}}}"#, operator.name());
                let conditions = parse(&json::parse(&block).unwrap()).unwrap().conditions;
                let condition = &conditions[0];
                let met = |wanted: bool| {
                    let samples = condition.samples();
                    samples
                        .into_iter()
                        .any(|sample| condition.met(&[sample], Effect::Allow) == wanted)
                };
                assert!(met(true) && met(false), "{block}: {:?}", condition.samples());
            }
        }
    }
}
