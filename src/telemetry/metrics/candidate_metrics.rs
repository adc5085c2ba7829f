//! `ramgate_candidate_*`.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Registry};

use crate::telemetry::metrics::labels::OTHER;
use crate::telemetry::metrics::registration::{count, counter_vec, int_gauge, int_gauge_vec};

/// The most series with labels of their own, some 250 KiB; further changes count as `other`
const MAX_SERIES: usize = 1000;

/// Kind of change, principal, policy, statement and code
type Series<T> = [T; 5];

/// Metrics of the candidate configuration
#[derive(Debug)]
pub(crate) struct CandidateMetrics {
    state: IntGaugeVec,
    losses: IntGauge,
    reviews: IntCounterVec,
    changes: IntCounterVec,
    series: Mutex<BTreeSet<Series<String>>>,
}

impl CandidateMetrics {
    /// The states of a candidate
    const STATES: [&'static str; 3] = ["none", "loaded", "faulty"];
    /// What becomes of a review
    const RESULTS: [&'static str; 3] = ["judged", "skipped", "undetermined"];

    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            state: int_gauge_vec(
                registry,
                "ramgate_candidate_state",
                "1 for the state of the candidate configuration, 0 for the others",
                &["state"],
            )?,
            losses: int_gauge(
                registry,
                "ramgate_candidate_losses",
                "Different denials that the candidate configuration would add, by principal, statement and code",
            )?,
            reviews: counter_vec(
                registry,
                "ramgate_candidate_reviews_total",
                "Reviews beside which there was a candidate configuration, by what became of them",
                &["result"],
            )?,
            changes: counter_vec(
                registry,
                "ramgate_candidate_changes_total",
                "Reviews that the candidate configuration decides otherwise, by principal and statement",
                &["change", "principal", "policy", "statement", "code"],
            )?,
            series: Mutex::default(),
        };
        for result in Self::RESULTS {
            metrics.reviews.with_label_values(&[result]).reset();
        }
        metrics.set_state("none", 0);
        Ok(metrics)
    }

    /// Sets the state of the candidate and the number of its losses
    pub(crate) fn set_state(&self, state: &str, losses: usize) {
        for known in Self::STATES {
            self.state
                .with_label_values(&[known])
                .set(i64::from(known == state));
        }
        self.losses.set(count(losses));
    }

    /// Counts a review by what became of it
    pub(crate) fn count_review(&self, result: &'static str) {
        self.reviews.with_label_values(&[result]).inc();
    }

    /// Counts a review that is decided otherwise
    pub(crate) fn count_change(&self, labels: Series<&str>) {
        let [change, ..] = labels;
        let labels = if self.has_room(labels) {
            labels
        } else {
            [change, OTHER, OTHER, OTHER, OTHER]
        };
        self.changes.with_label_values(&labels).inc();
    }

    /// Whether a series is there, or may be added
    fn has_room(&self, labels: Series<&str>) -> bool {
        let series = labels.map(str::to_owned);
        let mut known = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&series) || known.len() < MAX_SERIES && known.insert(series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::registration::text_of;

    #[test]
    fn changes_have_bounded_series_and_every_state_and_result_is_there_from_the_start() {
        let registry = Registry::new();
        let metrics = CandidateMetrics::new(&registry).unwrap();
        let text = text_of(&registry);
        for line in [
            "ramgate_candidate_state{state=\"none\"} 1",
            "ramgate_candidate_state{state=\"loaded\"} 0",
            "ramgate_candidate_reviews_total{result=\"skipped\"} 0",
            "ramgate_candidate_losses 0",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        for number in 0..MAX_SERIES + 20 {
            let principal = format!("user/u{number}");
            metrics.count_change(["denied", &principal, "P", "1", "ImplicitDeny"]);
        }
        metrics.count_change(["denied", "user/u0", "P", "1", "ImplicitDeny"]);
        metrics.set_state("loaded", 3);
        let text = text_of(&registry);
        assert_eq!(
            text.matches("\nramgate_candidate_changes_total{").count(),
            MAX_SERIES + 1
        );
        for line in [
            "code=\"ImplicitDeny\",policy=\"P\",principal=\"user/u0\",statement=\"1\"} 2",
            "code=\"other\",policy=\"other\",principal=\"other\",statement=\"other\"} 20",
            "ramgate_candidate_state{state=\"none\"} 0",
            "ramgate_candidate_losses 3",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }
}
