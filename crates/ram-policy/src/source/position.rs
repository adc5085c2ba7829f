//! Positions in a source text, and faults at a position.

use std::fmt;

/// A position in a source text; prints as `LINE:COLUMN`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1
    pub line: u32,
    /// Character in the line, from 1
    pub column: u32,
}

impl Position {
    /// The position of a byte offset in a text
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before
            .bytes()
            .filter(|byte| *byte == b'\n')
            .count()
            .saturating_add(1);
        let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let column = before
            .get(start..)
            .unwrap_or_default()
            .chars()
            .count()
            .saturating_add(1);
        Self {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// An error or a warning about a text, with its position; prints as `LINE:COLUMN: MESSAGE`
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct Fault {
    /// Where the offending key or value starts
    pub at: Position,
    /// What is wrong and how to correct it, in lower case without a full stop
    pub message: String,
}

impl Fault {
    /// A fault at a position
    pub fn new(at: Position, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

/// Checks that bytes are UTF-8.
///
/// # Errors
/// A fault at the first character that is not UTF-8.
pub fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let text = std::str::from_utf8(good).unwrap_or_default();
        Fault::new(Position::of(text, text.len()), "text is not UTF-8 from here on")
    })
}
