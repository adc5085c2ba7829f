//! Faults of stamps and of ControllerRevisions, in English.

use crate::admission::outcome::container_difference::{ContainerDifference, DifferenceKind};
use crate::admission::outcome::restart_step::Restart;
use crate::admission::outcome::revision_fault::RevisionFault;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::kubernetes::workload::Workload;
use crate::stamp::{MAX_STAMP_BYTES, REQUESTED_BY};
use crate::wording::{NAME_LENGTH, clipped, quoted};

/// The fault of a stamp and its remedy
pub(super) fn stamp(fault: &StampFault, namespace: &str) -> String {
    let restart = |step: &Option<Restart>| restart_command(step.as_ref(), namespace);
    match fault {
        StampFault::Missing(step) => format!(
            "nothing says for whom this controller acts, as its template has no stamp: {}",
            restart(step)
        ),
        StampFault::RuntimeClass(class, step) => format!(
            "nothing says for whom this controller acts, as its template has no stamp; if nothing in the template leads to \
             ECI, RuntimeClass {} or an admission plugin added it to the pod: ask your cluster administrator to list the \
             class under `runtimeClasses`; then {}",
            quoted(class, NAME_LENGTH),
            restart(step)
        ),
        StampFault::NoKey(broken, step) => format!(
            "the stamp that should say for whom this controller acts cannot be checked, {broken}: {}",
            restart(step)
        ),
        StampFault::BarePod(None) => {
            "nothing says who asked for this pod, as it has no stamp: delete it and create it again".to_owned()
        }
        StampFault::BarePod(Some(broken)) => format!(
            "the stamp that should say who asked for this pod cannot be checked, {broken}: delete it and create it again"
        ),
        StampFault::Forged(broken, None) => format!(
            "annotation {REQUESTED_BY} is forged, {broken}: take it away, ramgate writes it"
        ),
        StampFault::Forged(broken, step) => format!(
            "annotation {REQUESTED_BY} is forged, {broken}: take it out of your files, ramgate writes it; then {}",
            restart(step)
        ),
        StampFault::Changed => format!(
            "annotation {REQUESTED_BY} is not the one that ramgate wrote: write it as it was, or take it away (a Binding brings none)"
        ),
        StampFault::NotApplied(Some(mark)) => format!(
            "annotation {REQUESTED_BY} is missing: the mutating webhook was not asked, or another webhook added what leads it \
             to ECI ({mark}) after ramgate's turn. Apply it again with that in it, for example with label \
             alibabacloud.com/eci=true. If that does not help, ask your cluster administrator to see that ramgate's \
             MutatingWebhookConfiguration is there, and to list a namespace whose pods other webhooks send to ECI under \
             `burstNamespaces`"
        ),
        StampFault::NotApplied(None) | StampFault::Unexpected => format!(
            "annotation {REQUESTED_BY} is not as ramgate writes it: something changed the object on its way, or the \
             mutating webhook was not asked; apply it again in a moment, nothing in it has to be changed. If that does not \
             help, ask your cluster administrator to see that ramgate's MutatingWebhookConfiguration is there, and that no \
             webhook after it takes the annotation away"
        ),
        StampFault::TooLong => format!(
            "annotation {REQUESTED_BY} would have more than {MAX_STAMP_BYTES} bytes, so ramgate does not write it: give shorter names, \
             above all of the service account"
        ),
        StampFault::FieldsDiffer => "its tags, group, roles or service account are not those that its stamp was written \
                                     for: set them in the template and apply that again"
            .to_owned(),
        StampFault::NotSent(kind) => format!(
            "the webhook rules do not send kind {} to ramgate, so a stamp in it proves nothing: ask your cluster \
             administrator to install the chart with this carrier",
            quoted(kind, NAME_LENGTH)
        ),
        StampFault::NotOfOwner(kind) => {
            let kind = quoted(kind, NAME_LENGTH);
            format!(
                "annotation {REQUESTED_BY} is not in the {kind} as it is now, so it came from elsewhere, such as a template to \
                 which the {kind} refers: take it away there; if somebody changed the {kind} a moment ago, its controller \
                 tries again"
            )
        }
        StampFault::OwnerUnread(kind) => format!(
            "the {} that controls it could not be read, so nobody knows whose stamp it has: try again in a moment; if it \
             lasts, ask your cluster administrator to see that ramgate may get this kind",
            quoted(kind, NAME_LENGTH)
        ),
        StampFault::ContainersDiffer(differences) => format!(
            "it runs something else than what the person in its stamp wrote ({}): if another webhook does that, ask your \
             cluster administrator to list it under `injectors`; else find out who changed the template's copy",
            shown(differences)
        ),
        StampFault::Unmarked => "nothing says who asked for it, because nothing on it led to ECI when it was created: set \
                                 label alibabacloud.com/eci=true on the pod, or in its template, and create it again"
            .to_owned(),
    }
}

/// The remedy for a template without a stamp
///
/// ```text
/// Rollout(Deployment, "web"), shop -> run `kubectl rollout restart deployment/web -n shop`, since …
/// Recreate("nightly"), shop        -> delete Job nightly and create it again, since …
/// None                             -> create the pod through a workload of your own, or directly
/// ```
pub(crate) fn restart_command(restart: Option<&Restart>, namespace: &str) -> String {
    let namespace = clipped(namespace, NAME_LENGTH);
    let name = |name: &str| clipped(name, NAME_LENGTH);
    match restart {
        Some(Restart::Rollout(workload, of)) => format!(
            "run `kubectl rollout restart {}/{} -n {namespace}`, since applying the same file again changes nothing",
            workload.kind().to_lowercase(),
            name(of)
        ),
        Some(Restart::Recreate(of)) => format!(
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

/// The fault of a ControllerRevision and its remedy
pub(super) fn revision(fault: &RevisionFault) -> String {
    let whole = "a revision must hold exactly one whole pod template, since its controller merges it into the workload: \
                 change the template of the workload itself";
    let instead = "change the template of the workload itself, or run `kubectl rollout undo`";
    match fault {
        RevisionFault::NotWhole(problem) => format!("{problem}; {whole}"),
        RevisionFault::Unreadable(problem) => format!(
            "its template does not read as one ({}); {whole}",
            quoted(problem, NAME_LENGTH)
        ),
        RevisionFault::NotYours(Some(author)) => format!(
            "its template is that of {}, and only its controller, or its author, may give a revision to a workload: {instead}",
            quoted(author, NAME_LENGTH)
        ),
        RevisionFault::NotYours(None) => format!(
            "nothing says who wrote its template, and only its controller may give such a revision to a workload: {instead}"
        ),
    }
}

/// The most differences in one sentence
const SHOWN: usize = 3;

pub(super) fn shown(differences: &[ContainerDifference]) -> String {
    let words = differences.iter().take(SHOWN).map(|difference| {
        let container = quoted(&difference.container, NAME_LENGTH);
        match difference.kind {
            DifferenceKind::Added => format!("container {container} was added"),
            DifferenceKind::Image => format!("container {container} has another image"),
            DifferenceKind::Command => format!("container {container} has another command or arguments"),
            DifferenceKind::Missing => format!("container {container} is missing"),
        }
    });
    let mut words: Vec<String> = words.collect();
    if let Some(more) = differences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}
