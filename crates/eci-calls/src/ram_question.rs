//! One question to RAM about a call.

use ram_policy::{Context, Decision, PolicySet, Principal, Request, Trace};

/// The action of handing a role to an instance, or to ECI for pulling images
pub const PASS_ROLE: &str = "ram:PassRole";
/// The action of making the role that ECI works with in an account
pub const CREATE_SERVICE_LINKED_ROLE: &str = "ram:CreateServiceLinkedRole";
/// The action that trust policies speak of
pub const ASSUME_ROLE: &str = "sts:AssumeRole";

/// The service that assumes an instance's role; ECI shares the instance roles of ECS
pub const INSTANCE_ROLE_SERVICE: &str = "ecs.aliyuncs.com";
/// The service in whose name ECI's service-linked role is made
pub const ECI_SERVICE: &str = "eci.aliyuncs.com";

/// One question about a call
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The action
    pub action: &'static str,
    /// The resource
    pub resource: String,
    /// The resource group whose grants count
    pub resource_group: Option<String>,
    /// Condition keys with their values
    pub context: Context,
    /// The service that assumes a role, where the role's trust policy is asked; else the caller's policies are
    pub service: Option<&'static str>,
    /// Whether the question is about an update's new tags
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

    /// Who asks: the service, or else the caller
    pub fn principal(&self, caller: &Principal) -> Principal {
        self.service
            .map_or_else(|| caller.clone(), |service| Principal::Service(service.into()))
    }

    /// The question as RAM takes it
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

    /// RAM's answer to a caller
    pub(crate) fn decide(&self, set: &PolicySet, caller: &Principal) -> Decision {
        match self.service {
            None => set.decide(&self.request(caller)),
            Some(_) => set.decide_assume_role(&self.request(&self.principal(caller))),
        }
    }

    /// RAM's answer to a caller with every statement that was read for it
    pub fn explain(&self, set: &PolicySet, caller: &Principal) -> Trace {
        match self.service {
            None => set.explain(&self.request(caller)),
            Some(_) => set.explain_assume_role(&self.request(&self.principal(caller))),
        }
    }
}
