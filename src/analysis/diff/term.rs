//! Descriptions of sets of values: what the values are, or what they are not.

use std::collections::BTreeSet;

use crate::analysis::diff::candidates::{Candidate, Description};

/// One alternative of what an element of a request may be
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// The element is absent
    Absent,
    /// It is this value
    Exactly(String),
    /// It matches all of these patterns
    Like(Vec<String>),
    /// It is this value in any case
    AnyCase(String),
    /// It is what a phrase says, such as `< 4`
    Wording(String),
    /// It is present and none of these
    AnyBut(Vec<Term>),
    /// It is the first, but none of the others
    Without(Box<Term>, Vec<Term>),
}

/// Describes the values inside a set, as against those outside; `matches` is how the element matches a pattern
///
/// ```text
/// inside: ax (like a*)     outside: ac         ->  a* without ac
/// inside: any other value  outside: ax, absent ->  anything but a*
/// ```
pub(crate) fn describe(
    inside: &[&Candidate],
    outside: &[&Candidate],
    matches: fn(&str, &str) -> bool,
) -> Vec<Term> {
    let describer = Describer { matches };
    let mut terms = describer.main_terms(inside, outside);
    // Values inside that an exclusion takes away
    for member in inside {
        let own = describer.own_term(member);
        terms.extend(own.filter(|_| !describer.any_holds(&terms, member)));
    }
    if terms.is_empty() {
        // Only samples are inside, so they describe the set.
        let samples: BTreeSet<Term> = inside.iter().filter_map(|member| exactly(member)).collect();
        terms.extend(samples);
    }
    terms
}

fn exactly(member: &Candidate) -> Option<Term> {
    member.value.clone().map(Term::Exactly)
}

struct Describer {
    matches: fn(&str, &str) -> bool,
}

impl Describer {
    /// The terms for the set, before the values that one of their exclusions wrongly takes away
    fn main_terms(&self, inside: &[&Candidate], outside: &[&Candidate]) -> Vec<Term> {
        let has = |description: &Description| inside.iter().any(|member| member.description == *description);
        let absent = has(&Description::Absent).then_some(Term::Absent);
        let present = if has(&Description::Other) {
            vec![Term::AnyBut(self.all_terms(outside))]
        } else {
            let broad = self.broad_terms(inside);
            let reduced = broad.iter().map(|term| self.without(term, outside));
            reduced.chain(self.narrow_terms(inside, &broad)).collect()
        };
        absent.into_iter().chain(present).collect()
    }

    /// The term for one value alone
    fn own_term(&self, member: &Candidate) -> Option<Term> {
        match &member.description {
            Description::Exactly => exactly(member),
            Description::Like(patterns) => Some(Term::Like(self.narrowest(patterns))),
            Description::AnyCase(text) => Some(Term::AnyCase(text.clone())),
            Description::Wording(wording) => Some(Term::Wording(wording.clone())),
            Description::Absent | Description::Sample | Description::Other => None,
        }
    }

    /// Whether a term holds for a value
    fn holds(&self, term: &Term, member: &Candidate) -> bool {
        let Some(value) = &member.value else {
            return *term == Term::Absent;
        };
        match term {
            Term::Absent => false,
            Term::Exactly(text) => text == value,
            Term::Like(patterns) => patterns.iter().all(|pattern| (self.matches)(pattern, value)),
            Term::AnyCase(text) => text.to_lowercase() == value.to_lowercase(),
            Term::Wording(wording) => member.description == Description::Wording(wording.clone()),
            Term::AnyBut(terms) => !self.any_holds(terms, member),
            Term::Without(kept, excluded) => self.holds(kept, member) && !self.any_holds(excluded, member),
        }
    }

    fn any_holds<'t>(&self, terms: impl IntoIterator<Item = &'t Term>, member: &Candidate) -> bool {
        terms.into_iter().any(|term| self.holds(term, member))
    }

    /// A term without the values outside for which it holds
    fn without(&self, term: &Term, outside: &[&Candidate]) -> Term {
        let outside: Vec<&Candidate> = outside
            .iter()
            .copied()
            .filter(|member| self.holds(term, member))
            .collect();
        let excluded = self.all_terms(&outside);
        let excluded: Vec<Term> = excluded.into_iter().filter(|excluded| excluded != term).collect();
        if excluded.is_empty() {
            term.clone()
        } else {
            Term::Without(Box::new(term.clone()), excluded)
        }
    }

    fn all_terms(&self, members: &[&Candidate]) -> Vec<Term> {
        let broad = self.broad_terms(members);
        let narrow = self.narrow_terms(members, &broad);
        broad.into_iter().chain(narrow).collect()
    }

    /// Terms for single values that no broad term covers, and phrases
    fn narrow_terms(&self, members: &[&Candidate], broad: &BTreeSet<Term>) -> BTreeSet<Term> {
        let terms = members.iter().filter_map(|member| match &member.description {
            Description::Exactly if !self.any_holds(broad, member) => exactly(member),
            Description::Wording(wording) => Some(Term::Wording(wording.clone())),
            Description::Exactly
            | Description::Absent
            | Description::Like(_)
            | Description::AnyCase(_)
            | Description::Sample
            | Description::Other => None,
        });
        terms.collect()
    }

    /// Terms for several values: patterns, without those that others include, and texts in any case
    fn broad_terms(&self, members: &[&Candidate]) -> BTreeSet<Term> {
        let own = members.iter().filter_map(|member| self.own_term(member));
        let broad = own.filter(|term| matches!(term, Term::Like(_) | Term::AnyCase(_)));
        let broad: BTreeSet<Term> = broad.collect();
        let is_redundant = |term: &&Term| {
            let mut others = broad.iter().filter(|other| other != term);
            others.any(|other| self.is_narrower(term, other))
        };
        broad.iter().filter(|term| !is_redundant(term)).cloned().collect()
    }

    /// Whether the patterns of one term match only what those of another match
    fn is_narrower(&self, term: &Term, other: &Term) -> bool {
        let (Term::Like(narrow), Term::Like(wide)) = (term, other) else {
            return false;
        };
        wide.iter()
            .all(|wide| narrow.iter().any(|narrow| self.includes(wide, narrow)))
    }

    /// `a*`, `ab*` -> `ab*`: whatever matches both is described by the narrower one
    fn narrowest(&self, patterns: &[String]) -> Vec<String> {
        let is_redundant = |pattern: &&String| {
            let mut others = patterns.iter().filter(|other| other != pattern);
            others.any(|other| self.includes(pattern, other))
        };
        patterns
            .iter()
            .filter(|pattern| !is_redundant(pattern))
            .cloned()
            .collect()
    }

    /// Whether a pattern surely matches everything that a narrower one matches
    fn includes(&self, wide: &str, narrow: &str) -> bool {
        wide == narrow || (self.matches)(wide, narrow) && !(self.matches)(narrow, wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::pattern_match;

    fn described(inside: &[Candidate], outside: &[Candidate]) -> String {
        let inside: Vec<&Candidate> = inside.iter().collect();
        let outside: Vec<&Candidate> = outside.iter().collect();
        format!("{:?}", describe(&inside, &outside, pattern_match::matches))
    }

    fn like(value: &str, patterns: &[&str]) -> Candidate {
        Candidate::like(value, patterns.iter().map(|each| (*each).to_owned()).collect())
    }

    fn any_case(value: &str) -> Candidate {
        Candidate::any_case(value, value.to_lowercase())
    }

    #[test]
    fn classes_are_described_by_what_they_are() {
        let exactly = Candidate::exactly;
        for (inside, outside, wanted) in [
            (
                vec![exactly("b"), exactly("a")],
                vec![],
                r#"[Exactly("a"), Exactly("b")]"#,
            ),
            (
                vec![exactly("ab"), like("ax", &["a*"])],
                vec![],
                r#"[Like(["a*"])]"#,
            ),
            (
                vec![like("ax", &["a*"]), like("abx", &["a*", "ab*"])],
                vec![exactly("ac"), exactly("b")],
                r#"[Without(Like(["a*"]), [Exactly("ac")])]"#,
            ),
            (
                vec![like("axb", &["a*", "*b"])],
                vec![],
                r#"[Like(["a*", "*b"])]"#,
            ),
            (
                vec![Candidate::other("o"), Candidate::absent(), exactly("ab")],
                vec![like("ax", &["a*"]), exactly("c")],
                r#"[Absent, AnyBut([Like(["a*"]), Exactly("c")]), Exactly("ab")]"#,
            ),
            (
                vec![Candidate::other("o")],
                vec![Candidate::absent()],
                "[AnyBut([])]",
            ),
            (
                vec![Candidate::wording("5", "> 4")],
                vec![],
                r#"[Wording("> 4")]"#,
            ),
            (vec![any_case("A"), exactly("a")], vec![], r#"[AnyCase("a")]"#),
            (
                vec![any_case("A")],
                vec![exactly("a")],
                r#"[Without(AnyCase("a"), [Exactly("a")])]"#,
            ),
            (vec![Candidate::sample("s")], vec![], r#"[Exactly("s")]"#),
        ] {
            assert_eq!(described(&inside, &outside), wanted);
        }
    }
}
