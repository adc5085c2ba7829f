//! Code that the fuzz targets share.

use std::path::Path;

use ram_policy::source::Position;
use ram_policy::{Document, DocumentKind, Statement};
use ramgate::testing::config as store;
use ramgate::testing::config::{Configuration, NamedDocument, folder};

/// The documents of the reference example, which use every section of a directory
pub fn reference() -> Vec<NamedDocument> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/examples/reference/config");
    folder::read(Path::new(path)).unwrap()
}

/// The reference example as a configuration
pub fn configuration() -> Configuration {
    store::load(&reference()).unwrap()
}

/// Fails unless a position is in the text, or directly after the end of one of its lines
pub fn lies_inside(at: Position, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // In JSON only line feeds end a line, in YAML also carriage returns
    let as_yaml = text.replace("\r\n", "\n").replace('\r', "\n");
    assert!(has(&text, at) || has(&as_yaml, at), "{at} is not in the text");
}

fn has(text: &str, at: Position) -> bool {
    let line = (at.line as usize)
        .checked_sub(1)
        .and_then(|line| text.split('\n').nth(line));
    line.is_some_and(|line| (1..=line.chars().count() + 1).contains(&(at.column as usize)))
}

/// Fails unless a document is the same after it is printed and read again
pub fn prints_as_read(document: &Document, kind: DocumentKind) {
    let printed = document.to_json();
    let text = printed.to_string();
    let again = Document::parse(text.as_bytes(), kind)
        .unwrap_or_else(|fault| panic!("{fault} in what was printed: {text}"))
        .document;
    assert_eq!(again.to_json(), printed, "printed twice");
    assert_eq!(shape(&again), shape(document), "printed as {text}");
}

/// The whole meaning of a document, without positions and order
fn shape(document: &Document) -> Vec<String> {
    document.statements.iter().map(statement_shape).collect()
}

fn statement_shape(statement: &Statement) -> String {
    let mut parts: Vec<String> = (statement.conditions.iter())
        .map(|condition| {
            format!(
                "{} {} {:?}",
                condition.operator.name(),
                condition.key,
                condition.wanted()
            )
        })
        .collect();
    if let ram_policy::Target::Principals(trusted) = &statement.target {
        parts.extend(trusted.iter().map(|entry| format!("{entry:?}")));
    } else {
        parts.push(format!("{:?}", statement.target));
    }
    parts.sort();
    format!("{:?} {:?} {parts:?}", statement.effect, statement.actions)
}
