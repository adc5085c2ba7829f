//! The ConfigMaps of the configuration as a watch shows them, each text parsed once after it changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;

use crate::cluster::config_map_contents::ConfigMapContents;
use crate::config::config_map::{self, Side};
use crate::config::named_document::NamedDocument;
use crate::config::store::{AcceptedLoss, ConfigMapDocuments};
use crate::config::sync_status::SyncStatus;
use ram_policy::Interner;

/// The parsed documents of all ConfigMaps, by name; their text is not kept
#[derive(Debug, Default)]
pub(crate) struct ConfigMapCache {
    entries: BTreeMap<Arc<str>, CachedConfigMap>,
    /// The ConfigMaps of a list that is not complete yet
    listing: BTreeMap<Arc<str>, CachedConfigMap>,
    /// Whether the first list is complete
    complete: bool,
    /// Statements of all ConfigMaps, each once; a read on another thread has it for as long as it takes
    interner: Arc<Mutex<Interner>>,
}

/// The effect of an event on the documents
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CacheChange {
    Unchanged,
    /// Candidates may be different now, and what is live is not
    Candidates,
    /// All documents together may be different now
    Changed,
}

/// One ConfigMap
#[derive(Clone, Debug)]
struct CachedConfigMap {
    uid: String,
    resource_version: String,
    contents: ConfigMapContents,
    sync: Option<SyncStatus>,
    accepted_loss: Option<usize>,
}

impl ConfigMapCache {
    /// Applies an event of the watch
    ///
    /// ```text
    /// Init, InitApply(a), InitApply(b), InitDone -> Changed at the end of the list
    /// Apply(a) with the version that was listed  -> Unchanged
    /// Apply(a) with other contents               -> Changed
    /// Apply(a) with other annotations            -> Unchanged, but for an accepted loss
    /// ```
    pub(crate) async fn apply(&mut self, event: Event<ConfigMap>) -> CacheChange {
        match event {
            Event::Init => self.listing = BTreeMap::new(),
            Event::InitApply(config_map) => {
                let (name, entry) = self.read(config_map).await;
                self.listing.insert(name, entry);
            }
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listing);
                let before = std::mem::replace(&mut self.entries, listed);
                let was_complete = std::mem::replace(&mut self.complete, true);
                let change = if was_complete {
                    difference(&before, &self.entries)
                } else {
                    CacheChange::Changed
                };
                return self.noted(change);
            }
            Event::Apply(config_map) => {
                let (name, entry) = self.read(config_map).await;
                let after = Some(entry.clone());
                let before = self.entries.insert(name, entry);
                return self.noted(self.counted(change(before.as_ref(), after.as_ref())));
            }
            Event::Delete(config_map) => {
                let name = config_map.metadata.name.as_deref().unwrap_or_default();
                let removed = self.entries.remove(name);
                return self.noted(self.counted(change(removed.as_ref(), None)));
            }
        }
        CacheChange::Unchanged
    }

    /// Whether the first list is complete
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// A change, which counts only after the first list
    fn counted(&self, change: CacheChange) -> CacheChange {
        if self.complete {
            change
        } else {
            CacheChange::Unchanged
        }
    }

    /// A change, after which statements that are gone are forgotten; those in force are still there
    fn noted(&self, change: CacheChange) -> CacheChange {
        if change != CacheChange::Unchanged {
            lock(&self.interner).forget_rare();
        }
        change
    }

    /// The ConfigMaps of a side, in order of their names
    fn of_side(&self, side: Side) -> impl Iterator<Item = (&Arc<str>, &CachedConfigMap)> {
        self.entries
            .iter()
            .filter(move |(_, entry)| entry.contents.side == side)
    }

    /// All live documents, in order of their ConfigMaps' names
    pub(crate) fn documents(&self) -> Vec<Arc<[NamedDocument]>> {
        self.of_side(Side::Live)
            .map(|(_, entry)| Arc::clone(&entry.contents.documents))
            .collect()
    }

    /// The documents of each ConfigMap of a side
    pub(crate) fn config_maps(&self, side: Side) -> Vec<ConfigMapDocuments> {
        let config_map = |(name, entry): (&Arc<str>, &CachedConfigMap)| ConfigMapDocuments {
            name: Arc::clone(name),
            documents: Arc::clone(&entry.contents.documents),
            accepted_loss: entry.accepted_loss.map(AcceptedLoss::new),
        };
        self.of_side(side).map(config_map).collect()
    }

    /// The state of the sync that fills ConfigMaps of the set; `None` if none is filled so
    pub(crate) fn sync(&self) -> Option<SyncStatus> {
        let states = self
            .of_side(Side::Live)
            .filter_map(|(_, entry)| entry.sync.clone());
        states.reduce(SyncStatus::joined)
    }

    /// The losses that annotations of live ConfigMaps accept, by ConfigMap
    pub(crate) fn accepted_losses(&self) -> BTreeMap<Arc<str>, usize> {
        let entries = self.of_side(Side::Live);
        let accepted = entries.filter_map(|(name, entry)| Some((Arc::clone(name), entry.accepted_loss?)));
        accepted.collect()
    }

    /// The UID of a ConfigMap, for an Event on it
    pub(crate) fn uid(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(|entry| entry.uid.as_str())
    }

    /// Reads the texts of a ConfigMap that are not cached
    async fn read(&self, mut config_map: ConfigMap) -> (Arc<str>, CachedConfigMap) {
        let metadata = &mut config_map.metadata;
        metadata.managed_fields = None;
        let name: Arc<str> = metadata.name.clone().unwrap_or_default().into();
        let uid = metadata.uid.clone().unwrap_or_default();
        let resource_version = metadata.resource_version.clone().unwrap_or_default();
        let accepted_loss = config_map::accepted_loss(metadata);
        let created = metadata.creation_timestamp.as_ref().map(|time| time.0);
        let sync = SyncStatus::read(metadata.annotations.as_ref(), created);
        let known = self
            .entries
            .get(&name)
            .filter(|known| known.uid == uid && !uid.is_empty());
        let contents = match known {
            Some(known) if known.resource_version == resource_version => known.contents.clone(),
            _ => {
                let (before, interner) = (
                    known.map(|known| known.contents.clone()),
                    Arc::clone(&self.interner),
                );
                // A mebibyte of documents takes tens of milliseconds, in which reviews go on
                let read = tokio::task::spawn_blocking(move || {
                    ConfigMapContents::read(&config_map, before, &mut lock(&interner))
                });
                read.await.unwrap_or_else(|_| ConfigMapContents::unread(&name))
            }
        };
        let entry = CachedConfigMap {
            uid,
            resource_version,
            contents,
            sync,
            accepted_loss,
        };
        (name, entry)
    }
}

fn lock(interner: &Mutex<Interner>) -> MutexGuard<'_, Interner> {
    // It is whole at every moment, so a panic of another thread leaves nothing half done
    interner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CachedConfigMap {
    /// Whether both hold the documents of one parse and accept the same loss
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.contents.documents, &other.contents.documents)
            && self.accepted_loss == other.accepted_loss
    }
}

/// The change from one version of a ConfigMap to the next
///
/// ```text
/// live -> candidate, live -> none, none -> live   Changed
/// none -> candidate, candidate -> candidate       Candidates
/// ```
fn change(before: Option<&CachedConfigMap>, after: Option<&CachedConfigMap>) -> CacheChange {
    if before
        .zip(after)
        .is_some_and(|(before, after)| before.is_same(after))
    {
        return CacheChange::Unchanged;
    }
    let mut sides = before.into_iter().chain(after).map(|entry| entry.contents.side);
    match (before.or(after), sides.all(|side| side == Side::Candidate)) {
        (None, _) => CacheChange::Unchanged,
        (Some(_), true) => CacheChange::Candidates,
        (Some(_), false) => CacheChange::Changed,
    }
}

/// The change from one list to the next
fn difference(
    before: &BTreeMap<Arc<str>, CachedConfigMap>,
    after: &BTreeMap<Arc<str>, CachedConfigMap>,
) -> CacheChange {
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
    let gone = gone.map(|(_, entry)| change(Some(entry), None));
    let others = after
        .iter()
        .map(|(name, entry)| change(before.get(name), Some(entry)));
    gone.chain(others).max().unwrap_or(CacheChange::Unchanged)
}

#[cfg(test)]
mod incremental;
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config_map(name: &str, version: u32, text: &str) -> ConfigMap {
        let metadata = json!({"name": name, "uid": format!("uid-{name}"), "resourceVersion": version.to_string(),
            "labels": {"ramgate.io/config": "directory"}});
        serde_json::from_value(json!({"metadata": metadata, "data": {"x": text}})).unwrap()
    }

    fn names(maps: &ConfigMapCache) -> Vec<String> {
        maps.documents()
            .iter()
            .flat_map(|shared| shared.iter())
            .map(|named| named.name.clone())
            .collect()
    }

    #[tokio::test]
    async fn a_set_counts_when_it_is_complete_and_when_it_changes() {
        let mut maps = ConfigMapCache::default();
        assert_eq!(maps.apply(Event::Init).await, CacheChange::Unchanged);
        assert_eq!(
            maps.apply(Event::InitApply(config_map("b", 1, "users: []")))
                .await,
            CacheChange::Unchanged
        );
        assert_eq!(
            maps.apply(Event::InitApply(config_map("a", 1, "users: []")))
                .await,
            CacheChange::Unchanged
        );
        assert!(names(&maps).is_empty());
        assert_eq!(maps.apply(Event::InitDone).await, CacheChange::Changed);
        assert_eq!(names(&maps), ["a/x", "b/x"]);
        assert_eq!(maps.uid("a"), Some("uid-a"));
        assert_eq!(
            maps.apply(Event::Apply(config_map("a", 1, "users: []"))).await,
            CacheChange::Unchanged
        );
        assert_eq!(
            maps.apply(Event::Apply(config_map("a", 2, "groups: []"))).await,
            CacheChange::Changed
        );
        assert_eq!(
            maps.apply(Event::Delete(config_map("b", 2, ""))).await,
            CacheChange::Changed
        );
        assert_eq!(
            maps.apply(Event::Delete(config_map("b", 2, ""))).await,
            CacheChange::Unchanged
        );
        assert_eq!(maps.config_maps(Side::Live).len(), 1);
    }

    #[tokio::test]
    async fn annotations_alone_are_no_change_but_for_an_accepted_loss() {
        let annotated = |version: u32, text: &str, annotations: serde_json::Value| -> ConfigMap {
            let mut config_map = config_map("a", version, text);
            config_map.metadata.annotations = serde_json::from_value(annotations).unwrap();
            config_map
        };
        let mut maps = ConfigMapCache::default();
        maps.apply(Event::Init).await;
        maps.apply(Event::InitApply(config_map("a", 1, "users: []")))
            .await;
        maps.apply(Event::InitDone).await;
        assert_eq!(maps.sync(), None);
        let fresh = json!({"ramgate.io/synced-at": "2026-01-02T03:04:05Z"});
        let event = Event::Apply(annotated(2, "users: []", fresh.clone()));
        assert_eq!(maps.apply(event).await, CacheChange::Unchanged);
        assert_eq!(maps.sync().unwrap().fresh_at.to_string(), "2026-01-02T03:04:05Z");
        let event = Event::Apply(annotated(3, "groups: []", fresh));
        assert_eq!(maps.apply(event).await, CacheChange::Changed);
        let accepts = json!({"ramgate.io/accept-loss": "7"});
        let event = Event::Apply(annotated(4, "groups: []", accepts));
        assert_eq!(maps.apply(event).await, CacheChange::Changed);
        let event = Event::Apply(annotated(5, "groups: []", json!({})));
        assert_eq!(maps.apply(event).await, CacheChange::Changed);
        maps.apply(Event::Init).await;
        maps.apply(Event::InitApply(annotated(6, "groups: []", json!({}))))
            .await;
        assert_eq!(maps.apply(Event::InitDone).await, CacheChange::Unchanged);
        assert_eq!(maps.sync(), None);
    }

    #[tokio::test]
    async fn a_list_after_a_gap_is_a_change_only_if_something_is_different() {
        let mut maps = ConfigMapCache::default();
        for (listed, changed) in [
            (vec![("a", 1, "users: []")], CacheChange::Changed),
            (vec![("a", 1, "users: []")], CacheChange::Unchanged),
            (vec![("a", 2, "users: []")], CacheChange::Unchanged),
            (vec![("a", 3, "groups: []")], CacheChange::Changed),
            (vec![], CacheChange::Changed),
        ] {
            maps.apply(Event::Init).await;
            for (name, version, text) in listed {
                maps.apply(Event::InitApply(config_map(name, version, text)))
                    .await;
            }
            assert_eq!(maps.apply(Event::InitDone).await, changed);
        }
    }

    #[tokio::test]
    async fn candidates_are_apart_from_what_is_live_and_change_nothing_of_it() {
        let marked = |version: u32, text: &str, mark: Option<&str>| {
            let mut config_map = config_map("next", version, text);
            let labels = config_map.metadata.labels.as_mut().unwrap();
            labels.extend(mark.map(|mark| (config_map::CANDIDATE.to_owned(), mark.to_owned())));
            config_map
        };
        let mut maps = ConfigMapCache::default();
        maps.apply(Event::Init).await;
        maps.apply(Event::InitApply(config_map("a", 1, "users: []")))
            .await;
        maps.apply(Event::InitDone).await;
        let candidates = |maps: &ConfigMapCache| maps.config_maps(Side::Candidate).len();
        for (version, text, mark, change, live) in [
            (1, "groups: []", Some("true"), CacheChange::Candidates, 1),
            (2, "roles: []", Some("true"), CacheChange::Candidates, 1),
            (3, "roles: []", Some("true"), CacheChange::Unchanged, 1),
            // Without the label it is live, and with it not any more
            (4, "roles: []", None, CacheChange::Changed, 2),
            (5, "roles: []", Some("true"), CacheChange::Changed, 1),
            (6, "roles: []", Some("yes"), CacheChange::Changed, 2),
            (7, "roles: []", Some("true"), CacheChange::Changed, 1),
        ] {
            let event = Event::Apply(marked(version, text, mark));
            assert_eq!(maps.apply(event).await, change, "{version}");
            assert_eq!((maps.documents().len(), candidates(&maps)), (live, 2 - live));
        }
        maps.apply(Event::Init).await;
        maps.apply(Event::InitApply(config_map("a", 1, "users: []")))
            .await;
        assert_eq!(maps.apply(Event::InitDone).await, CacheChange::Candidates);
        assert_eq!((names(&maps), candidates(&maps)), (vec!["a/x".to_owned()], 0));
        maps.apply(Event::Apply(marked(8, "roles: []", Some("true"))))
            .await;
        let removed = Event::Delete(marked(9, "", Some("true")));
        assert_eq!(maps.apply(removed).await, CacheChange::Candidates);
    }
}
