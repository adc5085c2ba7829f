//! Clips texts of requests to a length that a log line can hold.
//!
//! A client can choose names of any length. The length counts as it is in the line, so that escaping makes nothing longer.

use std::borrow::Cow;

/// Names of Kubernetes are up to 253 bytes
pub(super) const NAME: usize = 256;

/// A message is up to a thousand bytes
pub(super) const TEXT: usize = 1024;

/// Shows that the rest is missing
const MARK: char = '…';

/// The text, clipped so that with the mark it takes at most `longest` bytes in a line of JSON
///
/// ```text
/// clipped("deployment", 13) -> deployment
/// clipped("deployment", 9)  -> deploy…
/// ```
pub(super) fn clipped(text: &str, longest: usize) -> Cow<'_, str> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.len() <= longest.saturating_sub(MARK.len_utf8()) && text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut room = longest.saturating_sub(MARK.len_utf8());
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        match room.checked_sub(escaped(c)) {
            Some(left) => room = left,
            None => {
                end = at;
                break;
            }
        }
    }
    match text.get(..end) {
        Some(start) if end < text.len() => Cow::Owned(format!("{start}{MARK}")),
        _ => Cow::Borrowed(text),
    }
}

/// The bytes that a character takes in a JSON string
fn escaped(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        c if c.is_control() => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_itself() {
        for text in ["", "a", &"a".repeat(253)] {
            assert_eq!(clipped(text, NAME), text);
        }
    }

    #[test]
    fn no_text_is_longer_in_the_line() {
        for part in ["a", "ä", "\u{1}", "\"", "\\", "\n", "a\u{7f}"] {
            let long = part.repeat(100_000);
            let cut = clipped(&long, NAME);
            let line = serde_json::to_string(&*cut).unwrap();
            // With its quotes
            assert!(
                line.len() <= NAME + 2 && cut.ends_with(MARK),
                "{part:?}: {}",
                line.len()
            );
        }
    }
}
