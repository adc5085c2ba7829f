//! An entry of the section `resourceGroups`.

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules;
use eci_calls::ResourceGroup;
use ram_policy::source::Node;

/// A resource group of the account
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceGroupEntry {
    pub(crate) id: LocatedText,
    pub(crate) name: Option<LocatedText>,
    #[serde(default)]
    pub(crate) default: bool,
}

/// Reads an entry of `resourceGroups`
///
/// # Errors
/// Its shape, its id and its name
pub(crate) fn read(node: &Node) -> Result<ResourceGroupEntry, Faults> {
    let entry: ResourceGroupEntry = node.read()?;
    let mut faults = Faults::default();
    faults.handle(name_rules::RESOURCE_GROUP.check(&entry.id));
    if let Some(name) = entry.name.as_ref().filter(|name| name.is_empty()) {
        faults.push(name.fault("an empty name is not accepted: leave it out"));
    }
    faults.finish(entry)
}

impl ResourceGroupEntry {
    /// The resource group for the ECI layer
    pub(crate) fn to_resource_group(&self) -> ResourceGroup {
        ResourceGroup {
            id: self.id.to_string(),
            name: self.name.as_ref().map(|name| name.to_string()),
            default: self.default,
        }
    }
}
