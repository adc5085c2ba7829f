//! One statement as the linter looks at it, and what it finds there.

use crate::analysis::lint::code::Code;
use crate::analysis::lint::facts::Facts;
use crate::analysis::lint::question::{Question, Reach};
use ram_policy::source::Position;
use ram_policy::{Actions, Effect, ResourcePattern, Statement, Target};

/// Something found in one document
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) at: Position,
    pub(crate) message: String,
    pub(crate) advice: String,
}

/// A statement with what its actions reach
pub(crate) struct Subject<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) facts: &'a Facts,
    /// The entries of `Action`; none for `NotAction`
    pub(crate) entries: Vec<Entry<'a>>,
}

/// An entry of `Action`
pub(crate) struct Entry<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: Position,
    pub(crate) reach: Reach,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(statement: &'a Statement, facts: &'a Facts) -> Self {
        let entries = match &statement.actions {
            Actions::Listed(patterns) => patterns
                .iter()
                .zip(&statement.actions_at)
                .map(|(pattern, at)| Entry {
                    text: pattern.as_str(),
                    at: *at,
                    reach: Reach::of(pattern),
                })
                .collect(),
            Actions::Except(_) => Vec::new(),
        };
        Self {
            statement,
            facts,
            entries,
        }
    }

    /// The entries whose every question is so; none of those that reach no question
    pub(crate) fn entries_where(&self, is_so: impl Fn(&[Question]) -> bool) -> Vec<&Entry<'a>> {
        let fits = |entry: &&Entry<'_>| match entry.questions() {
            [] => false,
            questions => is_so(questions),
        };
        self.entries.iter().filter(fits).collect()
    }

    /// Whether these entries are all that the statement speaks of
    pub(crate) fn are_all(&self, entries: &[&Entry<'_>]) -> bool {
        entries.len() == self.entries.len()
    }

    /// The resources with their places; none in a trust policy
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&'a ResourcePattern, Position)> {
        let patterns = match &self.statement.target {
            Target::Resources(patterns) => &**patterns,
            Target::Principals(_) => &[],
        };
        patterns.iter().zip(self.statement.resources_at.iter().copied())
    }

    /// What the statement does to what it matches
    pub(crate) fn verb(&self) -> &'static str {
        match self.statement.effect {
            Effect::Allow => "allows",
            Effect::Deny => "denies",
        }
    }
}

impl Entry<'_> {
    /// The questions it speaks of
    pub(crate) fn questions(&self) -> &[Question] {
        match &self.reach {
            Reach::Questions(questions) => questions,
            Reach::Unknown | Reach::Elsewhere => &[],
        }
    }
}

/// The actions of entries, as many as fit a sentence
pub(crate) fn actions(entries: &[&Entry<'_>]) -> String {
    listed(entries.iter().map(|entry| entry.text))
}

/// Words in backticks, as many as fit a sentence
pub(crate) fn listed<'a>(words: impl ExactSizeIterator<Item = &'a str>) -> String {
    /// More than three names hide the sentence around them
    const MOST: usize = 3;
    let more = words.len().saturating_sub(MOST);
    let mut text = words
        .take(MOST)
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
