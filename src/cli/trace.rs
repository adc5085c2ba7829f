//! Prints a trace: every statement that the engine read, and the first element of it that did not match.

use serde_json::{Value, json};

use ram_policy::{Effect, Scope, Trace, TracedLayer, TracedStatement};

/// The number of characters of a list of values on a line
const WIDTH: usize = 84;

/// All layers in the order of their evaluation, each with its statements; every line starts with `indent`
///
/// ```text
/// account: ImplicitDeny, which decides
///   TestOnly#1 (Allow) does not match: StringEquals eci:tag/env
///     wanted `test`
///     got    absent
/// ```
pub(super) fn human(trace: &Trace, indent: &str) -> String {
    let deciding = trace.deciding();
    let text = |layer: &TracedLayer| {
        let decides = deciding.is_some_and(|one| std::ptr::eq(one, layer));
        let suffix = if decides { ", which decides" } else { "" };
        let statements: String = if layer.statements.is_empty() {
            format!("{indent}  no statement\n")
        } else {
            let statements = layer.statements.iter();
            statements.map(|each| statement(each, indent)).collect()
        };
        format!("{indent}{}: {}{suffix}\n{statements}", layer.scope, layer.outcome)
    };
    trace.layers.iter().map(text).collect()
}

/// One statement, and its first element that does not match
pub(super) fn statement(traced: &TracedStatement, indent: &str) -> String {
    let head = format!("{indent}  {} ({})", traced.statement, effect(traced.effect));
    match &traced.mismatch {
        None => format!("{head} matches\n"),
        Some(mismatch) => {
            let wanted = values(mismatch.wanted());
            let got = match mismatch.got() {
                [] => "absent".to_owned(),
                got => values(got),
            };
            format!(
                "{head} does not match: {}\n{indent}    wanted {wanted}\n{indent}    got    {got}\n",
                mismatch.element()
            )
        }
    }
}

/// Values in backticks, as many as fit on a line, and how many more there are
fn values(all: &[String]) -> String {
    let mut line = String::new();
    for (at, value) in all.iter().enumerate() {
        let next = format!("{}`{value}`", if at == 0 { "" } else { ", " });
        if at > 0 && line.chars().count().saturating_add(next.chars().count()) > WIDTH {
            return format!("{line} and {} more", all.len().saturating_sub(at));
        }
        line.push_str(&next);
    }
    line
}

/// The word of an effect
pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    }
}

/// All layers as a list of objects
pub(super) fn as_json(trace: &Trace) -> Value {
    let deciding = trace.deciding();
    let layer = |layer: &TracedLayer| {
        let (level, group) = match &layer.scope {
            Scope::ControlPolicy(level) => (Some(level), None),
            Scope::ResourceGroup(group) => (None, Some(group)),
            Scope::Session | Scope::Account | Scope::Trust => (None, None),
        };
        json!({
            "layer": layer.scope.policy_type().to_string(),
            "level": level,
            "resourceGroup": group,
            "decision": layer.outcome.to_string(),
            "decides": deciding.is_some_and(|one| std::ptr::eq(one, layer)),
            "statements": layer.statements.iter().map(statement_json).collect::<Vec<_>>(),
        })
    };
    trace.layers.iter().map(layer).collect()
}

/// One statement as an object
pub(super) fn statement_json(traced: &TracedStatement) -> Value {
    let mismatch = traced.mismatch.as_ref();
    json!({
        "statement": traced.statement.to_string(),
        "effect": effect(traced.effect),
        "matches": mismatch.is_none(),
        "element": mismatch.map(|mismatch| mismatch.element()),
        "wanted": mismatch.map(|mismatch| mismatch.wanted()),
        "got": mismatch.map(|mismatch| mismatch.got()),
    })
}
