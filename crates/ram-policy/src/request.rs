//! What RAM is asked.

use std::sync::Arc;

use super::context::Context;
use super::document::Document;
use super::principal::Principal;

/// One question to RAM
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks
    pub principal: &'a Principal,
    /// `<ram-code>:<action>`
    pub action: &'a str,
    /// A resource name, or `*` where the action has none
    pub resource: &'a str,
    /// The resource group that grants are looked up for; none leaves the account scope alone
    pub resource_group: Option<&'a str>,
    /// Condition keys with their values
    pub context: &'a Context,
    /// The policies that a role's session was made with
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
