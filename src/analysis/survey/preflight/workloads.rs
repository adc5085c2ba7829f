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
    let condition = match (workload.is_bound, &workload.outcome) {
        (true, _) => "; it runs on, and another one like it would be denied",
        (false, EnforceOutcome::DeniedIfBound(_)) => ", if it goes to a virtual node",
        (false, EnforceOutcome::Allowed | EnforceOutcome::Denied(_)) => "",
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
