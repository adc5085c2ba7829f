//! The decision about an action on all resources at once, when the request does not say which ones it means.

use crate::attachments::StatementRef;
use crate::decision::{Decision, Outcome, StatementId};
use crate::effect::Effect;
use crate::layer::LayerPolicies;
use crate::matching::first_mismatch;
use crate::principal::Principal;
use crate::request::Request;
use crate::resolved_request::ResolvedRequest;
use crate::set::PolicySet;

impl PolicySet {
    /// Decides an action that must be allowed on every resource, whatever its tags and resource group.
    ///
    /// In every layer, a matching Allow must have no condition on the resource, and no Deny may cover the action at all.
    /// `is_of_resource` says which condition keys depend on the resource.
    ///
    /// ```
    /// use ram_policy::{
    ///     Context, Definition, Document, DocumentKind, Grant, PolicySet, Principal, Request, UserDefinition,
    /// };
    ///
    /// let policy = br#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*",
    ///     "Condition": {"StringEquals": {"acs:ResourceTag/env": "test"}}}]}"#;
    /// let document = Document::parse(policy, DocumentKind::Identity)?.document;
    /// let alice = UserDefinition {
    ///     name: "alice".into(),
    ///     grants: vec![Grant::for_account("TestOnly")],
    ///     ..Default::default()
    /// };
    /// let policies = [("TestOnly".into(), document.into())].into();
    /// let set = PolicySet::compile(Definition { policies, users: vec![alice], ..Default::default() }).unwrap();
    ///
    /// let (alice, context) = (Principal::User("alice".into()), Context::new());
    /// let request = Request::new(&alice, "eci:DeleteContainerGroup", "*", &context);
    /// let result = set.decide_everywhere(&request, |key| key.starts_with("acs:ResourceTag/"));
    /// assert_eq!(result.unwrap_err().unwrap().to_string(), "TestOnly#1");
    /// # Ok::<(), ram_policy::source::Fault>(())
    /// ```
    ///
    /// # Errors
    /// If the action is not allowed on every resource: the statement that distinguishes between resources, if one does.
    pub fn decide_everywhere(
        &self,
        request: &Request<'_>,
        is_of_resource: impl Fn(&str) -> bool,
    ) -> Result<Decision, Option<StatementId>> {
        let decision = self.decide(request);
        if *request.principal == Principal::Account {
            return Ok(decision);
        }
        let resolved = ResolvedRequest::new(self.account(), request);
        let policies = self.principal_policies(request.principal).ok_or(None)?;
        let control = self.control_levels(request.principal).map(std::slice::from_ref);
        for layer in control.chain([&*policies.account]) {
            check_layer(&resolved, layer, &is_of_resource)?;
        }
        match decision.outcome {
            Outcome::Allow => Ok(decision),
            Outcome::ImplicitDeny | Outcome::ExplicitDeny => Err(decision.statement().cloned()),
        }
    }
}

/// Whether one layer allows the action on every resource
fn check_layer(
    request: &ResolvedRequest<'_>,
    layer: &LayerPolicies,
    is_of_resource: impl Fn(&str) -> bool,
) -> Result<(), Option<StatementId>> {
    let covering = || {
        let statements = layer.iter().flat_map(|attachments| attachments.statements());
        statements.filter(|candidate| candidate.statement.covers_action(request.action))
    };
    let denying = covering().find(|candidate| candidate.statement.effect == Effect::Deny);
    if let Some(denying) = denying {
        return Err(Some(denying.id()));
    }
    let is_selective = |candidate: &StatementRef<'_>| {
        let mut conditions = candidate.statement.conditions.iter();
        conditions.any(|condition| is_of_resource(&condition.key))
    };
    let allows_all = covering()
        .any(|candidate| !is_selective(&candidate) && first_mismatch(request, candidate.statement).is_none());
    if allows_all {
        Ok(())
    } else {
        Err(covering().find(is_selective).map(|candidate| candidate.id()))
    }
}
