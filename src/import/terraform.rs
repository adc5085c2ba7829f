//! Reads the output of `terraform show -json`, of a state or of a plan.
//!
//! It holds what Terraform manages, not the account: a user has the grants that are in it and perhaps others. It also holds
//! secrets in plain text. Only attributes of RAM's resources are read, and no message has a value but a name in it.

mod resources;
mod values;

use crate::config::LocatedFault;
use crate::import::faults::{Faults, Place};
use crate::import::ram_data::{RamData, Source};
use crate::import::terraform::resources::Reader;
use crate::import::terraform::values::resources;
use crate::import::wire;
use ram_policy::source::{Node, Value};

/// What the caller knows and Terraform does not
#[derive(Clone, Debug, Default)]
pub struct TerraformSettings {
    /// The account's number
    pub account: Option<String>,
    /// The folders above the account in the resource directory, from the root down
    pub folders: Vec<String>,
}

/// Whether a text is the output of `terraform show -json`, rather than a document of ramgate's
pub(crate) fn is_terraform(bytes: &[u8]) -> bool {
    let top = |node: &Node| matches!(&node.value, Value::Map(entries) if entries.iter().any(|(key, _)| key.text == "format_version"));
    wire::parse(bytes).is_ok_and(|node| top(&node))
}

/// Reads a file
///
/// # Errors
/// Everything that is malformed, or that the plan does not know yet
pub fn read(file: &str, bytes: &[u8], settings: &TerraformSettings) -> Result<RamData, Vec<LocatedFault>> {
    let mut faults = Faults::default();
    let mut data = RamData::new(Source::Terraform);
    data.account.clone_from(&settings.account);
    let Some(node) = faults.handle(file, wire::parse(bytes)) else {
        return faults.finish(data);
    };
    let Some(found) = faults.handle(file, resources(&node)) else {
        return faults.finish(data);
    };
    let mut reader = Reader {
        data,
        faults,
        file,
        folders: &settings.folders,
    };
    reader.read(&found);
    reader.faults.finish(reader.data)
}

/// The place of a node in the one file
fn place(file: &str, node: &Node) -> Place {
    Place::new(file, node.at)
}

#[cfg(test)]
mod tests;
