//! An ECI API call, checked.

use ram_policy::Context;

use crate::operation::Operation;
use crate::role::RoleArn;
use crate::tag::Tags;

/// One call of the ECI API
#[derive(Clone, Debug)]
pub struct Call {
    /// Which operation
    pub operation: Operation,
    /// The `Tag` parameter: what a create or update sets, what a query filters by. Without it an update leaves
    /// the tags as they are; with an empty list it takes them all away
    pub tags: Option<Tags>,
    /// Tags that the platform adds to a create by itself, and that an instance then has
    pub extra_tags: Tags,
    /// The `ResourceGroupId` parameter
    pub resource_group: Option<String>,
    /// The `RamRoleName` parameter
    pub role: Option<String>,
    /// Roles handed over for pulling images, perhaps of other accounts
    pub role_arns: Vec<RoleArn>,
    /// The resource that the call addresses
    pub instance: Option<Instance>,
    /// Condition values given with the call; they win over what is derived from it
    pub context: Context,
}

/// A resource as it is before the call
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// Its id; none if it is not known, and then its resource name ends in `/*`
    pub id: Option<String>,
    /// Its tags
    pub tags: Tags,
    /// Its resource group; none means the default one
    pub resource_group: Option<String>,
    /// Its RAM role
    pub role: Option<String>,
}

impl Call {
    /// A call without parameters
    pub fn new(operation: Operation) -> Self {
        Self {
            operation,
            tags: None,
            extra_tags: Tags::default(),
            resource_group: None,
            role: None,
            role_arns: Vec::new(),
            instance: None,
            context: Context::new(),
        }
    }
}
