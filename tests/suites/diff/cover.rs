//! Whether the description of a difference covers a request.

use ramgate::testing::analysis::{Difference, Term};

use crate::pairs::CallerRequest;

/// Whether every term of the difference holds for the request; the test cannot read wordings and takes them to hold
pub(crate) fn covers(difference: &Difference, request: &CallerRequest) -> bool {
    let value = |key: &str| request.context.values(key).first().map(String::as_str);
    difference.example.trust == request.trust
        && difference.principals.contains(&request.principal)
        && any(
            difference.actions.as_deref(),
            Some(&request.action.to_lowercase()),
            &|pattern, text| wild(&pattern.to_lowercase(), text),
        )
        && any(
            difference.resources.as_deref(),
            Some(&request.resource),
            &segmented,
        )
        && any(
            difference.resource_groups.as_deref(),
            request.resource_group.as_deref(),
            &wild,
        )
        && difference
            .conditions
            .iter()
            .all(|(key, terms)| any(Some(terms), value(key), &wild))
}

type Matches<'a> = &'a dyn Fn(&str, &str) -> bool;

fn any(terms: Option<&[Term]>, value: Option<&str>, matches: Matches<'_>) -> bool {
    terms.is_none_or(|terms| terms.iter().any(|term| holds(term, value, matches)))
}

fn holds(term: &Term, value: Option<&str>, matches: Matches<'_>) -> bool {
    match (term, value) {
        (Term::Absent, value) => value.is_none(),
        (_, None) => false,
        // Actions are compared without case. Elsewhere the generated requests never differ in case alone.
        (Term::Exactly(text), Some(value)) => {
            text == value || matches(&escape(text), value) || equal(text, value)
        }
        (Term::AnyCase(text), Some(value)) => text.to_lowercase() == value.to_lowercase(),
        (Term::Like(patterns), Some(value)) => patterns.iter().all(|pattern| matches(pattern, value)),
        (Term::Wording(_), Some(_)) => true,
        (Term::AnyBut(terms), Some(_)) => !terms.iter().any(|term| surely(term, value, matches)),
        (Term::Without(kept, lost), Some(_)) => {
            holds(kept, value, matches) && !lost.iter().any(|term| surely(term, value, matches))
        }
    }
}

/// Whether two texts are the same number in other digits
fn equal(text: &str, value: &str) -> bool {
    matches!((text.parse::<f64>(), value.parse::<f64>()), (Ok(left), Ok(right)) if left == right)
}

/// Whether an exclusion surely holds: the test cannot read wordings, and a number in other digits may be another text
fn surely(term: &Term, value: Option<&str>, matches: Matches<'_>) -> bool {
    match (term, value) {
        (Term::Wording(_), _) => false,
        (Term::Exactly(text), Some(value)) => text == value || matches(&escape(text), value),
        _ => holds(term, value, matches),
    }
}

/// A text as a pattern of itself; a resource may contain a star
fn escape(text: &str) -> String {
    text.replace('*', "\u{1}")
}

fn segmented(pattern: &str, text: &str) -> bool {
    let (wanted, found): (Vec<&str>, Vec<&str>) =
        (pattern.splitn(5, ':').collect(), text.splitn(5, ':').collect());
    if wanted.len() != found.len() {
        return pattern == "*";
    }
    let role = wanted[1] == "ram";
    let parts = wanted.iter().zip(&found).enumerate();
    parts.into_iter().all(|(at, (wanted, found))| match at {
        2 if role && ["", "*"].contains(wanted) => ["", "*"].contains(found),
        4 if role => wild(&wanted.to_lowercase(), &found.to_lowercase()),
        _ => wild(wanted, found),
    })
}

fn wild(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            wild(&pattern[1..], text) || !text.is_empty() && wild(pattern, &text[first(text)..])
        }
        (Some('?'), Some(_)) => wild(&pattern[1..], &text[first(text)..]),
        (Some(wanted), Some(found)) if wanted == found => {
            wild(&pattern[first(pattern)..], &text[first(text)..])
        }
        _ => false,
    }
}

fn first(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}
