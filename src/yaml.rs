//! YAML with positions: the core schema, without anchors, aliases and tags.
//!
//! Aliases are refused because a few of them can expand to gigabytes, tags because they give a value's type in a second
//! way. JSON is YAML, and read as it is.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use ram_policy::source::{Fault, Key, MAX_DEPTH, Node, Position, Value};

/// Reads all documents of a text; empty ones are left out
///
/// ```text
/// "a: 1\n---\nb: [x]\n"   ->   {a: 1} at 1:1, {b: [x]} at 3:1
/// ```
///
/// # Errors
/// The first fault: text that is not YAML, an alias, an anchor, a tag, a key that is no scalar or is given twice, or a
/// value that is nested too deep
pub fn parse(text: &str) -> Result<Vec<Node>, Fault> {
    // The parser reports what is missing at the end one line below a last line without a line break
    let end = Position::of(text, text.len());
    let mut builder = TreeBuilder::default();
    for step in Parser::new_from_str(text) {
        let (event, span) = step.map_err(|error| {
            let at = position(error.marker()).min(end);
            Fault::new(at, format!("not YAML: {}", error.info()))
        })?;
        builder.add(event, position(&span.start).min(end))?;
    }
    Ok(builder.documents)
}

/// Builds the trees of documents from the parser's events
#[derive(Default)]
struct TreeBuilder {
    documents: Vec<Node>,
    /// The lists and objects that have started and not ended, the outermost first
    open: Vec<Collection>,
}

impl TreeBuilder {
    fn add(&mut self, event: Event<'_>, at: Position) -> Result<(), Fault> {
        check_plain(&event, at)?;
        match event {
            Event::Scalar(text, style, ..) => self.insert(Node {
                at,
                value: scalar(&text, style),
            }),
            Event::SequenceStart(..) => self.start(at, Items::List(Vec::new())),
            Event::MappingStart(..) => self.start(at, Items::Map(Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(collection) => self.insert(collection.into_node()?),
                None => Ok(()),
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Alias(_) => Ok(()),
        }
    }

    fn start(&mut self, at: Position, items: Items) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(Collection { at, items });
        Ok(())
    }

    fn insert(&mut self, node: Node) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(collection) => collection.insert(node)?,
            None if node.value == Value::Null => {}
            None => self.documents.push(node),
        }
        Ok(())
    }
}

/// Refuses aliases, anchors and tags
fn check_plain(event: &Event<'_>, at: Position) -> Result<(), Fault> {
    let (anchor, tag) = match event {
        Event::Alias(_) => {
            return Err(Fault::new(
                at,
                "YAML aliases are not accepted: write the value out",
            ));
        }
        Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(anchor, tag)
        | Event::MappingStart(anchor, tag) => (*anchor, tag),
        _ => return Ok(()),
    };
    if anchor != 0 {
        let message = "YAML anchors are not accepted: write the value out";
        return Err(Fault::new(at, message));
    }
    if tag.is_some() {
        let message = "YAML tags are not accepted: quote the value instead";
        return Err(Fault::new(at, message));
    }
    Ok(())
}

/// A list or object that has not ended
struct Collection {
    at: Position,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    /// Entries, and a key that waits for its value
    Map(Vec<(Key, Node)>, Option<Key>),
}

impl Collection {
    fn insert(&mut self, node: Node) -> Result<(), Fault> {
        match &mut self.items {
            Items::List(items) => items.push(node),
            Items::Map(entries, key) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(as_key(node)?),
            },
        }
        Ok(())
    }

    fn into_node(self) -> Result<Node, Fault> {
        let value = match self.items {
            Items::List(items) => Value::List(items),
            Items::Map(entries, _) => Value::object(entries)?,
        };
        Ok(Node { at: self.at, value })
    }
}

fn as_key(node: Node) -> Result<Key, Fault> {
    let text = match node.value {
        Value::String(text) | Value::Number(text) => text,
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::List(_) | Value::Map(_) => {
            return Err(Fault::new(node.at, "a key must be text"));
        }
    };
    Ok(Key { at: node.at, text })
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number if serde_json::from_str::<serde_json::Number>(number).is_ok() => {
            Value::Number(number.to_owned())
        }
        words => Value::String(words.to_owned()),
    }
}

fn position(marker: &Marker) -> Position {
    Position {
        line: u32::try_from(marker.line()).unwrap_or(u32::MAX),
        column: u32::try_from(marker.col().saturating_add(1)).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (u32, u32, String) {
        let fault = parse(text).unwrap_err();
        (fault.at.line, fault.at.column, fault.message)
    }

    #[test]
    fn documents_keep_their_positions_and_types() {
        let documents = parse("a: 1\nb: [x, \"2\", true]\n---\n---\nc: ~\n").unwrap();
        assert_eq!(documents.len(), 2);
        let Value::Map(entries) = &documents[0].value else {
            panic!()
        };
        assert_eq!(entries[0].1.value, Value::Number("1".into()));
        assert_eq!(entries[1].0.at, Position { line: 2, column: 1 });
        let Value::List(items) = &entries[1].1.value else {
            panic!()
        };
        assert_eq!(
            items[0],
            Node {
                at: Position { line: 2, column: 5 },
                value: Value::String("x".into())
            }
        );
        assert_eq!(items[1].value, Value::String("2".into()));
        assert_eq!(items[2].value, Value::Bool(true));
    }

    #[test]
    fn aliases_tags_and_duplicate_keys_are_refused() {
        assert!(refused("a: &x [1]\nb: *x").2.contains("anchors"));
        assert_eq!(refused("a: 1\nb: *x").0, 2);
        assert!(refused("a: !!str 1").2.contains("tags"));
        assert_eq!(
            refused("a: 1\nb: 2\na: 3"),
            (3, 1, "key `a` is given twice in one object, first at 1:1".into())
        );
        assert!(refused("[a]: 1").2.contains("key must be text"));
        assert!(refused("a: [1").2.starts_with("not YAML"));
        // A position is always within the text
        assert_eq!((refused("a: {b: c?").0, refused("a: {b: c?\n").0), (1, 2));
        assert_eq!(refused(" ?\n "), (2, 2, "a key must be text".into()));
        assert!(refused(&"- ".repeat(MAX_DEPTH + 1)).2.contains("nested deeper"));
        assert!(refused(&"[".repeat(100_000)).2.starts_with("n"));
    }
}

#[cfg(test)]
mod read {
    use super::*;
    use ram_policy::source::json;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Sample {
        name: String,
        #[serde(default)]
        whole: Option<Node>,
        #[serde(default)]
        many: std::collections::BTreeMap<String, Node>,
        #[serde(default)]
        numbers: Vec<u16>,
    }

    fn refused(text: &str) -> (u32, u32, String) {
        let fault = parse(text).unwrap()[0].read::<Sample>().unwrap_err();
        (fault.at.line, fault.at.column, fault.message)
    }

    #[test]
    fn a_node_field_keeps_the_tree_and_its_positions() {
        let text = r#"{"name": "n", "whole": {"a": [1, null, {"b": true}]}, "many": {"P": "x"}}"#;
        let tree = json::parse(text).unwrap();
        let sample: Sample = tree.read().unwrap();
        let Value::Map(entries) = &tree.value else {
            panic!()
        };
        assert_eq!(sample.whole.as_ref(), Some(&entries[1].1));
        assert_eq!(sample.many["P"].at, Position { line: 1, column: 69 });
        assert_eq!((sample.name.as_str(), sample.numbers.len()), ("n", 0));
    }

    #[test]
    fn errors_point_at_the_innermost_value() {
        assert_eq!(refused("name: n\nnumbers: [1,\n  70000]").0, 3);
        assert_eq!(
            (refused("name: n\n\nnmae: x").0, refused("name: n\n\nnmae: x").1),
            (3, 1)
        );
        assert_eq!(refused("name: 5").1, 7);
        assert!(refused("numbers: []").2.contains("missing field `name`"));
    }

    #[test]
    fn wrong_shapes_are_named_in_terms_of_the_text() {
        assert_eq!(refused("[n]"), (1, 1, "expected an object, found a list".into()));
        assert_eq!(
            refused("{name: n, numbers: x}"),
            (1, 20, "expected a list, found `x`".into())
        );
        let flag = parse("perhaps").unwrap()[0].read::<bool>().unwrap_err();
        assert_eq!(flag.message, "expected `true` or `false`, found `perhaps`");
        let count = parse("-1").unwrap()[0].read::<usize>().unwrap_err();
        assert_eq!(count.message, "expected a whole number from 0, found `-1`");
    }
}
