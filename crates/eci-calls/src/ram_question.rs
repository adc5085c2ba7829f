//! A question to RAM: one of the permissions that a call needs.

use ram_policy::{Context, Decision, Excuse, PolicySet, Principal, Request, Trace};

/// The action of passing a role to an instance, or to ECI for pulling images
pub const PASS_ROLE: &str = "ram:PassRole";
/// The action of creating the service-linked role of ECI
pub const CREATE_SERVICE_LINKED_ROLE: &str = "ram:CreateServiceLinkedRole";
/// The action that trust policies allow
pub const ASSUME_ROLE: &str = "sts:AssumeRole";

/// The service that assumes an instance's role; ECI shares the instance roles of ECS
pub const INSTANCE_ROLE_SERVICE: &str = "ecs.aliyuncs.com";
/// The service that ECI's service-linked role belongs to
pub const ECI_SERVICE: &str = "eci.aliyuncs.com";

/// A question to RAM, one of those that a call asks
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The action
    pub action: &'static str,
    /// The ARN of the resource
    pub resource: String,
    /// The resource group whose grants count; `None` if only grants for the whole account do
    pub resource_group: Option<String>,
    /// Condition keys with their values
    pub context: Context,
    /// The service that assumes a role, if the role's trust policy decides; `None` if the caller's policies decide
    pub service: Option<&'static str>,
    /// Whether an update asks as if the instance already had its new tags
    pub about_new_tags: bool,
}

impl Question {
    pub(crate) fn new(action: &'static str, resource: String, group: Option<&str>, context: Context) -> Self {
        Self {
            action,
            resource,
            resource_group: group.map(ToOwned::to_owned),
            context,
            service: None,
            about_new_tags: false,
        }
    }

    /// The principal of the question: the service, or else the caller
    pub fn principal(&self, caller: &Principal) -> Principal {
        self.service
            .map_or_else(|| caller.clone(), |service| Principal::Service(service.into()))
    }

    /// The question as a request to RAM
    pub(crate) fn request<'a>(&'a self, principal: &'a Principal) -> Request<'a> {
        Request {
            principal,
            action: self.action,
            resource: &self.resource,
            resource_group: self.resource_group.as_deref(),
            context: &self.context,
            session: &[],
        }
    }

    /// RAM's decision for a caller
    pub(crate) fn decide(&self, set: &PolicySet, caller: &Principal) -> Decision {
        match self.service {
            None => set.decide(&self.request(caller)),
            Some(_) => set.decide_assume_role(&self.request(&self.principal(caller))),
        }
    }

    /// Whether nothing stands against the question but what the excuse covers
    pub fn is_excused(&self, set: &PolicySet, caller: &Principal, excuse: Excuse<'_>) -> bool {
        match self.service {
            None => set.is_excused(&self.request(caller), excuse),
            Some(_) => set.is_assume_role_excused(&self.request(&self.principal(caller)), excuse),
        }
    }

    /// RAM's decision for a caller, with every statement that was tried
    pub fn explain(&self, set: &PolicySet, caller: &Principal) -> Trace {
        match self.service {
            None => set.explain(&self.request(caller)),
            Some(_) => set.explain_assume_role(&self.request(&self.principal(caller))),
        }
    }
}
