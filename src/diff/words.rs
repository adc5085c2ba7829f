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

/// What members of some classes have in common, as against those outside; `matches` tells whether a text fits a pattern
pub(super) fn terms(
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
        let likes = words.likes(outside);
        let mut excluded: Vec<Term> = likes.iter().cloned().collect();
        excluded.extend(words.plain(outside, &likes));
        all.push(Term::AnyBut(excluded));
        // What the exclusion would take away although it is in
        let back = inside.iter().filter(|member| member.told == Told::Exactly && words.any_covers(&likes, member));
        all.extend(back.filter_map(|member| exactly(member)));
        return all;
    }
    let likes = words.likes(inside);
    for like in &likes {
        let lost: Vec<&Candidate> = outside.iter().copied().filter(|member| words.covers(like, member)).collect();
        let lost_likes = words.likes(&lost);
        let plain = words.plain(&lost, &lost_likes);
        let lost: Vec<Term> = lost_likes.into_iter().chain(plain).filter(|term| term != like).collect();
        all.push(match lost.is_empty() {
            true => like.clone(),
            false => Term::Without(Box::new(like.clone()), lost),
        });
    }
    all.extend(words.plain(inside, &likes));
    if all.is_empty() {
        // Only samples: then they are all that is known
        all.extend(inside.iter().filter_map(|member| exactly(member)).collect::<BTreeSet<_>>());
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
    /// Whether a value is told already by the patterns that it matches
    fn covers(&self, term: &Term, member: &Candidate) -> bool {
        let Some(value) = &member.value else { return false };
        matches!(term, Term::Like(patterns) if patterns.iter().all(|pattern| (self.matches)(pattern, value)))
    }

    fn any_covers(&self, terms: &BTreeSet<Term>, member: &Candidate) -> bool {
        terms.iter().any(|term| self.covers(term, member))
    }

    /// Values and words that no pattern tells already
    fn plain(&self, members: &[&Candidate], covered: &BTreeSet<Term>) -> BTreeSet<Term> {
        let all = members.iter().filter_map(|member| match &member.told {
            Told::Exactly if !self.any_covers(covered, member) => exactly(member),
            Told::Words(words) => Some(Term::Words(words.clone())),
            Told::Exactly | Told::Absent | Told::Like(_) | Told::Sample | Told::Other => None,
        });
        all.collect()
    }

    /// The patterns of values that are told by patterns, without those that others include
    fn likes(&self, members: &[&Candidate]) -> BTreeSet<Term> {
        let all: BTreeSet<Vec<String>> = members
            .iter()
            .filter_map(|member| match &member.told {
                Told::Like(patterns) => Some(self.narrowest(patterns)),
                Told::Exactly | Told::Words(_) | Told::Absent | Told::Sample | Told::Other => None,
            })
            .collect();
        let is_within = |narrow: &[String], wide: &[String]| {
            wide.iter().all(|wide| narrow.iter().any(|narrow| self.includes(wide, narrow)))
        };
        let is_told = |patterns: &&Vec<String>| {
            let mut others = all.iter().filter(|other| other != patterns);
            others.any(|other| is_within(patterns, other))
        };
        all.iter().filter(|patterns| !is_told(patterns)).cloned().map(Term::Like).collect()
    }

    /// What is like both `a*` and `ab*` is like `ab*`
    fn narrowest(&self, patterns: &[String]) -> Vec<String> {
        let is_idle = |pattern: &&String| {
            let mut others = patterns.iter().filter(|other| other != pattern);
            others.any(|other| self.includes(pattern, other))
        };
        patterns.iter().filter(|pattern| !is_idle(pattern)).cloned().collect()
    }

    /// Whether a pattern surely matches all that a narrower one does
    fn includes(&self, wide: &str, narrow: &str) -> bool {
        wide == narrow || (self.matches)(wide, narrow) && !(self.matches)(narrow, wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::pattern;

    fn told(inside: &[Candidate], outside: &[Candidate]) -> String {
        let inside: Vec<&Candidate> = inside.iter().collect();
        let outside: Vec<&Candidate> = outside.iter().collect();
        format!("{:?}", terms(&inside, &outside, pattern::matches))
    }

    fn like(value: &str, patterns: &[&str]) -> Candidate {
        Candidate::like(value, patterns.iter().map(|each| (*each).to_owned()).collect())
    }

    #[test]
    fn values_are_told_by_what_they_are() {
        let exactly = Candidate::exactly;
        for (inside, outside, wanted) in [
            (vec![exactly("b"), exactly("a")], vec![], r#"[Exactly("a"), Exactly("b")]"#),
            (vec![exactly("ab"), like("ax", &["a*"])], vec![], r#"[Like(["a*"])]"#),
            (
                vec![like("ax", &["a*"]), like("abx", &["a*", "ab*"])],
                vec![exactly("ac"), exactly("b")],
                r#"[Without(Like(["a*"]), [Exactly("ac")])]"#,
            ),
            (vec![like("axb", &["a*", "*b"])], vec![], r#"[Like(["a*", "*b"])]"#),
            (
                vec![Candidate::other("o"), Candidate::absent(), exactly("ab")],
                vec![like("ax", &["a*"]), exactly("c")],
                r#"[Absent, AnyBut([Like(["a*"]), Exactly("c")]), Exactly("ab")]"#,
            ),
            (vec![Candidate::other("o")], vec![Candidate::absent()], "[AnyBut([])]"),
            (vec![Candidate::words("5", "> 4")], vec![], r#"[Words("> 4")]"#),
            (vec![Candidate::sample("s")], vec![], r#"[Exactly("s")]"#),
        ] {
            assert_eq!(told(&inside, &outside), wanted);
        }
    }
}
