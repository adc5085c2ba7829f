//! One workload to write, and what to write.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::analysis::survey::{EvaluatedWorkload, RestampPlan, WorkloadKind};
use crate::kubernetes::workload::Workload;

/// The annotation by which `kubectl rollout restart` changes a template
pub(super) const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// An annotation that changes an object but not its template
pub(super) const STAMPED: &str = "ramgate.io/stamped";

/// A workload and the plan for it
pub(super) struct Step {
    pub(super) workload: EvaluatedWorkload,
    pub(super) plan: RestampPlan,
}

impl Step {
    pub(super) fn of(workload: EvaluatedWorkload) -> Self {
        Self {
            plan: RestampPlan::of(&workload),
            workload,
        }
    }

    /// Whether there is anything to write
    pub(super) fn is_possible(&self) -> bool {
        !matches!(self.plan, RestampPlan::Impossible(_))
    }

    /// The advice for a workload that cannot be written
    pub(super) fn advice(&self) -> String {
        self.plan.advice(&self.workload)
    }

    /// The merge patch; `None` if there is nothing to write
    ///
    /// ```text
    /// Rollout of a Deployment -> {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": NOW}}}}}
    /// Object                  -> {"metadata": {"annotations": {"ramgate.io/stamped": NOW}}}
    /// ```
    pub(super) fn patch(&self) -> Option<Value> {
        let WorkloadKind::BuiltIn(workload) = self.workload.kind else {
            return None;
        };
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        match self.plan {
            RestampPlan::Rollout | RestampPlan::Template => {
                Some(template_patch(workload, RESTARTED_AT, &now))
            }
            RestampPlan::Object => Some(json!({"metadata": {"annotations": {STAMPED: now}}})),
            RestampPlan::Impossible(_) => None,
        }
    }
}

/// A patch that sets an annotation of the template
pub(super) fn template_patch(workload: Workload, annotation: &str, value: &str) -> Value {
    let template = json!({"metadata": {"annotations": {annotation: value}}});
    workload
        .template()
        .iter()
        .rev()
        .fold(template, |inner, field| json!({*field: inner}))
}
