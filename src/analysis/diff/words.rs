//! Classes of values in words: what they are, or what they are not.

use std::collections::BTreeSet;

use crate::analysis::diff::axis::{Candidate, Told};

/// One part of what an element may be
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// It is absent
    Absent,
    /// This value
    Exactly(String),
    /// Whatever matches these patterns, all of them
    Like(Vec<String>),
    /// This value, in letters of either case
    AnyCase(String),
    /// In words, such as `< 4`
    Words(String),
    /// Anything that is there but these
    AnyBut(Vec<Term>),
    /// What matches the first, without the others
    Without(Box<Term>, Vec<Term>),
}

/// What members of some classes have in common, as against those outside; `matches` tells whether a text fits a pattern
pub(crate) fn terms(
    inside: &[&Candidate],
    outside: &[&Candidate],
    matches: fn(&str, &str) -> bool,
) -> Vec<Term> {
    let words = Words { matches };
    let mut all = Vec::new();
    if inside.iter().any(|member| member.told == Told::Absent) {
        all.push(Term::Absent);
    }
    if inside.iter().any(|member| member.told == Told::Other) {
        let broad = words.broad(outside);
        let plain = words.plain(outside, &broad);
        all.push(Term::AnyBut(broad.into_iter().chain(plain).collect()));
    } else {
        let broad = words.broad(inside);
        all.extend(broad.iter().map(|term| words.without(term, outside)));
        all.extend(words.plain(inside, &broad));
    }
    // What an exclusion takes away although it is in
    for member in inside {
        if let Some(own) = words
            .own(member)
            .filter(|_| !all.iter().any(|term| words.says(term, member)))
        {
            all.push(own);
        }
    }
    if all.is_empty() {
        // Only samples: then they are all that is known
        all.extend(
            inside
                .iter()
                .filter_map(|member| exactly(member))
                .collect::<BTreeSet<_>>(),
        );
    }
    all
}

fn exactly(member: &Candidate) -> Option<Term> {
    member.value.clone().map(Term::Exactly)
}

struct Words {
    matches: fn(&str, &str) -> bool,
}

impl Words {
    /// How a value is told by itself
    fn own(&self, member: &Candidate) -> Option<Term> {
        match &member.told {
            Told::Exactly => exactly(member),
            Told::Like(patterns) => Some(Term::Like(self.narrowest(patterns))),
            Told::AnyCase(text) => Some(Term::AnyCase(text.clone())),
            Told::Words(words) => Some(Term::Words(words.clone())),
            Told::Absent | Told::Sample | Told::Other => None,
        }
    }

    /// Whether a term holds for a value
    fn says(&self, term: &Term, member: &Candidate) -> bool {
        let Some(value) = &member.value else {
            return *term == Term::Absent;
        };
        match term {
            Term::Absent => false,
            Term::Exactly(text) => text == value,
            Term::Like(patterns) => patterns.iter().all(|pattern| (self.matches)(pattern, value)),
            Term::AnyCase(text) => text.to_lowercase() == value.to_lowercase(),
            Term::Words(words) => matches!(&member.told, Told::Words(own) if own == words),
            Term::AnyBut(terms) => !terms.iter().any(|term| self.says(term, member)),
            Term::Without(kept, lost) => {
                self.says(kept, member) && !lost.iter().any(|term| self.says(term, member))
            }
        }
    }

    /// A term less what it would take in from outside
    fn without(&self, term: &Term, outside: &[&Candidate]) -> Term {
        let lost: Vec<&Candidate> = outside
            .iter()
            .copied()
            .filter(|member| self.says(term, member))
            .collect();
        let broad = self.broad(&lost);
        let plain = self.plain(&lost, &broad);
        let lost: Vec<Term> = broad
            .into_iter()
            .chain(plain)
            .filter(|lost| lost != term)
            .collect();
        if lost.is_empty() {
            term.clone()
        } else {
            Term::Without(Box::new(term.clone()), lost)
        }
    }

    fn any_covers(&self, terms: &BTreeSet<Term>, member: &Candidate) -> bool {
        terms.iter().any(|term| self.says(term, member))
    }

    /// Values and words that no pattern tells already
    fn plain(&self, members: &[&Candidate], covered: &BTreeSet<Term>) -> BTreeSet<Term> {
        let all = members.iter().filter_map(|member| match &member.told {
            Told::Exactly if !self.any_covers(covered, member) => exactly(member),
            Told::Words(words) => Some(Term::Words(words.clone())),
            Told::Exactly | Told::Absent | Told::Like(_) | Told::AnyCase(_) | Told::Sample | Told::Other => {
                None
            }
        });
        all.collect()
    }

    /// What tells more than one value: patterns, without those that others include, and texts in any case
    fn broad(&self, members: &[&Candidate]) -> BTreeSet<Term> {
        let all: BTreeSet<Vec<String>> = members
            .iter()
            .filter_map(|member| match &member.told {
                Told::Like(patterns) => Some(self.narrowest(patterns)),
                Told::Exactly
                | Told::AnyCase(_)
                | Told::Words(_)
                | Told::Absent
                | Told::Sample
                | Told::Other => None,
            })
            .collect();
        let is_within = |narrow: &[String], wide: &[String]| {
            wide.iter()
                .all(|wide| narrow.iter().any(|narrow| self.includes(wide, narrow)))
        };
        let is_told = |patterns: &&Vec<String>| {
            let mut others = all.iter().filter(|other| other != patterns);
            others.any(|other| is_within(patterns, other))
        };
        let cases = members.iter().filter_map(|member| match &member.told {
            Told::AnyCase(text) => Some(Term::AnyCase(text.clone())),
            Told::Exactly | Told::Like(_) | Told::Words(_) | Told::Absent | Told::Sample | Told::Other => {
                None
            }
        });
        let patterns = all
            .iter()
            .filter(|patterns| !is_told(patterns))
            .cloned()
            .map(Term::Like);
        patterns.chain(cases).collect()
    }

    /// What is like both `a*` and `ab*` is like `ab*`
    fn narrowest(&self, patterns: &[String]) -> Vec<String> {
        let is_idle = |pattern: &&String| {
            let mut others = patterns.iter().filter(|other| other != pattern);
            others.any(|other| self.includes(pattern, other))
        };
        patterns
            .iter()
            .filter(|pattern| !is_idle(pattern))
            .cloned()
            .collect()
    }

    /// Whether a pattern surely matches all that a narrower one does
    fn includes(&self, wide: &str, narrow: &str) -> bool {
        wide == narrow || (self.matches)(wide, narrow) && !(self.matches)(narrow, wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::pattern;

    fn told(inside: &[Candidate], outside: &[Candidate]) -> String {
        let inside: Vec<&Candidate> = inside.iter().collect();
        let outside: Vec<&Candidate> = outside.iter().collect();
        format!("{:?}", terms(&inside, &outside, pattern::matches))
    }

    fn like(value: &str, patterns: &[&str]) -> Candidate {
        Candidate::like(value, patterns.iter().map(|each| (*each).to_owned()).collect())
    }

    fn any_case(value: &str) -> Candidate {
        Candidate {
            value: Some(value.to_owned()),
            told: Told::AnyCase(value.to_lowercase()),
        }
    }

    #[test]
    fn values_are_told_by_what_they_are() {
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
            (vec![Candidate::words("5", "> 4")], vec![], r#"[Words("> 4")]"#),
            (vec![any_case("A"), exactly("a")], vec![], r#"[AnyCase("a")]"#),
            (
                vec![any_case("A")],
                vec![exactly("a")],
                r#"[Without(AnyCase("a"), [Exactly("a")])]"#,
            ),
            (vec![Candidate::sample("s")], vec![], r#"[Exactly("s")]"#),
        ] {
            assert_eq!(told(&inside, &outside), wanted);
        }
    }
}
