//! A list or object while it is read.

use std::collections::HashMap;

use ram_policy::source::{Fault, Key, Node, Position, Value};

use crate::yaml::Dialect;

/// The most warnings about keys of one text; more say nothing new
const MAX_WARNINGS: usize = 50;

/// A list or object that has not ended
pub(super) struct Collection {
    at: Position,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    /// Entries, and what waits for its value
    Map(Vec<Entry>, Option<Waiting>, Dialect),
}

/// An entry of an object
struct Entry {
    key: Key,
    node: Node,
    /// Whether a merge key brought it
    is_merged: bool,
}

/// What the next value of an object belongs to
enum Waiting {
    Key(Key),
    /// The merge key `<<`: the value's own entries become entries of the object
    Merge,
}

impl Collection {
    pub(super) fn list(at: Position, anchor: usize) -> Self {
        Self {
            at,
            anchor,
            items: Items::List(Vec::new()),
        }
    }

    pub(super) fn map(at: Position, anchor: usize, dialect: Dialect) -> Self {
        Self {
            at,
            anchor,
            items: Items::Map(Vec::new(), None, dialect),
        }
    }

    /// Where it starts
    pub(super) fn at(&self) -> Position {
        self.at
    }

    /// The number of its anchor; 0 if it has none
    pub(super) fn anchor(&self) -> usize {
        self.anchor
    }

    pub(super) fn insert(&mut self, node: Node, is_merge_key: bool) -> Result<(), Fault> {
        match &mut self.items {
            Items::List(items) => items.push(node),
            Items::Map(entries, waiting, dialect) => match waiting.take() {
                None if is_merge_key && *dialect == Dialect::Kubectl => *waiting = Some(Waiting::Merge),
                None => *waiting = Some(Waiting::Key(as_key(node)?)),
                Some(Waiting::Merge) => merge(entries, node)?,
                Some(Waiting::Key(key)) => entries.push(Entry {
                    key,
                    node,
                    is_merged: false,
                }),
            },
        }
        Ok(())
    }

    pub(super) fn into_node(self, warnings: &mut Vec<Fault>) -> Result<Node, Fault> {
        let value = match self.items {
            Items::List(items) => Value::List(items),
            Items::Map(entries, _, Dialect::Configuration) => {
                Value::object(entries.into_iter().map(|entry| (entry.key, entry.node)).collect())?
            }
            Items::Map(entries, _, Dialect::Kubectl) => Value::Map(last_of_each(entries, warnings)),
        };
        Ok(Node { at: self.at, value })
    }
}

/// Adds the entries of a merge key's value: an object, or a list of objects of which the first counts most
fn merge(entries: &mut Vec<Entry>, node: Node) -> Result<(), Fault> {
    let parts = match node.value {
        Value::List(parts) => parts,
        _ => vec![node],
    };
    for part in parts.into_iter().rev() {
        let Value::Map(merged) = part.value else {
            let message = "the value of a merge key `<<` must be an object or a list of objects";
            return Err(Fault::new(part.at, message));
        };
        entries.extend(merged.into_iter().map(|(key, node)| Entry {
            key,
            node,
            is_merged: true,
        }));
    }
    Ok(())
}

/// The last entry of each key, which is the one that kubectl takes, in the order of the first ones
///
/// A merge key replaces entries before it as well, against the YAML specification.
fn last_of_each(entries: Vec<Entry>, warnings: &mut Vec<Fault>) -> Vec<(Key, Node)> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        let known = places.get(&entry.key.text).and_then(|place| kept.get_mut(*place));
        let Some(known) = known else {
            places.insert(entry.key.text.clone(), kept.len());
            kept.push(entry);
            continue;
        };
        if !known.is_merged && warnings.len() < MAX_WARNINGS {
            warnings.push(replaced(known, &entry));
        }
        *known = entry;
    }
    kept.into_iter().map(|entry| (entry.key, entry.node)).collect()
}

fn replaced(known: &Entry, by: &Entry) -> Fault {
    let (name, first) = (&by.key.text, known.key.at);
    if by.is_merged {
        let message = format!(
            "a merge key `<<` brings key `{name}` and replaces the one at {first}: kubectl takes the last one, so put \
             `<<` first"
        );
        return Fault::new(by.key.at, message);
    }
    let message = format!(
        "key `{name}` is given twice in one object, first at {first}: kubectl takes the last one, so remove the other"
    );
    Fault::new(by.key.at, message)
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
