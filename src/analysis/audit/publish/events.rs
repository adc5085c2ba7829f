//! Creates the Events of an audit.

use jiff::Timestamp;

use crate::analysis::audit::collector::Audit;
use crate::analysis::audit::event::events;
use crate::analysis::survey::live::{ApiClient, ReadError};

/// What was done with the Events
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PublishedEvents {
    /// Events that are new
    pub created: usize,
    /// Events that are still there from an earlier run
    pub known: usize,
    /// Events beyond the bounds of a run
    pub left_out: usize,
    /// The number of refusals
    pub refused: usize,
    /// The first refusal
    pub first_refusal: Option<String>,
}

/// Creates an Event on every owner of what mode enforce would deny, within bounds
///
/// # Errors
///
/// The API server does not answer.
pub(crate) async fn publish_events(
    client: &ApiClient,
    audit: &Audit,
    now: Timestamp,
) -> Result<PublishedEvents, ReadError> {
    let (events, left_out) = events(audit, now);
    let mut published = PublishedEvents {
        left_out,
        ..PublishedEvents::default()
    };
    for event in events {
        let what = format!("an Event in namespace {}", event.namespace);
        let path = format!("/apis/events.k8s.io/v1/namespaces/{}/events", event.namespace);
        let response = client.create(&what, &path, &event.object).await?;
        match response.result {
            Ok(_) => published.created = published.created.saturating_add(1),
            Err(_) if response.status == 409 => published.known = published.known.saturating_add(1),
            Err(refusal) => {
                published.refused = published.refused.saturating_add(1);
                published
                    .first_refusal
                    .get_or_insert_with(|| format!("{what}: {refusal}"));
            }
        }
    }
    Ok(published)
}
