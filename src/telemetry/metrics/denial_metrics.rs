//! `ramgate_denials_total`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus::{IntCounter, IntCounterVec, Registry};

use crate::admission::Decision;
use crate::telemetry::endpoint::Endpoint;
use crate::telemetry::metrics::labels::OTHER;
use crate::telemetry::metrics::registration::counter_vec;
use crate::telemetry::record::Record;

/// The most series with a namespace of their own, some 200 KiB. Who may create namespaces can use them up, and the rest then
/// counts as `other`, which has one series for each code and mode. The log names every namespace.
const MAX_SERIES: usize = 1000;

/// The series that reads may use up: anybody may ask whether they may read in a namespace that does not exist
const MAX_SERIES_OF_READS: usize = MAX_SERIES / 2;

/// The longest name of a namespace in Kubernetes; a question about a read may hold a longer one
const LONGEST_NAME: usize = 63;

/// Denials by namespace
#[derive(Debug)]
pub(super) struct DenialMetrics {
    denials: IntCounterVec,
    series: Mutex<NamespaceSeries>,
}

/// The series that have a namespace of their own
#[derive(Debug, Default)]
struct NamespaceSeries {
    by_namespace: BTreeMap<String, Vec<DenialSeries>>,
    count: usize,
}

/// The denials of one namespace with one code and effect
#[derive(Debug)]
struct DenialSeries {
    code: String,
    mode: &'static str,
    denials: IntCounter,
}

impl DenialMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            denials: counter_vec(
                registry,
                "ramgate_denials_total",
                "Reviews with a reason against the request, by namespace, first code and what became of it",
                &["namespace", "code", "mode"],
            )?,
            series: Mutex::default(),
        })
    }

    /// Counts a review if there is a reason against it
    pub(super) fn count(&self, endpoint: Endpoint, record: &Record) {
        let Some((code, mode)) = record.code.as_deref().zip(effect(record)) else {
            return;
        };
        let most = match endpoint {
            Endpoint::Admission(_) => MAX_SERIES,
            Endpoint::Authorization => MAX_SERIES_OF_READS,
        };
        match self.own_series(&record.namespace, code, mode, most) {
            Some(denials) => denials.inc(),
            None => self.denials.with_label_values(&[OTHER, code, mode]).inc(),
        }
    }

    /// The series of a namespace; `None` if there are too many, or it is no name
    fn own_series(&self, namespace: &str, code: &str, mode: &'static str, most: usize) -> Option<IntCounter> {
        if namespace.len() > LONGEST_NAME {
            return None;
        }
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_namespace = series.by_namespace.get(namespace).into_iter().flatten();
        if let Some(known) = of_namespace.find(|known| known.code == code && known.mode == mode) {
            return Some(known.denials.clone());
        }
        if series.count >= most {
            return None;
        }
        let denials = self.denials.with_label_values(&[namespace, code, mode]);
        series.count = series.count.saturating_add(1);
        let of_namespace = series.by_namespace.entry(namespace.to_owned()).or_default();
        of_namespace.push(DenialSeries {
            code: code.to_owned(),
            mode,
            denials: denials.clone(),
        });
        Some(denials)
    }
}

/// What became of it, in the words of the modes: a pod that only may reach ECI is let in with a warning also under enforce
fn effect(record: &Record) -> Option<&'static str> {
    let effects = [
        (Decision::Deny, "enforce"),
        (Decision::Warn, "warn"),
        (Decision::Audit, "audit"),
    ];
    let found = effects
        .iter()
        .find(|(decision, _)| decision.name() == record.decision);
    found.map(|(_, effect)| *effect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::registration::text_of;

    fn denied(namespace: &str, decision: &'static str) -> Record {
        Record {
            namespace: namespace.to_owned(),
            decision,
            mode: "enforce",
            code: Some("ImplicitDeny".to_owned()),
            ..Record::default()
        }
    }

    #[test]
    fn a_denial_counts_by_what_became_of_it() {
        let registry = Registry::new();
        let metrics = DenialMetrics::new(&registry).unwrap();
        for decision in ["deny", "deny", "warn", "audit"] {
            metrics.count(Endpoint::VALIDATE, &denied("shop", decision));
        }
        let allowed = Record {
            code: None,
            ..denied("shop", "allow")
        };
        metrics.count(Endpoint::VALIDATE, &allowed);
        let text = text_of(&registry);
        for line in [
            r#"ramgate_denials_total{code="ImplicitDeny",mode="enforce",namespace="shop"} 2"#,
            r#"ramgate_denials_total{code="ImplicitDeny",mode="warn",namespace="shop"} 1"#,
            r#"ramgate_denials_total{code="ImplicitDeny",mode="audit",namespace="shop"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        assert_eq!(text.matches("\nramgate_denials_total{").count(), 3, "{text}");
    }

    #[test]
    fn more_namespaces_than_fit_count_together_and_those_that_are_there_stay() {
        let registry = Registry::new();
        let metrics = DenialMetrics::new(&registry).unwrap();
        for number in 0..MAX_SERIES + 500 {
            metrics.count(Endpoint::VALIDATE, &denied(&format!("team-{number}"), "deny"));
        }
        metrics.count(Endpoint::VALIDATE, &denied("team-0", "deny"));
        let text = text_of(&registry);
        assert_eq!(text.matches("\nramgate_denials_total{").count(), MAX_SERIES + 1);
        for (namespace, count) in [("team-0", 2), ("team-999", 1), ("other", 500)] {
            let line = format!(
                "ramgate_denials_total{{code=\"ImplicitDeny\",mode=\"enforce\",namespace=\"{namespace}\"}} {count}\n"
            );
            assert!(text.contains(&line), "{line} is not in the metrics");
        }
    }
    #[test]
    fn questions_about_reads_leave_room_and_no_name_is_longer_than_a_namespace() {
        let registry = Registry::new();
        let metrics = DenialMetrics::new(&registry).unwrap();
        for number in 0..MAX_SERIES {
            let read = denied(&format!("made-up-{number}"), "deny");
            metrics.count(Endpoint::Authorization, &read);
        }
        metrics.count(Endpoint::VALIDATE, &denied("shop", "deny"));
        metrics.count(Endpoint::VALIDATE, &denied(&"n".repeat(LONGEST_NAME + 1), "deny"));
        let text = text_of(&registry);
        assert!(text.contains(r#"namespace="shop"} 1"#) && !text.contains("nnnn"));
        let others = MAX_SERIES - MAX_SERIES_OF_READS + 1;
        assert!(text.contains(&format!("namespace=\"other\"}} {others}\n")));
    }
}
