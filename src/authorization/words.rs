//! The sentence in which a person reads why something may not be read.

use crate::admission::Cause;
use crate::admission::response::admission_response::MAX_MESSAGE;
use crate::admission::response::message::ram_denial::condition_text;
use crate::authorization::finding::Finding;
use crate::authorization::question::{Deed, Question};
use crate::authorization::selector_advice::Advice;
use crate::wording::{NAME_LENGTH, described, fitted, joined, listed, quoted, subject};
use eci_calls::Denial;
use eci_calls::condition_key::{TagKey, TagSource};
use ram_policy::{Mismatch, PolicyType, Principal, Reason, StatementId};

/// What a sentence needs to know beside the finding
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) user: &'a str,
    pub(crate) principal: Option<&'a Principal>,
    pub(crate) question: &'a Question<'a>,
    /// Whether the question is answered as one about a selection of pods
    pub(crate) is_list: bool,
    pub(crate) advice: Option<&'a Advice>,
    pub(crate) account: &'a str,
}

impl Scene<'_> {
    /// The whole message: one sentence, then RAM's own words
    pub(crate) fn message(&self, finding: &Finding) -> String {
        let words = joined(&finding.words(self.account));
        let sentence = format!("{}: {}", self.opening(), self.explanation(finding));
        let room = MAX_MESSAGE.saturating_sub(words.len()).saturating_sub(2);
        fitted(&format!("{}. {words}", fitted(&sentence, room)), MAX_MESSAGE)
    }

    /// The same for programs
    pub(crate) fn cause(&self, finding: &Finding) -> Cause {
        Cause {
            reason: finding.code().to_owned(),
            message: format!(
                "{}. {}",
                self.explanation(finding),
                joined(&finding.words(self.account))
            ),
            field: None,
        }
    }

    /// Who may not do what to which pods
    fn opening(&self) -> String {
        let Question { deed, namespace, .. } = *self.question;
        let who = quoted(self.user, NAME_LENGTH);
        let bound = self
            .principal
            .map_or_else(String::new, |principal| format!(" ({})", described(principal)));
        let what = match (self.question.name, namespace) {
            (Some(name), Some(namespace)) => format!("pod {}", quoted(&format!("{namespace}/{name}"), 128)),
            (_, Some(namespace)) => format!("the pods of namespace {}", quoted(namespace, NAME_LENGTH)),
            (_, None) => "the pods of all namespaces".to_owned(),
        };
        format!("{who}{bound} may not {deed} {what} on ECI")
    }

    fn explanation(&self, finding: &Finding) -> String {
        match finding {
            Finding::Unbound => format!(
                "this identity is bound to no RAM user or role: ask your cluster administrator to bind {} or one of its groups",
                subject(self.user)
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
                boundary,
            } => {
                let explanation = self.denied(denial, principal);
                match boundary {
                    true => format!("the boundary {} forbids it: {explanation}", described(principal)),
                    false => explanation,
                }
            }
        }
    }

    fn denied(&self, denial: &Denial, principal: &Principal) -> String {
        let who = described(principal);
        match &denial.decision.reason {
            Reason::Statement(statement) => {
                let statement = named(denial, statement);
                format!(
                    "{statement} denies {}: {}",
                    denial.question.action,
                    self.remedy(denial)
                )
            }
            Reason::UnknownPrincipal => format!(
                "{who} is not in ramgate's directory, so nothing is allowed to it: ask your cluster administrator to add it"
            ),
            Reason::NoMatch(misses) => match misses.first().map(|miss| (&miss.statement, &miss.mismatch)) {
                Some((
                    statement,
                    Mismatch::Condition {
                        operator,
                        key,
                        wanted,
                        got,
                    },
                )) => {
                    let statement = named(denial, statement);
                    let found = self.found(key, got);
                    format!(
                        "{statement} wants {} {}, {found}: {}",
                        self.of(key),
                        condition_text(operator, wanted),
                        self.remedy(denial)
                    )
                }
                _ => self.nothing_allows(denial, &who),
            },
            Reason::Root | Reason::UnknownRole => self.nothing_allows(denial, &who),
        }
    }

    /// What a condition key stands for
    fn of(&self, key: &str) -> String {
        match TagKey::parse(key) {
            // A list names no instance, so that this is no tag of anything
            Some(TagKey {
                source: TagSource::Resource,
                ..
            }) if self.is_list => quoted(key, NAME_LENGTH),
            Some(TagKey { tag, .. }) => format!("tag {}", quoted(tag, NAME_LENGTH)),
            None => quoted(key, NAME_LENGTH),
        }
    }

    fn found(&self, key: &str, got: &[String]) -> String {
        if !got.is_empty() {
            return format!("but it is {}", listed(got, "and"));
        }
        match (TagKey::parse(key).map(|key| key.source), self.is_list) {
            (Some(TagSource::Resource), true) => "which only a request for one pod has".to_owned(),
            (Some(_), true) => format!("but the {} asks for no such tag", self.noun()),
            (Some(TagSource::Request), false) => "but a request for one pod asks for no tags".to_owned(),
            (Some(_), false) => "but the pod has no such tag".to_owned(),
            (None, _) => "but the request does not have it".to_owned(),
        }
    }

    fn noun(&self) -> &'static str {
        match self.question.deed {
            Deed::Watch => "watch",
            Deed::Get | Deed::Log | Deed::List => "list",
        }
    }

    /// That no statement comes near, and where one was looked for
    fn nothing_allows(&self, denial: &Denial, who: &str) -> String {
        let policies = match (
            denial.decision.policy_type,
            denial.question.resource_group.as_deref(),
        ) {
            (PolicyType::ControlPolicy, _) => "no control policy of the resource directory".to_owned(),
            (_, Some(group)) => format!(
                "no policy of {who}, for the account or for resource group {},",
                quoted(group, NAME_LENGTH)
            ),
            (_, None) => format!("no policy of {who} for the whole account"),
        };
        format!(
            "{policies} allows {}: {}",
            denial.question.action,
            self.remedy(denial)
        )
    }

    /// What to do
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

/// A statement by its name, and by its layer where that is not the principal's own
fn named(denial: &Denial, statement: &StatementId) -> String {
    let layer = match denial.decision.policy_type {
        PolicyType::ControlPolicy => "control policy statement",
        _ => "statement",
    };
    format!("{layer} {}", quoted(&statement.to_string(), 100))
}
