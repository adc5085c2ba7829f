//! The way to a node's kubelet, which runs commands in, and shows the logs of, everything that is on the node.

use super::Case;
use crate::admission::cluster::NodeKind;
use crate::admission::finding::{Deed, Finding};
use crate::admission::ruling::{Asked, Ruling};
use eci_calls::{self, Everywhere};
use ram_policy::Principal;

impl Case<'_> {
    /// Whoever reaches the kubelet of a virtual node enters every container group there, so the right to must depend on
    /// none of them; the boundaries of all namespaces must allow it too, since pods of any may be there
    pub(super) fn connect_node(&self) -> Ruling {
        let is_real = self.cluster.node(self.review.object_name()) == NodeKind::Real;
        if is_real && !self.configuration.cluster.serverless || self.asks_for_control_plane() {
            return Ruling::default();
        }
        let operation = eci_calls::Operation::ExecContainerCommand;
        let mut ruling = Ruling {
            deed: Some(Deed::Proxy),
            principal: self.requester(),
            operation: Some(operation),
            ..Ruling::default()
        };
        let Some(requester) = ruling.principal.clone() else {
            ruling.findings.push(Finding::Unbound);
            return ruling;
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
            ruling.asked.push(Asked {
                principal: principal.clone(),
                boundary,
                questions: vec![question],
            });
            match verdict {
                Everywhere::Allowed(allowed) => ruling.allowed.push(allowed),
                Everywhere::NotEverywhere(statement) => ruling.findings.push(Finding::NotEverywhere {
                    statement,
                    principal,
                    boundary,
                }),
            }
        }
        ruling
    }
}
