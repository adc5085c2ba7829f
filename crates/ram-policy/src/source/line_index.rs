//! From byte offsets to lines and columns, for many positions in one text.

use crate::source::Position;

/// The starts of all lines, and counts of characters, so that no position needs a walk through the text
pub(crate) struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// The number of characters before every [`STEP`]th byte
    counts: Vec<usize>,
}

/// At most this many bytes are counted again for a position; one long line may have thousands of positions
const STEP: usize = 64;

impl<'a> LineIndex<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(after_breaks.map(|(at, _)| at.saturating_add(1)))
            .collect();
        let mut before: usize = 0;
        let mut counts = Vec::new();
        for chunk in text.as_bytes().chunks(STEP) {
            counts.push(before);
            before = before.saturating_add(count_characters(chunk));
        }
        Self { text, starts, counts }
    }

    /// The position of a slice of the text
    pub(crate) fn position(&self, part: &str) -> Position {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|index| self.starts.get(index))
            .copied()
            .unwrap_or(0);
        let column = self
            .characters(offset)
            .saturating_sub(self.characters(start))
            .saturating_add(1);
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    /// The number of characters before a byte
    fn characters(&self, offset: usize) -> usize {
        let step = offset.checked_div(STEP).unwrap_or(0);
        let rest = self.text.as_bytes().get(step.saturating_mul(STEP)..offset);
        let counted = self.counts.get(step).copied().unwrap_or(0);
        counted.saturating_add(count_characters(rest.unwrap_or_default()))
    }
}

/// The number of characters that begin in these bytes of a text
pub(crate) fn count_characters(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .filter(|byte| **byte & 0b1100_0000 != 0b1000_0000)
        .count()
}
