//! The sentence for a finding: who may not do what, the requirement, what ramgate found, and the remedy.

use crate::admission::fields::mapping::MappingError;
use crate::admission::outcome::cause::Cause;
use crate::admission::outcome::finding::Finding;
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::message::ram_denial;
use crate::admission::response::message::ram_denial::RamDenial;
use crate::kubernetes::eci_annotations::{
    CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS,
};
use crate::stamp::REQUESTED_BY;
use crate::wording::{NAME_LENGTH, binding_step, described, joined, quoted, subject};
use eci_calls::Refusal;
use ram_policy::{Principal, StatementId};

impl Finding {
    /// The annotation at fault
    pub(crate) fn annotation(&self, context: &MessageContext<'_>) -> Option<&'static str> {
        match self {
            Self::Malformed(malformed) => Some(malformed.annotation),
            Self::Unmappable(MappingError::TooMany { .. }) => Some(CUSTOM_TAGS),
            Self::NotMapped { annotation, .. } => Some(annotation),
            Self::Refused(refusal) => match refusal.code {
                "Forbidden.RamRoleNotExist" | "RoleChange" => Some(RAM_ROLE_NAME),
                "UnknownResourceGroup" | "ResourceGroupChange" => Some(RESOURCE_GROUP_ID),
                "RegistryRoleChange" => Some(SERVICE_ARNS),
                _ => None,
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

    /// The whole sentence, without a full stop
    ///
    /// ```text
    /// Denied, user alice creates pod shop/web ->
    ///     `alice` (user alice) may not create pod `shop/web` on ECI: statement `Team#1` wants tag `team` to be `a`, but the
    ///     pod has no such tag: write annotation k8s.aliyun.com/eci-custom-tags: "team:a"
    /// ```
    pub(crate) fn sentence(&self, context: &MessageContext<'_>) -> String {
        format!("{}: {}", context.opening(), self.explanation(context))
    }

    /// The requirement, what ramgate found, and the remedy
    pub(crate) fn explanation(&self, context: &MessageContext<'_>) -> String {
        match self {
            Self::Malformed(malformed) => malformed.to_string(),
            Self::Unmappable(error) => error.to_string(),
            Self::NotMapped {
                annotation,
                wanted,
                found,
            } => not_mapped(annotation, wanted.as_deref(), found.as_deref()),
            Self::Unbound => unbound(context.user),
            Self::Stamp(fault) => fault.explanation(context.namespace),
            Self::BindingAnnotation(annotation) => binding_annotation(annotation),
            Self::Revision(fault) => fault.explanation(),
            Self::UnlistedController { kind } => unlisted_controller(kind, context.user),
            Self::UnknownNamespace => format!(
                "namespace {} is too new for ramgate to know its labels: try again in a moment",
                quoted(context.namespace, NAME_LENGTH)
            ),
            Self::UnknownPod => UNKNOWN_POD.to_owned(),
            Self::PodChanged => POD_CHANGED.to_owned(),
            Self::UnknownWorkload => UNKNOWN_WORKLOAD.to_owned(),
            Self::UnknownRequest(what) => unknown_request(what),
            Self::Profile(problem) => format!("{problem}: correct it and apply it again"),
            Self::Refused(refusal) => refused(refusal, context),
            Self::NotEverywhere {
                statement,
                principal,
                is_boundary,
            } => not_everywhere(statement.as_ref(), is_boundary.then_some(principal)),
            Self::Denied {
                denial,
                principal,
                is_boundary,
            } => denied(
                &RamDenial {
                    denial,
                    principal,
                    context,
                },
                is_boundary.then_some(principal),
            ),
        }
    }

    /// The finding for programs
    pub(crate) fn cause(&self, context: &MessageContext<'_>) -> Cause {
        let mut message = self.explanation(context);
        if let Self::Denied { denial, .. } = self {
            message.push_str(&ram_denial::other_misses(denial));
        }
        let details = joined(&self.details(context.configuration.policies.account()));
        Cause {
            reason: self.code().to_owned(),
            message: format!("{message}. {details}"),
            field: self
                .annotation(context)
                .map(|annotation| format!("metadata.annotations[{annotation}]")),
        }
    }

    /// RAM's fields of a denial, or the code of another finding
    pub(crate) fn details(&self, account: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Denied {
                denial, principal, ..
            } => ram_denial::details(denial, principal, account),
            Self::Malformed(_)
            | Self::Unmappable(_)
            | Self::NotMapped { .. }
            | Self::Unbound
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

const UNKNOWN_POD: &str = "no such pod is known, so nobody can say whose container group it is";

const POD_CHANGED: &str = "it was changed while it was being bound, or the mutating webhook was not asked: try again, as the \
                           scheduler does by itself";

const UNKNOWN_WORKLOAD: &str = "no such workload is known, so nobody can say whether its pods are ECI's";

fn denied(denial: &RamDenial<'_>, boundary: Option<&Principal>) -> String {
    let explanation = denial.explanation();
    match boundary {
        Some(boundary) => format!(
            "the boundary of its namespace, {}, forbids it: {explanation}",
            described(boundary)
        ),
        None => explanation,
    }
}

fn unbound(user: &str) -> String {
    format!(
        "this identity is bound to no RAM user or role: ask your cluster administrator to {}",
        binding_step(user)
    )
}

fn binding_annotation(annotation: &str) -> String {
    format!(
        "its Binding brings annotation {}, which the pod does not have: write it on the pod or in its template, a Binding \
         only says where a pod goes",
        quoted(annotation, NAME_LENGTH)
    )
}

fn unlisted_controller(kind: &str, user: &str) -> String {
    format!(
        "it is no person and no controller of Kubernetes, and is not listed: ask your cluster administrator to list it for \
         kind {} under `carriers`, or to bind {}",
        quoted(kind, NAME_LENGTH),
        subject(user)
    )
}

fn unknown_request(what: &str) -> String {
    format!(
        "the webhook rules send {}, which this version of ramgate does not know how to judge: ask your cluster administrator \
         to install chart and image of the same version, and to list the kind under `carriers` if it makes pods",
        quoted(what, NAME_LENGTH)
    )
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

fn refused(refusal: &Refusal, context: &MessageContext<'_>) -> String {
    let otherwise = || match refusal.code {
        "Forbidden.RamRoleNotExist" => "ask your cluster administrator to add this role".to_owned(),
        "UnknownResourceGroup" => "ask your cluster administrator to add this group".to_owned(),
        "RoleChange" | "ResourceGroupChange" => "put it back, or make a new pod".to_owned(),
        "RegistryRoleChange" => {
            format!("put annotations {SERVICE_ARNS} and {USER_ARNS} back, or make a new pod")
        }
        _ => "ask your cluster administrator".to_owned(),
    };
    // The search for advice does not try other roles for pulling images
    let mut remedy = match refusal.code {
        "RegistryRoleChange" => otherwise(),
        _ => context.remedy(otherwise),
    };
    if let Some(id) = group_of_name(context).filter(|_| refusal.code == "UnknownResourceGroup") {
        remedy = format!("that is the name of {}, {remedy}", quoted(id, NAME_LENGTH));
    }
    let mark = if refusal.message.contains(": ") { ';' } else { ':' };
    format!("{}{mark} {remedy}", refusal.message)
}

/// The id of the resource group whose name the pod has in place of the id
fn group_of_name<'a>(context: &MessageContext<'a>) -> Option<&'a str> {
    let written = context.fields.resource_group.as_deref()?;
    let groups = &context.configuration.account.resource_groups;
    groups
        .iter()
        .find(|group| group.name.as_deref() == Some(written))
        .map(|group| group.id.as_str())
}
