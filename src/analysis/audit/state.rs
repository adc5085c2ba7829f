//! What an audit says of a workload or pod, in one word.

use crate::analysis::survey::{EnforceOutcome, EvaluatedWorkload, StampStatus};

/// What an audit says of a workload or pod
///
/// All outputs go by [`AuditState::of`]. A state that is added there, and to `ALL`, appears in counts, JSON, Reports and
/// gauges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum AuditState {
    /// RAM allows the person in its stamp to create such a pod today
    Allowed,
    /// Mode enforce would deny such a pod today
    Denied,
    /// Mode enforce would deny such a pod if the scheduler bound it to a virtual node
    DeniedIfBound,
    /// No stamp says who asked for it
    NoStamp,
    /// It would be denied, and an exception lets it pass for a while
    Excused,
}

impl AuditState {
    /// All states
    pub(crate) const ALL: [Self; 5] = [
        Self::Allowed,
        Self::Denied,
        Self::DeniedIfBound,
        Self::NoStamp,
        Self::Excused,
    ];

    /// The state of an evaluated workload
    pub(super) fn of(workload: &EvaluatedWorkload) -> Self {
        match (&workload.stamp, &workload.outcome) {
            // A stamp that proves nothing is no missing one: somebody may have forged it
            (StampStatus::Missing, EnforceOutcome::Denied(_) | EnforceOutcome::DeniedIfBound(_)) => {
                Self::NoStamp
            }
            (_, EnforceOutcome::Allowed) => Self::Allowed,
            (_, EnforceOutcome::Excused(..)) => Self::Excused,
            (_, EnforceOutcome::Denied(_)) => Self::Denied,
            (_, EnforceOutcome::DeniedIfBound(_)) => Self::DeniedIfBound,
        }
    }

    /// Its name in JSON, Reports and gauges
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::DeniedIfBound => "denied-if-bound",
            Self::NoStamp => "no-stamp",
            Self::Excused => "excused",
        }
    }

    /// The result in an OpenReports Report
    pub(super) fn result(self) -> &'static str {
        match self {
            Self::Allowed => "pass",
            Self::Denied => "fail",
            Self::DeniedIfBound => "warn",
            // It cannot be judged, because nobody knows for whom
            Self::NoStamp => "error",
            // Somebody answers for it until its end
            Self::Excused => "skip",
        }
    }

    /// Whether a pod in the other state counts with its workload in this one
    ///
    /// A pod that has its node is certain where its template was not.
    pub(super) fn is_like(self, pod: Self) -> bool {
        let certain = |state| match state {
            Self::DeniedIfBound => Self::Denied,
            state => state,
        };
        certain(self) == certain(pod)
    }

    /// Whether mode enforce would deny such a pod
    pub(crate) fn is_denied(self) -> bool {
        !matches!(self, Self::Allowed | Self::Excused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kube_state_metrics_shows_every_state() {
        let file = include_str!("../../../deploy/observability/kube-state-metrics.yaml");
        let lines: Vec<&str> = file.lines().map(str::trim).collect();
        for state in AuditState::ALL {
            let label = format!("commonLabels: {{state: {}}}", state.name());
            let path = format!(
                "each: {{type: Gauge, gauge: {{path: [summary, {}], nilIsZero: true}}}}",
                state.result()
            );
            assert!(lines.windows(2).any(|pair| pair == [&*label, &*path]), "{label}");
        }
        assert_eq!(file.matches("commonLabels").count(), AuditState::ALL.len());
    }
}
