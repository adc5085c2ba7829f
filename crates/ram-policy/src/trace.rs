//! A decision with every statement that was tried for it.
//!
//! A trace tries every statement of each layer, without the index that [`PolicySet::decide`] uses. The two are
//! independent, and a test compares them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::attachments::StatementRef;
use crate::decide::LayerEvaluator;
use crate::decision::{Decision, Mismatch, Miss, Outcome, Reason, StatementId};
use crate::effect::Effect;
use crate::layer::{LayerPolicies, NearestMisses};
use crate::matching::first_mismatch;
use crate::request::Request;
use crate::resolved_request::ResolvedRequest;
use crate::scope::Scope;
use crate::set::PolicySet;

/// A decision with the layers that led to it
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The decision
    pub decision: Decision,
    /// The layers in the order in which they were evaluated; empty if the caller is the account itself
    pub layers: Vec<TracedLayer>,
}

/// A layer that was evaluated
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedLayer {
    /// The layer
    pub scope: Scope,
    /// The decision of this layer
    pub outcome: Outcome,
    /// The statements of its policies in order, each policy once
    pub statements: Vec<TracedStatement>,
}

/// A statement that was tried
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedStatement {
    /// The statement
    pub statement: StatementId,
    /// What it does when it matches
    pub effect: Effect,
    /// Its first element that did not match; `None` if the statement matched
    pub mismatch: Option<Mismatch>,
}

impl Trace {
    /// The layer that decided; `None` if no layer did
    pub fn deciding(&self) -> Option<&TracedLayer> {
        let Decision {
            outcome, policy_type, ..
        } = self.decision;
        let mut layers = self.layers.iter().rev();
        layers.find(|layer| layer.scope.policy_type() == policy_type && layer.outcome == outcome)
    }
}

impl PolicySet {
    /// Decides as [`PolicySet::decide`] does, and returns every statement that was tried.
    ///
    /// ```
    /// use ram_policy::{Context, Definition, Grant, PolicySet, Principal, Request, UserDefinition};
    ///
    /// let grants = vec![Grant::for_account("AliyunECIReadOnlyAccess")];
    /// let bob = UserDefinition { name: "bob".into(), grants, ..Default::default() };
    /// let set = PolicySet::compile(Definition { users: vec![bob], ..Default::default() }).unwrap();
    ///
    /// let (bob, context) = (Principal::User("bob".into()), Context::new());
    /// let trace = set.explain(&Request::new(&bob, "eci:DeleteContainerGroup", "*", &context));
    /// let [layer] = &trace.layers[..] else { unreachable!() };
    /// assert_eq!(layer.scope.to_string(), "account scope");
    /// let statement = &layer.statements[0];
    /// assert_eq!(statement.statement.to_string(), "AliyunECIReadOnlyAccess#1");
    /// assert_eq!(statement.mismatch.as_ref().unwrap().element(), "Action");
    /// ```
    pub fn explain(&self, request: &Request<'_>) -> Trace {
        let mut evaluator = TracingEvaluator::default();
        let decision = self.decide_with(&mut evaluator, request);
        evaluator.into_trace(decision)
    }

    /// Decides `sts:AssumeRole` as [`PolicySet::decide_assume_role`] does, and returns every statement that was tried.
    /// The trust policy comes first.
    pub fn explain_assume_role(&self, request: &Request<'_>) -> Trace {
        let mut evaluator = TracingEvaluator::default();
        let decision = self.decide_assume_role_with(&mut evaluator, request);
        evaluator.into_trace(decision)
    }
}

/// Decides layers by trying every statement, and records each
#[derive(Default)]
struct TracingEvaluator(Vec<TracedLayer>);

impl TracingEvaluator {
    fn into_trace(self, decision: Decision) -> Trace {
        Trace {
            decision,
            layers: self.0,
        }
    }
}

impl LayerEvaluator for TracingEvaluator {
    fn decide(
        &mut self,
        scope: Scope,
        request: &ResolvedRequest<'_>,
        layer: &LayerPolicies,
    ) -> (Outcome, Reason) {
        let trace = |candidate: StatementRef<'_>| TracedStatement {
            statement: candidate.id(),
            effect: candidate.statement.effect,
            mismatch: first_mismatch(request, candidate.statement)
                .map(|failed| failed.explain(request, candidate.statement)),
        };
        let statements: Vec<TracedStatement> = distinct(layer).map(trace).collect();
        let matched = |effect: Effect| {
            let mut statements = statements.iter();
            let found = statements.find(|each| each.effect == effect && each.mismatch.is_none());
            found.map(|each| Reason::Statement(each.statement.clone()))
        };
        let (outcome, reason) = match (matched(Effect::Deny), matched(Effect::Allow)) {
            (Some(denying), _) => (Outcome::ExplicitDeny, denying),
            (None, Some(allowing)) => (Outcome::Allow, allowing),
            (None, None) => {
                let misses = nearest_misses(request, &[layer]);
                (Outcome::ImplicitDeny, Reason::NoMatch(misses))
            }
        };
        self.0.push(TracedLayer {
            scope,
            outcome,
            statements,
        });
        (outcome, reason)
    }

    fn nearest_misses(&self, request: &ResolvedRequest<'_>, layers: [&LayerPolicies; 2]) -> Vec<Miss> {
        nearest_misses(request, &layers)
    }
}

/// The statements of a layer, with those of a policy that is attached twice only once
pub(crate) fn distinct(layer: &LayerPolicies) -> impl Iterator<Item = StatementRef<'_>> {
    let mut known = HashSet::new();
    layer
        .iter()
        .flat_map(|attachments| attachments.statements())
        .filter(move |candidate| known.insert((Arc::clone(candidate.policy), candidate.number)))
}

/// The Allow statements nearest to matching, found without the index
fn nearest_misses(request: &ResolvedRequest<'_>, layers: &[&LayerPolicies]) -> Vec<Miss> {
    let mut nearest = NearestMisses::default();
    for candidate in layers
        .iter()
        .flat_map(|layer| layer.iter())
        .flat_map(|attachments| attachments.allows())
    {
        nearest.add(request, candidate);
    }
    nearest.into_misses()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Definition, Document, DocumentKind, Grant, Principal, UserDefinition};

    const POLICY: &str = r#"{"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "eci:Delete*", "Resource": "*"},
        {"Effect": "Allow", "Action": "eci:Create*", "Resource": "acs:eci:*:*:imagecache/*"},
        {"Effect": "Allow", "Action": "eci:Create*", "Resource": "*", "Condition": {"StringEquals": {"a": "1", "b": "1"}}},
        {"Effect": "Allow", "Action": "eci:Create*", "Resource": "*", "Condition": {"StringEquals": {"a": "1", "c": "1"}}}]}"#;

    #[test]
    fn the_nearest_statements_have_the_fewest_unmet_conditions_and_the_last_layer_decides() {
        let parsed = Document::parse(POLICY.as_bytes(), DocumentKind::Identity).unwrap();
        let grant = |group: Option<&str>| Grant {
            policy: "P".to_owned(),
            resource_group: group.map(str::to_owned),
        };
        let set = PolicySet::compile(Definition {
            policies: [("P".into(), Arc::new(parsed.document))].into(),
            users: vec![UserDefinition {
                name: "u".to_owned(),
                grants: vec![grant(None), grant(Some("rg-a"))],
                ..UserDefinition::default()
            }],
            ..Definition::default()
        })
        .unwrap();
        let principal: Principal = "user/u".parse().unwrap();
        let nearest = |keys: &[&str]| {
            let mut context = Context::new();
            keys.iter().for_each(|key| context.set(*key, "1"));
            let trace = set.explain(&Request {
                principal: &principal,
                action: "eci:CreateContainerGroup",
                resource: "acs:eci:r:1:containergroup/*",
                resource_group: Some("rg-a"),
                context: &context,
                session: &[],
            });
            let deciding = trace.deciding().map(|layer| layer.scope.clone());
            assert_eq!(deciding, Some(Scope::ResourceGroup("rg-a".into())));
            match trace.decision.reason {
                Reason::NoMatch(misses) => misses
                    .iter()
                    .map(|miss| miss.statement.number)
                    .collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(nearest(&[]), [3, 4]);
        assert_eq!(nearest(&["c"]), [4]);
    }

    #[test]
    fn where_neither_scope_allows_either_may_hold_the_nearest_statement() {
        let document = |conditions: &str| {
            let text = format!(
                r#"{{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {{"StringEquals": {{{conditions}}}}}}}]}}"#
            );
            Arc::new(
                Document::parse(text.as_bytes(), DocumentKind::Identity)
                    .unwrap()
                    .document,
            )
        };
        let grant = |policy: &str, group: Option<&str>| Grant {
            policy: policy.to_owned(),
            resource_group: group.map(str::to_owned),
        };
        let set = PolicySet::compile(Definition {
            policies: [
                ("Near".into(), document(r#""a": "1""#)),
                ("Far".into(), document(r#""a": "1", "b": "1""#)),
            ]
            .into(),
            users: vec![UserDefinition {
                name: "u".to_owned(),
                grants: vec![grant("Near", None), grant("Far", Some("rg-a"))],
                ..UserDefinition::default()
            }],
            ..Definition::default()
        })
        .unwrap();
        let request = Request {
            principal: &"user/u".parse().unwrap(),
            action: "eci:X",
            resource: "*",
            resource_group: Some("rg-a"),
            context: &Context::new(),
            session: &[],
        };
        for decision in [set.decide(&request), set.explain(&request).decision] {
            let Reason::NoMatch(misses) = decision.reason else {
                panic!("{decision:?}");
            };
            let nearest: Vec<String> = misses.iter().map(|miss| miss.statement.to_string()).collect();
            assert_eq!(nearest, ["Near#1"]);
        }
    }
}
