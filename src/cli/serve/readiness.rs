//! The conditions under which this process is ready for reviews.

use std::sync::Arc;

use crate::candidate::rehearsal::faults;
use crate::cli::serve::background_tasks::BackgroundTasks;
use crate::cli::serve::watchdog::Watchdog;
use crate::config::candidate::CandidateState;
use crate::config::{Status, Store};
use crate::server::admin::{Readiness, ReadinessReport};
use crate::server::certificate::resolver::CertificateResolver;

/// Ready with a complete configuration, a certificate, and all background tasks alive
pub(super) struct ReadinessCheck {
    pub(super) store: Arc<Store>,
    pub(super) resolver: Arc<CertificateResolver>,
    pub(super) tasks: BackgroundTasks,
    /// `None` with a folder, where there is no cluster
    pub(super) watchdog: Option<Watchdog>,
}

impl Readiness for ReadinessCheck {
    fn report(&self) -> ReadinessReport {
        let status = self.store.status();
        let mut missing = Vec::new();
        if !status.is_ready() {
            missing.push("no complete configuration has been loaded yet".to_owned());
        }
        if !self.resolver.has_certificate() {
            missing.push("there is no certificate yet".to_owned());
        }
        let gaps = self.watchdog.as_ref().map(Watchdog::check).unwrap_or_default();
        missing.extend(gaps.missing);
        let ended = self.tasks.ended().into_iter();
        missing.extend(ended.map(|name| format!("{name} has ended, restart the process")));
        let candidate = self.store.candidate();
        let is_there = !matches!(candidate.state, CandidateState::None);
        ReadinessReport {
            candidate: is_there.then(|| candidate.state.name()),
            candidate_errors: faults(&candidate),
            missing,
            concerns: gaps.concerns,
            generation: status.is_ready().then_some(status.generation),
            last_reload_errors: reload_errors(&status),
        }
    }
}

/// The faults of the last reload, and how many more there are
fn reload_errors(status: &Status) -> Vec<String> {
    let more = status.fault_count.saturating_sub(status.faults.len());
    let faults = status.faults.iter().map(ToString::to_string);
    faults.chain((more > 0).then(|| format!("{more} more"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::Metrics;

    #[tokio::test]
    async fn everything_that_is_missing_is_named() {
        let check = ReadinessCheck {
            store: Arc::default(),
            resolver: CertificateResolver::new(Arc::new(Metrics::new().unwrap())),
            tasks: BackgroundTasks::default(),
            watchdog: None,
        };
        assert_eq!(
            check.report().missing,
            [
                "no complete configuration has been loaded yet",
                "there is no certificate yet"
            ]
        );
        check.tasks.spawn("the watch of nothing", async {});
        tokio::task::yield_now().await;
        assert_eq!(
            check.report().missing[2..],
            ["the watch of nothing has ended, restart the process"]
        );
    }
}
