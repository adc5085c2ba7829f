//! From a question to what speaks against it.

use std::sync::Arc;

use serde_json::json;

use crate::admission::evaluate::call;
use crate::admission::fields::reading::Fields;
use crate::admission::routing::route::{Route, route};
use crate::admission::{Decision, Mode};
use crate::authorization::filter::Filter;
use crate::authorization::finding::Finding;
use crate::authorization::question::{Deed, Question};
use crate::authorization::requester::Who;
use crate::authorization::selector_advice::{Advice, ListEvaluator};
use crate::authorization::{Case, Sight};
use crate::config::Configuration;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::pod::Pod;
use eci_calls::{self, Allowed, Call, Failure, OperationKind};
use ram_policy::Principal;

/// What came of judging a question, before any mode softens it
#[derive(Debug, Default)]
pub(crate) struct Ruling {
    pub(crate) route: Option<Route>,
    pub(crate) principal: Option<Principal>,
    pub(crate) operation: Option<eci_calls::Operation>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) allowed: Vec<Allowed>,
    /// Whether it was judged as a list, also where one pod was named
    pub(crate) is_list: bool,
    pub(crate) advice: Option<Advice>,
}

impl Ruling {
    pub(crate) fn decision(&self, mode: Mode) -> Decision {
        match (self.findings.is_empty(), mode) {
            (true, _) if self.operation.is_some() => Decision::Allow,
            (true, _) => Decision::NotEvaluated,
            (false, Mode::Enforce) => Decision::Deny,
            (false, Mode::Warn) => Decision::Warn,
            (false, Mode::Audit) => Decision::Audit,
        }
    }
}

impl Case<'_> {
    /// The question, if it is one that may be denied to who asks
    pub(crate) fn question(&self) -> Option<Question<'_>> {
        let question = Question::of(self.review)?;
        let is_free = question
            .namespace
            .is_some_and(|namespace| self.exempt.covers(namespace))
            || self.exempt.frees(self.review, &self.configuration.cluster);
        let is_judged = match Who::asks(self.review, self.configuration) {
            Who::Bound(_) | Who::Stranger => true,
            // Operators watch pods everywhere, and a cluster in which they cannot is broken
            Who::Program => question.deed == Deed::Log,
            Who::Agent => false,
        };
        (is_judged && !is_free).then_some(question)
    }

    pub(crate) fn rule(&self, question: &Question<'_>, read_pod: Sight<'_>) -> Ruling {
        let who = Who::asks(self.review, self.configuration);
        let mut ruling = Ruling {
            principal: who.principal().cloned(),
            ..Ruling::default()
        };
        match (question.name, read_pod) {
            (Some(_), Sight::Pod(json)) => match Pod::parse(json) {
                Ok(pod) => self.one(&mut ruling, question, &pod),
                Err(_) => ruling.findings.push(Finding::UnreadPod),
            },
            (Some(_), Sight::Unread) => ruling.findings.push(Finding::UnreadPod),
            // Nothing could be shown, unless it is made while it is watched for
            (Some(_), Sight::Absent) if question.deed != Deed::Watch => {}
            (Some(_), Sight::Absent) | (None, _) => self.selection(&mut ruling, question),
        }
        ruling
    }

    fn one(&self, ruling: &mut Ruling, question: &Question<'_>, pod: &Pod<'_>) {
        let namespace = self.meta(question);
        if !self.leads_to_eci(ruling, pod, namespace.as_deref()) {
            return;
        }
        let operation = match question.deed {
            Deed::Log => eci_calls::Operation::DescribeContainerLog,
            Deed::Get | Deed::List | Deed::Watch => eci_calls::Operation::DescribeContainerGroups,
        };
        // As for a deletion: what is malformed in a stored pod counts as absent
        let fields = Fields::read(pod).unwrap_or_default();
        let namespace_name = question.namespace.unwrap_or_default();
        let mut call = call::by_id(operation, &fields, self.configuration, namespace_name);
        if operation.kind() == OperationKind::Query {
            // Whoever knows the pod can ask for it by its group, and beside it by tags that it has
            let account = &self.configuration.account;
            let group = fields
                .resource_group
                .as_deref()
                .or_else(|| account.default_group());
            call.resource_group = group.filter(|group| account.has_group(group)).map(str::to_owned);
            call.tags =
                Filter::new(question, namespace.as_deref(), self.configuration).of(call.instance.as_ref());
        }
        self.judge(ruling, &call, namespace.as_deref());
    }

    /// Judges a list if everything that it selects is ECI's: as a pod that has what all selected ones have
    fn selection(&self, ruling: &mut Ruling, question: &Question<'_>) {
        ruling.is_list = true;
        let namespace = self.meta(question);
        let labels: serde_json::Map<_, _> = question
            .selected
            .labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect();
        let common =
            json!({"metadata": {"labels": labels}, "spec": {"nodeName": question.selected.node}}).to_string();
        let Ok(common) = Pod::parse(&common) else {
            ruling.findings.push(Finding::UnreadPod);
            return;
        };
        let all = Meta::default();
        let known = match question.namespace {
            Some(_) => namespace.as_deref(),
            None => Some(&all),
        };
        if !self.leads_to_eci(ruling, &common, known) {
            return;
        }
        let filter = Filter::new(question, namespace.as_deref(), self.configuration);
        let call = filter.call(&filter.chosen);
        let principals = self.judge(ruling, &call, namespace.as_deref());
        if ruling
            .findings
            .iter()
            .any(|finding| matches!(finding, Finding::Denied { .. }))
        {
            let evaluator = ListEvaluator {
                configuration: self.configuration,
                filter: &filter,
                principals: &principals,
                now: self.now,
            };
            ruling.advice = Some(evaluator.advice());
        }
    }

    fn meta(&self, question: &Question<'_>) -> Option<Arc<Meta>> {
        self.cluster.namespace(question.namespace?)
    }

    /// Where a pod goes; without its namespace only its node tells
    fn leads_to_eci(&self, ruling: &mut Ruling, pod: &Pod<'_>, namespace: Option<&Meta>) -> bool {
        let unknown = Meta::default();
        let Some(namespace) = namespace.or_else(|| pod.node().map(|_| &unknown)) else {
            ruling.findings.push(Finding::UnknownNamespace);
            return false;
        };
        let route = route(pod, namespace, &self.configuration.cluster, self.cluster);
        let is_certain = matches!(route, Route::Certain(_));
        ruling.route = Some(route);
        is_certain
    }

    /// Asks for the requester and for every boundary, and says who they are
    fn judge(&self, ruling: &mut Ruling, call: &Call, namespace: Option<&Meta>) -> Vec<Principal> {
        ruling.operation = Some(call.operation);
        let Some(requester) = ruling.principal.clone() else {
            ruling.findings.push(Finding::Unbound);
            return Vec::new();
        };
        let Configuration {
            policies,
            account,
            boundaries,
            ..
        } = self.configuration;
        // All of them where it is not known whose namespace it is, or where it is everybody's
        let here = boundaries
            .iter()
            .filter(|boundary| namespace.is_none_or(|meta| boundary.namespaces.matches(&meta.labels)));
        let mut principals = vec![requester];
        for boundary in here {
            if !principals.contains(&boundary.principal) {
                principals.push(boundary.principal.clone());
            }
        }
        let group = call
            .resource_group
            .as_ref()
            .filter(|group| !account.has_group(group));
        ruling.findings.extend(group.cloned().map(Finding::UnknownGroup));
        for (at, principal) in principals.iter().enumerate() {
            let evaluation = eci_calls::evaluate(policies, account, principal, call, self.now);
            ruling.allowed.extend(evaluation.allowed);
            for failure in evaluation.failures {
                // ECI refuses nothing about reading: its rules are about what is made or changed
                if let Failure::Denied(denial) = failure {
                    let finding = Finding::denied(denial, principal, at > 0, ruling.is_list);
                    ruling.findings.push(finding);
                }
            }
        }
        ruling.findings.sort_by_key(Finding::rank);
        principals
    }
}
