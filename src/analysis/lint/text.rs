//! Values and resources whose wildcards do not do what they seem to.

use super::code::Code;
use super::subject::{Finding, Subject};
use ram_policy::source::Position;
use ram_policy::{Condition, Effect, Operator, OperatorFamily, Pattern, Statement};

/// Looks for wildcards that are none, in conditions
pub(crate) fn literal_wildcards(statement: &Statement) -> Vec<Finding> {
    let is_exact = |condition: &&Condition| {
        let operator = condition.operator;
        operator.family() == OperatorFamily::String && !operator.is_like()
    };
    let values = statement.conditions.iter().filter(is_exact).flat_map(values);
    values
        .filter(|(_, value, _)| Pattern::new(value).is_wild())
        .map(|(condition, value, at)| {
            let operator = condition.operator;
            let like = if operator.is_negated() {
                "StringNotLike"
            } else {
                "StringLike"
            };
            Finding {
                code: Code::LiteralWildcard,
                at,
                message: format!("{operator} has no wildcards and takes `{value}` letter by letter"),
                advice: format!("use {like}, if a pattern is meant"),
            }
        })
        .collect()
}

/// Looks for patterns that let through more than their prefix says: `prod*` is `production` too
///
/// Only where that widens what is allowed: what an Allow takes in, and what a Deny leaves out.
pub(crate) fn open_prefixes(subject: &Subject<'_>) -> Vec<Finding> {
    let statement = subject.statement;
    let widens = |operator: &Operator| {
        operator.is_like() && operator.is_negated() == (statement.effect == Effect::Deny)
    };
    let conditions = statement.conditions.iter();
    let patterns = conditions.filter(|condition| widens(condition.operator));
    let values = patterns.flat_map(values).map(|(_, value, at)| (value, at));
    let resources = subject.resources().filter_map(|(pattern, at)| {
        // Before the slash stands the kind of resource, of which there are few
        let has_name = pattern.segments()?.relative.contains('/');
        has_name.then(|| (pattern.as_str().to_owned(), at))
    });
    let resources = resources.filter(|_| statement.effect == Effect::Allow);
    values
        .chain(resources)
        .filter_map(|(pattern, at)| open_prefix(&pattern, at))
        .collect()
}

fn open_prefix(pattern: &str, at: Position) -> Option<Finding> {
    let prefix = pattern.strip_suffix('*')?;
    let name = prefix.rsplit(['/', ':']).next()?;
    // A wildcard before the last one says that letters inside a name are looked for
    let is_open = !Pattern::new(name).is_wild() && name.ends_with(char::is_alphanumeric);
    is_open.then(|| Finding {
        code: Code::OpenPrefix,
        at,
        message: format!("`{pattern}` also fits names that go on after `{name}`, such as `{name}x`"),
        advice: format!("end the prefix with a separator, such as `{prefix}-*`, or list the names"),
    })
}

/// Every value with its condition and place
fn values(condition: &Condition) -> impl Iterator<Item = (&Condition, String, Position)> {
    let places = condition.values_at.iter();
    let values = condition.wanted().into_iter().zip(places);
    values.map(move |(value, at)| (condition, value, *at))
}
