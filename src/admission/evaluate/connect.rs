//! Connections: to a pod, and to a node's kubelet, which runs commands in every pod of the node and shows its logs.

use crate::admission::evaluate::EvaluationContext;
use crate::admission::outcome::evaluation::{Evaluation, PrincipalQuestions};
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::kubernetes::node_kind::NodeKind;
use eci_calls::{Everywhere, Operation};
use ram_policy::Principal;

impl EvaluationContext<'_> {
    pub(super) fn connect(&self, verb: Verb) -> Evaluation {
        self.named_pod(verb, Operation::ExecContainerCommand)
    }

    /// A connection to the kubelet of a virtual node, which reaches every container group there
    ///
    /// The permission must therefore hold for all of them, and for the boundaries of all namespaces, since pods of any
    /// namespace may be there.
    pub(super) fn connect_node(&self) -> Option<Evaluation> {
        let settings = &self.configuration.cluster;
        let kind = NodeKind::of_name(self.review.object_name(), self.cluster, settings);
        if kind == NodeKind::Real && !settings.serverless || self.is_from_control_plane() {
            return None;
        }
        let evaluation = Evaluation {
            verb: Some(Verb::Proxy),
            principal: self.requester(),
            operation: Some(Operation::ExecContainerCommand),
            ..Evaluation::default()
        };
        let Some(requester) = evaluation.principal.clone() else {
            return Some(evaluation.with_findings([Finding::Unbound]));
        };
        let principals = self.principals_of_all_namespaces(&requester);
        let evaluate = |evaluation, principal: &Principal| {
            self.evaluate_everywhere(evaluation, principal, *principal != requester)
        };
        Some(principals.iter().fold(evaluation, evaluate))
    }

    /// The requester, then every boundary once
    fn principals_of_all_namespaces(&self, requester: &Principal) -> Vec<Principal> {
        let boundaries = self.configuration.boundaries.iter();
        let mut principals: Vec<Principal> = boundaries.map(|boundary| boundary.principal.clone()).collect();
        principals.sort();
        principals.dedup();
        principals.retain(|principal| principal != requester);
        principals.insert(0, requester.clone());
        principals
    }

    fn evaluate_everywhere(
        &self,
        evaluation: Evaluation,
        principal: &Principal,
        is_boundary: bool,
    ) -> Evaluation {
        let (question, answer) = eci_calls::evaluate_everywhere(
            &self.configuration.policies,
            &self.configuration.account,
            principal,
            Operation::ExecContainerCommand,
            self.now,
        );
        let mut evaluation = evaluation;
        evaluation.questions.push(PrincipalQuestions {
            principal: principal.clone(),
            is_boundary,
            questions: vec![question],
        });
        match answer {
            Everywhere::Allowed(allowed) => evaluation.allowed.push(allowed),
            Everywhere::NotEverywhere(statement) => evaluation.findings.push(Finding::NotEverywhere {
                statement,
                principal: principal.clone(),
                is_boundary,
            }),
        }
        evaluation
    }
}
