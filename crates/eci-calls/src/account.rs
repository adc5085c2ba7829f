//! What ECI calls need to know of the account they are made in.

use std::collections::BTreeSet;

use ram_policy::Context;

/// The role that ECI makes for itself in an account, once
const SERVICE_LINKED_ROLE: &str = "AliyunServiceRoleForECI";

/// The account as ECI calls see it
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Region of the cluster, which stands in every resource name
    pub region: String,
    /// Service-linked roles that exist; none means unknown, and then nothing is asked about them
    pub service_linked_roles: Option<BTreeSet<String>>,
    /// The value of acs:Service when ECI receives a role; none leaves the key absent
    pub pass_role_service: Option<String>,
    /// The account's resource groups
    pub resource_groups: Vec<ResourceGroup>,
    /// Condition values that hold for every request of this cluster
    pub context: Context,
}

/// A resource group
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceGroup {
    /// Its id, `rg-…`
    pub id: String,
    /// Its name, for messages
    pub name: Option<String>,
    /// Whether it takes what names no group
    pub default: bool,
}

impl Account {
    /// The id of the default resource group, if it is known
    pub fn default_group(&self) -> Option<&str> {
        self.resource_groups
            .iter()
            .find(|group| group.default)
            .map(|group| group.id.as_str())
    }

    /// Whether a resource group is known
    pub fn has_group(&self, id: &str) -> bool {
        self.resource_groups.iter().any(|group| group.id == id)
    }

    /// Whether ECI would first have to make its service-linked role
    pub(crate) fn lacks_service_linked_role(&self) -> bool {
        self.service_linked_roles
            .as_ref()
            .is_some_and(|roles| !roles.contains(SERVICE_LINKED_ROLE))
    }
}
