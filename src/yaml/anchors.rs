//! Anchors of a document, and the copies that aliases make of their values.

use std::collections::HashMap;

use ram_policy::source::{Fault, MAX_DEPTH, Node, Position, Value};

use crate::yaml::too_deep;

/// The bytes that anchors and aliases may copy in one text: some objects of the largest size that an API server stores.
/// A few nested aliases stand for gigabytes
const MAX_COPIED: usize = 16 * 1024 * 1024;

/// The anchors of one document, and what was copied so far in the whole text
#[derive(Default)]
pub(super) struct Anchors {
    values: HashMap<usize, Anchored>,
    copied: usize,
}

struct Anchored {
    node: Node,
    size: Size,
}

/// The extent of a tree
#[derive(Clone, Copy, Default)]
struct Size {
    /// About the bytes that it takes in memory
    bytes: usize,
    /// The levels of lists and objects in it
    depth: usize,
}

impl Anchors {
    /// Keeps the value of an anchor
    pub(super) fn keep(&mut self, anchor: usize, node: &Node) -> Result<(), Fault> {
        let size = size(node);
        self.spend(size.bytes, node.at)?;
        let node = node.clone();
        self.values.insert(anchor, Anchored { node, size });
        Ok(())
    }

    /// A copy of the value of an anchor, for an alias with so many open lists and objects around it
    pub(super) fn copy(&mut self, anchor: usize, at: Position, depth: usize) -> Result<Node, Fault> {
        let Some(anchored) = self.values.get(&anchor) else {
            let message =
                "this alias has no value: its anchor is in another document, or around the alias itself";
            return Err(Fault::new(at, message));
        };
        let size = anchored.size;
        if depth.saturating_add(size.depth) > MAX_DEPTH {
            return Err(too_deep(at));
        }
        let node = anchored.node.clone();
        self.spend(size.bytes, at)?;
        Ok(node)
    }

    /// Forgets all anchors: they hold within one document
    pub(super) fn forget(&mut self) {
        self.values.clear();
    }

    fn spend(&mut self, bytes: usize, at: Position) -> Result<(), Fault> {
        self.copied = self.copied.saturating_add(bytes);
        if self.copied > MAX_COPIED {
            let message =
                format!("anchors and aliases stand for more than {MAX_COPIED} bytes: write the values out");
            return Err(Fault::new(at, message));
        }
        Ok(())
    }
}

/// The extent of a tree; its depth is limited, as every tree's is
fn size(node: &Node) -> Size {
    let own = size_of::<Node>();
    let within = |parts: &mut dyn Iterator<Item = (usize, Size)>| {
        parts.fold(Size::default(), |sum, (key, part)| Size {
            bytes: sum.bytes.saturating_add(part.bytes).saturating_add(key),
            depth: sum.depth.max(part.depth),
        })
    };
    let deeper = |inner: Size| Size {
        bytes: inner.bytes.saturating_add(own),
        depth: inner.depth.saturating_add(1),
    };
    match &node.value {
        Value::Null | Value::Bool(_) => Size { bytes: own, depth: 0 },
        Value::Number(text) | Value::String(text) => Size {
            bytes: own.saturating_add(text.len()),
            depth: 0,
        },
        Value::List(items) => deeper(within(&mut items.iter().map(|item| (0, size(item))))),
        Value::Map(entries) => deeper(within(
            &mut entries
                .iter()
                .map(|(key, item)| (key.text.len().saturating_add(own), size(item))),
        )),
    }
}
