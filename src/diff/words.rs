//! Classes of values in words: what they are, or what they are not.

use std::collections::BTreeSet;

use super::axis::{Candidate, Told};

/// One part of what an element may be
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// It is absent
    Absent,
    /// This value
    Exactly(String),
    /// Whatever matches these patterns, all of them
    Like(Vec<String>),
    /// In words, such as `< 4`
    Words(String),
    /// Anything that is there but these
    AnyBut(Vec<Term>),
    /// What matches the first, without the others
    Without(Box<Term>, Vec<Term>),
}

/// What members of some classes have in common, as against those outside
pub(super) fn terms(
    inside: &[&Candidate],
    outside: &[&Candidate],
    matches: impl Fn(&str, &str) -> bool,
) -> Vec<Term> {
    let told_as = |candidate: &Candidate, terms: &BTreeSet<Term>| -> bool {
        let fits = |patterns: &[String]| {
            let value = candidate.value.as_deref().unwrap_or_default();
            patterns.iter().all(|pattern| matches(pattern, value))
        };
        terms.iter().any(|term| matches!(term, Term::Like(patterns) if fits(patterns)))
    };
    let likes = |members: &[&Candidate]| -> BTreeSet<Term> {
        let all = members.iter().filter_map(|member| match &member.told {
            Told::Like(patterns) => Some(Term::Like(patterns.clone())),
            _ => None,
        });
        all.collect()
    };
    let plain = |members: &[&Candidate], covered: &BTreeSet<Term>| -> BTreeSet<Term> {
        let all = members.iter().filter_map(|member| match &member.told {
            Told::Exactly if !told_as(member, covered) => member.value.clone().map(Term::Exactly),
            Told::Words(words) => Some(Term::Words(words.clone())),
            _ => None,
        });
        all.collect()
    };
    let mut all: Vec<Term> = Vec::new();
    if inside.iter().any(|member| member.told == Told::Absent) {
        all.push(Term::Absent);
    }
    let inside_likes = likes(inside);
    if inside.iter().any(|member| member.told == Told::Other) {
        let outside_likes = widest(likes(outside), &matches);
        let mut excluded: Vec<Term> = outside_likes.iter().cloned().collect();
        excluded.extend(plain(outside, &outside_likes));
        all.push(Term::AnyBut(excluded));
        // What the exclusion would take away although it is in
        let back = inside.iter().filter(|member| member.told == Told::Exactly && told_as(member, &outside_likes));
        all.extend(back.filter_map(|member| member.value.clone()).map(Term::Exactly));
        return all;
    }
    let shown = widest(inside_likes, &matches);
    for like in &shown {
        let only = BTreeSet::from([like.clone()]);
        let lost = outside.iter().filter(|member| told_as(member, &only));
        let lost: BTreeSet<Term> = lost
            .filter_map(|member| match &member.told {
                Told::Exactly => member.value.clone().map(Term::Exactly),
                Told::Like(patterns) => Some(Term::Like(patterns.clone())),
                _ => None,
            })
            .collect();
        let lost: Vec<Term> = lost.into_iter().filter(|term| term != like).collect();
        all.push(if lost.is_empty() {
            like.clone()
        } else {
            Term::Without(Box::new(like.clone()), lost)
        });
    }
    all.extend(plain(inside, &shown));
    if all.is_empty() {
        let values: BTreeSet<&String> = inside.iter().filter_map(|member| member.value.as_ref()).collect();
        all.extend(values.into_iter().cloned().map(Term::Exactly));
    }
    all
}

/// Patterns without those that say less than another: what is like both `a*` and `*b` is like `a*`
fn widest(terms: BTreeSet<Term>, matches: &impl Fn(&str, &str) -> bool) -> BTreeSet<Term> {
    let narrower = |term: &Term, other: &Term| match (term, other) {
        (Term::Like(narrow), Term::Like(wide)) if term != other => wide.iter().all(|wide| {
            narrow.iter().any(|narrow| narrow == wide || matches(wide, narrow) && !matches(narrow, wide))
        }),
        _ => false,
    };
    let all: Vec<&Term> = terms.iter().collect();
    let kept = all.iter().filter(|term| !all.iter().any(|other| narrower(term, other)));
    kept.map(|term| (**term).clone()).collect()
}
