//! The explanation of a stamp fault.

use crate::admission::outcome::container_difference::{ContainerDifference, DifferenceKind};
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::response::message::restart_command::restart_command;
use crate::stamp::REQUESTED_BY;
use crate::wording::{NAME_LENGTH, quoted};

impl StampFault {
    /// The fault and its remedy
    pub(crate) fn explanation(&self, namespace: &str) -> String {
        match self {
            Self::Missing(step) => format!(
                "nothing says for whom this controller acts, as its template has no stamp: {}",
                restart_command(step.as_ref(), namespace)
            ),
            Self::RuntimeClass(class, step) => format!(
                "nothing says for whom this controller acts, as its template has no stamp; if nothing in the template leads to \
                 ECI, RuntimeClass {} or an admission plugin added it to the pod: ask your cluster administrator to list the \
                 class under `runtimeClasses`; then {}",
                quoted(class, NAME_LENGTH),
                restart_command(step.as_ref(), namespace)
            ),
            Self::NoKey(broken, step) => format!(
                "the stamp that should say for whom this controller acts cannot be checked, {broken}: {}",
                restart_command(step.as_ref(), namespace)
            ),
            Self::Forged(broken) => {
                format!("annotation {REQUESTED_BY} is forged, {broken}: take it away, ramgate writes it")
            }
            Self::Changed => format!(
                "annotation {REQUESTED_BY} is not the one that ramgate wrote: write it as it was, or take it away (a Binding brings none)"
            ),
            Self::NotApplied(Some(mark)) => format!(
                "annotation {REQUESTED_BY} is missing: the mutating webhook was not asked, or another webhook added what leads \
                 it to ECI ({mark}) after ramgate's turn. Apply it again with that in it, for example with label \
                 alibabacloud.com/eci=true. If that does not help, ask your cluster administrator to see that ramgate's \
                 MutatingWebhookConfiguration is there, and to list a namespace whose pods other webhooks send to ECI under \
                 `burstNamespaces`"
            ),
            Self::NotApplied(None) | Self::Unexpected => format!(
                "annotation {REQUESTED_BY} is not as ramgate writes it: something changed the object on its way, or the \
                 mutating webhook was not asked; apply it again in a moment, nothing in it has to be changed. If that does not \
                 help, ask your cluster administrator to see that ramgate's MutatingWebhookConfiguration is there, and that no \
                 webhook after it takes the annotation away"
            ),
            Self::FieldsDiffer => FIELDS_DIFFER.to_owned(),
            Self::NotSent(kind) => format!(
                "the webhook rules do not send kind {} to ramgate, so a stamp in it proves nothing: ask your cluster \
                 administrator to install the chart with this carrier",
                quoted(kind, NAME_LENGTH)
            ),
            Self::ContainersDiffer(differences) => format!(
                "it runs something else than what the person in its stamp wrote ({}): if another webhook does that, ask your \
                 cluster administrator to list it under `injectors`; else find out who changed the template's copy",
                shown(differences)
            ),
            Self::Unmarked => UNMARKED.to_owned(),
        }
    }
}

const FIELDS_DIFFER: &str = "its tags, group, roles or service account are not those that its stamp was written for: set \
                             them in the template and apply that again";

const UNMARKED: &str = "nothing says who asked for it, because nothing on it led to ECI when it was created: set label \
                        alibabacloud.com/eci=true on the pod, or in its template, and create it again";

/// The most differences in one sentence
const SHOWN: usize = 3;

pub(super) fn shown(differences: &[ContainerDifference]) -> String {
    let mut words: Vec<String> = differences
        .iter()
        .take(SHOWN)
        .map(|difference| {
            let container = quoted(&difference.container, NAME_LENGTH);
            match difference.kind {
                DifferenceKind::Added => format!("container {container} was added"),
                DifferenceKind::Image => format!("container {container} has another image"),
                DifferenceKind::Command => format!("container {container} has another command or arguments"),
                DifferenceKind::Missing => format!("container {container} is missing"),
            }
        })
        .collect();
    if let Some(more) = differences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}
