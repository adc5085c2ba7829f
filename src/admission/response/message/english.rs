//! Messages in English.

mod creating_pod;
mod fault;
mod reason;
mod warning;

use crate::admission::fields::mapping::source_name;
use crate::admission::outcome::advice::Line;
use crate::admission::outcome::mode::Mode;
use crate::admission::outcome::origin::Origin;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::admission::response::message::explanation::{Ask, Helpless, Note, Step, Who, Why};
use crate::admission::response::message::language::Language;
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::object_name::ReviewedObject;
use crate::admission::response::place::Place;
use crate::admission::routing::mark::Mark;
use crate::config::Exception;
use crate::kubernetes::eci_annotations::{SERVICE_ARNS, USER_ARNS};
use crate::wording::{NAME_LENGTH, clipped, described, quoted};
use ram_policy::Principal;

pub(crate) use crate::admission::response::message::english::fault::restart_command;
pub(crate) use crate::admission::response::message::english::reason::{because, requirement};

/// English
pub(crate) struct English;

impl Language for English {
    fn opening(&self, context: &MessageContext<'_>) -> String {
        let who = quoted(context.user, NAME_LENGTH);
        let bound = context
            .principal
            .map(|principal| format!(" ({})", described(principal)));
        format!(
            "{who}{} may not {} {} on ECI",
            bound.unwrap_or_default(),
            verb(context.verb),
            object(context.object)
        )
    }

    fn why(&self, why: &Why<'_>, namespace: &str) -> String {
        reason::why(why, namespace)
    }

    fn note(&self, note: &Note<'_>) -> String {
        match note {
            Note::From(Origin::Profile(name)) => {
                format!(" (eci-profile selector {} wrote it)", quoted(name, NAME_LENGTH))
            }
            Note::From(Origin::Binding) => " (its Binding brings it)".to_owned(),
            Note::From(Origin::Mapping(source)) => format!(" (from {})", source_name(source)),
            Note::LookAlike {
                found,
                wanted,
                letter,
            } => {
                let (found, wanted) = (quoted(found, NAME_LENGTH), quoted(wanted, NAME_LENGTH));
                match letter {
                    Some(letter) => format!(
                        "; tag {found} looks like {wanted}, but has another letter (U+{:04X})",
                        u32::from(*letter)
                    ),
                    None => format!("; tag {found} is another one, as case counts"),
                }
            }
            Note::Misplaced { found, place } => format!("; it stands in {found}; move it to {place}"),
            Note::NameOfGroup(id) => format!("; that is the name of {}", quoted(id, NAME_LENGTH)),
            Note::DidYouMean(name) => format!(" (did you mean {}?)", quoted(name, NAME_LENGTH)),
        }
    }

    fn step(&self, step: &Step<'_>, place: &Place) -> Option<String> {
        Some(match step {
            Step::None => return None,
            Step::Write(lines) => write(lines, place),
            Step::Ask(ask) => self::ask(ask),
            Step::AskOrWrite(ask, lines) => format!("{}, or {}", self::ask(ask), write(lines, place)),
            Step::PutBack => "put it back, or make a new pod".to_owned(),
            Step::PutBackRegistryRoles => {
                format!("put annotations {SERVICE_ARNS} and {USER_ARNS} back, or make a new pod")
            }
        })
    }

    fn lead(&self, step: &Step<'_>, place: &Place, removed: &[&Line], is_followed: bool) -> Option<String> {
        let place = shown(place);
        let removed: Vec<&str> = removed.iter().map(|line| line.annotation).collect();
        let removed = removed.join(" and ");
        let start = match step {
            Step::AskOrWrite(ask, _) => format!("{}, or under {place}", capitalized(&self::ask(ask))),
            Step::Write(_) => format!("Under {place}"),
            Step::None | Step::Ask(_) | Step::PutBack | Step::PutBackRegistryRoles => return None,
        };
        let comma = if start.starts_with("Under") { "," } else { "" };
        Some(match (removed.as_str(), is_followed) {
            ("", _) => format!("{start}{comma} write:"),
            (removed, true) => format!("{start}{comma} leave out {removed} and write:"),
            (removed, false) => format!("{start}{comma} leave out {removed}"),
        })
    }

    fn of_boundary(&self, boundary: &Principal, explanation: &str) -> String {
        format!(
            "the boundary of its namespace, {}, forbids it: {explanation}",
            described(boundary)
        )
    }

    fn joined(&self, first: &str, second: &str) -> String {
        let mark = if first.contains(": ") { ';' } else { ':' };
        format!("{first}{mark} {second}")
    }

    fn stop(&self) -> &'static str {
        ". "
    }

    fn contact(&self, contact: &str) -> String {
        format!("Contact: {contact}")
    }

    fn also(&self) -> &'static str {
        "Also: "
    }

    fn too_long(&self) -> &'static str {
        "The line is too long for this message: `ramgate check` prints it"
    }

    fn warning(&self, warning: &Warning, namespace: &str) -> String {
        warning::warning(warning, namespace)
    }

    fn softened(&self, mode: Mode) -> String {
        format!("ramgate in mode {mode}, in mode enforce this would be denied: ")
    }

    fn excused(&self, exception: &Exception) -> String {
        format!(
            "ramgate: allowed until {} by exception {}, after that this will be denied: ",
            exception.until, exception.name
        )
    }

    fn tentative(&self, is_pod: bool, mark: &Mark) -> String {
        let subject = if is_pod {
            "this pod"
        } else {
            "a pod of this template"
        };
        format!("ramgate: {subject} may reach ECI ({mark}) and would be denied there: ")
    }

    fn keep_off(&self, place: &str) -> String {
        format!("Or keep its pods off virtual nodes. Under {place}, write:")
    }
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Delete => "delete",
        Verb::Evict => "evict",
        Verb::Own => "change the owners, and so decide on the deletion, of",
        Verb::Scale => "scale up",
        Verb::Exec => "exec into",
        Verb::Attach => "attach to",
        Verb::PortForward => "forward ports of",
        Verb::Proxy => "proxy to",
    }
}

fn object(object: &ReviewedObject) -> String {
    let name = |name: &str| quoted(name, 128);
    match object {
        ReviewedObject::Pod(pod) => format!("pod {}", name(pod)),
        ReviewedObject::PodsOf { kind, name: of } => format!("pods of {} {}", clipped(kind, 64), name(of)),
        ReviewedObject::PodsOfNamespace(namespace) => format!("pods of namespace {}", name(namespace)),
        ReviewedObject::Workload { kind, name: of } => format!("{} {}", clipped(kind, 64), name(of)),
        ReviewedObject::ImageCache(cache) => format!("image cache {}", name(cache)),
        ReviewedObject::Kubelet(node) => format!("the kubelet of node {}", name(node)),
        ReviewedObject::RoutingPolicy { kind, name: of } => {
            format!("{kind} {}, by which pods are made", name(of))
        }
        ReviewedObject::ConfigMap(map) => format!("ConfigMap {}, by which pods are made", name(map)),
    }
}

fn write(lines: &[Line], place: &Place) -> String {
    let words = lines.iter().map(|line| match &line.value {
        Some(_) => format!("write {line}"),
        None => format!("leave out {}", line.annotation),
    });
    let words: Vec<String> = words.collect();
    format!("under {} {}", shown(place), words.join(" and "))
}

/// A place, such as "spec.template.metadata.annotations of Deployment web"
fn shown(place: &Place) -> String {
    match &place.object {
        Some(object) => format!("{} of {}", place.path, clipped(object, 128)),
        None => place.path.clone(),
    }
}

fn ask(ask: &Ask<'_>) -> String {
    let others = if ask.or_others { "someone who may, or " } else { "" };
    let who = match ask.who {
        Who::RamAdministrator => "your RAM administrator",
        Who::ResourceDirectory => "the administrator of your resource directory",
        Who::RoleOwner => "whoever owns the role to let ECS assume it",
        Who::ServiceLinkedRole => "your RAM administrator to make ECI's service-linked role once",
        Who::AddPrincipal => "your cluster administrator to add it",
        Who::AddRole => "your cluster administrator to add this role",
        Who::AddGroup => "your cluster administrator to add this group",
        Who::ClusterAdministrator => "your cluster administrator",
        Who::SourceOwner => "whoever owns it",
    };
    let asked = format!("ask {others}{who}");
    match ask.reason {
        None => asked,
        Some(Helpless::NoOtherFields) => format!("other tags, groups or roles do not help, {asked}"),
        Some(Helpless::SetByAck) => format!("ACK sets this tag itself, {asked}"),
        Some(Helpless::SetBy(source)) => format!("this tag is set by {}, {asked}", source_name(source)),
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
