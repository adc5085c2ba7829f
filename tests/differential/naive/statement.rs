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

/// One line of a condition block: operator, key, values
pub type Line<'a> = (&'a str, &'a str, Vec<Cow<'a, str>>);

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
    let target = match statement.get("Principal") {
        Some(principal) => is_trusted(principal, facts),
        None => {
            (texts(&statement["Resource"]).iter()).any(|pattern| text::arn_like(pattern, &facts.resource))
        }
    };
    if !target {
        return Some(Missed::Target);
    }
    let is_deny = statement["Effect"] == "Deny";
    let met = (conditions(statement).iter())
        .all(|(operator, key, wanted)| condition::holds(operator, wanted, facts.context.get(*key), is_deny));
    (!met).then_some(Missed::Condition)
}

pub fn conditions(statement: &Value) -> Vec<Line<'_>> {
    let Some(block) = statement.get("Condition") else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (operator, keys) in block.as_object().unwrap() {
        for (key, values) in keys.as_object().unwrap() {
            lines.push((operator.as_str(), key.as_str(), texts(values)));
        }
    }
    lines
}

/// `:root` is every user and role of its account; a user, a role and a service are themselves
fn is_trusted(principal: &Value, facts: &Facts) -> bool {
    let own = format!("acs:ram::{}:", facts.account);
    let of = |kind: &str| principal.get(kind).map(texts).unwrap_or_default();
    match &facts.who {
        Who::Account => false,
        Who::Service(service) => of("Service").contains(&service.as_str().into()),
        Who::User(name) => (of("RAM").iter())
            .any(|each| *each == format!("{own}root") || *each == format!("{own}user/{name}")),
        Who::Role(name) => of("RAM")
            .iter()
            .any(|each| *each == format!("{own}root") || text::arn_like(each, &format!("{own}role/{name}"))),
    }
}

/// A value or a list of them, unquoted numbers and booleans as their text
fn texts(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.into()],
        other => vec![other.to_string().into()],
    }
}
