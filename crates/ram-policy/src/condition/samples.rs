//! Texts that tell a condition's cases apart: its own values, and neighbours on either side of them.

use super::Condition;
use super::operator::StringComparison;
use super::policy_values::PolicyValues;
use crate::pattern::Pattern;

/// What is none of a policy's texts, one of them at least
const OTHERS: [&str; 2] = ["other", "another"];

/// Before and after every date that a policy means
const FAR_DATES: [&str; 2] = ["1970-01-01T00:00:00Z", "9999-12-30T00:00:00Z"];

impl Condition {
    /// Values to try for the key, the policy's own in front
    ///
    /// For every operator there is one that meets it and, but for patterns that match everything, one that does not.
    pub fn samples(&self) -> Vec<String> {
        let mut samples: Vec<String> = match &self.wanted {
            PolicyValues::String(comparison, values) => values
                .iter()
                .map(|value| match comparison {
                    StringComparison::Like => plain(value.as_str()),
                    StringComparison::Equal | StringComparison::EqualIgnoringCase => {
                        value.as_str().to_owned()
                    }
                })
                .collect(),
            PolicyValues::Numeric(_, values) => {
                let each = values.iter().map(ToString::to_string);
                each.flat_map(around).collect()
            }
            PolicyValues::Date(_, values) => {
                let each = values.iter().map(ToString::to_string);
                each.chain(FAR_DATES.map(str::to_owned)).collect()
            }
            PolicyValues::Bool(_) => vec!["true".to_owned(), "false".to_owned()],
            PolicyValues::IpAddress(values) => {
                let text = values.iter().map(ToString::to_string);
                text.map(|text| text.split('/').next().unwrap_or_default().to_owned())
                    .chain(["192.0.2.1".to_owned(), "203.0.113.1".to_owned()])
                    .collect()
            }
        };
        if let PolicyValues::String(..) = self.wanted {
            samples.extend(OTHERS.map(str::to_owned));
        }
        samples
    }
}

/// A pattern with its wildcards filled in as shortly as a readable value allows
fn plain(pattern: &str) -> String {
    let short = Pattern::new(pattern).filled("");
    if short.is_empty() { "x".to_owned() } else { short }
}

/// A number with one below it and one above it
fn around(value: String) -> [String; 3] {
    let (below, above) = match value.strip_prefix('-') {
        Some(digits) => (format!("-1{digits}"), "0".to_owned()),
        None => ("-1".to_owned(), format!("1{value}")),
    };
    [value, below, above]
}

#[cfg(test)]
mod tests {
    use crate::condition::parse::parse;
    use crate::condition::{OPERATORS, OperatorFamily};
    use crate::effect::Effect;
    use crate::source::json;

    #[test]
    fn samples_lie_on_both_sides_of_every_operator() {
        for operator in OPERATORS {
            let values: &[&str] = match operator.family() {
                OperatorFamily::String => &["a", "b*?"],
                OperatorFamily::Numeric => &["5", "0", "-3.5", "0.5"],
                OperatorFamily::Date => &["2026-11-22T08:00:00Z"],
                OperatorFamily::Bool => &["true"],
                OperatorFamily::IpAddress => &["10.0.0.0/8"],
            };
            for value in values {
                let block = format!(r#"{{"{}": {{"k": "{value}"}}}}"#, operator.name());
                let conditions = parse(&json::parse(&block).unwrap(), &mut Vec::new()).unwrap();
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
