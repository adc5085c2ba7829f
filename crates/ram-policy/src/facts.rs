//! A request with what the engine fills in by itself.

use std::sync::Arc;

use super::arn::Resource;
use super::context::Context;
use super::document::Document;
use super::principal::Principal;

const PRINCIPAL_ARN: &str = "acs:PrincipalARN";
const RESOURCE_GROUP_ID: &str = "acs:ResourceGroupId";
/// The keys that the engine fills in where the request does not give them
const FILLED: [&str; 2] = [PRINCIPAL_ARN, RESOURCE_GROUP_ID];

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

/// A request with what the engine fills in by itself
pub(super) struct Facts<'a> {
    pub(super) action: &'a str,
    pub(super) resource: Resource<'a>,
    pub(super) caller: &'a Principal,
    pub(super) account: &'a str,
    context: &'a Context,
    principal_arn: Option<String>,
    resource_group: Option<String>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(account: &'a str, request: &Request<'a>) -> Self {
        Self {
            action: request.action,
            resource: Resource::new(request.resource),
            caller: request.principal,
            account,
            context: request.context,
            principal_arn: request.principal.arn(account),
            resource_group: request.resource_group.map(ToOwned::to_owned),
        }
    }

    /// The values of a condition key; what the request gives wins over what the engine knows
    pub(super) fn values(&self, key: &str) -> &[String] {
        let given = self.context.values(key);
        let known = match key {
            _ if !given.is_empty() => return given,
            PRINCIPAL_ARN => &self.principal_arn,
            RESOURCE_GROUP_ID => &self.resource_group,
            _ => return given,
        };
        known.as_ref().map_or(given, std::slice::from_ref)
    }

    /// How many keys there are at most
    pub(super) fn key_count(&self) -> usize {
        self.context.len().saturating_add(FILLED.len())
    }

    /// The keys that may have values
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.context.iter().map(|(key, _)| key).chain(FILLED)
    }
}
