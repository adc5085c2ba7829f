//! Decides a request as if some of what stands against it did not count.

use crate::attachments::StatementRef;
use crate::decide::LayerEvaluator;
use crate::decision::{Miss, Outcome, Reason, StatementId};
use crate::effect::Effect;
use crate::layer::LayerPolicies;
use crate::matching::first_mismatch;
use crate::request::Request;
use crate::resolved_request::ResolvedRequest;
use crate::scope::Scope;
use crate::set::PolicySet;
use crate::trace::distinct;

/// What does not count against a request
#[derive(Clone, Copy, Debug)]
pub struct Excuse<'a> {
    /// Deny statements that do not count; every other one does, in whatever layer it is
    pub denies: &'a [StatementId],
    /// Whether it does not count that no statement allows the request
    pub lack: bool,
}

impl PolicySet {
    /// Whether nothing stands against a request but what the excuse covers; see [`PolicySet::decide`].
    ///
    /// A caller or role that is not defined is never excused.
    pub fn is_excused(&self, request: &Request<'_>, excuse: Excuse<'_>) -> bool {
        let decision = self.decide_with(&mut ExcusingEvaluator(excuse), request);
        excuse.covers(decision.outcome, &decision.reason)
    }

    /// As [`PolicySet::is_excused`], for what [`PolicySet::decide_assume_role`] decides
    pub fn is_assume_role_excused(&self, request: &Request<'_>, excuse: Excuse<'_>) -> bool {
        let decision = self.decide_assume_role_with(&mut ExcusingEvaluator(excuse), request);
        excuse.covers(decision.outcome, &decision.reason)
    }
}

impl Excuse<'_> {
    fn covers(self, outcome: Outcome, reason: &Reason) -> bool {
        match outcome {
            Outcome::Allow => true,
            Outcome::ImplicitDeny => self.lack && matches!(reason, Reason::NoMatch(_)),
            Outcome::ExplicitDeny => false,
        }
    }
}

/// Decides layers by trying every statement that counts
struct ExcusingEvaluator<'a>(Excuse<'a>);

impl LayerEvaluator for ExcusingEvaluator<'_> {
    fn decide(
        &mut self,
        scope: Scope,
        request: &ResolvedRequest<'_>,
        layer: &LayerPolicies,
    ) -> (Outcome, Reason) {
        let matched = |effect: Effect| {
            let is_match = |candidate: &StatementRef<'_>| {
                candidate.statement.effect == effect && first_mismatch(request, candidate.statement).is_none()
            };
            let mut ids = distinct(layer).filter(is_match).map(|candidate| candidate.id());
            ids.find(|id| effect == Effect::Allow || !self.0.denies.contains(id))
        };
        if let Some(denying) = matched(Effect::Deny) {
            return (Outcome::ExplicitDeny, Reason::Statement(denying));
        }
        if let Some(allowing) = matched(Effect::Allow) {
            return (Outcome::Allow, Reason::Statement(allowing));
        }
        let nothing = Reason::NoMatch(Vec::new());
        match scope {
            // The layers behind it may hold a Deny, which only an allowing layer lets decide
            Scope::ControlPolicy(_) | Scope::Session if self.0.lack => (Outcome::Allow, nothing),
            _ => (Outcome::ImplicitDeny, nothing),
        }
    }

    fn nearest_misses(&self, _: &ResolvedRequest<'_>, _: [&LayerPolicies; 2]) -> Vec<Miss> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Context, Definition, Document, DocumentKind, Grant, Principal, UserDefinition};

    fn document(statements: &[(&str, &str)]) -> Arc<Document> {
        let statements: Vec<String> = statements
            .iter()
            .map(|(effect, action)| {
                format!(r#"{{"Effect": "{effect}", "Action": "{action}", "Resource": "*"}}"#)
            })
            .collect();
        let text = format!(r#"{{"Version": "1", "Statement": [{}]}}"#, statements.join(", "));
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        Arc::new(parsed.document)
    }

    /// Whether `eci:X` by a user with policy P for the account, G for group rg and control policy C is excused
    fn excused(
        control: &[(&str, &str)],
        account: &[(&str, &str)],
        group: &[(&str, &str)],
        denies: &[(&str, usize)],
        lack: bool,
    ) -> bool {
        let grant = |policy: &str, group: Option<&str>| Grant {
            policy: policy.to_owned(),
            resource_group: group.map(str::to_owned),
        };
        let set = PolicySet::compile(Definition {
            account_id: "1".to_owned(),
            control_policies: vec![vec!["C".to_owned()]],
            policies: [
                ("C".into(), document(control)),
                ("P".into(), document(account)),
                ("G".into(), document(group)),
            ]
            .into(),
            users: vec![UserDefinition {
                name: "u".to_owned(),
                grants: vec![grant("P", None), grant("G", Some("rg"))],
                ..UserDefinition::default()
            }],
            ..Definition::default()
        })
        .unwrap();
        let denies: Vec<StatementId> = denies
            .iter()
            .map(|(policy, number)| StatementId {
                policy: (*policy).into(),
                number: *number,
            })
            .collect();
        let request = Request {
            principal: &"user/u".parse::<Principal>().unwrap(),
            action: "eci:X",
            resource: "*",
            resource_group: Some("rg"),
            context: &Context::new(),
            session: &[],
        };
        set.is_excused(
            &request,
            Excuse {
                denies: &denies,
                lack,
            },
        )
    }

    const ALLOW: (&str, &str) = ("Allow", "*");
    const DENY: (&str, &str) = ("Deny", "eci:X");
    const OTHER: (&str, &str) = ("Allow", "eci:Y");

    #[test]
    fn only_what_is_named_does_not_count() {
        assert!(excused(&[ALLOW], &[ALLOW], &[OTHER], &[], false));
        assert!(!excused(&[ALLOW], &[OTHER], &[OTHER], &[], false));
        assert!(excused(&[ALLOW], &[OTHER], &[OTHER], &[], true));
        assert!(!excused(&[ALLOW], &[ALLOW, DENY], &[OTHER], &[], true));
        assert!(excused(&[ALLOW], &[ALLOW, DENY], &[OTHER], &[("P", 2)], false));
        assert!(!excused(&[ALLOW], &[ALLOW, DENY], &[OTHER], &[("G", 2)], true));
        // Without the Deny nothing allows it either
        assert!(!excused(&[ALLOW], &[OTHER, DENY], &[OTHER], &[("P", 2)], false));
        assert!(excused(&[ALLOW], &[OTHER, DENY], &[OTHER], &[("P", 2)], true));
    }

    #[test]
    fn a_second_deny_is_found_wherever_it_is() {
        // The decision names the first Deny alone
        assert!(!excused(&[ALLOW], &[DENY, DENY], &[OTHER], &[("P", 1)], true));
        assert!(excused(
            &[ALLOW],
            &[DENY, DENY],
            &[OTHER],
            &[("P", 1), ("P", 2)],
            true
        ));
        // A control policy that does not allow ends a decision before the layers behind it
        assert!(!excused(&[OTHER], &[DENY], &[OTHER], &[], true));
        assert!(excused(&[OTHER], &[OTHER], &[OTHER], &[], true));
        assert!(!excused(&[DENY], &[DENY], &[OTHER], &[("C", 1)], true));
        assert!(!excused(&[ALLOW], &[OTHER], &[DENY], &[], true));
    }

    #[test]
    fn somebody_unknown_is_not_excused() {
        let set = PolicySet::compile(Definition::default()).unwrap();
        let (nobody, context) = ("user/nobody".parse::<Principal>().unwrap(), Context::new());
        let excuse = Excuse {
            denies: &[],
            lack: true,
        };
        assert!(!set.is_excused(&Request::new(&nobody, "eci:X", "*", &context), excuse));
    }
}
