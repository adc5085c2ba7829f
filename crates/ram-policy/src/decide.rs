//! The order in which RAM asks its layers (specification 4.2).
//!
//! ```text
//! root -> control policies, member's level to root folder -> session policy
//!      -> account scope -> resource-group scope            (sts:AssumeRole: and the trust policy)
//! ```

use std::sync::Arc;

use super::arn::role_name;
use super::attached_policy::AttachedPolicy;
use super::attachments::Attachments;
use super::decision::{Decision, Miss, Outcome, PolicyType, Reason};
use super::document::Document;
use super::layer::{self, LayerPolicies};
use super::principal::Principal;
use super::request::Request;
use super::resolved_request::ResolvedRequest;
use super::scope::Scope;
use super::set::PolicySet;

/// How layers are asked: through their indexes, or reading everything
pub(super) trait LayerEvaluator {
    /// What a layer says
    fn ask(&mut self, scope: Scope, facts: &ResolvedRequest<'_>, layer: &LayerPolicies) -> (Outcome, Reason);

    /// The statements of several layers that came nearest, where none of them allowed
    fn misses(&self, facts: &ResolvedRequest<'_>, layers: [&LayerPolicies; 2]) -> Vec<Miss>;
}

/// Through the indexes
struct Indexed;

impl LayerEvaluator for Indexed {
    fn ask(&mut self, _: Scope, facts: &ResolvedRequest<'_>, layer: &LayerPolicies) -> (Outcome, Reason) {
        layer::ask(facts, layer)
    }

    fn misses(&self, facts: &ResolvedRequest<'_>, layers: [&LayerPolicies; 2]) -> Vec<Miss> {
        layer::misses(facts, layers)
    }
}

impl PolicySet {
    /// Decides a request by the caller's own policies, and those above it
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        self.decide_by(&mut Indexed, request)
    }

    /// Decides sts:AssumeRole: the caller's policies and the role's trust policy must both allow
    ///
    /// The role is the request's resource. A service is no RAM principal and needs the trust policy alone.
    pub fn decide_assume_role(&self, request: &Request<'_>) -> Decision {
        self.decide_assume_role_by(&mut Indexed, request)
    }

    pub(super) fn decide_by(&self, reader: &mut impl LayerEvaluator, request: &Request<'_>) -> Decision {
        if *request.principal == Principal::Account {
            return Decision {
                outcome: Outcome::Allow,
                policy_type: PolicyType::Root,
                reason: Reason::Root,
            };
        }
        let facts = ResolvedRequest::new(self.account(), request);
        let mut ask = |scope: Scope, layer: &LayerPolicies| {
            let policy_type = scope.policy_type();
            let (outcome, reason) = reader.ask(scope, &facts, layer);
            Decision {
                outcome,
                policy_type,
                reason,
            }
        };
        for (level, attachments) in self.control_levels(request.principal).enumerate() {
            let decision = ask(Scope::ControlPolicy(level), std::slice::from_ref(attachments));
            if decision.outcome != Outcome::Allow {
                return decision;
            }
        }
        if !request.session.is_empty() {
            let decision = ask(Scope::Session, &[session(request.session)]);
            if decision.outcome != Outcome::Allow {
                return decision;
            }
        }
        // Account scope first; resource-group scope only where that was silent
        let Some(granted) = self.granted(request.principal) else {
            return Decision {
                outcome: Outcome::ImplicitDeny,
                policy_type: PolicyType::AccountLevelIdentityBasedPolicy,
                reason: Reason::UnknownPrincipal,
            };
        };
        let decision = ask(Scope::Account, &granted.account);
        if decision.outcome != Outcome::ImplicitDeny {
            return decision;
        }
        let held = |group: &'_ str| granted.in_group(group).map(|layer| (group.into(), layer));
        let Some((group, in_group)) = request.resource_group.and_then(held) else {
            return decision;
        };
        match ask(Scope::ResourceGroup(group), in_group) {
            // Nothing allowed in either scope, so either may hold the nearest statement.
            decision if decision.outcome == Outcome::ImplicitDeny => Decision {
                reason: Reason::NoMatch(reader.misses(&facts, [&granted.account, in_group])),
                ..decision
            },
            decision => decision,
        }
    }

    pub(super) fn decide_assume_role_by(
        &self,
        reader: &mut impl LayerEvaluator,
        request: &Request<'_>,
    ) -> Decision {
        let trust = self.decide_trust(reader, request);
        if matches!(request.principal, Principal::Service(_)) {
            return trust;
        }
        let caller = self.decide_by(reader, request);
        match (caller.outcome, trust.outcome) {
            (_, Outcome::ExplicitDeny) if caller.outcome != Outcome::ExplicitDeny => trust,
            (Outcome::Allow, _) => trust,
            _ => caller,
        }
    }

    /// Asks the trust policy of the role that the resource names
    fn decide_trust(&self, reader: &mut impl LayerEvaluator, request: &Request<'_>) -> Decision {
        let policy_type = PolicyType::AssumeRolePolicy;
        let Some(role) = role_name(request.resource).and_then(|name| self.role(name)) else {
            return Decision {
                outcome: Outcome::ImplicitDeny,
                policy_type,
                reason: Reason::UnknownRole,
            };
        };
        let facts = ResolvedRequest::new(self.account(), request);
        let layer = std::slice::from_ref(&role.trust);
        let (outcome, reason) = reader.ask(Scope::Trust, &facts, layer);
        Decision {
            outcome,
            policy_type,
            reason,
        }
    }
}

/// The documents of a session as one policy, numbered through
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
