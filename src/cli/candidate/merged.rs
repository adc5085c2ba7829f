//! The reports of all replicas in one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::candidate::ChangeKind;
use crate::candidate::report::{CandidateReport, ReportedOthers, ReportedReviews, ReportedRow};
use crate::cli::exit::Exit;

/// The reports of all replicas, added up
#[derive(Clone, Debug, Default)]
pub(super) struct MergedReport {
    /// `faulty` if the candidate is so for any replica, and `none` only if it is so for all
    pub(super) state: String,
    pub(super) config_maps: Vec<String>,
    /// What replaces nothing
    pub(super) additions: Vec<String>,
    pub(super) faults: Vec<String>,
    /// Since when all replicas count
    pub(super) since: Option<String>,
    pub(super) reviews: ReportedReviews,
    pub(super) rows: Vec<ReportedRow>,
    pub(super) others: ReportedOthers,
    pub(super) replicas: usize,
    pub(super) notes: Vec<String>,
}

/// What makes rows of two replicas the same
type RowKey = (ChangeKind, String, String, usize, String);

impl MergedReport {
    pub(super) fn of(reports: Vec<CandidateReport>) -> Self {
        let mut merged = Self {
            replicas: reports.len(),
            ..Self::default()
        };
        let mut rows: BTreeMap<RowKey, ReportedRow> = BTreeMap::new();
        for report in reports {
            merged.add_state(&report);
            merged.add_numbers(&report);
            for row in report.rows {
                let key = key(&row);
                match rows.get_mut(&key) {
                    Some(known) => add_row(known, row),
                    None => drop(rows.insert(key, row)),
                }
            }
        }
        merged.rows = rows.into_values().collect();
        // Losses first, and of those the most frequent
        merged
            .rows
            .sort_by_key(|row| (row.change, std::cmp::Reverse(row.count)));
        merged
    }

    fn add_state(&mut self, report: &CandidateReport) {
        let graveness = |state: &str| match state {
            "" => 0,
            "none" => 1,
            "loaded" => 2,
            _ => 3,
        };
        if !self.state.is_empty() && self.state != report.state {
            let note =
                "the replicas do not agree: one of them has not seen the latest ConfigMaps yet, ask again";
            self.notes = vec![note.to_owned()];
        }
        if graveness(&report.state) > graveness(&self.state) {
            self.state.clone_from(&report.state);
            self.config_maps.clone_from(&report.config_maps);
            self.additions.clone_from(&report.additions);
            self.faults.clone_from(&report.faults);
        }
        // The times have one form, so the later one is the greater text
        self.since = self.since.take().max(report.since.clone());
    }

    fn add_numbers(&mut self, report: &CandidateReport) {
        let (sum, one) = (&mut self.reviews, &report.reviews);
        for (sum, one) in [
            (&mut sum.judged, one.judged),
            (&mut sum.skipped, one.skipped),
            (&mut sum.undetermined, one.undetermined),
        ] {
            *sum = sum.saturating_add(one);
        }
        self.others.add(ChangeKind::Denied, report.others.denied);
        self.others.add(ChangeKind::Allowed, report.others.allowed);
    }

    /// How many different changes of a kind there are, those without a row as one
    pub(super) fn different(&self, kind: ChangeKind) -> usize {
        let others = match kind {
            ChangeKind::Denied => self.others.denied,
            ChangeKind::Allowed => self.others.allowed,
        };
        let rows = self.rows.iter().filter(|row| row.change == kind).count();
        rows.saturating_add(usize::from(others > 0))
    }

    /// The exit code: a candidate that cannot be judged by has lost nobody anything, but shows nothing either
    pub(super) fn exit(&self) -> Exit {
        match self.state.as_str() {
            "faulty" => Exit::Failure,
            _ => Exit::good_if(self.different(ChangeKind::Denied) == 0),
        }
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "state": self.state,
            "configMaps": self.config_maps,
            "additions": self.additions,
            "faults": self.faults,
            "since": self.since,
            "replicas": self.replicas,
            "notes": self.notes,
            "reviews": self.reviews,
            "others": self.others,
            "rows": self.rows,
        })
    }
}

fn key(row: &ReportedRow) -> RowKey {
    let ReportedRow {
        principal,
        policy,
        code,
        ..
    } = row;
    (
        row.change,
        principal.clone(),
        policy.clone(),
        row.statement,
        code.clone(),
    )
}

/// Adds the same row of another replica; the later example stays
fn add_row(known: &mut ReportedRow, other: ReportedRow) {
    let count = known.count.saturating_add(other.count);
    if other.last_seen > known.last_seen {
        *known = other;
    }
    known.count = count;
}
