//! YAML with positions, in two dialects: configuration is strict, and manifests are read as kubectl reads them.
//!
//! | | configuration | manifests |
//! | --- | --- | --- |
//! | anchors, aliases, merge keys, tags | refused | read; copies are limited |
//! | a key given twice | refused | the last one counts, with a warning |
//! | `yes`, `on`, `0x1F` | text | a boolean and a number, as in YAML 1.1 |
//!
//! In configuration, aliases are refused because a text must say in one place what it means, and tags because they give a
//! value's type in a second way. JSON is YAML, and read as it is.

mod anchors;
mod collection;
mod scalar;

use saphyr_parser::{Event, Marker, Parser, Tag};

use crate::yaml::anchors::Anchors;
use crate::yaml::collection::Collection;
use crate::yaml::scalar::{kubectl_scalar, plain_scalar};
use ram_policy::source::{Fault, MAX_DEPTH, Node, Position, Value};

/// The way in which a text is read
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// The core schema, without anchors, aliases, tags and repeated keys
    Configuration,
    /// As kubectl reads manifests
    Kubectl,
}

/// The documents of a text, and what kubectl takes though it is doubtful
#[derive(Debug, PartialEq)]
pub struct Manifests {
    /// The documents; empty ones are left out
    pub documents: Vec<Node>,
    /// A warning for each key that another one replaces
    pub warnings: Vec<Fault>,
}

/// Reads all documents of a configuration text; empty ones are left out
///
/// ```text
/// "a: 1\n---\nb: [x]\n"   ->   {a: 1} at 1:1, {b: [x]} at 3:1
/// ```
///
/// # Errors
/// The first fault: text that is not YAML, an alias, an anchor, a tag, a key that is no scalar or is given twice, or a
/// value that is nested too deep
pub fn parse(text: &str) -> Result<Vec<Node>, Fault> {
    Ok(read(text, Dialect::Configuration)?.documents)
}

/// Reads all documents of a text as kubectl does
///
/// # Errors
/// The first fault: text that is not YAML, an alias of itself, aliases that copy too much, a value that JSON does not have,
/// or one that is nested too deep
pub fn parse_manifests(text: &str) -> Result<Manifests, Fault> {
    // Editors on Windows write a byte order mark
    read(text.strip_prefix('\u{feff}').unwrap_or(text), Dialect::Kubectl)
}

fn read(text: &str, dialect: Dialect) -> Result<Manifests, Fault> {
    // The parser reports what is missing at the end one line below a last line without a line break
    let end = Position::of(text, text.len());
    let mut builder = TreeBuilder::new(dialect);
    for step in Parser::new_from_str(text) {
        let (event, span) = step.map_err(|error| {
            let at = position(error.marker()).min(end);
            Fault::new(at, format!("not YAML: {}", error.info()))
        })?;
        builder.add(event, position(&span.start).min(end))?;
    }
    Ok(builder.read)
}

/// Builds the trees of documents from the parser's events
struct TreeBuilder {
    dialect: Dialect,
    read: Manifests,
    /// The lists and objects that have started and not ended, the outermost first
    open: Vec<Collection>,
    anchors: Anchors,
}

impl TreeBuilder {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            read: Manifests {
                documents: Vec::new(),
                warnings: Vec::new(),
            },
            open: Vec::new(),
            anchors: Anchors::default(),
        }
    }

    fn add(&mut self, event: Event<'_>, at: Position) -> Result<(), Fault> {
        if self.dialect == Dialect::Configuration {
            check_plain(&event, at)?;
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = match self.dialect {
                    Dialect::Configuration => plain_scalar(&text, style),
                    Dialect::Kubectl => {
                        kubectl_scalar(&text, style, tag.as_deref()).map_err(|fault| Fault::new(at, fault))?
                    }
                };
                let is_merge_key = scalar::is_merge_key(&text, style, tag.as_deref());
                self.insert(Node { at, value }, anchor, is_merge_key)
            }
            Event::SequenceStart(anchor, _) => self.start(Collection::list(at, anchor)),
            Event::MappingStart(anchor, _) => self.start(Collection::map(at, anchor, self.dialect)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(collection) => {
                    let anchor = collection.anchor();
                    let node = collection.into_node(&mut self.read.warnings)?;
                    self.insert(node, anchor, false)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let node = self.anchors.copy(anchor, at, self.open.len())?;
                self.insert(node, 0, false)
            }
            Event::DocumentEnd => {
                self.anchors.forget();
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
        }
    }

    fn start(&mut self, collection: Collection) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(collection.at()));
        }
        self.open.push(collection);
        Ok(())
    }

    fn insert(&mut self, node: Node, anchor: usize, is_merge_key: bool) -> Result<(), Fault> {
        if anchor != 0 {
            self.anchors.keep(anchor, &node)?;
        }
        match self.open.last_mut() {
            Some(collection) => collection.insert(node, is_merge_key)?,
            None if node.value == Value::Null => {}
            None => self.read.documents.push(node),
        }
        Ok(())
    }
}

fn too_deep(at: Position) -> Fault {
    Fault::new(at, format!("nested deeper than {MAX_DEPTH} levels"))
}

/// Refuses aliases, anchors and tags
fn check_plain(event: &Event<'_>, at: Position) -> Result<(), Fault> {
    let (anchor, tag): (usize, Option<&Tag>) = match event {
        Event::Alias(_) => {
            return Err(Fault::new(
                at,
                "YAML aliases are not accepted: write the value out",
            ));
        }
        Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(anchor, tag)
        | Event::MappingStart(anchor, tag) => (*anchor, tag.as_deref()),
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
mod manifests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn read_one(text: &str) -> Json {
        let read = parse_manifests(text).unwrap();
        assert_eq!(read.documents.len(), 1, "{text}");
        read.documents[0].to_json()
    }

    fn refused(text: &str) -> String {
        parse_manifests(text).unwrap_err().to_string()
    }

    fn warnings(text: &str) -> Vec<String> {
        let warnings = parse_manifests(text).unwrap().warnings;
        warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn aliases_stand_for_their_anchors() {
        assert_eq!(
            read_one("a: &x {k: [1, two]}\nb: *x\nc: [*x]"),
            json!({"a": {"k": [1, "two"]}, "b": {"k": [1, "two"]}, "c": [{"k": [1, "two"]}]})
        );
        assert_eq!(read_one("a: &x k\n*x : 1"), json!({"a": "k", "k": 1}));
        // A later anchor of the same name replaces the first; a new document knows neither
        assert_eq!(read_one("a: &x 1\nb: &x 2\nc: *x")["c"], 2);
        let message =
            "this alias has no value: its anchor is in another document, or around the alias itself";
        assert_eq!(refused("a: &x 1\n---\nb: *x"), format!("3:4: {message}"));
        assert_eq!(refused("a: &x [*x]"), format!("1:8: {message}"));
        assert!(refused("a: *x").contains("unknown anchor"));
    }

    #[test]
    fn a_copied_value_keeps_the_position_where_it_is_written() {
        let read = parse_manifests("a: &x\n  k: v\nb: *x").unwrap();
        let entries = read.documents[0].entries("it").unwrap();
        assert_eq!(entries[1].1, entries[0].1);
        assert_eq!(
            entries[1].1.entries("it").unwrap()[0].1.at,
            Position { line: 2, column: 6 }
        );
    }

    #[test]
    fn merge_keys_count_where_they_stand() {
        let base = "x: &x {a: 1, b: 2}\nz: &z {a: 7, c: 3}\n";
        for (object, wanted) in [
            ("{<<: *x, a: 9}", json!({"a": 9, "b": 2})),
            // Against the specification, but so does kubectl
            ("{a: 9, <<: *x}", json!({"a": 1, "b": 2})),
            ("{<<: [*x, *z]}", json!({"a": 1, "b": 2, "c": 3})),
            ("{<<: {a: 4}, d: 5}", json!({"a": 4, "d": 5})),
            ("{\"<<\": 1}", json!({"<<": 1})),
        ] {
            assert_eq!(read_one(&format!("{base}o: {object}"))["o"], wanted, "{object}");
        }
        assert!(refused("a: {<<: 1}").contains("must be an object or a list of objects"));
        assert_eq!(warnings("x: &x {a: 1}\no: {<<: *x, a: 2}"), [""; 0]);
        assert_eq!(
            warnings("x: &x {a: 1}\no: {a: 2, <<: *x}"),
            [
                "1:8: a merge key `<<` brings key `a` and replaces the one at 2:5: kubectl takes the last one, so put `<<` first"
            ]
        );
    }

    #[test]
    fn the_last_of_two_equal_keys_counts_and_both_are_named() {
        assert_eq!(read_one("a: 1\nb: 2\na: 3"), json!({"a": 3, "b": 2}));
        assert_eq!(
            warnings("a: 1\nb: 2\na: 3"),
            [
                "3:1: key `a` is given twice in one object, first at 1:1: kubectl takes the last one, so remove the other"
            ]
        );
        assert_eq!(read_one(r#"{"a": 1, "\u0061": 2}"#), json!({"a": 2}));
        // Keys are text, whatever they look like
        assert_eq!(
            read_one("on: 1\n0x10: 2\n1.50: 3"),
            json!({"true": 1, "16": 2, "1.5": 3})
        );
        assert!(refused("~: 1").contains("a key must be text"));
        let many = "a: 1\n".repeat(100);
        assert_eq!(warnings(&many).len(), 50);
    }

    #[test]
    fn scalars_follow_yaml_1_1() {
        let values = [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("n", json!(false)),
            ("~", Json::Null),
            ("0777", json!(511)),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("-0o17", json!(-15)),
            ("+12", json!(12)),
            ("1_000", json!(1000)),
            ("08", json!(8)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("-9223372036854775808", json!(i64::MIN)),
            (
                "123456789012345678901234567890",
                json!(1.234_567_890_123_456_8e29),
            ),
            (".5", json!(0.5)),
            ("1.", json!(1)),
            ("1e3", json!(1000)),
            ("2001-01-01", json!("2001-01-01")),
            ("12:30", json!("12:30")),
            ("0x", json!("0x")),
            ("1e", json!("1e")),
            ("+-1", json!("+-1")),
            ("1e400", json!("1e400")),
            ("1.2.3", json!("1.2.3")),
            ("'yes'", json!("yes")),
            ("!!str 1", json!("1")),
            ("!!int \"3\"", json!(3)),
            ("!!float 3", json!(3)),
            ("!!bool 'true'", json!(true)),
            ("!!binary aGk=", json!("hi")),
            ("!other x", json!("x")),
        ];
        for (text, wanted) in values {
            assert_eq!(read_one(&format!("v: {text}"))["v"], wanted, "{text}");
        }
        for text in ["!!int x", "!!bool 1", "!!binary =", ".inf", "!!int 1.5"] {
            assert!(parse_manifests(&format!("v: {text}")).is_err(), "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_empty_documents_are_passed_over() {
        assert_eq!(
            read_one("\u{feff}---\n# nothing\n---\na: 1\n---\n"),
            json!({"a": 1})
        );
    }

    #[test]
    fn aliases_cannot_blow_a_text_up() {
        // Nine levels of nine stand for 387 million values
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let items = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        assert!(refused(&bomb).contains("anchors and aliases stand for more than 16777216 bytes"));
        let mut merged = "a0: &a0 {k: v}\n".to_owned();
        for level in 1..80 {
            let last = level - 1;
            merged.push_str(&format!("a{level}: &a{level} {{x: *a{last}, y: *a{last}}}\n"));
        }
        assert!(refused(&merged).contains("anchors and aliases stand for more"));
        // Within the limit: one value of a megabyte, kept once and copied so often
        let text = |copies: usize| {
            let long = "x".repeat(1024 * 1024);
            format!("a: &a {long}\nb: [{}]", vec!["*a"; copies].join(", "))
        };
        assert!(parse_manifests(&text(14)).is_ok());
        assert!(refused(&text(15)).contains("anchors and aliases stand for more"));
    }

    #[test]
    fn aliases_do_not_nest_deeper_than_the_text_may() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let text = |levels: usize| {
            format!(
                "a: &a {}\nb: {}*a{}",
                nested(levels),
                "[".repeat(13),
                "]".repeat(13)
            )
        };
        // The object, thirteen lists, and the copy
        assert!(parse_manifests(&text(MAX_DEPTH - 14)).is_ok());
        assert!(refused(&text(MAX_DEPTH - 13)).contains("nested deeper"));
    }

    #[test]
    fn configuration_stays_strict() {
        for text in [
            "a: &x 1",
            "a: !!str 1",
            "a: 1\na: 2",
            "x: {<<: {a: 1}, <<: {a: 1}}",
        ] {
            assert!(parse(text).is_err(), "{text}");
            assert!(parse_manifests(text).is_ok(), "{text}");
        }
        assert_eq!(parse("a: yes").unwrap()[0].to_json(), json!({"a": "yes"}));
        assert_eq!(parse("<<: {a: 1}").unwrap()[0].to_json(), json!({"<<": {"a": 1}}));
    }
}

#[cfg(test)]
mod read_types {
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
