//! A counter whose labels all come from closed lists: a series is found by its place, not by its name.

use std::sync::OnceLock;

use prometheus::{IntCounter, IntCounterVec};

use crate::telemetry::metrics::labels::OTHER;

/// A counter with a table of its series, whose rows are made when they are first needed
#[derive(Debug)]
pub(super) struct ClosedCounter<const LABELS: usize> {
    counter: IntCounterVec,
    /// The values of each label; one more place stands for every other value
    lists: [&'static [&'static str]; LABELS],
    rows: Box<[OnceLock<Row>]>,
}

/// The series of one value of the first label
type Row = Box<[OnceLock<IntCounter>]>;

impl<const LABELS: usize> ClosedCounter<LABELS> {
    /// A table for a counter with these labels, in their order
    pub(super) fn new(counter: IntCounterVec, lists: [&'static [&'static str]; LABELS]) -> Self {
        let rows = lists.first().map_or(1, |list| places(list));
        Self {
            counter,
            lists,
            rows: empty(rows),
        }
    }

    /// Counts one; a value that is not on its list counts as `other`
    pub(super) fn inc(&self, values: [&str; LABELS]) {
        let mut places = self
            .lists
            .iter()
            .zip(values)
            .map(|(list, value)| place(list, value));
        let row = places.next().unwrap_or_default();
        let column = self
            .lists
            .iter()
            .skip(1)
            .zip(places)
            .fold(0, |column: usize, (list, place)| {
                column.saturating_mul(self::places(list)).saturating_add(place)
            });
        let columns = || self.lists.iter().skip(1).map(|list| self::places(list)).product();
        let row = self.rows.get(row).map(|row| row.get_or_init(|| empty(columns())));
        match row.and_then(|row| row.get(column)) {
            Some(series) => series.get_or_init(|| self.series(values)).inc(),
            None => self.series(values).inc(),
        }
    }

    fn series(&self, values: [&str; LABELS]) -> IntCounter {
        let mut bounded = [OTHER; LABELS];
        for ((bounded, value), list) in bounded.iter_mut().zip(values).zip(self.lists) {
            *bounded = list.get(place(list, value)).copied().unwrap_or(OTHER);
        }
        self.counter.with_label_values(&bounded)
    }
}

fn empty<T>(cells: usize) -> Box<[OnceLock<T>]> {
    std::iter::repeat_with(OnceLock::new).take(cells).collect()
}

/// The places of a list, and that of every other value
fn places(list: &[&str]) -> usize {
    list.len().saturating_add(1)
}

fn place(list: &[&str], value: &str) -> usize {
    list.iter()
        .position(|known| *known == value)
        .unwrap_or(list.len())
}

#[cfg(test)]
mod tests {
    use prometheus::Registry;

    use super::*;
    use crate::telemetry::metrics::registration::{counter_vec, text_of};

    #[test]
    fn every_series_has_a_place_of_its_own() {
        const LISTS: [&[&str]; 3] = [&["a", "b"], &["c"], &["d", "e", "f"]];
        let registry = Registry::new();
        let counter = counter_vec(&registry, "series", "all of them", &["x", "y", "z"]).unwrap();
        let closed = ClosedCounter::new(counter, LISTS);
        let with_other = LISTS.map(|list| [list, &["strange"]].concat());
        let mut count = 0;
        for x in &with_other[0] {
            for y in &with_other[1] {
                for z in &with_other[2] {
                    count += 1;
                    (0..count).for_each(|_| closed.inc([x, y, z]));
                }
            }
        }
        let text = text_of(&registry);
        assert_eq!(text.matches("series{").count(), 24, "{text}");
        for line in [
            r#"series{x="a",y="c",z="d"} 1"#,
            r#"series{x="a",y="other",z="d"} 5"#,
            r#"series{x="b",y="c",z="f"} 11"#,
            r#"series{x="other",y="other",z="other"} 24"#,
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }
}
