//! The account in which ECI calls are made.

use std::collections::BTreeSet;

use ram_policy::Context;

/// The service-linked role that ECI creates once in an account
const SERVICE_LINKED_ROLE: &str = "AliyunServiceRoleForECI";

/// An account, as far as ECI calls depend on it
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The region of the cluster, which is part of every ARN
    pub region: String,
    /// The service-linked roles that exist; if they are not known (`None`), no call asks to create one
    pub service_linked_roles: Option<BTreeSet<String>>,
    /// The value of `acs:Service` when a role is passed to ECI; `None` leaves the key absent
    pub pass_role_service: Option<String>,
    /// The resource groups of the account
    pub resource_groups: Vec<ResourceGroup>,
    /// Condition keys that every request of this cluster has
    pub context: Context,
}

/// A resource group
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceGroup {
    /// Its id, `rg-…`
    pub id: String,
    /// Its name, for messages
    pub name: Option<String>,
    /// Whether it is the default group, for resources that name none
    pub default: bool,
}

impl Account {
    /// The id of the default resource group; `None` if it is not known
    pub fn default_group(&self) -> Option<&str> {
        self.resource_groups
            .iter()
            .find(|group| group.default)
            .map(|group| group.id.as_str())
    }

    /// Whether a resource group exists
    pub fn has_group(&self, id: &str) -> bool {
        self.resource_groups.iter().any(|group| group.id == id)
    }

    /// Whether ECI would first have to create its service-linked role
    pub(crate) fn lacks_service_linked_role(&self) -> bool {
        self.service_linked_roles
            .as_ref()
            .is_some_and(|roles| !roles.contains(SERVICE_LINKED_ROLE))
    }
}
