//! The numbers of workloads and pods in each state.

use std::collections::BTreeMap;

use crate::analysis::audit::row::AuditRow;
use crate::analysis::audit::state::AuditState;

/// The numbers of workloads and running pods in each state
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AuditSummary {
    workloads: BTreeMap<AuditState, usize>,
    pods: BTreeMap<AuditState, usize>,
}

impl AuditSummary {
    /// The numbers of these rows
    pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a AuditRow>) -> Self {
        let mut summary = Self::default();
        for row in rows {
            let state = row.verdict.state;
            let workloads = summary.workloads.entry(state).or_default();
            *workloads = workloads.saturating_add(1);
            let pods = summary.pods.entry(state).or_default();
            *pods = pods.saturating_add(row.running_pods);
        }
        summary
    }

    /// The workloads in a state
    pub(crate) fn workloads(&self, state: AuditState) -> usize {
        self.workloads.get(&state).copied().unwrap_or_default()
    }

    /// The running pods in a state
    pub(crate) fn pods(&self, state: AuditState) -> usize {
        self.pods.get(&state).copied().unwrap_or_default()
    }

    /// The workloads in all states
    pub(crate) fn all_workloads(&self) -> usize {
        self.workloads.values().sum()
    }

    /// The running pods in all states
    pub(crate) fn all_pods(&self) -> usize {
        self.pods.values().sum()
    }

    /// Whether mode enforce would deny any
    pub(crate) fn is_any_denied(&self) -> bool {
        self.workloads.keys().any(|state| state.is_denied())
    }

    /// Adds the numbers of another
    pub(super) fn add(&mut self, other: &Self) {
        for (all, more) in [
            (&mut self.workloads, &other.workloads),
            (&mut self.pods, &other.pods),
        ] {
            for (state, count) in more {
                let sum = all.entry(*state).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
    }
}
