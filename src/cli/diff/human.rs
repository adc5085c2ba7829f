//! Differences as text for people.

use std::path::Path;

use crate::analysis::diff::{Change, DecisionSummary, Difference, Report, SettingChange, Term};
use crate::cli::diff::approvals::Approved;
use crate::cli::diff::shell_command::simulate_command;
use crate::cli::palette::Palette;
use ram_policy::Principal;

/// The number of principals, actions or names that are listed before the rest is counted
const MOST_NAMES: usize = 4;

/// The whole report; its example commands read the new directory
pub(super) fn human(report: &Report, approved: &Approved<'_>, new: &Path, palette: Palette) -> String {
    let differences = report.differences.iter().zip(&approved.differences);
    let differences = differences.map(|(each, reason)| difference(each, reason.as_deref(), new, palette));
    let mut text: String = differences.collect();
    if !report.setting_changes.is_empty() {
        text.push_str("also changed:\n");
        let settings = report.setting_changes.iter().zip(&approved.settings);
        text.extend(settings.map(|(each, reason)| other(each, reason.as_deref(), palette)));
    }
    if !report.incomplete.is_empty() {
        let who = principals(&report.incomplete);
        text.push_str(&format!(
            "not searched to the end: {who}, whose policies tell too many requests apart\n"
        ));
    }
    for unmatched in &approved.unmatched {
        let (file, line) = (unmatched.file, unmatched.at.line);
        text.push_str(&format!("{file}:{line}: {}\n", unmatched.message()));
    }
    text + &summary(report, approved)
}

fn summary(report: &Report, approved: &Approved<'_>) -> String {
    let (allowed, denied) = (report.count(Change::Allowed), report.count(Change::Denied));
    let others = report
        .setting_changes
        .iter()
        .filter(|each| each.may_allow)
        .count();
    let approved = match approved.count() {
        0 => String::new(),
        count => format!("; {count} of them approved"),
    };
    format!(
        "{allowed} newly allowed, {denied} newly denied; other changes that may allow more: {others}{approved}\n"
    )
}

/// The line that says why something is wanted
fn approval(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!("    approved: {reason}\n"))
}

fn difference(difference: &Difference, reason: Option<&str>, new: &Path, palette: Palette) -> String {
    let sign = match (difference.change, reason) {
        (Change::Allowed, None) => palette.bad("+"),
        (Change::Allowed, Some(_)) => palette.good("+"),
        (Change::Denied, _) => palette.doubtful("-"),
    };
    format!(
        "{sign} {}\n{}    before:  {}\n    after:   {}\n    example: {}\n",
        what(difference),
        approval(reason),
        decision(&difference.before),
        decision(&difference.after),
        simulate_command(&difference.example, new)
    )
}

/// The principals and the requests of a difference in one line
pub(super) fn what(difference: &Difference) -> String {
    format!("{}: {}", principals(&difference.principals), requests(difference))
}

/// The requests of a difference in one line, whoever sends them
pub(in crate::cli) fn requests(difference: &Difference) -> String {
    let what = term_list(difference.actions.as_deref());
    let on = term_list(difference.resources.as_deref());
    let mut line = format!("{what} on {on}");
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
    line
}

pub(in crate::cli) fn decision(decision_summary: &DecisionSummary) -> String {
    match &decision_summary.statement {
        Some(statement) => format!(
            "{} by {statement} ({})",
            decision_summary.outcome, decision_summary.policy_type
        ),
        None => format!("{} ({})", decision_summary.outcome, decision_summary.policy_type),
    }
}

fn principals(all: &[Principal]) -> String {
    shortened(all.iter().map(ToString::to_string).collect(), ", ")
}

/// The first names, and how many more there are
fn shortened(names: Vec<String>, between: &str) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    // A single further name is as short as the count
    if more <= 1 {
        return names.join(between);
    }
    let first: Vec<String> = names.into_iter().take(MOST_NAMES).collect();
    format!("{} and {more} more", first.join(between))
}

fn term_list(terms: Option<&[Term]>) -> String {
    terms.map_or_else(
        || "*".to_owned(),
        |terms| shortened(terms.iter().map(term).collect(), ", "),
    )
}

/// A term of an action or a resource
pub(super) fn term(term: &Term) -> String {
    match term {
        Term::Absent => "none".to_owned(),
        Term::Exactly(text) | Term::Wording(text) => text.clone(),
        Term::AnyCase(text) => format!("{} in any case", or_backticks(text)),
        Term::Like(patterns) => patterns.join(" and "),
        Term::AnyBut(terms) if terms.is_empty() => "anything".to_owned(),
        Term::AnyBut(terms) => format!("anything but {}", excluded(terms)),
        Term::Without(kept, lost) => format!("{} but not {}", self::term(kept), excluded(lost)),
    }
}

/// A term of a resource group
pub(super) fn group(term: &Term) -> String {
    match term {
        Term::Absent => "without a resource group".to_owned(),
        Term::AnyBut(terms) if terms.is_empty() => "in any resource group".to_owned(),
        Term::AnyBut(terms) => format!("in any resource group but {}", excluded(terms)),
        other => format!("in {}", self::term(other)),
    }
}

/// A term of a condition key's value
pub(super) fn value(term: &Term) -> String {
    match term {
        Term::Absent => "is absent".to_owned(),
        Term::Exactly(text) => format!("= {}", or_backticks(text)),
        Term::AnyCase(text) => format!("= {} in any case", or_backticks(text)),
        Term::Like(patterns) => format!("is like {}", patterns.join(" and ")),
        Term::Wording(words) if words.starts_with(['<', '>']) => words.clone(),
        Term::Wording(words) => format!("is {words}"),
        Term::AnyBut(terms) if terms.is_empty() => "is there".to_owned(),
        Term::AnyBut(terms) if terms.iter().all(is_words) => format!("is not {}", excluded(terms)),
        Term::AnyBut(terms) => format!("is anything but {}", excluded(terms)),
        Term::Without(kept, lost) => format!("{} but not {}", value(kept), excluded(lost)),
    }
}

fn is_words(term: &Term) -> bool {
    matches!(term, Term::Wording(_))
}

fn excluded(terms: &[Term]) -> String {
    shortened(
        terms
            .iter()
            .map(term)
            .map(|text| or_backticks(&text).to_owned())
            .collect(),
        ", ",
    )
}

fn or_backticks(text: &str) -> &str {
    if text.is_empty() { "``" } else { text }
}

fn other(change: &SettingChange, reason: Option<&str>, palette: Palette) -> String {
    let sign = match (change.may_allow, reason) {
        (true, None) => palette.bad("+"),
        (true, Some(_)) => palette.good("+"),
        (false, _) => " ".to_owned(),
    };
    format!("{sign} {}\n{}", setting(change), approval(reason))
}

/// A change outside RAM policies in one line
pub(in crate::cli) fn setting(change: &SettingChange) -> String {
    let what = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (None, Some(after)) => format!("added, {after}"),
        (Some(before), None) => format!("removed, {before}"),
        (None, None) => "changed".to_owned(),
    };
    format!("{}: {}: {what}", change.section, change.entry)
}
