//! `ramgate_admission_*`, `ramgate_decisions_total`, `ramgate_denials_total`, `ramgate_stamps_total`,
//! `ramgate_pods_unlike_stamp_total`, `ramgate_inflight_requests`.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Registry};

use crate::admission::outcome::container_difference::DifferenceKind;
use crate::admission::outcome::stamp_state::StampState;
use crate::telemetry::endpoint::Endpoint;
use crate::telemetry::metrics::closed_counter::ClosedCounter;
use crate::telemetry::metrics::denial_metrics::DenialMetrics;
use crate::telemetry::metrics::labels::{
    ACTIONS, ANSWERS, DECISIONS, MODES, NO_MODE, OPERATIONS, RESOURCES, SCOPES, bounded,
};
use crate::telemetry::metrics::registration::{counter_vec, int_gauge, registered};
use crate::telemetry::record::Record;

/// Seconds; an evaluation takes tens of microseconds, the webhook's own timeout is seconds
const DURATION_BUCKETS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];

/// Metrics of reviews and their decisions
#[derive(Debug)]
pub(crate) struct ReviewMetrics {
    requests: IntCounterVec,
    /// The same, without the kinds that the configuration lists
    closed_requests: ClosedCounter<5>,
    duration: Histogram,
    decisions: ClosedCounter<3>,
    denials: DenialMetrics,
    stamps: Vec<(&'static str, IntCounter)>,
    unlike: Vec<(&'static str, IntCounter)>,
    inflight: IntGauge,
}

/// Counts one request as in flight until it is dropped
#[derive(Debug)]
#[must_use]
pub(crate) struct InFlight(IntGauge);

impl ReviewMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let duration = HistogramOpts::new(
            "ramgate_admission_duration_seconds",
            "Time from a review's headers to its answer",
        );
        let duration = duration.buckets(DURATION_BUCKETS.to_vec());
        let stamps = counter_vec(
            registry,
            "ramgate_stamps_total",
            "Stamps that pods and templates on the way to ECI need, by what was found out about them",
            &["state"],
        )?;
        let unlike = counter_vec(
            registry,
            "ramgate_pods_unlike_stamp_total",
            "Pods of controllers that run something else than their stamp was written for, by kind of difference",
            &["kind"],
        )?;
        let requests = counter_vec(
            registry,
            "ramgate_admission_requests_total",
            "Reviews answered, by what was asked and answered",
            &["path", "resource", "operation", "decision", "mode"],
        )?;
        let lists = [Endpoint::NAMES, RESOURCES, OPERATIONS, ANSWERS, MODES];
        let decisions = counter_vec(
            registry,
            "ramgate_decisions_total",
            "Questions put to RAM, by action, outcome and deciding layer",
            &["action", "decision", "scope"],
        )?;
        Ok(Self {
            closed_requests: ClosedCounter::new(requests.clone(), lists),
            requests,
            duration: registered(registry, Histogram::with_opts(duration))?,
            decisions: ClosedCounter::new(decisions, [ACTIONS, DECISIONS, SCOPES]),
            denials: DenialMetrics::new(registry)?,
            stamps: series(&stamps, StampState::ALL.map(StampState::name)),
            unlike: series(&unlike, DifferenceKind::ALL.map(DifferenceKind::name)),
            inflight: int_gauge(
                registry,
                "ramgate_inflight_requests",
                "Reviews being read or judged now",
            )?,
        })
    }

    /// Counts an answered review
    pub(crate) fn answered(&self, endpoint: Endpoint, record: &Record, took: Duration) {
        let mode = match record.mode {
            "" => NO_MODE,
            mode => mode,
        };
        let Record {
            resource,
            operation,
            decision,
            ..
        } = record;
        if record.is_listed {
            let (operation, decision) = (bounded(operation, OPERATIONS), bounded(decision, ANSWERS));
            let labels = [
                endpoint.name(),
                resource,
                operation,
                decision,
                bounded(mode, MODES),
            ];
            self.requests.with_label_values(&labels).inc();
        } else {
            let labels = [endpoint.name(), resource, operation, decision, mode];
            self.closed_requests.inc(labels);
        }
        self.duration.observe(took.as_secs_f64());
        for question in &record.questions {
            self.decisions
                .inc([question.action, question.decision, question.scope]);
        }
        self.denials.count(endpoint, record);
        let state = record.stamp_state.map(StampState::name);
        state.into_iter().for_each(|state| count(&self.stamps, state));
        record
            .difference_kinds
            .iter()
            .for_each(|kind| count(&self.unlike, kind));
    }

    /// Counts a request as in flight until the returned guard is dropped
    pub(crate) fn in_flight(&self) -> InFlight {
        self.inflight.inc();
        InFlight(self.inflight.clone())
    }
}

/// A series for each value of a counter with one label, so that each is there from the start
fn series<const VALUES: usize>(
    counter: &IntCounterVec,
    values: [&'static str; VALUES],
) -> Vec<(&'static str, IntCounter)> {
    let series = values.map(|value| (value, counter.with_label_values(&[value])));
    series.into()
}

fn count(series: &[(&'static str, IntCounter)], value: &str) {
    let found = series.iter().find(|(known, _)| *known == value);
    found.into_iter().for_each(|(_, counter)| counter.inc());
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::registration::text_of;
    use crate::telemetry::record::QuestionLabels;

    fn record() -> Record {
        Record {
            resource: "pods".into(),
            operation: "CREATE",
            decision: "deny",
            mode: "enforce",
            questions: vec![QuestionLabels {
                action: "ram:PassRole",
                decision: "ImplicitDeny",
                scope: "account",
            }],
            difference_kinds: vec!["image"],
            ..Record::default()
        }
    }

    #[test]
    fn a_review_is_counted_with_its_questions() {
        let registry = Registry::new();
        let metrics = ReviewMetrics::new(&registry).unwrap();
        metrics.answered(Endpoint::VALIDATE, &record(), Duration::from_micros(60));
        let text = text_of(&registry);
        for line in [
            r#"ramgate_admission_requests_total{decision="deny",mode="enforce",operation="CREATE",path="validate",resource="pods"} 1"#,
            r#"ramgate_decisions_total{action="ram:PassRole",decision="ImplicitDeny",scope="account"} 1"#,
            r#"ramgate_pods_unlike_stamp_total{kind="image"} 1"#,
            r#"ramgate_admission_duration_seconds_bucket{le="0.00005"} 0"#,
            r#"ramgate_admission_duration_seconds_bucket{le="0.0001"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }

    #[test]
    fn a_value_that_is_not_on_its_list_counts_as_other() {
        let registry = Registry::new();
        let metrics = ReviewMetrics::new(&registry).unwrap();
        let strange = Record {
            resource: "tenant-made".into(),
            operation: "EAT",
            ..record()
        };
        metrics.answered(Endpoint::MUTATE, &strange, Duration::ZERO);
        let text = text_of(&registry);
        assert!(!text.contains("tenant-made") && !text.contains("EAT"), "{text}");
        assert!(
            text.contains(r#"operation="other",path="mutate",resource="other""#),
            "{text}"
        );
    }

    #[test]
    fn a_listed_kind_has_its_own_name() {
        let registry = Registry::new();
        let metrics = ReviewMetrics::new(&registry).unwrap();
        let listed = Record {
            resource: "clonesets".into(),
            is_listed: true,
            ..record()
        };
        metrics.answered(Endpoint::MUTATE, &listed, Duration::ZERO);
        let text = text_of(&registry);
        assert!(text.contains(r#"resource="clonesets"} 1"#), "{text}");
    }

    #[test]
    fn every_state_of_a_stamp_has_a_series_from_the_start() {
        let registry = Registry::new();
        let metrics = ReviewMetrics::new(&registry).unwrap();
        let missing = Record {
            stamp_state: Some(StampState::Missing),
            ..record()
        };
        metrics.answered(Endpoint::VALIDATE, &missing, Duration::ZERO);
        let text = text_of(&registry);
        for line in [
            r#"ramgate_stamps_total{state="missing"} 1"#,
            r#"ramgate_stamps_total{state="good"} 0"#,
            r#"ramgate_stamps_total{state="forged"} 0"#,
            r#"ramgate_pods_unlike_stamp_total{kind="added"} 0"#,
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }

    #[test]
    fn in_flight_ends_with_its_guard() {
        let registry = Registry::new();
        let metrics = ReviewMetrics::new(&registry).unwrap();
        let guard = metrics.in_flight();
        assert!(text_of(&registry).contains("ramgate_inflight_requests 1"));
        drop(guard);
        assert!(text_of(&registry).contains("ramgate_inflight_requests 0"));
    }
}
