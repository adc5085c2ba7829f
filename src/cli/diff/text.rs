//! Differences as people read them, and commands as shells do.

use std::path::Path;

use crate::analysis::diff::{Change, DecisionSummary, Difference, Example, Report, SettingChange, Term};
use ram_policy::Principal;

/// How many principals, actions or names are listed before the rest is counted
const MOST_NAMES: usize = 4;

pub(super) fn human(report: &Report, new: &Path) -> String {
    let differences = report.differences.iter().map(|each| difference(each, new));
    let mut text: String = differences.collect();
    if !report.setting_changes.is_empty() {
        text.push_str("also changed:\n");
        text.extend(report.setting_changes.iter().map(other));
    }
    if !report.incomplete.is_empty() {
        let who = principals(&report.incomplete);
        text.push_str(&format!(
            "not searched to the end: {who}, whose policies tell too many requests apart\n"
        ));
    }
    text + &summary(report)
}

fn summary(report: &Report) -> String {
    let (allowed, denied) = (report.count(Change::Allowed), report.count(Change::Denied));
    let others = report
        .setting_changes
        .iter()
        .filter(|each| each.may_allow)
        .count();
    format!("{allowed} newly allowed, {denied} newly denied; other changes that may allow more: {others}\n")
}

fn difference(difference: &Difference, new: &Path) -> String {
    let sign = match difference.change {
        Change::Allowed => '+',
        Change::Denied => '-',
    };
    let who = principals(&difference.principals);
    let what = elements(difference.actions.as_deref());
    let on = elements(difference.resources.as_deref());
    let mut line = format!("{sign} {who}: {what} on {on}");
    if let Some(groups) = &difference.resource_groups {
        let groups: Vec<String> = groups.iter().map(group).collect();
        line.push_str(&format!(" {}", groups.join(" or ")));
    }
    let conditions: Vec<String> = difference
        .conditions
        .iter()
        .map(|(key, terms)| format!("{key} {}", shortened(terms.iter().map(value).collect(), " or ")))
        .collect();
    if !conditions.is_empty() {
        line.push_str(&format!(" if {}", conditions.join(", and ")));
    }
    format!(
        "{line}\n    before:  {}\n    after:   {}\n    example: {}\n",
        ruling(&difference.before),
        ruling(&difference.after),
        command(&difference.example, new)
    )
}

fn ruling(ruling: &DecisionSummary) -> String {
    match &ruling.statement {
        Some(statement) => format!("{} by {statement} ({})", ruling.outcome, ruling.policy_type),
        None => format!("{} ({})", ruling.outcome, ruling.policy_type),
    }
}

fn principals(all: &[Principal]) -> String {
    shortened(all.iter().map(ToString::to_string).collect(), ", ")
}

/// Names, the rest counted where there are many
fn shortened(names: Vec<String>, between: &str) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    // One more is as long as the words that would count it
    if more <= 1 {
        return names.join(between);
    }
    let shown: Vec<String> = names.into_iter().take(MOST_NAMES).collect();
    format!("{} and {more} more", shown.join(between))
}

fn elements(terms: Option<&[Term]>) -> String {
    terms.map_or_else(
        || "*".to_owned(),
        |terms| shortened(terms.iter().map(term).collect(), ", "),
    )
}

/// A part of what an action or a resource may be
pub(super) fn term(term: &Term) -> String {
    match term {
        Term::Absent => "none".to_owned(),
        Term::Exactly(text) | Term::Wording(text) => text.clone(),
        Term::AnyCase(text) => format!("{} in any case", shown(text)),
        Term::Like(patterns) => patterns.join(" and "),
        Term::AnyBut(terms) if terms.is_empty() => "anything".to_owned(),
        Term::AnyBut(terms) => format!("anything but {}", list(terms)),
        Term::Without(kept, lost) => format!("{} but not {}", self::term(kept), list(lost)),
    }
}

/// A part of what a resource group may be
pub(super) fn group(term: &Term) -> String {
    match term {
        Term::Absent => "without a resource group".to_owned(),
        Term::AnyBut(terms) if terms.is_empty() => "in any resource group".to_owned(),
        Term::AnyBut(terms) => format!("in any resource group but {}", list(terms)),
        other => format!("in {}", self::term(other)),
    }
}

/// A part of what the value of a condition key may be
pub(super) fn value(term: &Term) -> String {
    match term {
        Term::Absent => "is absent".to_owned(),
        Term::Exactly(text) => format!("= {}", shown(text)),
        Term::AnyCase(text) => format!("= {} in any case", shown(text)),
        Term::Like(patterns) => format!("is like {}", patterns.join(" and ")),
        Term::Wording(wording) if wording.starts_with(['<', '>']) => wording.clone(),
        Term::Wording(wording) => format!("is {wording}"),
        Term::AnyBut(terms) if terms.is_empty() => "is there".to_owned(),
        Term::AnyBut(terms) if terms.iter().all(is_wording) => format!("is not {}", list(terms)),
        Term::AnyBut(terms) => format!("is anything but {}", list(terms)),
        Term::Without(kept, lost) => format!("{} but not {}", value(kept), list(lost)),
    }
}

fn is_wording(term: &Term) -> bool {
    matches!(term, Term::Wording(_))
}

fn list(terms: &[Term]) -> String {
    shortened(
        terms
            .iter()
            .map(term)
            .map(|text| shown(&text).to_owned())
            .collect(),
        ", ",
    )
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "``" } else { text }
}

fn other(change: &SettingChange) -> String {
    let what = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (None, Some(after)) => format!("added, {after}"),
        (Some(before), None) => format!("removed, {before}"),
        (None, None) => "changed".to_owned(),
    };
    let sign = if change.may_allow { '+' } else { ' ' };
    format!("{sign} {}: {}: {what}\n", change.section, change.entry)
}

/// The request as a command to paste
pub(super) fn command(example: &Example, new: &Path) -> String {
    let new = new.display().to_string();
    let mut words = vec!["ramgate".to_owned(), "simulate".to_owned()];
    let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    flag("--config-dir", &new);
    flag("--principal", &example.principal.to_string());
    flag("--action", &example.action);
    if example.resource != "*" {
        flag("--resource", &example.resource);
    }
    if let Some(group) = &example.resource_group {
        flag("--resource-group", group);
    }
    for (key, values) in example.context.iter() {
        for value in values {
            flag("--context", &format!("{key}={value}"));
        }
    }
    if example.trust {
        words.push("--trust".to_owned());
    }
    words.join(" ")
}

/// A word as a shell takes it
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,%+".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
