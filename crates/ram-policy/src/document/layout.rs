//! Where the elements of a statement stand, counted from its start: equal for statements that are written alike.

use std::ops::Deref;

use crate::condition::Condition;
use crate::document::statement::Statement;
use crate::source::Position;

/// The places of actions, then of resources, then of each condition with its values
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Layout {
    offsets: Box<[Offset]>,
}

/// The way from the start of a statement to a place in it
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Offset {
    /// Lines below the start
    lines: u32,
    /// Characters behind the start, or the column in another line
    column: u32,
}

/// A condition of a statement, with its positions
#[derive(Clone, Copy, Debug)]
pub struct LocatedCondition<'a> {
    /// The condition itself
    pub condition: &'a Condition,
    statement: &'a Statement,
    /// Which of the statement's positions is that of the key; those of the values follow
    first: usize,
}

impl Layout {
    /// The layout of a statement that starts at a position, with elements at these
    ///
    /// ```text
    /// start 3:5, elements at 3:17, 4:7   ->   12 characters behind, and column 7 of the next line
    /// ```
    pub(crate) fn new(start: Position, elements: impl IntoIterator<Item = Position>) -> Self {
        let elements = elements.into_iter();
        Self {
            offsets: elements.map(|at| Offset::between(start, at)).collect(),
        }
    }

    /// Some of the positions, in a statement that starts here
    pub(super) fn positions(
        &self,
        start: Position,
        first: usize,
        count: usize,
    ) -> impl Iterator<Item = Position> + use<'_> {
        let offsets = self.offsets.iter().skip(first).take(count);
        offsets.map(move |offset| offset.from(start))
    }
}

impl Offset {
    /// The way to a position that is not before the start: an element stands within its statement
    fn between(start: Position, at: Position) -> Self {
        let lines = at.line.saturating_sub(start.line);
        Self {
            lines,
            column: match lines {
                0 => at.column.saturating_sub(start.column),
                _ => at.column,
            },
        }
    }

    /// The position that is so far from a start
    fn from(self, start: Position) -> Position {
        Position {
            line: start.line.saturating_add(self.lines),
            column: match self.lines {
                0 => start.column.saturating_add(self.column),
                _ => self.column,
            },
        }
    }
}

impl<'a> LocatedCondition<'a> {
    pub(super) fn new(statement: &'a Statement, condition: &'a Condition, first: usize) -> Self {
        Self {
            condition,
            statement,
            first,
        }
    }

    /// Where the key stands in its document
    pub fn at(&self) -> Position {
        let mut key = self.statement.positions(self.first, 1);
        key.next().unwrap_or(self.statement.at)
    }

    /// Where each of the values starts
    pub fn values_at(&self) -> impl Iterator<Item = Position> + use<'a> {
        let first = self.first.saturating_add(1);
        self.statement.positions(first, self.condition.value_count())
    }
}

impl Deref for LocatedCondition<'_> {
    type Target = Condition;

    fn deref(&self) -> &Condition {
        self.condition
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, DocumentKind};

    #[test]
    fn an_offset_leads_from_the_start_to_the_element() {
        let at = |line, column| Position { line, column };
        for (start, element) in [
            (at(1, 1), at(1, 1)),
            (at(3, 5), at(3, 17)),
            (at(3, 5), at(4, 7)),
            (at(3, 5), at(9, 1)),
        ] {
            assert_eq!(Offset::between(start, element).from(start), element);
        }
    }

    #[test]
    fn every_element_has_its_own_position() {
        let text = r#"{"Version": "1", "Statement": [{"Effect": "Deny", "NotAction": ["a:B",
   "c:D"], "Resource": [ "*", "acs:x:*:*:y"],
  "Condition": {"StringEquals": {"k": ["v", "w"],
      "l": "x"}, "Bool": {"m": "true"}}},
  {"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {"Bool": {"m": "true"}}}]}"#;
        let document = Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document;
        let found: Vec<String> = (document.statements.iter())
            .flat_map(|statement| {
                let conditions = statement.located_conditions();
                let conditions = conditions.flat_map(|one| std::iter::once(one.at()).chain(one.values_at()));
                let elements = statement
                    .actions_at()
                    .chain(statement.resources_at())
                    .chain(conditions);
                elements.map(|at| at.to_string()).collect::<Vec<_>>()
            })
            .collect();
        let wanted = [
            "1:65", "2:4", "2:26", "2:31", "3:34", "3:40", "3:45", "4:7", "4:12", "4:27", "4:32", "5:33",
            "5:52", "5:80", "5:85",
        ];
        assert_eq!(found, wanted);
    }
}
