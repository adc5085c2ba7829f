//! The entries of a comma-separated annotation.

use crate::admission::fields::malformed_annotation::{AnnotationFault, MAX_ENTRIES};

/// Splits a list at its commas and numbers the entries from 1
///
/// ```text
/// "a,b"  -> (1, "a"), (2, "b")
/// "a,,b" -> EmptyEntry(2)
/// ```
///
/// # Errors
///
/// The list has an empty entry, or more than [`MAX_ENTRIES`].
pub(super) fn entries(text: &str) -> Result<Vec<(usize, &str)>, AnnotationFault> {
    if text.split(',').count() > MAX_ENTRIES {
        return Err(AnnotationFault::TooManyEntries);
    }
    let entries: Vec<(usize, &str)> = (1..).zip(text.split(',')).collect();
    match entries.iter().find(|(_, entry)| entry.is_empty()) {
        Some((number, _)) => Err(AnnotationFault::EmptyEntry(*number)),
        None => Ok(entries),
    }
}

/// The name of the end at which a text has a blank; `None` if it has one at neither end
pub(super) fn outer_blank(text: &str, [before, after]: [&'static str; 2]) -> Option<&'static str> {
    if text.starts_with(char::is_whitespace) {
        Some(before)
    } else {
        text.ends_with(char::is_whitespace).then_some(after)
    }
}
