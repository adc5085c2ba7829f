//! Whether a difference, as it is told, speaks of a request.

use ramgate::testing::analysis::{Difference, Term};

use crate::pairs::Asked;

/// Everything the difference says of a request holds for this one, as far as terms can be read: words are taken to hold
pub(crate) fn covers(difference: &Difference, asked: &Asked) -> bool {
    let value = |key: &str| asked.context.values(key).first().map(String::as_str);
    difference.example.trust == asked.trust
        && difference.principals.contains(&asked.principal)
        && any(
            difference.actions.as_deref(),
            Some(&asked.action.to_lowercase()),
            &|pattern, text| wild(&pattern.to_lowercase(), text),
        )
        && any(difference.resources.as_deref(), Some(&asked.resource), &segmented)
        && any(
            difference.resource_groups.as_deref(),
            asked.resource_group.as_deref(),
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
        // Equal but for letters' case, in actions; literally else, for case never differs there in requests of one value
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

/// Numbers are equal in any digits
fn equal(text: &str, value: &str) -> bool {
    matches!((text.parse::<f64>(), value.parse::<f64>()), (Ok(left), Ok(right)) if left == right)
}

/// Words cannot be read here, so they take nothing away; nor does a number in other digits, which may be another text
fn surely(term: &Term, value: Option<&str>, matches: Matches<'_>) -> bool {
    match (term, value) {
        (Term::Wording(_), _) => false,
        (Term::Exactly(text), Some(value)) => text == value || matches(&escape(text), value),
        _ => holds(term, value, matches),
    }
}

/// A text without wildcards is its own pattern; the resources that are asked about may have a star
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
