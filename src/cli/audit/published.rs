//! What an audit wrote into the cluster.

use crate::analysis::audit::publish::{PublishedEvents, PublishedReports};

/// What an audit wrote; `None` for what was not asked for
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    pub(super) reports: Option<PublishedReports>,
    pub(super) events: Option<PublishedEvents>,
}

impl Published {
    /// One line for each kind of write
    pub(super) fn lines(&self) -> Vec<String> {
        let reports = self.reports.as_ref().map(|reports| {
            format!(
                "Reports: {} written, {} unchanged, {} deleted, {} refused",
                reports.written,
                reports.unchanged,
                reports.deleted,
                reports.refused.len()
            )
        });
        let events = self.events.as_ref().map(|events| {
            format!(
                "Events: {} created, {} still there, {} left out, {} refused",
                events.created, events.known, events.left_out, events.refused
            )
        });
        reports.into_iter().chain(events).collect()
    }

    /// The first refusal, and how many there are
    pub(super) fn refusal(&self) -> Option<String> {
        let reports = self.reports.as_ref();
        let events = self.events.as_ref();
        let count = reports
            .map_or(0, |reports| reports.refused.len())
            .saturating_add(events.map_or(0, |events| events.refused));
        let first = reports
            .and_then(|reports| reports.refused.first())
            .or_else(|| events?.first_refusal.as_ref())?;
        Some(match count {
            1 => format!("the API server refused {first}"),
            _ => format!("the API server refused {count} writes, the first of them {first}"),
        })
    }
}
