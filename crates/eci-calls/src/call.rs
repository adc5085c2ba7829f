//! A call of the ECI API.

use ram_policy::Context;

use crate::operation::Operation;
use crate::role::RoleArn;
use crate::tag::Tags;

/// A call of the ECI API with its parameters
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation
    pub operation: Operation,
    /// The `Tag` parameter: the tags that a create or update sets, or that a query filters by. An update without it keeps
    /// the tags; one with an empty list removes them all.
    pub tags: Option<Tags>,
    /// Tags that the platform adds to the tags of a create or update
    pub extra_tags: Tags,
    /// The `ResourceGroupId` parameter
    pub resource_group: Option<String>,
    /// The `RamRoleName` parameter
    pub role: Option<String>,
    /// Roles passed for pulling images, perhaps of other accounts
    pub role_arns: Vec<RoleArn>,
    /// The instance that the call addresses
    pub instance: Option<Instance>,
    /// Condition keys given with the call, which replace those derived from it
    pub context: Context,
}

/// An instance as it is before the call
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// Its id; if it is not known (`None`), its ARN ends in `/*`
    pub id: Option<String>,
    /// Its tags
    pub tags: Tags,
    /// Its resource group; `None` means the default group
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
