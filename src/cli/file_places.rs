//! The true file and line of findings in documents that are part of a larger file.

use std::collections::HashMap;

use crate::analysis::lint::Warning;
use crate::config::{LocatedFault, NamedDocument};
use ram_policy::source::Position;

/// The documents of a configuration by their names, for the places of findings
pub(super) struct FilePlaces<'a> {
    by_name: HashMap<&'a str, &'a NamedDocument>,
}

impl<'a> FilePlaces<'a> {
    pub(super) fn new(documents: &'a [NamedDocument]) -> Self {
        let by_name = documents.iter().map(|named| (named.name.as_str(), named));
        Self {
            by_name: by_name.collect(),
        }
    }

    /// The fault with the file and the line in it; a document within the file is named in the message
    ///
    /// ```text
    /// rules.yaml[people/x]:1:1: no such group   ->   rules.yaml:7:5: people/x: no such group
    /// ```
    pub(super) fn fault(&self, mut fault: LocatedFault) -> LocatedFault {
        let (document, at, message) = (&mut fault.document, &mut fault.fault.at, &mut fault.fault.message);
        self.relocate(document, at, message);
        fault
    }

    /// The warning with the file and the line in it, as [`FilePlaces::fault`] does
    pub(super) fn warning(&self, mut warning: Warning) -> Warning {
        self.relocate(&mut warning.document, &mut warning.at, &mut warning.message);
        warning
    }

    fn relocate(&self, document: &mut String, at: &mut Position, message: &mut String) {
        let named = self.by_name.get(document.as_str());
        let Some(origin) = named.and_then(|named| named.origin.as_ref()) else {
            return;
        };
        *message = format!("{}: {message}", origin.document());
        *at = origin.position(*at);
        *document = origin.file().to_owned();
    }
}

/// The file and the position in it, of a position in a document
pub(super) fn in_file(named: &NamedDocument, at: Position) -> (String, Position) {
    match &named.origin {
        Some(origin) => (origin.file().to_owned(), origin.position(at)),
        None => (named.name.clone(), at),
    }
}
