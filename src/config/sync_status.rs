//! What a run leaves on a ConfigMap for the webhook to show: when RAM was read last, and a loss that is held back.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The annotation of ConfigMaps that a sync is to fill; the chart sets it
const SYNCED: &str = "ramgate.io/synced";
/// The annotation with the time of the last success
const SYNCED_AT: &str = "ramgate.io/synced-at";
/// The annotation with what a loss would take
const HELD_BACK: &str = "ramgate.io/sync-held-back";

/// The longest text of a loss that is kept
pub(crate) const MAX_LOSS: usize = 1000;

/// The state of a sync, from the annotations of its ConfigMap
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyncStatus {
    /// When the ConfigMap was last as RAM was; before the first time, when the ConfigMap was made
    pub(crate) fresh_at: Timestamp,
    /// The loss that is held back
    pub(crate) held_back: Option<String>,
}

impl SyncStatus {
    /// Reads annotations; nothing if no sync fills this ConfigMap
    pub(crate) fn read(
        annotations: Option<&BTreeMap<String, String>>,
        created: Option<Timestamp>,
    ) -> Option<Self> {
        let get = |name: &str| annotations.and_then(|annotations| annotations.get(name));
        let is_synced = [SYNCED, SYNCED_AT, HELD_BACK]
            .into_iter()
            .any(|name| get(name).is_some());
        is_synced.then(|| Self {
            fresh_at: get(SYNCED_AT)
                .and_then(|text| text.parse().ok())
                .or(created)
                .unwrap_or_default(),
            held_back: get(HELD_BACK).cloned(),
        })
    }

    /// The state of several ConfigMaps together: the oldest success, and any loss
    pub(crate) fn joined(self, other: Self) -> Self {
        Self {
            fresh_at: self.fresh_at.min(other.fresh_at),
            held_back: self.held_back.or(other.held_back),
        }
    }

    /// The annotations after a success
    pub(crate) fn fresh(at: Timestamp) -> BTreeMap<String, String> {
        BTreeMap::from([(
            SYNCED_AT.to_owned(),
            at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )])
    }

    /// The annotations while a loss is held back; the last success stays
    pub(crate) fn held_back(
        annotations: Option<&BTreeMap<String, String>>,
        loss: &str,
    ) -> BTreeMap<String, String> {
        let last = annotations.and_then(|annotations| annotations.get(SYNCED_AT));
        let last = last.map(|last| (SYNCED_AT.to_owned(), last.clone()));
        [(HELD_BACK.to_owned(), loss.to_owned())]
            .into_iter()
            .chain(last)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(annotations: &[(&str, &str)]) -> Option<SyncStatus> {
        let annotations = annotations
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        SyncStatus::read(Some(&annotations), Some(Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn only_a_synced_config_map_has_a_status() {
        assert_eq!(SyncStatus::read(None, None), None);
        assert_eq!(read(&[("note", "x")]), None);
        let never = read(&[(SYNCED, "true")]).unwrap();
        assert_eq!(never.fresh_at, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_loss_leaves_the_last_success_and_a_success_ends_a_loss() {
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let fresh = SyncStatus::fresh(at);
        assert_eq!(
            SyncStatus::read(Some(&fresh), None).unwrap(),
            SyncStatus {
                fresh_at: at,
                held_back: None
            }
        );
        let held = SyncStatus::held_back(Some(&fresh), "5 of 5 users");
        let status = SyncStatus::read(Some(&held), None).unwrap();
        assert_eq!(
            status,
            SyncStatus {
                fresh_at: at,
                held_back: Some("5 of 5 users".to_owned())
            }
        );
        assert_eq!(
            read(&[(SYNCED_AT, "soon")]).unwrap().fresh_at,
            Timestamp::UNIX_EPOCH
        );
    }
}
