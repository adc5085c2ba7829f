//! Evaluates a read: routes its pods, builds the ECI call, and has RAM decide it.

use std::sync::Arc;

use serde_json::{Map, json};

use crate::admission::evaluate::call;
use crate::admission::fields::reading::Fields;
use crate::admission::routing::route::{Route, route};
use crate::authorization::evaluation::{Evaluation, Scope};
use crate::authorization::filter::Filter;
use crate::authorization::finding::{Finding, resolvable_first};
use crate::authorization::pod_lookup::PodLookup;
use crate::authorization::pod_read::{PodRead, Selection, Verb};
use crate::authorization::requester::Requester;
use crate::authorization::review_context::ReviewContext;
use crate::authorization::selector_advice::{Advice, ListEvaluator};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use eci_calls::{Call, Denial, Failure, Operation, OperationKind};
use ram_policy::Principal;

impl ReviewContext<'_> {
    /// Evaluates a read, given the pod that it names
    ///
    /// ```text
    /// get a pod that runs on ECI     -> DescribeContainerGroups for its tags and its resource group
    /// get the log of such a pod      -> DescribeContainerLog
    /// list pods, all of them on ECI  -> DescribeContainerGroups for what all selected pods have in common
    /// a pod elsewhere, or absent     -> no call, no findings
    /// ```
    pub(crate) fn evaluate(&self, read: &PodRead<'_>, pod: PodLookup<'_>) -> Evaluation {
        let evaluation = match (read.name, pod) {
            (Some(_), PodLookup::Found(json)) => match Pod::parse(json) {
                Ok(pod) => self.evaluate_pod(read, &pod),
                Err(_) => Evaluation::without_call(Scope::Pod, vec![Finding::UnreadPod]),
            },
            (Some(_), PodLookup::Unread) => Evaluation::without_call(Scope::Pod, vec![Finding::UnreadPod]),
            // An absent pod cannot be returned, unless it is created during a watch
            (Some(_), PodLookup::Absent) if read.verb != Verb::Watch => {
                Evaluation::without_call(Scope::Pod, Vec::new())
            }
            (Some(_), PodLookup::Absent) | (None, _) => self.evaluate_list(read),
        };
        Evaluation {
            principal: self.requester(),
            ..evaluation
        }
    }

    fn evaluate_pod(&self, read: &PodRead<'_>, pod: &Pod<'_>) -> Evaluation {
        let namespace = self.namespace(read);
        self.if_on_eci(Scope::Pod, pod, namespace.as_deref(), || {
            let call = self.pod_call(read, pod, namespace.as_deref());
            self.decide(Scope::Pod, &call, &self.principals(namespace.as_deref()))
        })
    }

    /// Evaluates a list as a read of one pod that has what all selected pods have in common
    ///
    /// So the list is denied only if every pod that it can select runs on ECI.
    fn evaluate_list(&self, read: &PodRead<'_>) -> Evaluation {
        let pod = common_pod(&read.selection);
        let Ok(pod) = Pod::parse(&pod) else {
            return Evaluation::without_call(Scope::List, vec![Finding::UnreadPod]);
        };
        let namespace = self.namespace(read);
        let unlabelled = Meta::default();
        let routed_in = match read.namespace {
            Some(_) => namespace.as_deref(),
            None => Some(&unlabelled),
        };
        self.if_on_eci(Scope::List, &pod, routed_in, || {
            let filter = Filter::new(read, namespace.as_deref(), self.configuration);
            let principals = self.principals(namespace.as_deref());
            let evaluation = self.decide(Scope::List, &filter.call(&filter.chosen), &principals);
            Evaluation {
                advice: self.advice(&evaluation, &filter, &principals),
                ..evaluation
            }
        })
    }

    /// The evaluation by `on_eci` if a pod certainly runs on ECI, and one without a call otherwise
    ///
    /// Without a namespace only the pod's node determines its route.
    fn if_on_eci(
        &self,
        scope: Scope,
        pod: &Pod<'_>,
        namespace: Option<&Meta>,
        on_eci: impl FnOnce() -> Evaluation,
    ) -> Evaluation {
        let unlabelled = Meta::default();
        let Some(namespace) = namespace.or_else(|| pod.node().map(|_| &unlabelled)) else {
            return Evaluation::without_call(scope, vec![Finding::UnknownNamespace]);
        };
        let route = route(pod, namespace, &self.configuration.cluster, self.cluster);
        let evaluation = match route {
            Route::Certain(_) => on_eci(),
            _ => Evaluation::without_call(scope, Vec::new()),
        };
        Evaluation {
            route: Some(route),
            ..evaluation
        }
    }

    /// The call that reads one pod or its log
    fn pod_call(&self, read: &PodRead<'_>, pod: &Pod<'_>, namespace: Option<&Meta>) -> Call {
        let operation = match read.verb {
            Verb::Log => Operation::DescribeContainerLog,
            Verb::Get | Verb::List | Verb::Watch => Operation::DescribeContainerGroups,
        };
        // As for a deletion: a malformed field of a stored pod counts as absent
        let fields = Fields::read(pod).unwrap_or_default();
        let namespace_name = read.namespace.unwrap_or_default();
        let mut call = call::by_id(operation, &fields, self.configuration, namespace_name);
        if operation.kind() == OperationKind::Query {
            // A client that knows the pod can filter by its group, and by tags that it has
            let account = &self.configuration.account;
            let group = fields
                .resource_group
                .as_deref()
                .or_else(|| account.default_group());
            call.resource_group = group.filter(|group| account.has_group(group)).map(str::to_owned);
            let filter = Filter::new(read, namespace, self.configuration);
            call.tags = call
                .instance
                .as_ref()
                .and_then(|instance| filter.tags_of_instance(instance));
        }
        call
    }

    /// Has RAM decide a call for each principal; no principals mean that the requester is unbound
    fn decide(&self, scope: Scope, call: &Call, principals: &[Principal]) -> Evaluation {
        let account = &self.configuration.account;
        let groups = call.resource_group.iter();
        let unknown_groups = groups.filter(|group| !account.has_group(group));
        let mut findings: Vec<Finding> = match principals {
            [] => vec![Finding::Unbound],
            _ => unknown_groups.cloned().map(Finding::UnknownGroup).collect(),
        };
        let mut allowed = Vec::new();
        for (at, principal) in principals.iter().enumerate() {
            let policies = &self.configuration.policies;
            let evaluation = eci_calls::evaluate(policies, account, principal, call, self.now);
            allowed.extend(evaluation.allowed);
            let denials = evaluation.failures.into_iter().filter_map(denial);
            findings.extend(denials.map(|denial| Finding::Denied {
                denial: match scope {
                    Scope::Pod => denial,
                    Scope::List => resolvable_first(denial),
                },
                principal: principal.clone(),
                is_boundary: at > 0,
            }));
        }
        findings.sort_by_key(Finding::rank);
        Evaluation {
            operation: Some(call.operation),
            allowed,
            ..Evaluation::without_call(scope, findings)
        }
    }

    /// The selector to use instead of the one that RAM denied
    fn advice(
        &self,
        evaluation: &Evaluation,
        filter: &Filter<'_>,
        principals: &[Principal],
    ) -> Option<Advice> {
        let is_denied = |finding: &Finding| matches!(finding, Finding::Denied { .. });
        evaluation.findings.iter().any(is_denied).then(|| {
            ListEvaluator {
                configuration: self.configuration,
                filter,
                principals,
                now: self.now,
            }
            .advice()
        })
    }

    fn requester(&self) -> Option<Principal> {
        Requester::of(self.review, self.configuration).principal()
    }

    /// The principals that all must be allowed: the requester, then the boundaries; empty if the requester is unbound
    ///
    /// Every boundary applies to a read in all namespaces or in an unknown one.
    fn principals(&self, namespace: Option<&Meta>) -> Vec<Principal> {
        let Some(requester) = self.requester() else {
            return Vec::new();
        };
        let boundaries = self.configuration.boundaries.iter();
        let applicable = boundaries
            .filter(|boundary| namespace.is_none_or(|meta| boundary.namespaces.matches(&meta.labels)));
        let mut principals = vec![requester];
        for boundary in applicable {
            if !principals.contains(&boundary.principal) {
                principals.push(boundary.principal.clone());
            }
        }
        principals
    }

    fn namespace(&self, read: &PodRead<'_>) -> Option<Arc<Meta>> {
        self.cluster.namespace(read.namespace?)
    }
}

/// A pod with nothing but what all selected pods have in common, as JSON
fn common_pod(selection: &Selection<'_>) -> String {
    let labels = selection.labels.iter();
    let labels: Map<_, _> = labels
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    json!({"metadata": {"labels": labels}, "spec": {"nodeName": selection.node}}).to_string()
}

/// The denial among failures; ECI refuses no reads, its rules are about creating and changing
fn denial(failure: Failure) -> Option<Denial> {
    match failure {
        Failure::Denied(denial) => Some(denial),
        Failure::Refused(_) => None,
    }
}
