//! The explanation of a finding, and the finding for programs.

use crate::admission::fields::mapping::MappingError;
use crate::admission::outcome::cause::Cause;
use crate::admission::outcome::finding::Finding;
use crate::admission::response::message::explanation::{Explanation, Note, Step, Who, Why};
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::message::ram_denial::RamDenial;
use crate::admission::response::message::ram_fields;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS};
use crate::stamp::REQUESTED_BY;
use crate::wording::joined;
use eci_calls::{Refusal, RefusalReason};

impl Finding {
    /// The annotation at fault
    pub(crate) fn annotation(&self, context: &MessageContext<'_>) -> Option<&'static str> {
        match self {
            Self::Malformed(malformed) => Some(malformed.annotation),
            Self::Unmappable(MappingError::TooMany { .. }) => Some(CUSTOM_TAGS),
            Self::NotMapped { annotation, .. } => Some(annotation),
            Self::Refused(refusal) => match refusal.reason {
                RefusalReason::UnknownRole(_) | RefusalReason::RoleChange { .. } => Some(RAM_ROLE_NAME),
                RefusalReason::UnknownGroup(_) | RefusalReason::GroupChange { .. } => Some(RESOURCE_GROUP_ID),
                RefusalReason::RegistryRoleChange => Some(SERVICE_ARNS),
                RefusalReason::OtherGroup { .. } | RefusalReason::Tags(_) => None,
            },
            Self::Denied {
                denial, principal, ..
            } => RamDenial {
                denial,
                principal,
                context,
            }
            .annotation(),
            Self::Stamp(_) => Some(REQUESTED_BY),
            Self::Unmappable(MappingError::Value { .. })
            | Self::Unbound
            | Self::Spawner(_)
            | Self::CreatingPodUnread
            | Self::BindingAnnotation(_)
            | Self::Revision(_)
            | Self::UnlistedController { .. }
            | Self::UnknownNamespace
            | Self::UnknownPod
            | Self::PodChanged
            | Self::UnknownWorkload
            | Self::UnknownRequest(_)
            | Self::Profile(_)
            | Self::NotEverywhere { .. } => None,
        }
    }

    /// What is wrong, what belongs to it, and what to do
    pub(crate) fn explanation<'a>(&'a self, context: &'a MessageContext<'a>) -> Explanation<'a> {
        let why = match self {
            Self::Malformed(malformed) => Why::Malformed(malformed),
            Self::Unmappable(error) => Why::Unmappable(error),
            Self::NotMapped {
                annotation,
                wanted,
                found,
            } => Why::NotMapped {
                annotation,
                wanted: wanted.as_deref(),
                found: found.as_deref(),
            },
            Self::Unbound => Why::Unbound { user: context.user },
            Self::Spawner(fault) => Why::Spawner {
                fault,
                user: context.user,
            },
            Self::CreatingPodUnread => Why::CreatingPodUnread,
            Self::Stamp(fault) => Why::Stamp(fault),
            Self::BindingAnnotation(annotation) => Why::BindingAnnotation(annotation),
            Self::Revision(fault) => Why::Revision(fault),
            Self::UnlistedController { kind, preset } => Why::UnlistedController {
                kind,
                preset: preset.as_deref(),
                user: context.user,
            },
            Self::UnknownNamespace if context.namespace.is_empty() => Why::NoNamespace,
            Self::UnknownNamespace => Why::UnknownNamespace(context.namespace),
            Self::UnknownPod => Why::UnknownPod,
            Self::PodChanged => Why::PodChanged,
            Self::UnknownWorkload => Why::UnknownWorkload,
            Self::UnknownRequest(what) => Why::UnknownRequest(what),
            Self::Profile(problem) => Why::Profile(problem),
            Self::Refused(refusal) => return refused(refusal, context),
            Self::NotEverywhere {
                statement,
                principal,
                is_boundary,
            } => Why::NotEverywhere {
                statement: statement.as_ref(),
                boundary: is_boundary.then_some(principal),
            },
            Self::Denied {
                denial,
                principal,
                is_boundary,
            } => {
                let denial = RamDenial {
                    denial,
                    principal,
                    context,
                };
                return Explanation {
                    boundary: is_boundary.then_some(principal),
                    ..denial.explanation()
                };
            }
        };
        Explanation {
            boundary: None,
            why,
            notes: Vec::new(),
            step: Step::None,
        }
    }

    /// The finding for programs
    pub(crate) fn cause(&self, context: &MessageContext<'_>) -> Cause {
        self.cause_of(self.explanation(context).one_line(context), context)
    }

    /// The finding for programs; `message` says in one line what is wrong and what to do
    pub(crate) fn cause_of(&self, mut message: String, context: &MessageContext<'_>) -> Cause {
        let language = context.language();
        if let Self::Denied { denial, .. } = self {
            message.push_str(&ram_fields::other_misses(denial));
        }
        let details = joined(&self.details(context.configuration.policies.account()));
        Cause {
            reason: self.code().to_owned(),
            message: message + language.stop() + &details,
            field: self
                .annotation(context)
                .map(|annotation| format!("{}[{annotation}]", context.request_place)),
        }
    }

    /// RAM's fields of a denial, or the code of another finding
    pub(crate) fn details(&self, account: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Denied {
                denial, principal, ..
            } => ram_fields::details(denial, principal, account),
            Self::Malformed(_)
            | Self::Unmappable(_)
            | Self::NotMapped { .. }
            | Self::Unbound
            | Self::Spawner(_)
            | Self::CreatingPodUnread
            | Self::Stamp(_)
            | Self::BindingAnnotation(_)
            | Self::Revision(_)
            | Self::UnlistedController { .. }
            | Self::UnknownNamespace
            | Self::UnknownPod
            | Self::PodChanged
            | Self::UnknownWorkload
            | Self::UnknownRequest(_)
            | Self::Profile(_)
            | Self::NotEverywhere { .. }
            | Self::Refused(_) => vec![("Code", self.code().to_owned())],
        }
    }
}

fn refused<'a>(refusal: &'a Refusal, context: &'a MessageContext<'a>) -> Explanation<'a> {
    let lines = context.lines();
    let role_origin = || context.origins.role.as_ref().map(Note::From);
    let (notes, step) = match &refusal.reason {
        RefusalReason::UnknownRole(_) => {
            let ask = context.ask(Who::AddRole);
            let near = context.near_role();
            let step = match lines {
                [] => context.step(ask),
                lines if near.is_some() => Step::Write(lines),
                lines => Step::AskOrWrite(ask, lines),
            };
            (role_origin().into_iter().chain(near).collect(), step)
        }
        RefusalReason::UnknownGroup(_) => {
            let origin = context.origins.resource_group.as_ref().map(Note::From);
            let named = group_of_name(context).map(Note::NameOfGroup);
            let notes = origin.into_iter().chain(named).collect();
            (notes, context.step(context.ask(Who::AddGroup)))
        }
        RefusalReason::RoleChange { .. } | RefusalReason::GroupChange { .. } => {
            let step = match lines {
                [] => Step::PutBack,
                lines => Step::Write(lines),
            };
            (Vec::new(), step)
        }
        // The search for advice does not try other roles for pulling images
        RefusalReason::RegistryRoleChange => (Vec::new(), Step::PutBackRegistryRoles),
        RefusalReason::OtherGroup { .. } | RefusalReason::Tags(_) => {
            (Vec::new(), context.step(context.ask(Who::ClusterAdministrator)))
        }
    };
    Explanation {
        boundary: None,
        why: Why::Refused(&refusal.reason),
        notes,
        step,
    }
}

/// The id of the resource group whose name the pod has in place of the id, if the pod would be allowed there: nobody learns
/// the id of another team's group by its name
fn group_of_name<'a>(context: &MessageContext<'a>) -> Option<&'a str> {
    let written = context.fields.resource_group.as_deref()?;
    let is_advised = |id: &str| {
        let mut lines = context.lines().iter();
        lines.any(|line| line.annotation == RESOURCE_GROUP_ID && line.value.as_deref() == Some(id))
    };
    let groups = &context.configuration.account.resource_groups;
    groups
        .iter()
        .find(|group| group.name.as_deref() == Some(written))
        .map(|group| group.id.as_str())
        .filter(|id| is_advised(id))
}
