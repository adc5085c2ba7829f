//! The way to a node's kubelet, which runs commands in, and shows the logs of, everything that is on the node.

use crate::admission::evaluate::Case;
use crate::admission::outcome::evaluation::{Evaluation, PrincipalQuestions};
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::kubernetes::cluster::NodeKind;
use eci_calls::{self, Everywhere};
use ram_policy::Principal;

impl Case<'_> {
    /// Whoever reaches the kubelet of a virtual node enters every container group there, so the right to must depend on
    /// none of them; the boundaries of all namespaces must allow it too, since pods of any may be there
    pub(crate) fn connect_node(&self) -> Evaluation {
        let is_real = NodeKind::of_name(
            self.review.object_name(),
            self.cluster,
            &self.configuration.cluster,
        ) == NodeKind::Real;
        if is_real && !self.configuration.cluster.serverless || self.asks_for_control_plane() {
            return Evaluation::default();
        }
        let operation = eci_calls::Operation::ExecContainerCommand;
        let mut evaluation = Evaluation {
            verb: Some(Verb::Proxy),
            principal: self.requester(),
            operation: Some(operation),
            ..Evaluation::default()
        };
        let Some(requester) = evaluation.principal.clone() else {
            evaluation.findings.push(Finding::Unbound);
            return evaluation;
        };
        let boundaries = self.configuration.boundaries.iter();
        let mut principals: Vec<Principal> = boundaries.map(|boundary| boundary.principal.clone()).collect();
        principals.sort();
        principals.dedup();
        principals.retain(|principal| *principal != requester);
        principals.insert(0, requester.clone());
        let (policies, account) = (&self.configuration.policies, &self.configuration.account);
        for principal in principals {
            let boundary = principal != requester;
            let (question, verdict) =
                eci_calls::evaluate_everywhere(policies, account, &principal, operation, self.now);
            evaluation.questions.push(PrincipalQuestions {
                principal: principal.clone(),
                boundary,
                questions: vec![question],
            });
            match verdict {
                Everywhere::Allowed(allowed) => evaluation.allowed.push(allowed),
                Everywhere::NotEverywhere(statement) => evaluation.findings.push(Finding::NotEverywhere {
                    statement,
                    principal,
                    boundary,
                }),
            }
        }
        evaluation
    }
}
