//! A spawner that acts for nobody, in English.

use crate::admission::outcome::creating_pod_fault::CreatingPodFault;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::response::message::english::fault::shown;
use crate::stamp::REQUESTED_BY;
use crate::wording::{NAME_LENGTH, quoted, subject};

/// Why a spawner acts for nobody, and the remedy
pub(super) fn spawner(fault: &CreatingPodFault, user: &str) -> String {
    format!(
        "this identity is bound to no RAM user or role, and as a spawner it acts for nobody: {}; or ask your cluster \
         administrator to bind {}",
        reason(fault),
        subject(user)
    )
}

fn reason(fault: &CreatingPodFault) -> String {
    match fault {
        CreatingPodFault::NoPod => {
            "its token is bound to no pod, as a token from a Secret is: use the token that the pod mounts"
                .to_owned()
        }
        CreatingPodFault::Gone => {
            "the pod that its token is bound to is gone: create it again, it gets a new token".to_owned()
        }
        CreatingPodFault::OtherAccount => {
            "the pod that its token is bound to runs under another service account".to_owned()
        }
        CreatingPodFault::Stamp(fault) => stamp(fault),
        CreatingPodFault::FirstForm => format!(
            "annotation {REQUESTED_BY} of the pod that its token is bound to has form 1, which names no object: change or \
                 restart the workload of that pod"
        ),
        CreatingPodFault::StampOfOtherAccount => format!(
            "annotation {REQUESTED_BY} of the pod that its token is bound to is for another service account: write \
                 serviceAccountName into the template of that pod"
        ),
        CreatingPodFault::Contents(differences) => format!(
            "the pod that its token is bound to runs something else than what the person in its stamp wrote ({}): if \
                 another webhook does that, have it listed under `injectors`; else create that pod again",
            shown(differences)
        ),
        CreatingPodFault::EphemeralContainer => {
            "somebody added an ephemeral container to the pod that its token is bound to, so that it \
                                         may be anybody's request: create that pod again"
                .to_owned()
        }
    }
}

fn stamp(fault: &StampFault) -> String {
    let pod = "the pod that its token is bound to";
    match fault {
        StampFault::NotSent(kind) => format!(
            "the stamp of {pod} came through kind {}, which the webhook rules do not send to ramgate: ask your cluster \
             administrator to install the chart with this carrier",
            quoted(kind, NAME_LENGTH)
        ),
        StampFault::Forged(broken, _) | StampFault::NoKey(broken, _) => format!(
            "annotation {REQUESTED_BY} of {pod} proves nothing, {broken}: restart the workload of that pod, or create it again"
        ),
        StampFault::Missing(_)
        | StampFault::RuntimeClass(..)
        | StampFault::BarePod(_)
        | StampFault::Changed
        | StampFault::NotApplied(_)
        | StampFault::Unexpected
        | StampFault::TooLong
        | StampFault::FieldsDiffer
        | StampFault::NotOfOwner(_)
        | StampFault::OwnerUnread(_)
        | StampFault::Unmarked
        | StampFault::ContainersDiffer(_) => format!(
            "{pod} has no stamp, because nobody wrote it since this service account is listed: restart the workload of that pod, \
             or create it again"
        ),
    }
}
