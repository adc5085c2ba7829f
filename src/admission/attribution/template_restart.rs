//! The way to get a stamp into the template of a pod that has none.

use crate::admission::outcome::restart_step::Restart;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::workload::Workload;

/// The step that stamps a pod's template, from the pod's owner reference
///
/// ```text
/// pod of ReplicaSet web-7d9c, label pod-template-hash=7d9c -> Rollout(Deployment, "web")
/// pod of Job nightly                                       -> Again("nightly")
/// pod of CloneSet web                                      -> Write("CloneSet", "web")
/// pod without a controller                                 -> None
/// ```
pub(crate) fn restart(metadata: &Metadata<'_>) -> Option<Restart> {
    let controller = metadata.controller()?;
    let name = controller.name.to_string();
    Some(match Workload::of_kind(&controller.kind) {
        Some(Workload::ReplicaSet) => match deployment(metadata, &name) {
            Some(deployment) => Restart::Rollout(Workload::Deployment, deployment.to_owned()),
            None => Restart::Write(controller.kind.to_string(), name),
        },
        Some(workload) if workload.restarts() => Restart::Rollout(workload, name),
        Some(Workload::Job) => Restart::Recreate(name),
        _ => Restart::Write(controller.kind.to_string(), name),
    })
}

/// The Deployment of a ReplicaSet, whose name is the Deployment's with the hash from a label behind it
fn deployment<'n>(metadata: &Metadata<'_>, replica_set: &'n str) -> Option<&'n str> {
    let hash = metadata.labels.value("pod-template-hash")?;
    replica_set.strip_suffix(hash)?.strip_suffix('-')
}
