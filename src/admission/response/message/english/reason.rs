//! What is wrong, in English.

use crate::admission::response::message::english::{creating_pod, fault};
use crate::admission::response::message::explanation::{Denied, Noun, Requirement, Searched, TagTime, Why};
use crate::wording::{NAME_LENGTH, binding_step, described, listed, quoted, subject};
use eci_calls::INSTANCE_ROLE_SERVICE;
use eci_calls::condition_key::{RESOURCE_GROUP_ID, TagKey};
use ram_policy::{MetCondition, Principal, StatementId};

pub(super) fn why(why: &Why<'_>, namespace: &str) -> String {
    match why {
        Why::Malformed(malformed) => malformed.to_string(),
        Why::Unmappable(error) => error.to_string(),
        Why::NotMapped {
            annotation,
            wanted,
            found,
        } => not_mapped(annotation, *wanted, *found),
        Why::Unbound { user } => format!(
            "this identity is bound to no RAM user or role: ask your cluster administrator to {}",
            binding_step(user)
        ),
        Why::Spawner { fault, user } => creating_pod::spawner(fault, user),
        Why::CreatingPodUnread => {
            "the pod that its token is bound to could not be read, so nobody can say for whom it acts: try again, and if it \
             lasts ask your cluster administrator to look at ramgate's log"
                .to_owned()
        }
        Why::Stamp(stamp) => fault::stamp(stamp, namespace),
        Why::BindingAnnotation(annotation) => format!(
            "its Binding brings annotation {}, which the pod does not have: write it on the pod or in its template, a \
             Binding only says where a pod goes",
            quoted(annotation, NAME_LENGTH)
        ),
        Why::Revision(revision) => fault::revision(revision),
        Why::UnlistedController { kind, preset, user } => {
            let kind = quoted(kind, NAME_LENGTH);
            let entry = match preset {
                Some(entry) => format!("add {entry} to `carriers` for kind {kind}"),
                None => format!("list it for kind {kind} under `carriers`"),
            };
            format!(
                "it is no person and no controller of Kubernetes, and is not listed: ask your cluster administrator to \
                 {entry}, or to bind {}",
                subject(user)
            )
        }
        Why::UnknownNamespace(namespace) => format!(
            "namespace {} is too new for ramgate to know its labels: try again in a moment",
            quoted(namespace, NAME_LENGTH)
        ),
        Why::NoNamespace => "the request names no namespace, and pods are always in one: name it".to_owned(),
        Why::UnknownPod => "no such pod is known, so nobody can say whose container group it is: see that it is there and try again".to_owned(),
        Why::PodChanged => {
            "it was changed while it was being bound, or the mutating webhook was not asked: try again, as \
                            the scheduler does by itself"
                .to_owned()
        }
        Why::UnknownWorkload => {
            "no such workload is known, so nobody can say whether its pods are ECI's: see that it is there and try again".to_owned()
        }
        Why::UnknownRequest(what) => format!(
            "the webhook rules send {}, which this version of ramgate does not know how to judge: ask your cluster \
             administrator to install chart and image of the same version, and to list the kind under `carriers` if it \
             makes pods",
            quoted(what, NAME_LENGTH)
        ),
        Why::Profile(problem) => format!("{problem}: correct it and apply it again"),
        Why::Refused(reason) => reason.to_string(),
        Why::NotEverywhere { statement, boundary } => not_everywhere(*statement, *boundary),
        Why::Denied(denied) => by_ram(denied),
    }
}

/// A denial by RAM
fn by_ram(denied: &Denied<'_>) -> String {
    match denied {
        Denied::Tag {
            time,
            noun,
            key,
            requirement,
            got,
        } => tag(*time, *noun, key, *requirement, got),
        Denied::Key {
            key,
            requirement,
            got,
        } => {
            let key = condition_key(key);
            let found = found(got, "but the request does not have it");
            format!("{key} must {}, {found}", self::requirement(*requirement))
        }
        Denied::Forbids {
            statement,
            is_control_policy,
            action,
            for_new_tags,
            noun,
            conditions,
        } => {
            let layer = if *is_control_policy {
                "control policy statement"
            } else {
                "statement"
            };
            let tags = if *for_new_tags { " for the new tags" } else { "" };
            let statement = quoted(&statement.to_string(), 100);
            format!(
                "{layer} {statement} forbids {action}{tags}{}",
                because(conditions, *noun)
            )
        }
        Denied::UnknownPrincipal(principal) => format!(
            "{} is not in ramgate's directory, so nothing is allowed to it",
            described(principal)
        ),
        Denied::UnknownRole => "the role is not in ramgate's directory".to_owned(),
        Denied::Untrusting { trusted } => format!(
            "the role trusts {} and not {INSTANCE_ROLE_SERVICE}, which runs ECI instances",
            listed(trusted, "and")
        ),
        Denied::MayNotPass { principal, role } => {
            format!(
                "{} may not give pods the role {}",
                described(principal),
                quoted(role, 128)
            )
        }
        Denied::OtherResource {
            statement,
            action,
            allowed,
            wanted,
            is_single,
        } => {
            let single = if *is_single {
                "; no request of a pod has the id of an instance, so only `containergroup/*` matches"
            } else {
                ""
            };
            format!(
                "statement {} allows {action} on {} alone, and not on {}{single}",
                quoted(&statement.to_string(), 100),
                listed(allowed, "and"),
                quoted(wanted, 128)
            )
        }
        Denied::NothingAllows { searched, action } => nothing_allows(*searched, action),
        Denied::Root { principal, action } => format!("{} is denied {action}", described(principal)),
    }
}

fn tag(time: TagTime, noun: Noun, key: &str, requirement: Requirement<'_>, got: &[String]) -> String {
    let time = match time {
        TagTime::Only => "tag",
        TagTime::New => "new tag",
        TagTime::Current => "current tag",
    };
    let absent = format!("but {} has no such tag", self::noun(noun));
    format!(
        "{time} {} must {}, {}",
        quoted(key, NAME_LENGTH),
        self::requirement(requirement),
        found(got, &absent)
    )
}

fn noun(noun: Noun) -> &'static str {
    match noun {
        Noun::Pod => "the pod",
        Noun::ImageCache => "the image cache",
    }
}

fn found(got: &[String], absent: &str) -> String {
    match got {
        [] => absent.to_owned(),
        got => format!("but it is {}", listed(got, "and")),
    }
}

fn condition_key(key: &str) -> String {
    match key {
        RESOURCE_GROUP_ID => "the resource group".to_owned(),
        key => quoted(key, NAME_LENGTH),
    }
}

/// The requirement of a condition, behind "must"
///
/// ```text
/// StringEquals [a, b] -> be `a` or `b`
/// StringNotLike [x*]  -> not be `x*`
/// ```
pub(crate) fn requirement(requirement: Requirement<'_>) -> String {
    match requirement {
        Requirement::Equal(wanted) => format!("be {}", listed(wanted, "or")),
        Requirement::Like(wanted) => format!("be like {}", listed(wanted, "or")),
        Requirement::NotEqual(wanted) => format!("not be {}", listed(wanted, "or")),
        Requirement::Meet(operator, wanted) => format!("meet {operator} {}", listed(wanted, "or")),
    }
}

/// The conditions of a Deny, each with what it found, to be put behind "forbids it"
pub(crate) fn because(conditions: &[MetCondition], noun: Noun) -> String {
    if conditions.is_empty() {
        return String::new();
    }
    let because: Vec<String> = conditions.iter().map(|condition| met(condition, noun)).collect();
    format!(", because {}", because.join(" and "))
}

fn met(condition: &MetCondition, noun: Noun) -> String {
    let key = match TagKey::parse(&condition.key) {
        Some(TagKey { tag, .. }) => format!("tag {}", quoted(tag, NAME_LENGTH)),
        None => condition_key(&condition.key),
    };
    let found = match condition.got.as_slice() {
        [] if TagKey::parse(&condition.key).is_some() => format!("{} has no {key}", self::noun(noun)),
        [] => format!("the request has no {key}"),
        got => format!("{key} is {}", listed(got, "and")),
    };
    let requirement = if condition.got.is_empty() && condition.operator.quantifier().is_some() {
        // Without the key there is no value to compare: the operator itself is the reason
        Requirement::Meet(condition.operator, &condition.wanted)
    } else {
        Requirement::new(condition.operator, &condition.wanted)
    };
    let rule = match requirement {
        Requirement::Equal(wanted) if wanted == condition.got => return found,
        Requirement::Equal(wanted) => format!("forbidden: {}", listed(wanted, "or")),
        Requirement::Like(wanted) => format!("forbidden: like {}", listed(wanted, "or")),
        Requirement::NotEqual(wanted) => format!("allowed: {}", listed(wanted, "or")),
        Requirement::Meet(operator, wanted) => format!("forbidden: {operator} {}", listed(wanted, "or")),
    };
    format!("{found} ({rule})")
}

fn nothing_allows(searched: Searched<'_>, action: &str) -> String {
    match searched {
        Searched::ControlPolicies => format!("no control policy of the resource directory allows {action}"),
        Searched::TrustPolicy => format!("no statement of the role's trust policy allows {action}"),
        Searched::Granted { principal, group } => {
            let nobody = described(principal);
            match group {
                Some(group) => format!(
                    "no policy gives {nobody} the permission for this ({action}), neither for the account nor for resource group {}",
                    quoted(group, NAME_LENGTH)
                ),
                None => format!("no policy gives {nobody} the permission for this ({action})"),
            }
        }
    }
}

fn not_mapped(annotation: &str, wanted: Option<&str>, found: Option<&str>) -> String {
    let value =
        |value: Option<&str>| value.map_or_else(|| "absent".to_owned(), |value| quoted(value, NAME_LENGTH));
    format!(
        "annotation {annotation} must be {} by ramgate's mapping rules, it is {}: something changed it on its way, or the \
         mutating webhook was not asked; try again, or ask your cluster administrator",
        value(wanted),
        value(found)
    )
}

fn not_everywhere(statement: Option<&StatementId>, boundary: Option<&Principal>) -> String {
    let whose = match boundary {
        Some(principal) => format!("the boundary of a namespace, {}", described(principal)),
        None => "this identity".to_owned(),
    };
    let why = match statement {
        Some(statement) => format!("statement `{statement}` makes a difference between them"),
        None => "no statement says so".to_owned(),
    };
    format!(
        "it runs commands in every container group of the node, so eci:ExecContainerCommand must be allowed on all there are, \
         whatever their tags and group; for {whose} {why}: use `kubectl exec`, `logs` or `port-forward` on the pod itself"
    )
}
