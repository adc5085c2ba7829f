//! The messages of findings, for people and for programs.

mod chinese;
mod english;
mod words;

use crate::admission::Cause;
use crate::admission::response::admission_response::MAX_MESSAGE;
use crate::admission::response::message::explanation::Requirement;
use crate::authorization::evaluation::Scope;
use crate::authorization::finding::Finding;
use crate::authorization::message::words::{Found, Key, Named, Reason, Searched, Step, Words, words};
use crate::authorization::pod_read::PodRead;
use crate::authorization::selector_advice::Advice;
use crate::config::AdviceSettings;
use crate::wording::{fitted, joined};
use eci_calls::Denial;
use eci_calls::condition_key::{TagKey, TagSource};
use ram_policy::{MetCondition, Mismatch, Miss, Outcome, PolicySet, PolicyType, Principal, StatementId};

/// The data of a message beside the finding
#[derive(Clone, Copy)]
pub(super) struct MessageContext<'a> {
    pub(super) user: &'a str,
    pub(super) principal: Option<&'a Principal>,
    pub(super) read: &'a PodRead<'a>,
    pub(super) scope: Scope,
    pub(super) advice: Option<&'a Advice>,
    pub(super) policies: &'a PolicySet,
    /// The contact and the language
    pub(super) settings: &'a AdviceSettings,
}

impl<'a> MessageContext<'a> {
    /// The message for people: one sentence, the contact, then the fields of RAM's own error
    ///
    /// ```text
    /// `alice` (RAM user `alice`) may not list the pods of namespace `shop` on ECI: <reason>: <what to do>. AuthAction: ...
    /// ```
    pub(super) fn message(&self, finding: &Finding) -> String {
        let words = self.words();
        let contact = self.settings.contact.as_deref();
        let contact = contact.map(|contact| format!("{}{}", words.contact(contact), words.stop()));
        let fields = joined(&finding.ram_fields(self.policies.account()));
        let end = format!("{}{}{fields}", words.stop(), contact.unwrap_or_default());
        let opening = words.opening(self.user, self.principal, self.read);
        let sentence = format!("{opening}{}{}", words.colon(), self.explanation(finding));
        let room = MAX_MESSAGE.saturating_sub(end.len());
        fitted(&format!("{}{end}", fitted(&sentence, room)), MAX_MESSAGE).into_owned()
    }

    /// The cause for programs: the code of the finding and its explanation
    pub(super) fn cause(&self, finding: &Finding) -> Cause {
        Cause {
            reason: finding.code().to_owned(),
            message: format!(
                "{}{}{}",
                self.explanation(finding),
                self.words().stop(),
                joined(&finding.ram_fields(self.policies.account()))
            ),
            field: None,
        }
    }

    fn words(&self) -> &'static dyn Words {
        words(self.settings.locale)
    }

    fn explanation(&self, finding: &Finding) -> String {
        let words = self.words();
        let text = words.reason(&self.reason(finding));
        match finding {
            Finding::Denied {
                principal,
                is_boundary: true,
                ..
            } => words.of_boundary(principal, &text),
            _ => text,
        }
    }

    fn reason<'f>(&'f self, finding: &'f Finding) -> Reason<'f> {
        match finding {
            Finding::Unbound => Reason::Unbound(self.user),
            Finding::UnknownNamespace => Reason::UnknownNamespace,
            Finding::UnreadPod => Reason::UnreadPod,
            Finding::UnknownGroup(group) => Reason::UnknownGroup(group),
            Finding::Denied {
                denial, principal, ..
            } => self.denied(denial, principal),
        }
    }

    fn denied<'f>(&self, denial: &'f Denial, principal: &'f Principal) -> Reason<'f> {
        use ram_policy::Reason as Decided;
        match &denial.decision.reason {
            Decided::Statement(statement) => Reason::Forbids {
                statement: named(denial, statement),
                action: denial.question.action,
                conditions: self.met_conditions(denial, principal),
                step: self.step(denial),
            },
            Decided::UnknownPrincipal => Reason::UnknownPrincipal(principal),
            Decided::NoMatch(misses) => misses
                .first()
                .and_then(|miss| self.nearest_miss(denial, miss))
                .unwrap_or_else(|| self.nothing_allows(denial, principal)),
            Decided::Root | Decided::UnknownRole => self.nothing_allows(denial, principal),
        }
    }

    /// The conditions of the statement that denies, with the values that they found
    fn met_conditions(&self, denial: &Denial, principal: &Principal) -> Vec<MetCondition> {
        let mut conditions = denial.met_conditions(self.policies, principal);
        // What a list does not select is no property of a pod
        conditions.retain(|condition| self.scope == Scope::Pod || !condition.got.is_empty());
        conditions
    }

    /// Why the nearest statement does not allow the call; `None` if it is about another action
    fn nearest_miss<'f>(&self, denial: &'f Denial, miss: &'f Miss) -> Option<Reason<'f>> {
        let statement = named(denial, &miss.statement);
        let step = self.step(denial);
        match &miss.mismatch {
            Mismatch::Condition {
                operator,
                key,
                wanted,
                got,
            } => Some(Reason::Unmet {
                statement,
                key: self.condition_key(key),
                requirement: Requirement::new(operator, wanted),
                found: self.found(key, got),
                step,
            }),
            Mismatch::Resource { wanted, got } => Some(Reason::OtherResource {
                statement,
                action: denial.question.action,
                allowed: wanted,
                wanted: got,
                step,
            }),
            Mismatch::Action { .. } | Mismatch::Principal { .. } => None,
        }
    }

    /// A condition key as people know it: the tag that it is about, if it is about one
    fn condition_key<'f>(&self, key: &'f str) -> Key<'f> {
        match TagKey::parse(key) {
            // A list names no instance, so no tag has this value
            Some(TagKey {
                source: TagSource::Resource,
                ..
            }) if self.scope == Scope::List => Key::Other(key),
            Some(TagKey { tag, .. }) => Key::Tag(tag),
            None => Key::Other(key),
        }
    }

    /// The values that the call had for a condition key
    fn found<'f>(&self, key: &str, got: &'f [String]) -> Found<'f> {
        if !got.is_empty() {
            return Found::Values(got);
        }
        match (TagKey::parse(key).map(|key| key.source), self.scope) {
            (Some(TagSource::Resource), Scope::List) => Found::OfOnePod,
            (Some(_), Scope::List) => Found::Unselected(self.read.verb),
            (Some(TagSource::Request), Scope::Pod) => Found::NoSelection,
            (Some(_), Scope::Pod) => Found::Absent,
            (None, _) => Found::NotInRequest,
        }
    }

    /// Says that no statement comes near to allowing the call, and which policies were searched
    fn nothing_allows<'f>(&self, denial: &'f Denial, principal: &'f Principal) -> Reason<'f> {
        let searched = match denial.decision.policy_type {
            PolicyType::ControlPolicy => Searched::ControlPolicies,
            _ => Searched::Granted {
                principal,
                group: denial.question.resource_group.as_deref(),
            },
        };
        Reason::NothingAllows {
            searched,
            action: denial.question.action,
            step: self.step(denial),
        }
    }

    /// The advice to the requester
    fn step(&self, denial: &Denial) -> Step {
        let is_explicit = denial.decision.outcome == Outcome::ExplicitDeny;
        let advice = match self.advice {
            // A selector that gets around a Deny helps nobody
            Some(_) if is_explicit => words::Advice::Ask,
            Some(Advice::Select(labels)) if labels.is_empty() => words::Advice::WithoutLabels,
            Some(Advice::Select(labels)) => {
                let labels = labels.iter().map(|(key, value)| format!("{key}={value}"));
                words::Advice::Labels(labels.collect::<Vec<_>>().join(","))
            }
            Some(Advice::Nothing) => words::Advice::NoSelector,
            Some(Advice::GaveUp) => words::Advice::Ask,
            None => words::Advice::AskOthers,
        };
        Step {
            advice,
            is_control_policy: denial.decision.policy_type == PolicyType::ControlPolicy,
        }
    }
}

/// A statement by its name, with its layer
fn named<'f>(denial: &Denial, id: &'f StatementId) -> Named<'f> {
    Named {
        id,
        is_control_policy: denial.decision.policy_type == PolicyType::ControlPolicy,
    }
}
