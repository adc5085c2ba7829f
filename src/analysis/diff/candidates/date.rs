//! Dates: those of the policies, and the instants directly before and after each.

use jiff::{SignedDuration, Timestamp};

use super::Candidate;

pub(crate) fn candidates(wanted: &[String]) -> Vec<Candidate> {
    let mut dates: Vec<Timestamp> = wanted.iter().filter_map(|text| text.parse().ok()).collect();
    dates.sort_unstable();
    dates.dedup();
    // A second reads better in the report; a nanosecond fits between any two dates.
    let steps = [SignedDuration::from_secs(1), SignedDuration::from_nanos(1)];
    let neighbours = dates.iter().flat_map(|date| {
        steps
            .iter()
            .flat_map(|step| [date.checked_sub(*step).ok(), date.checked_add(*step).ok()])
            .flatten()
    });
    let neighbours = neighbours.filter(|date| !dates.contains(date)).map(|date| {
        let before = dates.iter().rev().find(|known| **known < date);
        let after = dates.iter().find(|known| **known > date);
        Candidate::between(
            date.to_string(),
            before.map(ToString::to_string),
            after.map(ToString::to_string),
        )
    });
    wanted.iter().map(Candidate::exactly).chain(neighbours).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::candidates::shown;

    #[test]
    fn dates_have_a_before_and_an_after() {
        assert_eq!(
            shown(&candidates(&["2026-11-22T08:00:00+08:00".into()]))[..3],
            [
                "2026-11-22T08:00:00+08:00 Exactly",
                "2026-11-21T23:59:59Z Wording(\"< 2026-11-22T00:00:00Z\")",
                "2026-11-22T00:00:01Z Wording(\"> 2026-11-22T00:00:00Z\")",
            ]
        );
    }
}
