//! What people write in JSON that is not JSON: comments, a comma too many, and characters from web pages and input
//! methods that look like those of JSON.
//!
//! ```text
//! {"Resource": ["*"],}      a comma before `}`
//! {"Effect": “Allow”}       a typographic quotation mark
//! ```

use std::iter::Peekable;
use std::str::CharIndices;

use crate::source::{Fault, Position};

/// The fault of the first such mistake in a text, if it is what a parser stopped at or lies before that place
pub(super) fn first(text: &str, stopped_at: Position) -> Option<Fault> {
    let (offset, message) = Scanner::new(text).mistake()?;
    let at = Position::of(text, offset);
    (at <= stopped_at).then(|| Fault::new(at, format!("not JSON: {message}")))
}

/// Reads a text character by character; only texts in double quotes are passed over
struct Scanner<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    /// The place of a comma that nothing but blanks follows so far
    comma: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            rest: text.char_indices().peekable(),
            comma: None,
        }
    }

    fn mistake(mut self) -> Option<(usize, String)> {
        while let Some((at, character)) = self.rest.next() {
            match character {
                ' ' | '\t' | '\r' | '\n' => continue,
                '}' | ']' => {
                    if let Some(comma) = self.comma {
                        return Some((comma, format!("a comma before `{character}`: remove it")));
                    }
                }
                '"' => self.pass_over_text(),
                _ => {
                    if let Some(message) = self.message(at, character) {
                        return Some((at, message));
                    }
                }
            }
            self.comma = (character == ',').then_some(at);
        }
        None
    }

    /// Goes behind the closing quotation mark
    fn pass_over_text(&mut self) {
        while let Some((_, character)) = self.rest.next() {
            match character {
                '"' => return,
                '\\' => {
                    self.rest.next();
                }
                _ => {}
            }
        }
    }

    fn message(&self, at: usize, character: char) -> Option<String> {
        let code = u32::from(character);
        match character {
            '/' | '#' => {
                let rest = self.text.get(at..).unwrap_or_default();
                let mark = ["//", "/*", "#"]
                    .into_iter()
                    .find(|mark| rest.starts_with(mark))?;
                Some(format!(
                    "JSON has no comments: remove `{mark}` and the comment behind it"
                ))
            }
            '\'' => Some("a single quotation mark: write `\"`".to_owned()),
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' => Some(format!(
                "a typographic quotation mark `{character}` (U+{code:04X}): write `\"`"
            )),
            '\u{feff}' => Some("a byte order mark (U+FEFF) within the text: remove it".to_owned()),
            '\u{a0}' => Some("a no-break space (U+00A0): write an ordinary space".to_owned()),
            '\u{ff01}'..='\u{ff5e}' => {
                let plain = code.checked_sub(FULL_WIDTH).and_then(char::from_u32)?;
                Some(format!(
                    "a full-width character `{character}` (U+{code:04X}): write `{plain}`"
                ))
            }
            _ if character.is_whitespace() || is_invisible(character) => Some(format!(
                "a blank or invisible character (U+{code:04X}): write an ordinary space, or nothing"
            )),
            _ => None,
        }
    }
}

/// The distance of the full-width forms of ASCII from ASCII
const FULL_WIDTH: u32 = 0xfee0;

/// Zero-width spaces and joiners, and marks of writing direction
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}')
}

#[cfg(test)]
mod tests {
    use crate::source::json::parse;

    fn refused(text: &str) -> (u32, u32, String) {
        let fault = parse(text).unwrap_err();
        (fault.at.line, fault.at.column, fault.message)
    }

    #[test]
    fn the_cause_and_its_place_are_named() {
        for (text, column, words) in [
            ("{\"a\": 1, }", 8, "a comma before `}`"),
            ("[1, 2,\t]", 6, "a comma before `]`"),
            ("{\"a\": 1 // one\n}", 9, "`//`"),
            ("{\"a\": /* one */ 1}", 7, "`/*`"),
            ("# one\n{}", 1, "`#`"),
            ("{\u{a0}\"a\": 1}", 2, "no-break space (U+00A0)"),
            ("{\"a\"：1}", 5, "`：` (U+FF1A): write `:`"),
            ("{\"a\": 1，\"b\": 2}", 8, "`，` (U+FF0C): write `,`"),
            ("{“a”: 1}", 2, "`“` (U+201C): write `\"`"),
            ("{\"a\": ‘x’}", 7, "U+2018"),
            ("{'a': 1}", 2, "a single quotation mark"),
            ("{\u{3000}\"a\": 1}", 2, "U+3000"),
            ("{\"a\": 1\u{200b}}", 8, "U+200B"),
            ("{\u{feff}}", 2, "byte order mark"),
        ] {
            let (_, found, message) = refused(text);
            assert_eq!(found, column, "{text}: {message}");
            assert!(
                message.starts_with("not JSON: ") && message.contains(words),
                "{text}: {message}"
            );
        }
        assert_eq!(refused("{\n\"a\": 1,\n}").0, 2);
    }

    #[test]
    fn texts_and_other_faults_are_left_alone() {
        assert!(parse("{\"a\": \"“//：\u{a0}# ',]\\\" #\"}").is_ok());
        for text in ["{\"a\" 1} // x", "{\"a\": x, \"b\": “c”}", "[", "{\"a\": \"x}"] {
            let (_, _, message) = refused(text);
            let named = ["comment", "typographic", "comma before"];
            assert!(
                !named.iter().any(|word| message.contains(word)),
                "{text}: {message}"
            );
        }
    }
}
