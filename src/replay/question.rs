//! The question that a message holds, put to the engine.

use std::sync::Arc;

use crate::config::Configuration;
use crate::replay::diagnostic_message::{AuthPrincipal, DiagnosticMessage};
use ram_policy::{Context, Document, PolicyType, Principal, RESOURCE_GROUP_ID, Request, Trace};

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// What messages do not say
#[derive(Debug, Default)]
pub(crate) struct Assumptions {
    /// The resource group, where a message names none
    pub(crate) resource_group: Option<String>,
    /// The policies of the STS sessions of roles
    pub(crate) session: Vec<Arc<Document>>,
}

/// The reason why a message cannot be decided again
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswerable {
    /// The caller belongs to another account
    #[error(
        "the caller belongs to account {owner}, and the configuration is that of account {account}: leave the message out, or \
         replay it with the configuration of account {owner}"
    )]
    OtherAccount {
        /// The caller's account
        owner: String,
        /// The account of the configuration
        account: String,
    },
    /// No user has the id
    #[error("no user has id {0}: write `id: \"{0}\"` at the user in the directory")]
    UnknownUser(String),
    /// The caller is named by something else than an id
    #[error(
        "`{0}` is no id of a RAM user, which has digits alone: RAM names users by id in its messages, so take this one as RAM \
         printed it"
    )]
    NoId(String),
    /// The configuration lacks a role
    #[error("role `{0}` is not in the directory: add it under `roles`")]
    UnknownRole(String),
    /// Other callers have no policies in a directory
    #[error("callers of type {0} are not in directories: leave the message out")]
    OtherCaller(String),
    /// The session's policy decided
    #[error("a session policy decided, which the message does not hold: give it with --session")]
    NoSession,
    /// Several values of a resource group
    #[error(
        "the message has {0} values for {RESOURCE_GROUP_ID}, and a resource is in one group: leave the message out"
    )]
    ResourceGroups(usize),
}

/// Decides the request of a message
pub(super) fn decide(
    message: &DiagnosticMessage,
    assumptions: &Assumptions,
    configuration: &Configuration,
) -> Result<Trace, Unanswerable> {
    let principal = principal(&message.principal, configuration)?;
    let is_role = matches!(principal, Principal::Role(_));
    let session: &[_] = if is_role { &assumptions.session } else { &[] };
    if message.policy_type == PolicyType::SessionPolicy && session.is_empty() {
        return Err(Unanswerable::NoSession);
    }
    let mut context = Context::new();
    for condition in &message.conditions {
        context.set_all(&*condition.key, condition.values.clone());
    }
    let resource_group = match context.values(RESOURCE_GROUP_ID) {
        [] => assumptions.resource_group.clone(),
        [group] => Some(group.clone()),
        groups => return Err(Unanswerable::ResourceGroups(groups.len())),
    };
    let request = Request {
        principal: &principal,
        action: &message.action,
        resource: &message.resource,
        resource_group: resource_group.as_deref(),
        context: &context,
        session,
    };
    if message.action != ASSUME_ROLE {
        return Ok(configuration.policies.explain(&request));
    }
    // Without the role, the trust policy that RAM evaluated is not known
    match message.resource.rsplit_once(":role/") {
        Some((_, role)) if configuration.policies.has_role(role) => {
            Ok(configuration.policies.explain_assume_role(&request))
        }
        _ => Err(Unanswerable::UnknownRole(message.resource.clone())),
    }
}

/// The user by its id, or the role of a session
fn principal(named: &AuthPrincipal, configuration: &Configuration) -> Result<Principal, Unanswerable> {
    let account = configuration.policies.account();
    if let Some(owner) = named.owner.as_deref().filter(|owner| *owner != account) {
        return Err(Unanswerable::OtherAccount {
            owner: owner.to_owned(),
            account: account.to_owned(),
        });
    }
    match named.kind.as_str() {
        "SubUser" => {
            let user = configuration.bindings.of_id(&named.name);
            let user = user.filter(|principal| matches!(principal, Principal::User(_)));
            user.cloned().ok_or_else(|| match is_id(&named.name) {
                true => Unanswerable::UnknownUser(named.name.clone()),
                false => Unanswerable::NoId(named.name.clone()),
            })
        }
        "AssumedRoleUser" => {
            let role = named.name.split_once(':').map_or(&*named.name, |(role, _)| role);
            let principal = Principal::Role(role.into());
            if configuration.policies.has_principal(&principal) {
                Ok(principal)
            } else {
                Err(Unanswerable::UnknownRole(role.to_owned()))
            }
        }
        other => Err(Unanswerable::OtherCaller(other.to_owned())),
    }
}

/// Whether a text can be the id of a RAM user or role
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
