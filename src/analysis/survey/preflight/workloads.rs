//! Finds everything that speaks against the pods of workloads, and against pods that run, in mode enforce.

use crate::analysis::survey::evaluated_workload::{EnforceOutcome, EvaluatedWorkload};
use crate::analysis::survey::obstacle::Obstacle;
use crate::analysis::survey::preflight::finding::{Check, Finding};
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::wording::clipped;

/// Longer than any name of an object
const TITLE: usize = 256;

pub(super) fn findings(input: &PreflightInput<'_>) -> Vec<Finding> {
    let workloads = input.inventory.workloads().iter();
    let findings = workloads.flat_map(|workload| {
        let obstacles = input.obstacles(workload);
        obstacles.map(move |obstacle| finding(workload, obstacle))
    });
    findings.collect()
}

fn finding(workload: &EvaluatedWorkload, obstacle: &Obstacle) -> Finding {
    let condition = match (&workload.outcome, workload.is_bound) {
        (EnforceOutcome::Excused(_, exception), _) => format!("; allowed by exception {exception}"),
        (_, true) => "; it runs on, and another one like it would be denied".to_owned(),
        (EnforceOutcome::DeniedIfBound(_), false) => ", if it goes to a virtual node".to_owned(),
        (EnforceOutcome::Allowed | EnforceOutcome::Denied(_), false) => String::new(),
    };
    Finding {
        check: if obstacle.is_stamp {
            Check::Stamp
        } else {
            Check::Denied
        },
        subject: format!("{}/{}", workload.namespace, clipped(&workload.title(), TITLE)),
        problem: format!("{}{}{condition}", workload.judged_for(obstacle), obstacle.message),
        advice: obstacle
            .fix
            .clone()
            .unwrap_or_else(|| "change the policies or the workload".to_owned()),
    }
}
