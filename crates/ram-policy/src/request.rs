//! A request for RAM to decide.

use std::sync::Arc;

use crate::context::Context;
use crate::document::Document;
use crate::principal::Principal;

/// A request: who does what to which resource, and the condition keys
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The caller
    pub principal: &'a Principal,
    /// `<ram-code>:<action>`, such as `eci:CreateContainerGroup`
    pub action: &'a str,
    /// The resource's ARN, or `*` if the action has no resource
    pub resource: &'a str,
    /// The resource group of the resource, whose grants count; `None` leaves only grants for the whole account
    pub resource_group: Option<&'a str>,
    /// Condition keys with their values
    pub context: &'a Context,
    /// The policies passed when the role's session was created
    pub session: &'a [Arc<Document>],
}

impl<'a> Request<'a> {
    /// A request without a resource group and without session policies
    pub fn new(principal: &'a Principal, action: &'a str, resource: &'a str, context: &'a Context) -> Self {
        Self {
            principal,
            action,
            resource,
            resource_group: None,
            context,
            session: &[],
        }
    }
}
