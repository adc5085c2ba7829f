//! A document that was read, under the name that messages show.

use crate::config::directory::Configuration;
use crate::config::directory::FaultClass;
use crate::config::directory::LocatedFault;
use crate::config::directory::Piece;
use crate::config::directory::merge;

/// A document under its name: `CONFIGMAP/KEY`, or the path of a file
#[derive(Clone, Debug)]
pub struct NamedPiece {
    /// The name that messages show
    pub name: String,
    /// What was read
    pub piece: Piece,
}

impl NamedPiece {
    /// A document under its name
    pub fn new(name: impl Into<String>, piece: Piece) -> Self {
        Self {
            name: name.into(),
            piece,
        }
    }

    /// Everything that is wrong with the document itself
    pub fn faults(&self) -> impl Iterator<Item = LocatedFault> {
        let faults = self.piece.faults().iter().cloned();
        faults.map(|fault| LocatedFault::new(&self.name, fault, FaultClass::Document))
    }

    /// What the document may say but probably does not mean
    pub fn warnings(&self) -> impl Iterator<Item = LocatedFault> {
        let warnings = self.piece.warnings().iter().cloned();
        warnings.map(|doubt| LocatedFault::new(&self.name, doubt.fault, FaultClass::Document))
    }
}

/// Makes one configuration of documents in the order in which they count
///
/// # Errors
/// Everything that is wrong in the documents or between them
pub fn load<'a>(
    pieces: impl IntoIterator<Item = &'a NamedPiece> + Clone,
) -> Result<Configuration, Vec<LocatedFault>> {
    let documents: Vec<(&str, &Piece)> = pieces
        .into_iter()
        .map(|named| (named.name.as_str(), &named.piece))
        .collect();
    merge(documents.iter().copied())
}
