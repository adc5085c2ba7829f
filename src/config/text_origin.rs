//! The place of a document's text in the file that holds it, such as a manifest of a ConfigMap.

use ram_policy::source::{Key, Node, Position};

/// Where the text of a document stands in a file
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextOrigin {
    file: String,
    document: String,
    start: Start,
}

/// The way from a position in the text to one in the file
#[derive(Clone, Debug, PartialEq, Eq)]
enum Start {
    /// A literal block (`|`): each line of the text is a line of the file, after some blanks
    Block { first_line: u32, indent: u32 },
    /// A text in quotes, or one that YAML folds: it stands for its first line
    Value(Position),
}

impl TextOrigin {
    /// The origin of a document that is a string in a file with these lines
    ///
    /// ```text
    /// 5:   P.json: |
    /// 6:     {"Version": "1"}      -> 1:3 in the text is 6:7 in the file
    /// ```
    pub(crate) fn of_string(file: &str, document: &str, lines: &[&str], (key, value): &(Key, Node)) -> Self {
        let start = block(lines, key).unwrap_or(Start::Value(value.at));
        Self {
            file: file.to_owned(),
            document: document.to_owned(),
            start,
        }
    }

    /// The origin of a document that has no text of its own, such as one that is refused
    pub(crate) fn of_value(file: &str, document: &str, at: Position) -> Self {
        Self {
            file: file.to_owned(),
            document: document.to_owned(),
            start: Start::Value(at),
        }
    }

    /// The file
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The document in the file, as `CONFIGMAP/KEY`
    pub(crate) fn document(&self) -> &str {
        &self.document
    }

    /// The position in the file; line 0 of the text stands for the text as a whole
    pub(crate) fn position(&self, at: Position) -> Position {
        match self.start {
            Start::Value(start) => start,
            Start::Block { first_line, indent } => Position {
                line: first_line.saturating_add(at.line.saturating_sub(1)),
                column: indent.saturating_add(at.column.max(1)),
            },
        }
    }
}

/// The start of the text of a key, if that is a literal block
fn block(lines: &[&str], key: &Key) -> Option<Start> {
    let at = usize::try_from(key.at.line).ok()?;
    let header = lines.get(at.checked_sub(1)?)?;
    let before_key = key.at.column.checked_sub(1)?;
    let from_key: String = header.chars().skip(usize::try_from(before_key).ok()?).collect();
    let after_key = from_key
        .trim_start_matches(['"', '\''])
        .strip_prefix(key.text.as_str())?;
    let value = after_key
        .trim_start_matches(['"', '\''])
        .trim_start()
        .strip_prefix(':')?;
    let indicators = value.trim_start().strip_prefix('|')?;
    let indent = match indicators.chars().take(2).find_map(|c| c.to_digit(10)) {
        Some(given) => before_key.saturating_add(given),
        None => blanks(lines.iter().skip(at).find(|line| !line.trim().is_empty())?),
    };
    Some(Start::Block {
        first_line: key.at.line.saturating_add(1),
        indent,
    })
}

/// The number of blanks at the start of a line
fn blanks(line: &str) -> u32 {
    let count = line.chars().take_while(|c| *c == ' ').count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;
    use ram_policy::source::Value;

    /// Where a position in the text of the key `P.json` stands in the file
    fn file_position(text: &str, line: u32, column: u32) -> (u32, u32) {
        let lines: Vec<&str> = text.lines().collect();
        let documents = yaml::parse(text).unwrap();
        let Value::Map(entries) = &documents[0].value else {
            panic!("an object")
        };
        let data = entries[0].1.entries("data").unwrap();
        let entry = data.iter().find(|(key, _)| key.text == "P.json").unwrap();
        let origin = TextOrigin::of_string("f.yaml", "c/P.json", &lines, entry);
        let at = origin.position(Position { line, column });
        (at.line, at.column)
    }

    #[test]
    fn a_line_of_a_literal_block_is_a_line_of_the_file() {
        let text = "data:\n  Q.json: x\n  P.json: |\n    {\n      \"a\": 1\n    }\n";
        assert_eq!(file_position(text, 1, 1), (4, 5));
        assert_eq!(file_position(text, 2, 3), (5, 7));
        let kept = "data:\n  P.json: |+ # why\n\n     {\n     }\n\n";
        assert_eq!(
            file_position(kept, 2, 1),
            (4, 6),
            "a text may begin with empty lines"
        );
        let quoted = "data:\n  'P.json' : |\n      {}\n";
        assert_eq!(file_position(quoted, 1, 1), (3, 7));
        let given = "data:\n  P.json: |2-\n      {}\n";
        assert_eq!(
            file_position(given, 1, 3),
            (3, 7),
            "the text begins with two blanks"
        );
    }

    #[test]
    fn other_texts_stand_for_their_first_line() {
        assert_eq!(file_position("data:\n  P.json: '{}'\n", 1, 2), (2, 11));
        // The parser gives the place of the content of a folded text
        assert_eq!(file_position("data:\n  P.json: >\n    {\n    }\n", 2, 1).0, 3);
        assert_eq!(
            file_position("{\"data\": {\"P.json\": \"{\\n}\"}}", 2, 1),
            (1, 21)
        );
    }

    #[test]
    fn a_document_as_a_whole_is_where_its_text_starts() {
        assert_eq!(file_position("data:\n  P.json: |\n    {}\n", 0, 0), (3, 5));
    }
}
