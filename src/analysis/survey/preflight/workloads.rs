//! Finds workloads whose next pods mode enforce would deny.

use crate::analysis::survey::evaluated_workload::{EnforceOutcome, EvaluatedWorkload};
use crate::analysis::survey::preflight::finding::{Check, Finding};
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::analysis::survey::restamp_plan::RestampPlan;
use crate::analysis::survey::stamp_status::StampStatus;
use crate::wording::clipped;

/// Longer than any name of an object
const TITLE: usize = 256;

pub(super) fn findings(input: &PreflightInput<'_>) -> Vec<Finding> {
    let workloads = input.inventory.workloads().iter();
    workloads
        .filter(|workload| workload.would_be_denied())
        .map(finding)
        .collect()
}

fn finding(workload: &EvaluatedWorkload) -> Finding {
    let subject = format!("{}/{}", workload.namespace, clipped(&workload.title(), TITLE));
    let condition = match workload.outcome {
        EnforceOutcome::DeniedIfBound(_) => ", if it goes to a virtual node",
        EnforceOutcome::Allowed | EnforceOutcome::Denied(_) => "",
    };
    match (&workload.stamp, workload.outcome.denial()) {
        (StampStatus::Good { .. }, Some(denial)) => Finding {
            check: Check::Denied,
            subject,
            problem: format!("{}{condition}", denial.sentence),
            advice: "change the policies or the workload".to_owned(),
        },
        (stamp, _) => Finding {
            check: Check::Stamp,
            subject,
            problem: format!("{}{condition}", stamp.problem().unwrap_or_default()),
            advice: RestampPlan::of(workload).advice(workload),
        },
    }
}
