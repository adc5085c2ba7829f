//! A document that was read, under the name that messages show.

use crate::config::directory::{Configuration, FaultClass, LocatedFault, ParsedDocument, merge};

/// A document under its name: `CONFIGMAP/KEY`, or the path of a file
#[derive(Clone, Debug)]
pub struct NamedDocument {
    /// The name that messages show
    pub name: String,
    /// What was read
    pub document: ParsedDocument,
}

impl NamedDocument {
    /// A document under its name
    pub fn new(name: impl Into<String>, document: ParsedDocument) -> Self {
        Self {
            name: name.into(),
            document,
        }
    }

    /// Everything that is wrong with the document itself
    pub fn faults(&self) -> impl Iterator<Item = LocatedFault> {
        let faults = self.document.faults().iter().cloned();
        faults.map(|fault| LocatedFault::new(&self.name, fault, FaultClass::Document))
    }

    /// What the document may say but probably does not mean
    pub fn warnings(&self) -> impl Iterator<Item = LocatedFault> {
        let warnings = self.document.warnings().iter().cloned();
        warnings.map(|doubt| LocatedFault::new(&self.name, doubt.fault, FaultClass::Document))
    }
}

/// Makes one configuration of documents in the order in which they count
///
/// # Errors
/// Everything that is wrong in the documents or between them
pub fn load<'a>(
    documents: impl IntoIterator<Item = &'a NamedDocument> + Clone,
) -> Result<Configuration, Vec<LocatedFault>> {
    let documents: Vec<(&str, &ParsedDocument)> = documents
        .into_iter()
        .map(|named| (named.name.as_str(), &named.document))
        .collect();
    merge(documents.iter().copied())
}
