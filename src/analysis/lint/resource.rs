//! Resources that the statement's actions are never asked on.

use super::code::Code;
use super::facts::Facts;
use super::question::Question;
use super::subject::{Finding, Subject, actions, listed};
use ram_policy::{Pattern, ResourcePattern, Segments};

/// How a resource stands to a question, the nearest first
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It may be the one that is asked
    Good,
    /// It would be, in another region or account
    Elsewhere,
    /// It has a name, and the question is asked before there is one
    Named,
    /// It is of another kind
    OtherKind,
}

/// Looks for actions that no resource of the statement is right for
pub(crate) fn find(subject: &Subject<'_>) -> Option<Finding> {
    let nearest = |questions: &[Question]| nearest(subject, questions);
    let is_wrong = |fit: Fit| fit != Fit::Good;
    let without = subject.entries_where(|questions| nearest(questions).is_some_and(is_wrong));
    let first = without.first()?;
    let fit = without
        .iter()
        .filter_map(|entry| nearest(entry.questions()))
        .min()?;
    let patterns: Vec<&ResourcePattern> = subject.resources().map(|(pattern, _)| pattern).collect();
    let named = listed(patterns.iter().map(|pattern| pattern.as_str()));
    let who = actions(&without);
    let (code, what) = match fit {
        Fit::Good => return None,
        Fit::Elsewhere => (
            Code::ResourceElsewhere,
            format!("{named} is not in the region and account that {who} is asked in"),
        ),
        Fit::Named => (
            Code::NameOnCreate,
            format!("{who} is asked before there is a name, and {named} fits names alone"),
        ),
        Fit::OtherKind => (
            Code::ResourceOfAnotherKind,
            format!("{named} is no resource that {who} is asked on"),
        ),
    };
    let is_whole = subject.are_all(&without);
    let outcome = match is_whole {
        true => "the statement never matches".to_owned(),
        false => format!("the statement never {} it", subject.verb()),
    };
    let (_, resource_at) = subject.resources().next()?;
    let wanted = match fit {
        Fit::Elsewhere => patterns.first().and_then(|pattern| moved(pattern, subject.facts)),
        Fit::Named => unnamed(first.questions(), &patterns, subject.facts),
        Fit::Good | Fit::OtherKind => asked(first.questions(), subject.facts),
    };
    Some(Finding {
        code,
        at: if is_whole { resource_at } else { first.at },
        message: format!("{what}, so {outcome}"),
        advice: format!("write `{}`", wanted?),
    })
}

/// How near the resources come to what is asked; none if the questions have no resource
fn nearest(subject: &Subject<'_>, questions: &[Question]) -> Option<Fit> {
    let fit = |question: &Question| {
        kind(*question)?;
        let fits = subject
            .resources()
            .map(|(pattern, _)| fit(pattern, *question, subject.facts));
        fits.min()
    };
    questions.iter().filter_map(fit).min()
}

fn fit(pattern: &ResourcePattern, question: Question, facts: &Facts) -> Fit {
    let Some(segments) = pattern.segments() else {
        return Fit::Good;
    };
    let Some((code, kind)) = kind(question) else {
        return Fit::Good;
    };
    let relative = format!("{kind}/*");
    let asked = Pattern::new(segments.relative);
    if !fits(segments.code, code) || !asked.overlaps(Pattern::new(&relative)) {
        return Fit::OtherKind;
    }
    if question.is_about_new() && !asked.matches(&relative) {
        return Fit::Named;
    }
    // A role may be another account's, and RAM's names have no region
    let is_here = match question {
        Question::Call(_) => is(segments.region, facts.region()) && is(segments.account, facts.id()),
        Question::PassRole => true,
        Question::ServiceLinkedRole => is(segments.account, facts.id()),
    };
    if is_here { Fit::Good } else { Fit::Elsewhere }
}

fn fits(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).matches(text)
}

fn is(pattern: &str, value: Option<&str>) -> bool {
    value.is_none_or(|value| fits(pattern, value))
}

/// The same resource, where the account is
fn moved(pattern: &ResourcePattern, facts: &Facts) -> Option<String> {
    let Segments { code, relative, .. } = pattern.segments()?;
    let region = if code == "ram" { "*" } else { facts.region()? };
    Some(format!("acs:{code}:{region}:{}:{relative}", facts.id()?))
}

/// The first resource that has a name, without it
fn unnamed(questions: &[Question], patterns: &[&ResourcePattern], facts: &Facts) -> Option<String> {
    patterns.iter().find_map(|pattern| {
        let is_named = |question: &&Question| fit(pattern, **question, facts) == Fit::Named;
        let (_, kind) = kind(*questions.iter().find(is_named)?)?;
        let Segments {
            code,
            region,
            account,
            ..
        } = pattern.segments()?;
        Some(format!("acs:{code}:{region}:{account}:{kind}/*"))
    })
}

/// A pattern of what the questions are asked on
fn asked(questions: &[Question], facts: &Facts) -> Option<String> {
    let mut kinds: Vec<(&str, &str)> = questions.iter().filter_map(|question| kind(*question)).collect();
    kinds.dedup();
    let account = facts.id().unwrap_or("*");
    match kinds.as_slice() {
        [] => None,
        [("ram", kind)] => Some(format!("acs:ram:*:{account}:{kind}/*")),
        [(code, kind)] => Some(format!(
            "acs:{code}:{}:{account}:{kind}/*",
            facts.region().unwrap_or("*")
        )),
        _ => Some("*".to_owned()),
    }
}

/// The code and kind of the resources that a question is asked on, if it has one
fn kind(question: Question) -> Option<(&'static str, &'static str)> {
    match question {
        Question::Call(operation) => Some(("eci", operation.resource_kind()?)),
        Question::PassRole | Question::ServiceLinkedRole => Some(("ram", "role")),
    }
}
