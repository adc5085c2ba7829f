//! A request with what the engine fills in by itself.

use super::arn::Resource;
use super::context::Context;
use super::principal::Principal;
use super::request::Request;

/// The condition key of the caller's own name; the engine fills it in
pub const PRINCIPAL_ARN: &str = "acs:PrincipalARN";
/// The condition key of the resource group; the engine fills it in
pub const RESOURCE_GROUP_ID: &str = "acs:ResourceGroupId";
/// The keys that the engine fills in where the request does not give them
const FILLED: [&str; 2] = [PRINCIPAL_ARN, RESOURCE_GROUP_ID];

/// A request with what the engine fills in by itself
pub(super) struct ResolvedRequest<'a> {
    pub(super) action: &'a str,
    pub(super) resource: Resource<'a>,
    pub(super) caller: &'a Principal,
    pub(super) account: &'a str,
    context: &'a Context,
    principal_arn: Option<String>,
    resource_group: Option<String>,
}

impl<'a> ResolvedRequest<'a> {
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
