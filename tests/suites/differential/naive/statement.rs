//! Whether one statement speaks of a request, and where it first does not.

use std::borrow::Cow;

use serde_json::Value;

use super::{Facts, condition, text};
use crate::world::Who;

/// The first element of a statement that does not fit
#[derive(Clone, Debug, PartialEq)]
pub enum Missed {
    Action,
    Target,
    Condition,
}

pub fn matches(statement: &Value, facts: &Facts) -> bool {
    first_miss(statement, facts).is_none()
}

/// Action, then resource or principal, then conditions
pub fn first_miss(statement: &Value, facts: &Facts) -> Option<Missed> {
    let is_listed =
        |list: &Value| (texts(list).iter()).any(|pattern| text::action_like(pattern, &facts.action));
    let action = match statement.get("NotAction") {
        Some(list) => !is_listed(list),
        None => is_listed(&statement["Action"]),
    };
    if !action {
        return Some(Missed::Action);
    }
    let is_deny = statement["Effect"] == "Deny";
    // Blanks around a resource never help the caller
    let spelt = |pattern: &str| {
        if is_deny {
            pattern.trim().to_owned()
        } else {
            pattern.to_owned()
        }
    };
    let target = match statement.get("Principal") {
        Some(principal) => is_trusted(principal, facts),
        None => (texts(&statement["Resource"]).iter())
            .any(|pattern| text::arn_like(&spelt(pattern), &facts.resource)),
    };
    if !target {
        return Some(Missed::Target);
    }
    let mut lines = conditions(statement);
    let met = lines.all(|(operator, key, values)| {
        condition::holds(operator, &texts(values), facts.context.get(key), is_deny)
    });
    (!met).then_some(Missed::Condition)
}

/// Operator, key and values of every line of the condition block
pub fn conditions(statement: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let block = statement.get("Condition").and_then(Value::as_object);
    block.into_iter().flatten().flat_map(|(operator, keys)| {
        let keys = keys.as_object().unwrap().iter();
        keys.map(move |(key, values)| (operator.as_str(), key.as_str(), values))
    })
}

/// `:root` is every user and role of its account; a user, a role and a service are themselves, and so is the service of
/// this account; blanks around a name do not belong to it
fn is_trusted(principal: &Value, facts: &Facts) -> bool {
    let of = |kind: &str| principal.get(kind).map(texts).unwrap_or_default();
    let is_named = |relative: &str| {
        let arn = format!("acs:ram::{}:{relative}", facts.account);
        of("RAM").iter().any(|each| text::arn_like(each.trim(), &arn))
    };
    match &facts.who {
        Who::Account => false,
        Who::Service(service) => {
            let here = format!("{}@{service}", facts.account);
            let trusted = of("Service");
            let mut trusted = trusted.iter().map(|each| each.trim());
            trusted.any(|each| each == service || each == here)
        }
        Who::Group(_) => is_named("root"),
        Who::User(name) => is_named("root") || is_named(&format!("user/{name}")),
        Who::Role(name) => is_named("root") || is_named(&format!("role/{name}")),
    }
}

/// A value or a list of them, unquoted numbers and booleans as their text
pub fn texts(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.into()],
        other => vec![other.to_string().into()],
    }
}
