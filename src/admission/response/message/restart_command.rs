//! The command by which a template gets a stamp.

use crate::admission::outcome::restart_step::Restart;
use crate::kubernetes::workload::Workload;
use crate::wording::{NAME_LENGTH, clipped};

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
