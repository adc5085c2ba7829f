//! The messages of findings, for people and for programs.

use crate::admission::Cause;
use crate::admission::response::admission_response::MAX_MESSAGE;
use crate::admission::response::message::ram_denial::condition_text;
use crate::authorization::evaluation::Scope;
use crate::authorization::finding::Finding;
use crate::authorization::pod_read::{PodRead, Verb};
use crate::authorization::selector_advice::Advice;
use crate::wording::{NAME_LENGTH, binding_step, described, fitted, joined, listed, quoted};
use eci_calls::Denial;
use eci_calls::condition_key::{TagKey, TagSource};
use ram_policy::{Mismatch, Miss, PolicyType, Principal, Reason, StatementId};

/// The data of a message beside the finding
#[derive(Clone, Copy)]
pub(super) struct MessageContext<'a> {
    pub(super) user: &'a str,
    pub(super) principal: Option<&'a Principal>,
    pub(super) read: &'a PodRead<'a>,
    pub(super) scope: Scope,
    pub(super) advice: Option<&'a Advice>,
    pub(super) account: &'a str,
}

impl MessageContext<'_> {
    /// The message for people: one sentence, then the fields of RAM's own error
    ///
    /// ```text
    /// `alice` (RAM user `alice`) may not list the pods of namespace `shop` on ECI: <explanation>: <remedy>. AuthAction: ...
    /// ```
    pub(super) fn message(&self, finding: &Finding) -> String {
        let fields = joined(&finding.ram_fields(self.account));
        let sentence = format!("{}: {}", self.opening(), self.explanation(finding));
        let room = MAX_MESSAGE.saturating_sub(fields.len()).saturating_sub(2);
        fitted(&format!("{}. {fields}", fitted(&sentence, room)), MAX_MESSAGE)
    }

    /// The cause for programs: the code of the finding and its explanation
    pub(super) fn cause(&self, finding: &Finding) -> Cause {
        Cause {
            reason: finding.code().to_owned(),
            message: format!(
                "{}. {}",
                self.explanation(finding),
                joined(&finding.ram_fields(self.account))
            ),
            field: None,
        }
    }

    /// The requester, the verb and the pods
    fn opening(&self) -> String {
        let PodRead {
            verb,
            namespace,
            name,
            ..
        } = *self.read;
        let user = quoted(self.user, NAME_LENGTH);
        let bound = self
            .principal
            .map_or_else(String::new, |principal| format!(" ({})", described(principal)));
        let pods = match (name, namespace) {
            (Some(name), Some(namespace)) => format!("pod {}", quoted(&format!("{namespace}/{name}"), 128)),
            (_, Some(namespace)) => format!("the pods of namespace {}", quoted(namespace, NAME_LENGTH)),
            (_, None) => "the pods of all namespaces".to_owned(),
        };
        format!("{user}{bound} may not {verb} {pods} on ECI")
    }

    fn explanation(&self, finding: &Finding) -> String {
        match finding {
            Finding::Unbound => format!(
                "this identity is bound to no RAM user or role: ask your cluster administrator to {}",
                binding_step(self.user)
            ),
            Finding::UnknownNamespace => {
                "there is no such namespace, or it is too new for ramgate to know its labels: try again in a moment".to_owned()
            }
            Finding::UnreadPod => "ramgate could not read the pod to see whose it is: try again in a moment".to_owned(),
            Finding::UnknownGroup(group) => format!(
                "the mapping rules put its pods into resource group {}, which is not in the directory: ask your cluster \
                 administrator to add it",
                quoted(group, NAME_LENGTH)
            ),
            Finding::Denied {
                denial,
                principal,
                is_boundary,
            } => {
                let explanation = self.denied(denial, principal);
                if *is_boundary {
                    format!("the boundary {} forbids it: {explanation}", described(principal))
                } else {
                    explanation
                }
            }
        }
    }

    fn denied(&self, denial: &Denial, principal: &Principal) -> String {
        let principal = described(principal);
        match &denial.decision.reason {
            Reason::Statement(statement) => format!(
                "{} denies {}: {}",
                named(denial, statement),
                denial.question.action,
                self.remedy(denial)
            ),
            Reason::UnknownPrincipal => format!(
                "{principal} is not in ramgate's directory, so nothing is allowed to it: ask your cluster administrator to add it"
            ),
            Reason::NoMatch(misses) => misses
                .first()
                .and_then(|miss| self.unmet_condition(denial, miss))
                .unwrap_or_else(|| self.nothing_allows(denial, &principal)),
            Reason::Root | Reason::UnknownRole => self.nothing_allows(denial, &principal),
        }
    }

    /// The condition that the nearest statement misses by; `None` if it misses by its action, resource or principal
    fn unmet_condition(&self, denial: &Denial, miss: &Miss) -> Option<String> {
        let Mismatch::Condition {
            operator,
            key,
            wanted,
            got,
        } = &miss.mismatch
        else {
            return None;
        };
        Some(format!(
            "{} wants {} {}, {}: {}",
            named(denial, &miss.statement),
            self.condition_key(key),
            condition_text(operator, wanted),
            self.found(key, got),
            self.remedy(denial)
        ))
    }

    /// A condition key as people know it: the tag that it is about, if it is about one
    fn condition_key(&self, key: &str) -> String {
        match TagKey::parse(key) {
            // A list names no instance, so no tag has this value
            Some(TagKey {
                source: TagSource::Resource,
                ..
            }) if self.scope == Scope::List => quoted(key, NAME_LENGTH),
            Some(TagKey { tag, .. }) => format!("tag {}", quoted(tag, NAME_LENGTH)),
            None => quoted(key, NAME_LENGTH),
        }
    }

    /// The values that the call had for a condition key
    fn found(&self, key: &str, got: &[String]) -> String {
        if !got.is_empty() {
            return format!("but it is {}", listed(got, "and"));
        }
        match (TagKey::parse(key).map(|key| key.source), self.scope) {
            (Some(TagSource::Resource), Scope::List) => "which only a request for one pod has".to_owned(),
            (Some(_), Scope::List) => format!("but the {} asks for no such tag", self.noun()),
            (Some(TagSource::Request), Scope::Pod) => "but a request for one pod asks for no tags".to_owned(),
            (Some(_), Scope::Pod) => "but the pod has no such tag".to_owned(),
            (None, _) => "but the request does not have it".to_owned(),
        }
    }

    fn noun(&self) -> &'static str {
        match self.read.verb {
            Verb::Watch => "watch",
            Verb::Get | Verb::Log | Verb::List => "list",
        }
    }

    /// Says that no statement comes near to allowing the call, and which policies were searched
    fn nothing_allows(&self, denial: &Denial, principal: &str) -> String {
        let policies = match (
            denial.decision.policy_type,
            denial.question.resource_group.as_deref(),
        ) {
            (PolicyType::ControlPolicy, _) => "no control policy of the resource directory".to_owned(),
            (_, Some(group)) => format!(
                "no policy of {principal}, for the account or for resource group {},",
                quoted(group, NAME_LENGTH)
            ),
            (_, None) => format!("no policy of {principal} for the whole account"),
        };
        format!(
            "{policies} allows {}: {}",
            denial.question.action,
            self.remedy(denial)
        )
    }

    /// The advice to the requester
    fn remedy(&self, denial: &Denial) -> String {
        let administrator = match denial.decision.policy_type {
            PolicyType::ControlPolicy => "the administrator of your resource directory",
            _ => "your RAM administrator",
        };
        match self.advice {
            Some(Advice::Select(labels)) if labels.is_empty() => {
                "ask without those labels in the selector".to_owned()
            }
            Some(Advice::Select(labels)) => {
                let labels: Vec<String> = labels
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                format!("ask with the label selector {}", quoted(&labels.join(","), 400))
            }
            Some(Advice::Nothing) => format!("no label selector would be allowed, ask {administrator}"),
            Some(Advice::GaveUp) => format!("ask {administrator}"),
            None => format!("ask someone who may, or {administrator}"),
        }
    }
}

/// A statement by its name, with its layer
fn named(denial: &Denial, statement: &StatementId) -> String {
    let layer = match denial.decision.policy_type {
        PolicyType::ControlPolicy => "control policy statement",
        _ => "statement",
    };
    format!("{layer} {}", quoted(&statement.to_string(), 100))
}
