//! The log line of a start: what this replica does from now on, in one line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::admission::Modes;
use crate::cli::serve::merged_modes::MergedModes;
use crate::cli::serve::readiness::ReadinessCheck;
use crate::cluster::FailurePolicies;
use crate::server::admin::Readiness;
use crate::wording::fitted;

/// How often to check readiness, until the process is ready for the first time
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// How long the line waits for the webhook configurations, which the API server sends within milliseconds
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes for the namespaces that have a mode of their own, in the length of other texts of the log
const LONGEST_NAMESPACES: usize = 1024;

/// Logs once that the process is ready: modes, the configuration, and what happens while no replica answers
pub(super) async fn announce(readiness: Arc<ReadinessCheck>, modes: Arc<MergedModes>, started: Instant) {
    while !readiness.report().missing.is_empty() {
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
    let startup_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let policies = failure_policies(&readiness).await;
    let status = readiness.store.status();
    let modes = modes.of(readiness.store.current().as_deref());
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        mode = modes.default.name(),
        namespace_modes = namespace_modes(&modes),
        generation = status.generation,
        policies = status.documents.policies,
        directories = status.documents.directories,
        principals = status.principals,
        bindings = status.bindings,
        entries_fail = policies.map(|policies| policies.fail),
        entries_ignore = policies.map(|policies| policies.ignore),
        startup_ms,
        "ready"
    );
}

/// The failure policies of the live webhook entries; `None` without a cluster, or if they do not come
async fn failure_policies(readiness: &ReadinessCheck) -> Option<FailurePolicies> {
    let webhooks = readiness.watchdog.as_ref()?.followed.webhooks.as_ref()?;
    let until = Instant::now().checked_add(PATIENCE)?;
    loop {
        let policies = webhooks.failure_policies();
        if policies.is_some() || Instant::now() >= until {
            return policies;
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// `a=warn, b=enforce`
fn namespace_modes(modes: &Modes) -> Option<String> {
    let namespaces = modes.namespaces.iter();
    let written: Vec<String> = namespaces
        .map(|(namespace, mode)| format!("{namespace}={mode}"))
        .collect();
    (!written.is_empty()).then(|| fitted(&written.join(", "), LONGEST_NAMESPACES).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Mode;

    #[test]
    fn namespaces_with_a_mode_of_their_own_are_named() {
        assert_eq!(namespace_modes(&Modes::everywhere(Mode::Enforce)), None);
        let modes = Modes {
            namespaces: [("b".to_owned(), Mode::Enforce), ("a".to_owned(), Mode::Warn)].into(),
            ..Modes::default()
        };
        assert_eq!(namespace_modes(&modes).unwrap(), "a=warn, b=enforce");
    }
}
