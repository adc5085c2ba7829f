//! The order of the layers that decide a request.
//!
//! ```text
//! account itself: allowed
//! control policies, from the member's level to the root folder     each level must allow
//! session policies, if the session has any                         must allow
//! policies granted for the account                                 decide if any of them matches
//! policies granted for the resource group                          otherwise these decide
//!
//! sts:AssumeRole: the role's trust policy must allow too
//! ```

use std::sync::Arc;

use crate::arn::role_name;
use crate::attached_policy::AttachedPolicy;
use crate::attachments::Attachments;
use crate::decision::{Decision, Miss, Outcome, PolicyType, Reason};
use crate::document::Document;
use crate::layer::{self, LayerPolicies};
use crate::principal::Principal;
use crate::request::Request;
use crate::resolved_request::ResolvedRequest;
use crate::scope::Scope;
use crate::set::PolicySet;

/// Decides single layers: by lookup in their indexes, or by trying every statement
pub(crate) trait LayerEvaluator {
    /// The decision of one layer
    fn decide(
        &mut self,
        scope: Scope,
        request: &ResolvedRequest<'_>,
        layer: &LayerPolicies,
    ) -> (Outcome, Reason);

    /// The nearest misses of two layers, neither of which allows
    fn nearest_misses(&self, request: &ResolvedRequest<'_>, layers: [&LayerPolicies; 2]) -> Vec<Miss>;
}

/// Decides layers by lookup in their indexes
struct IndexedEvaluator;

impl LayerEvaluator for IndexedEvaluator {
    fn decide(
        &mut self,
        _: Scope,
        request: &ResolvedRequest<'_>,
        layer: &LayerPolicies,
    ) -> (Outcome, Reason) {
        layer::decide(request, layer)
    }

    fn nearest_misses(&self, request: &ResolvedRequest<'_>, layers: [&LayerPolicies; 2]) -> Vec<Miss> {
        layer::nearest_misses(request, layers)
    }
}

impl PolicySet {
    /// Decides a request by the caller's policies, its session policies and the control policies.
    ///
    /// ```
    /// use ram_policy::{Context, Definition, Grant, Outcome, PolicySet, Principal, Request, UserDefinition};
    ///
    /// let grants = vec![Grant::for_account("AliyunECIReadOnlyAccess")];
    /// let bob = UserDefinition { name: "bob".into(), grants, ..Default::default() };
    /// let set = PolicySet::compile(Definition { users: vec![bob], ..Default::default() }).unwrap();
    ///
    /// let (bob, context) = (Principal::User("bob".into()), Context::new());
    /// let decision = set.decide(&Request::new(&bob, "eci:DescribeContainerGroups", "*", &context));
    /// assert_eq!(decision.outcome, Outcome::Allow);
    /// assert_eq!(decision.statement().unwrap().to_string(), "AliyunECIReadOnlyAccess#1");
    ///
    /// let decision = set.decide(&Request::new(&bob, "eci:DeleteContainerGroup", "*", &context));
    /// assert_eq!(decision.outcome, Outcome::ImplicitDeny);
    /// ```
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        self.decide_with(&mut IndexedEvaluator, request)
    }

    /// Decides `sts:AssumeRole`: the caller's policies and the role's trust policy must both allow it.
    ///
    /// The request's resource is the role's ARN. For a service the trust policy alone decides, because a service has no
    /// policies.
    ///
    /// ```
    /// use ram_policy::{
    ///     Context, Definition, Document, DocumentKind, Outcome, PolicySet, Principal, Request, RoleDefinition,
    /// };
    ///
    /// let trust = br#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
    ///     "Principal": {"Service": "ecs.aliyuncs.com"}}]}"#;
    /// let trust = Document::parse(trust, DocumentKind::Trust)?.document.into();
    /// let role = RoleDefinition { name: "App".into(), trust, grants: Vec::new() };
    /// let set = PolicySet::compile(Definition { roles: vec![role], ..Default::default() }).unwrap();
    ///
    /// let (ecs, context) = (Principal::Service("ecs.aliyuncs.com".into()), Context::new());
    /// let request = Request::new(&ecs, "sts:AssumeRole", "acs:ram::1234567890123456:role/App", &context);
    /// let decision = set.decide_assume_role(&request);
    /// assert_eq!(decision.outcome, Outcome::Allow);
    /// assert_eq!(decision.statement().unwrap().to_string(), "trust:App#1");
    /// # Ok::<(), ram_policy::source::Fault>(())
    /// ```
    pub fn decide_assume_role(&self, request: &Request<'_>) -> Decision {
        self.decide_assume_role_with(&mut IndexedEvaluator, request)
    }

    pub(crate) fn decide_with(&self, evaluator: &mut impl LayerEvaluator, request: &Request<'_>) -> Decision {
        if *request.principal == Principal::Account {
            return Decision::root();
        }
        let resolved = ResolvedRequest::new(self.account(), request);
        let mut decide =
            |scope: Scope, layer: &LayerPolicies| decide_layer(evaluator, scope, &resolved, layer);
        for (level, attachments) in self.control_levels(request.principal).enumerate() {
            let decision = decide(Scope::ControlPolicy(level), std::slice::from_ref(attachments));
            if decision.outcome != Outcome::Allow {
                return decision;
            }
        }
        if !request.session.is_empty() {
            let decision = decide(Scope::Session, &[session(request.session)]);
            if decision.outcome != Outcome::Allow {
                return decision;
            }
        }
        self.decide_granted(evaluator, request, &resolved)
    }

    /// Decides by the policies granted to the caller: those for the account, or else those for the resource group
    fn decide_granted(
        &self,
        evaluator: &mut impl LayerEvaluator,
        request: &Request<'_>,
        resolved: &ResolvedRequest<'_>,
    ) -> Decision {
        let Some(policies) = self.principal_policies(request.principal) else {
            let policy_type = PolicyType::AccountLevelIdentityBasedPolicy;
            return Decision::implicit_deny(policy_type, Reason::UnknownPrincipal);
        };
        let decision = decide_layer(evaluator, Scope::Account, resolved, &policies.account);
        if decision.outcome != Outcome::ImplicitDeny {
            return decision;
        }
        let granted = |group| Some((group, policies.of_resource_group(group)?));
        let Some((group, layer)) = request.resource_group.and_then(granted) else {
            return decision;
        };
        let decision = decide_layer(evaluator, Scope::ResourceGroup(group.into()), resolved, layer);
        if decision.outcome != Outcome::ImplicitDeny {
            return decision;
        }
        // Neither layer allows, so the nearest statement may be in either.
        let misses = evaluator.nearest_misses(resolved, [&policies.account, layer]);
        Decision {
            reason: Reason::NoMatch(misses),
            ..decision
        }
    }

    pub(crate) fn decide_assume_role_with(
        &self,
        evaluator: &mut impl LayerEvaluator,
        request: &Request<'_>,
    ) -> Decision {
        let trust = self.decide_trust(evaluator, request);
        if matches!(request.principal, Principal::Service(_)) {
            return trust;
        }
        let caller = self.decide_with(evaluator, request);
        match (caller.outcome, trust.outcome) {
            (Outcome::ExplicitDeny, _) => caller,
            (_, Outcome::ExplicitDeny) => trust,
            (Outcome::Allow, _) => trust,
            (Outcome::ImplicitDeny, _) => caller,
        }
    }

    /// Decides by the trust policy of the role that the resource names
    fn decide_trust(&self, evaluator: &mut impl LayerEvaluator, request: &Request<'_>) -> Decision {
        let Some(role) = role_name(request.resource).and_then(|name| self.role(name)) else {
            return Decision::implicit_deny(PolicyType::AssumeRolePolicy, Reason::UnknownRole);
        };
        let resolved = ResolvedRequest::new(self.account(), request);
        let layer = std::slice::from_ref(&role.trust);
        decide_layer(evaluator, Scope::Trust, &resolved, layer)
    }
}

fn decide_layer(
    evaluator: &mut impl LayerEvaluator,
    scope: Scope,
    request: &ResolvedRequest<'_>,
    layer: &LayerPolicies,
) -> Decision {
    let policy_type = scope.policy_type();
    let (outcome, reason) = evaluator.decide(scope, request, layer);
    Decision {
        outcome,
        policy_type,
        reason,
    }
}

/// All session policies as one, whose statements are numbered through
fn session(documents: &[Arc<Document>]) -> Arc<Attachments> {
    let statements = documents
        .iter()
        .flat_map(|document| document.statements.iter().cloned())
        .collect();
    Arc::new(Attachments::new(vec![AttachedPolicy {
        name: "session".into(),
        document: Arc::new(Document { statements }),
    }]))
}
