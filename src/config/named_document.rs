//! A document with the name that messages show.

use crate::config::configuration::Configuration;
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::merge::merge_after;
use crate::config::parsed_document::ParsedDocument;
use crate::config::text_origin::TextOrigin;

/// A document with its name: `CONFIGMAP/KEY`, the path of a file, or `PATH[CONFIGMAP/KEY]` for a manifest
#[derive(Clone, Debug)]
pub struct NamedDocument {
    /// The name that messages show
    pub name: String,
    /// The document
    pub document: ParsedDocument,
    /// The place of its text, if a manifest holds it
    pub(crate) origin: Option<Box<TextOrigin>>,
}

impl NamedDocument {
    /// A document with a name
    pub fn new(name: impl Into<String>, document: ParsedDocument) -> Self {
        Self {
            name: name.into(),
            document,
            origin: None,
        }
    }

    /// The same document with the place of its text
    pub(crate) fn with_origin(self, origin: TextOrigin) -> Self {
        Self {
            origin: Some(Box::new(origin)),
            ..self
        }
    }

    /// The faults of the document by itself
    pub(crate) fn faults(&self) -> impl Iterator<Item = LocatedFault> {
        let faults = self.document.faults().iter().cloned();
        faults.map(|fault| LocatedFault::new(&self.name, fault, FaultClass::Document))
    }
}

/// Merges documents, in their order, into a configuration
///
/// # Errors
/// Every fault in the documents or between them
pub fn load<'a>(
    documents: impl IntoIterator<Item = &'a NamedDocument> + Clone,
) -> Result<Configuration, Vec<LocatedFault>> {
    load_after(documents, None)
}

/// The same after an earlier configuration, which may share documents with this one
///
/// # Errors
/// As for [`load`]
pub(crate) fn load_after<'a>(
    documents: impl IntoIterator<Item = &'a NamedDocument> + Clone,
    earlier: Option<&Configuration>,
) -> Result<Configuration, Vec<LocatedFault>> {
    let documents: Vec<(&str, &ParsedDocument)> = documents
        .into_iter()
        .map(|named| (named.name.as_str(), &named.document))
        .collect();
    merge_after(documents.iter().copied(), earlier)
}
