//! Messages in English.

use crate::admission::response::message::english::{because, requirement};
use crate::admission::response::message::explanation::Noun;
use crate::authorization::message::words::{Advice, Found, Key, Named, Reason, Searched, Step, Words};
use crate::authorization::pod_read::{PodRead, Verb};
use crate::wording::{NAME_LENGTH, binding_step, described, listed, quoted};
use ram_policy::Principal;

/// English
pub(super) struct English;

impl Words for English {
    fn opening(&self, user: &str, bound: Option<&Principal>, read: &PodRead<'_>) -> String {
        let user = quoted(user, NAME_LENGTH);
        let bound = bound.map(|principal| format!(" ({})", described(principal)));
        let pods = match (read.name, read.namespace) {
            (Some(name), Some(namespace)) => format!("pod {}", quoted(&format!("{namespace}/{name}"), 128)),
            (_, Some(namespace)) => format!("the pods of namespace {}", quoted(namespace, NAME_LENGTH)),
            (_, None) => "the pods of all namespaces".to_owned(),
        };
        format!(
            "{user}{} may not {} {pods} on ECI",
            bound.unwrap_or_default(),
            read.verb
        )
    }

    fn reason(&self, reason: &Reason<'_>) -> String {
        match reason {
            Reason::Unbound(user) => format!(
                "this identity is bound to no RAM user or role: ask your cluster administrator to {}",
                binding_step(user)
            ),
            Reason::UnknownNamespace => {
                "there is no such namespace, or it is too new for ramgate to know its labels: try again in a moment".to_owned()
            }
            Reason::UnreadPod => "ramgate could not read the pod to see whose it is: try again in a moment".to_owned(),
            Reason::UnknownGroup(group) => format!(
                "the mapping rules put its pods into resource group {}, which is not in the directory: ask your cluster \
                 administrator to add it",
                quoted(group, NAME_LENGTH)
            ),
            Reason::UnknownPrincipal(principal) => format!(
                "{} is not in ramgate's directory, so nothing is allowed to it: ask your cluster administrator to add it",
                described(principal)
            ),
            Reason::Forbids {
                statement,
                action,
                conditions,
                step,
            } => format!(
                "{} forbids {action}{}: {}",
                named(*statement),
                because(conditions, Noun::Pod),
                self::step(step)
            ),
            Reason::Unmet {
                statement,
                key,
                requirement,
                found,
                step,
            } => format!(
                "{} must {}, by {}, {}: {}",
                self::key(key),
                self::requirement(*requirement),
                named(*statement),
                self::found(found),
                self::step(step)
            ),
            Reason::OtherResource {
                statement,
                action,
                allowed,
                wanted,
                step,
            } => format!(
                "{} allows {action} on {} alone, and not on {}: {}",
                named(*statement),
                listed(allowed, "and"),
                quoted(wanted, 128),
                self::step(step)
            ),
            Reason::NothingAllows {
                searched,
                action,
                step,
            } => format!("{}: {}", nothing_allows(searched, action), self::step(step)),
        }
    }

    fn of_boundary(&self, boundary: &Principal, reason: &str) -> String {
        format!("the boundary {} forbids it: {reason}", described(boundary))
    }

    fn stop(&self) -> &'static str {
        ". "
    }

    fn colon(&self) -> &'static str {
        ": "
    }

    fn contact(&self, contact: &str) -> String {
        format!("Contact: {contact}")
    }
}

fn named(statement: Named<'_>) -> String {
    let layer = if statement.is_control_policy {
        "control policy statement"
    } else {
        "statement"
    };
    format!("{layer} {}", quoted(&statement.id.to_string(), 100))
}

fn key(key: &Key<'_>) -> String {
    match key {
        Key::Tag(tag) => format!("tag {}", quoted(tag, NAME_LENGTH)),
        Key::Other(key) => quoted(key, NAME_LENGTH),
    }
}

fn found(found: &Found<'_>) -> String {
    match found {
        Found::Values(values) => format!("but it is {}", listed(values, "and")),
        Found::OfOnePod => "which only a request for one pod has".to_owned(),
        Found::Unselected(Verb::Watch) => "but the watch asks for no such tag".to_owned(),
        Found::Unselected(Verb::Get | Verb::Log | Verb::List) => {
            "but the list asks for no such tag".to_owned()
        }
        Found::NoSelection => "but a request for one pod asks for no tags".to_owned(),
        Found::Absent => "but the pod has no such tag".to_owned(),
        Found::NotInRequest => "but the request does not have it".to_owned(),
    }
}

fn nothing_allows(searched: &Searched<'_>, action: &str) -> String {
    match searched {
        Searched::ControlPolicies => format!("no control policy of the resource directory allows {action}"),
        Searched::Granted {
            principal,
            group: Some(group),
        } => format!(
            "no policy of {}, for the account or for resource group {}, allows {action}",
            described(principal),
            quoted(group, NAME_LENGTH)
        ),
        Searched::Granted {
            principal,
            group: None,
        } => format!(
            "no policy of {} for the whole account allows {action}",
            described(principal)
        ),
    }
}

fn step(step: &Step) -> String {
    let administrator = if step.is_control_policy {
        "the administrator of your resource directory"
    } else {
        "your RAM administrator"
    };
    match &step.advice {
        Advice::WithoutLabels => "ask without those labels in the selector".to_owned(),
        Advice::Labels(labels) => format!("ask with the label selector {}", quoted(labels, 400)),
        Advice::NoSelector => format!("no label selector would be allowed, ask {administrator}"),
        Advice::Ask => format!("ask {administrator}"),
        Advice::AskOthers => format!("ask someone who may, or {administrator}"),
    }
}
