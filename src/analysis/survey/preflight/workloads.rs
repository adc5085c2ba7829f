//! Workloads that mode enforce would stop.

use crate::analysis::survey::preflight::{Check, Finding, Scene};
use crate::analysis::survey::restamp_plan::RestampPlan;
use crate::analysis::survey::row::{Row, Stamp, Today};
use crate::wording::clipped;

/// Longer than any name of an object
const TITLE: usize = 256;

pub(crate) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let rows = scene.inventory.rows().iter();
    rows.filter(|row| row.would_be_denied()).map(finding).collect()
}

fn finding(row: &Row) -> Finding {
    let place = format!("{}/{}", row.namespace, clipped(&row.title(), TITLE));
    let where_bound = match row.today {
        Today::DeniedIfBound(_) => ", if it goes to a virtual node",
        Today::Allowed | Today::Denied(_) => "",
    };
    match (&row.stamp, row.today.denied()) {
        (Stamp::Good { .. }, Some(denied)) => Finding {
            check: Check::Denied,
            place,
            what: format!("{}{where_bound}", denied.sentence),
            advice: "change the policies or the workload".to_owned(),
        },
        (stamp, _) => Finding {
            check: Check::Stamp,
            place,
            what: format!("{}{where_bound}", stamp.trouble().unwrap_or_default()),
            advice: RestampPlan::of(row).advice(row),
        },
    }
}
