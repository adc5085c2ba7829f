//! What is wrong with a stamp, in words: what was wanted, what was found, what to run.

use crate::admission::attribution::Restart;
use crate::admission::attribution::contents::{Difference, Unlike};
use crate::kubernetes::workload::Workload;
use crate::stamp::{Broken, REQUESTED_BY};
use crate::wording::{NAME_LENGTH, clipped, quoted};

/// Why a stamp does not say who asked for a pod
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StampFault {
    /// A controller brings none, and how its template gets one, where that is known
    Missing(Option<Restart>),
    /// A controller brings none in a pod of this RuntimeClass, which may have added what leads to ECI
    Added(String, Option<Restart>),
    /// A controller brings one that no key here verifies, and how its template gets another
    Lost(Broken, Option<Restart>),
    /// It was not written here, or for something else
    Forged(Broken),
    /// It is another one than ramgate wrote
    Changed,
    /// It is not there though ramgate writes one, as if the mutating webhook had not been asked
    NotApplied,
    /// It is not the one that ramgate writes for this requester
    Unexpected,
    /// It names something else than what is asked for
    Differs,
    /// It comes from a listed kind that the webhook rules do not send
    NotSent(String),
    /// A pod reaches ECI that nothing led there when it was created
    Unmarked,
    /// The pod runs something else than its stamp was written for
    Unlike(Vec<Difference>),
}

impl StampFault {
    /// The code by which programs tell it
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::Added(..) | Self::Lost(..) | Self::Unmarked => "MissingStamp",
            Self::Forged(_) | Self::Changed => "ForgedStamp",
            Self::NotApplied | Self::Unexpected => "StampNotApplied",
            Self::Differs => "DiffersFromStamp",
            Self::NotSent(_) => "CarrierNotSent",
            Self::Unlike(_) => "UnlikeStamp",
        }
    }

    /// Whether it is there and ramgate did not write it, or nobody knows whether it did
    pub(crate) fn is_forged(&self) -> bool {
        match self {
            Self::Forged(_) | Self::Changed | Self::Unexpected | Self::NotSent(_) => true,
            Self::Missing(_)
            | Self::Added(..)
            | Self::Lost(..)
            | Self::NotApplied
            | Self::Differs
            | Self::Unmarked
            | Self::Unlike(_) => false,
        }
    }

    /// Whether nobody is left to ask about
    pub(crate) fn leaves_nobody(&self) -> bool {
        match self {
            Self::Missing(_)
            | Self::Added(..)
            | Self::Lost(..)
            | Self::Forged(_)
            | Self::NotSent(_)
            | Self::Unmarked => true,
            Self::Changed | Self::NotApplied | Self::Unexpected | Self::Differs | Self::Unlike(_) => false,
        }
    }

    /// What was wanted, what was found, what to do
    pub(crate) fn explanation(&self, namespace: &str) -> String {
        match self {
            Self::Missing(way) => format!(
                "nothing says for whom this controller acts, as its template has no stamp: {}",
                way_to(way.as_ref(), namespace)
            ),
            Self::Added(class, way) => format!(
                "nothing says for whom this controller acts, as its template has no stamp; if nothing in the template leads to \
                 ECI, RuntimeClass {} or an admission plugin added it to the pod: ask your cluster administrator to list the \
                 class under `runtimeClasses`; then {}",
                quoted(class, NAME_LENGTH),
                way_to(way.as_ref(), namespace)
            ),
            Self::Lost(broken, way) => format!(
                "the stamp that should say for whom this controller acts cannot be checked, {broken}: {}",
                way_to(way.as_ref(), namespace)
            ),
            Self::Forged(broken) => format!(
                "annotation {REQUESTED_BY} is forged, {broken}: take it away, ramgate writes it"
            ),
            Self::Changed => format!(
                "annotation {REQUESTED_BY} is not the one that ramgate wrote: write it as it was, or take it away (a Binding brings none)"
            ),
            Self::NotApplied | Self::Unexpected => format!(
                "annotation {REQUESTED_BY} is not as ramgate writes it: something changed the object on its way, or the \
                 mutating webhook was not asked; apply it again in a moment, nothing in it has to be changed. If that does not \
                 help, ask your cluster administrator to see that ramgate's MutatingWebhookConfiguration is there, and that no \
                 webhook after it takes the annotation away"
            ),
            Self::Differs => "its tags, group, roles or service account are not those that its stamp was written for: set \
                              them in the template and apply that again"
                .to_owned(),
            Self::NotSent(kind) => format!(
                "the webhook rules do not send kind {} to ramgate, so a stamp in it proves nothing: ask your cluster \
                 administrator to install the chart with this carrier",
                quoted(kind, NAME_LENGTH)
            ),
            Self::Unlike(differences) => format!(
                "it runs something else than what the person in its stamp wrote ({}): if another webhook does that, ask your \
                 cluster administrator to list it under `injectors`; else find out who changed the template's copy",
                shown(differences)
            ),
            Self::Unmarked => "nothing says who asked for it, because nothing on it led to ECI when it was created: set \
                               label alibabacloud.com/eci=true on the pod, or in its template, and create it again"
                .to_owned(),
        }
    }
}

/// How many differences one sentence names
const SHOWN: usize = 3;

fn shown(differences: &[Difference]) -> String {
    let mut words: Vec<String> = differences
        .iter()
        .take(SHOWN)
        .map(|difference| {
            let container = quoted(&difference.container, NAME_LENGTH);
            match difference.unlike {
                Unlike::Added => format!("container {container} was added"),
                Unlike::Image => format!("container {container} has another image"),
                Unlike::Command => format!("container {container} has another command or arguments"),
                Unlike::Missing => format!("container {container} is missing"),
            }
        })
        .collect();
    if let Some(more) = differences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

/// What to run so that a template gets a stamp
pub(crate) fn way_to(way: Option<&Restart>, namespace: &str) -> String {
    let namespace = clipped(namespace, NAME_LENGTH);
    let name = |name: &str| clipped(name, NAME_LENGTH);
    match way {
        Some(Restart::Rollout(workload, of)) => format!(
            "run `kubectl rollout restart {}/{} -n {namespace}`, since applying the same file again changes nothing",
            workload.kind().to_lowercase(),
            name(of)
        ),
        Some(Restart::Again(of)) => format!(
            "delete Job {} and create it again, since its template cannot be changed",
            name(of)
        ),
        Some(Restart::Write(kind, of)) => match Workload::of_kind(kind) {
            Some(_) => format!(
                "write to {} {}, which changes none of its pods: run `kubectl annotate --overwrite {}/{} -n {namespace} ramgate.io/stamped=$(date +%s)`",
                clipped(kind, NAME_LENGTH),
                name(of),
                kind.to_lowercase(),
                name(of)
            ),
            None => format!(
                "change the template of {} {} and apply it again; if that does not help, ask your cluster administrator to list \
                 its controller under `carriers`",
                clipped(kind, NAME_LENGTH),
                name(of)
            ),
        },
        None => "create the pod through a workload of your own, or directly".to_owned(),
    }
}
