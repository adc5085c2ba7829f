//! A decision with everything that was read for it, statement by statement.
//!
//! The trace reads every statement of every layer asked and decides from that alone, without the index that
//! [`PolicySet::decide`] uses; a test holds the two to each other.

use std::collections::HashSet;
use std::sync::Arc;

use super::attachments::StatementRef;
use super::decide::LayerEvaluator;
use super::decision::{Decision, Mismatch, Miss, Outcome, Reason, StatementId};
use super::effect::Effect;
use super::layer::{LayerPolicies, NearestMisses};
use super::matching::mismatch;
use super::request::Request;
use super::resolved_request::ResolvedRequest;
use super::scope::Scope;
use super::set::PolicySet;

/// A decision and what led to it
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The decision
    pub decision: Decision,
    /// The layers that were asked, in the order of the asking; none if the account itself asks
    pub layers: Vec<TracedLayer>,
}

/// One layer that was asked
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedLayer {
    /// Which
    pub scope: Scope,
    /// What came of it, by its statements below
    pub outcome: Outcome,
    /// Every statement of its policies in order, each policy once
    pub statements: Vec<TracedStatement>,
}

/// One statement that was read
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedStatement {
    /// Which
    pub statement: StatementId,
    /// What it does when it matches
    pub effect: Effect,
    /// The first of its elements that did not match; none means that it matched
    pub mismatch: Option<Mismatch>,
}

impl Trace {
    /// The layer whose answer became the decision; none if no layer was asked for it
    pub fn deciding(&self) -> Option<&TracedLayer> {
        let Decision {
            outcome, policy_type, ..
        } = self.decision;
        let mut layers = self.layers.iter().rev();
        layers.find(|layer| layer.scope.policy_type() == policy_type && layer.outcome == outcome)
    }
}

impl PolicySet {
    /// Decides a request as [`PolicySet::decide`] does, and keeps what was read
    pub fn explain(&self, request: &Request<'_>) -> Trace {
        let mut scan = Scan::default();
        let decision = self.decide_by(&mut scan, request);
        scan.with(decision)
    }

    /// Decides sts:AssumeRole as [`PolicySet::decide_assume_role`] does, and keeps what was read; the trust policy
    /// comes first
    pub fn explain_assume_role(&self, request: &Request<'_>) -> Trace {
        let mut scan = Scan::default();
        let decision = self.decide_assume_role_by(&mut scan, request);
        scan.with(decision)
    }
}

/// Reads every statement and writes it down
#[derive(Default)]
struct Scan(Vec<TracedLayer>);

impl Scan {
    fn with(self, decision: Decision) -> Trace {
        Trace {
            decision,
            layers: self.0,
        }
    }
}

impl LayerEvaluator for Scan {
    fn ask(&mut self, scope: Scope, facts: &ResolvedRequest<'_>, layer: &LayerPolicies) -> (Outcome, Reason) {
        let statements: Vec<TracedStatement> = distinct(layer)
            .map(|candidate| TracedStatement {
                statement: candidate.id(),
                effect: candidate.statement.effect,
                mismatch: mismatch(facts, candidate.statement)
                    .map(|first| first.explain(facts, candidate.statement)),
            })
            .collect();
        let matched = |effect: Effect| {
            let matches = |each: &&TracedStatement| each.effect == effect && each.mismatch.is_none();
            statements
                .iter()
                .find(matches)
                .map(|each| Reason::Statement(each.statement.clone()))
        };
        let (outcome, reason) = match (matched(Effect::Deny), matched(Effect::Allow)) {
            (Some(denying), _) => (Outcome::ExplicitDeny, denying),
            (None, Some(allowing)) => (Outcome::Allow, allowing),
            (None, None) => (Outcome::ImplicitDeny, Reason::NoMatch(nearest(facts, &[layer]))),
        };
        self.0.push(TracedLayer {
            scope,
            outcome,
            statements,
        });
        (outcome, reason)
    }

    fn misses(&self, facts: &ResolvedRequest<'_>, layers: [&LayerPolicies; 2]) -> Vec<Miss> {
        nearest(facts, &layers)
    }
}

/// The statements of a layer, those of a policy that is held twice only once
fn distinct(layer: &LayerPolicies) -> impl Iterator<Item = StatementRef<'_>> {
    let mut seen = HashSet::new();
    layer
        .iter()
        .flat_map(|part| part.statements())
        .filter(move |candidate| seen.insert((Arc::clone(candidate.policy), candidate.number)))
}

fn nearest(facts: &ResolvedRequest<'_>, layers: &[&LayerPolicies]) -> Vec<Miss> {
    let mut nearest = NearestMisses::default();
    for candidate in layers
        .iter()
        .flat_map(|layer| layer.iter())
        .flat_map(|part| part.allows())
    {
        nearest.add(facts, candidate);
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
    fn the_nearest_statements_have_the_fewest_conditions_open_and_the_last_layer_asked_decides() {
        let parsed = Document::parse(POLICY.as_bytes(), DocumentKind::Identity).unwrap();
        let grant = |group: Option<&str>| Grant {
            policy: "P".to_owned(),
            resource_group: group.map(str::to_owned),
        };
        let set = PolicySet::compile(Definition {
            policies: [("P".to_owned(), Arc::new(parsed.document))].into(),
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
    fn where_both_scopes_are_silent_either_may_hold_the_nearest_statement() {
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
                ("Near".to_owned(), document(r#""a": "1""#)),
                ("Far".to_owned(), document(r#""a": "1", "b": "1""#)),
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
