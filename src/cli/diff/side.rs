//! The two sides that are compared, each with its documents and its configuration.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::cli::command_error::CommandError;
use crate::cli::configuration;
use crate::cli::file_places::in_file;
use crate::cli::report::Place;
use crate::config::{Configuration, LocatedFault, NamedDocument, ParsedDocument};
use crate::import::opaque::OpaqueChange;
use ram_policy::StatementId;

/// The two sides of a comparison
pub(super) struct Sides {
    pub(super) old: Side,
    pub(super) new: Side,
    /// Grants of policies that could not be compared by what they allow
    pub(super) opaque: Vec<OpaqueChange>,
    pub(super) is_terraform: bool,
}

/// One side of a comparison
pub(super) struct Side {
    /// The documents in files; none if the configuration comes from Terraform
    documents: Vec<NamedDocument>,
    /// Where each policy is among them
    policies: HashMap<Arc<str>, usize>,
    pub(super) configuration: Configuration,
}

impl From<Configuration> for Side {
    fn from(configuration: Configuration) -> Self {
        Self {
            documents: Vec::new(),
            policies: HashMap::new(),
            configuration,
        }
    }
}

impl Side {
    /// Reads a folder; `label` (`OLD` or `NEW`) starts the message of each of its faults
    ///
    /// # Errors
    ///
    /// The directory cannot be read.
    pub(super) fn load(label: &str, path: &Path) -> Result<Result<Self, Vec<LocatedFault>>, CommandError> {
        let documents = configuration::documents(path)?;
        match configuration::load_documents(&documents) {
            Ok(configuration) => Ok(Ok(Self {
                policies: positions(&documents),
                documents,
                configuration,
            })),
            Err(CommandError::Invalid(mut faults)) => {
                for fault in &mut faults {
                    fault.fault.message = format!("{label}: {}", fault.fault.message);
                }
                Ok(Err(faults))
            }
            Err(error) => Err(error),
        }
    }

    /// Where a statement is written; `None` for one of a policy that ramgate knows itself, or of a trust policy
    pub(super) fn place(&self, statement: &StatementId) -> Option<Place> {
        let at = self.policies.get(&*statement.policy)?;
        let named = self.documents.get(*at)?;
        let ParsedDocument::Policy(policy) = &named.document else {
            return None;
        };
        let index = statement.number.checked_sub(1)?;
        let (file, at) = in_file(named, policy.document.statements.get(index)?.at);
        Some(Place::new(&file, at))
    }
}

/// Where each policy is; names differ, or the documents make no configuration
fn positions(documents: &[NamedDocument]) -> HashMap<Arc<str>, usize> {
    let numbered = documents.iter().zip(0..);
    let policies = numbered.filter_map(|(named, at)| match &named.document {
        ParsedDocument::Policy(policy) => Some((Arc::clone(&policy.name), at)),
        ParsedDocument::Directory(_) | ParsedDocument::Broken(_) => None,
    });
    policies.collect()
}
