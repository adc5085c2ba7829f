//! Dates: the policies' own, and the instants just before and just after each.

use jiff::{SignedDuration, Timestamp};

use crate::analysis::diff::axis::Candidate;

pub(crate) fn candidates(wanted: &[String]) -> Vec<Candidate> {
    let mut dates: Vec<Timestamp> = wanted.iter().filter_map(|text| text.parse().ok()).collect();
    dates.sort_unstable();
    dates.dedup();
    let steps = [SignedDuration::from_secs(1), SignedDuration::from_nanos(1)];
    let beside = dates.iter().flat_map(|date| {
        steps
            .iter()
            .flat_map(|step| [date.checked_sub(*step).ok(), date.checked_add(*step).ok()])
            .flatten()
    });
    let beside = beside.filter(|date| !dates.contains(date)).map(|date| {
        let before = dates.iter().rev().find(|known| **known < date);
        let after = dates.iter().find(|known| **known > date);
        let words = crate::analysis::diff::values::between(
            before.map(ToString::to_string),
            after.map(ToString::to_string),
        );
        Candidate::words(date.to_string(), words)
    });
    wanted.iter().map(Candidate::exactly).chain(beside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_a_before_and_an_after() {
        let told: Vec<String> = candidates(&["2026-11-22T08:00:00+08:00".into()])
            .into_iter()
            .map(|each| format!("{} {:?}", each.value.unwrap(), each.told))
            .collect();
        assert_eq!(
            told[..3],
            [
                "2026-11-22T08:00:00+08:00 Exactly",
                "2026-11-21T23:59:59Z Words(\"< 2026-11-22T00:00:00Z\")",
                "2026-11-22T00:00:01Z Words(\"> 2026-11-22T00:00:00Z\")",
            ]
        );
    }
}
