//! Wildcards that do not do what they seem to do.

use crate::analysis::lint::code::Code;
use crate::analysis::lint::linted_statement::LintedStatement;
use crate::analysis::lint::warning::DocumentWarning;
use ram_policy::source::Position;
use ram_policy::{Effect, LocatedCondition, Operator, OperatorFamily, Pattern, Quantifier, Statement};

/// Looks for wildcards under operators that have none: `StringEquals` takes `prod-*` letter by letter
pub(crate) fn literal_wildcards(statement: &Statement) -> Vec<DocumentWarning> {
    let is_exact = |condition: &LocatedCondition<'_>| {
        let operator = condition.operator;
        operator.family() == OperatorFamily::String && !operator.is_like()
    };
    let values = statement.located_conditions().filter(is_exact).flat_map(values);
    values
        .filter(|(_, value, _)| Pattern::new(value).is_wild())
        .map(|(condition, value, at)| {
            let operator = condition.operator;
            let like = if operator.is_negated() {
                "StringNotLike"
            } else {
                "StringLike"
            };
            let prefix = operator.quantifier().map_or("", Quantifier::prefix);
            DocumentWarning {
                code: Code::LiteralWildcard,
                at,
                message: format!("{operator} has no wildcards and takes `{value}` letter by letter"),
                advice: format!("use {prefix}{like}, if a pattern is meant"),
            }
        })
        .collect()
}

/// Looks for patterns that match more than their prefix suggests: `prod*` matches `production` too
///
/// Only patterns that widen what is allowed count: those that an Allow includes or a Deny excludes.
pub(crate) fn open_prefixes(linted: &LintedStatement<'_>) -> Vec<DocumentWarning> {
    let statement = linted.statement;
    let widens = |operator: &Operator| {
        operator.is_like() && operator.is_negated() == (statement.effect == Effect::Deny)
    };
    let conditions = statement.located_conditions();
    let patterns = conditions.filter(|condition| widens(condition.operator));
    let values = patterns.flat_map(values).map(|(_, value, at)| (value, at));
    let resources = linted.resources().filter_map(|(pattern, at)| {
        // The text before the slash is the resource type, of which there are few.
        if pattern.matches_nothing().is_some() {
            return None;
        }
        let has_name = pattern.segments()?.relative.contains('/');
        has_name.then(|| (pattern.as_str().to_owned(), at))
    });
    let resources = resources.filter(|_| statement.effect == Effect::Allow);
    values
        .chain(resources)
        .filter_map(|(pattern, at)| open_prefix(&pattern, at))
        .collect()
}

fn open_prefix(pattern: &str, at: Position) -> Option<DocumentWarning> {
    let prefix = pattern.strip_suffix('*')?;
    let name = prefix.rsplit(['/', ':']).next()?;
    // With a wildcard before the last one, the author looks for letters inside a name.
    let is_open = !Pattern::new(name).is_wild() && name.ends_with(char::is_alphanumeric);
    is_open.then(|| DocumentWarning {
        code: Code::OpenPrefix,
        at,
        message: format!("`{pattern}` also fits names that go on after `{name}`, such as `{name}x`"),
        advice: format!("end the prefix with a separator, such as `{prefix}-*`, or list the names"),
    })
}

/// Every value with its condition and position
fn values(condition: LocatedCondition<'_>) -> impl Iterator<Item = (LocatedCondition<'_>, String, Position)> {
    let values = condition.wanted().into_iter().zip(condition.values_at());
    values.map(move |(value, at)| (condition, value, at))
}
