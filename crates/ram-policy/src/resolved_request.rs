//! A request as statements are matched against it: the ARN split, and the condition keys that the engine knows added.

use crate::arn::Resource;
use crate::context::Context;
use crate::principal::Principal;
use crate::request::Request;

/// The condition key of the caller's ARN, which the engine sets
pub const PRINCIPAL_ARN: &str = "acs:PrincipalARN";
/// The condition key of the resource group, which the engine sets
pub const RESOURCE_GROUP_ID: &str = "acs:ResourceGroupId";
/// The keys that the engine sets if the request does not
const ENGINE_KEYS: [&str; 2] = [PRINCIPAL_ARN, RESOURCE_GROUP_ID];

/// A request with its ARN split and the condition keys of the engine
pub(crate) struct ResolvedRequest<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: Resource<'a>,
    pub(crate) principal: &'a Principal,
    pub(crate) account: &'a str,
    context: &'a Context,
    principal_arn: Option<String>,
    resource_group: Option<String>,
}

impl<'a> ResolvedRequest<'a> {
    pub(crate) fn new(account: &'a str, request: &Request<'a>) -> Self {
        Self {
            action: request.action,
            resource: Resource::new(request.resource),
            principal: request.principal,
            account,
            context: request.context,
            principal_arn: request.principal.arn(account),
            resource_group: request.resource_group.map(ToOwned::to_owned),
        }
    }

    /// The values of a condition key; those that the request gives replace those of the engine
    pub(crate) fn values(&self, key: &str) -> &[String] {
        let given = self.context.values(key);
        let known = match key {
            _ if !given.is_empty() => return given,
            PRINCIPAL_ARN => &self.principal_arn,
            RESOURCE_GROUP_ID => &self.resource_group,
            _ => return given,
        };
        known.as_ref().map_or(given, std::slice::from_ref)
    }

    /// An upper bound on the number of keys
    pub(crate) fn key_count(&self) -> usize {
        self.context.len().saturating_add(ENGINE_KEYS.len())
    }

    /// The keys that may have values
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.context.iter().map(|(key, _)| key).chain(ENGINE_KEYS)
    }
}
