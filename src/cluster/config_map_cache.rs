//! The ConfigMaps of the configuration as a watch shows them, each parsed once after it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;

use crate::config::config_map;
use crate::config::named_document::NamedDocument;
use crate::config::store::ConfigMapDocuments;
use crate::config::sync_status::SyncStatus;

/// The parsed documents of all ConfigMaps, by name; their text is not kept
#[derive(Debug, Default)]
pub(crate) struct ConfigMapCache {
    entries: BTreeMap<Arc<str>, CachedConfigMap>,
    /// The ConfigMaps of a list that is not complete yet
    listing: BTreeMap<Arc<str>, CachedConfigMap>,
    /// Whether the first list is complete
    complete: bool,
}

/// The effect of an event on the documents
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheChange {
    Unchanged,
    /// All documents together may be different now
    Changed,
}

/// One ConfigMap
#[derive(Clone, Debug)]
struct CachedConfigMap {
    uid: String,
    resource_version: String,
    contents: Contents,
    documents: Arc<[NamedDocument]>,
    sync: Option<SyncStatus>,
    accepted_loss: Option<usize>,
}

/// A digest of everything that documents are made from, so that a change of annotations alone changes no document
#[derive(Clone, Debug, PartialEq, Eq)]
struct Contents(Vec<u8>);

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
                let changed = !self.complete || !are_same(&self.entries, &listed);
                self.entries = listed;
                self.complete = true;
                return CacheChange::of(changed);
            }
            Event::Apply(config_map) => {
                let (name, entry) = self.read(config_map).await;
                let is_known = self.entries.get(&name).is_some_and(|known| known.is_same(&entry));
                self.entries.insert(name, entry);
                return CacheChange::of(self.complete && !is_known);
            }
            Event::Delete(config_map) => {
                let name = config_map.metadata.name.as_deref().unwrap_or_default();
                let removed = self.entries.remove(name).is_some();
                return CacheChange::of(removed && self.complete);
            }
        }
        CacheChange::Unchanged
    }

    /// Whether the first list is complete
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// All documents, in order of their ConfigMaps' names
    pub(crate) fn documents(&self) -> Vec<Arc<[NamedDocument]>> {
        self.entries
            .values()
            .map(|entry| Arc::clone(&entry.documents))
            .collect()
    }

    /// The documents of each ConfigMap
    pub(crate) fn config_maps(&self) -> Vec<ConfigMapDocuments> {
        let config_map = |(name, entry): (&Arc<str>, &CachedConfigMap)| ConfigMapDocuments {
            name: Arc::clone(name),
            documents: Arc::clone(&entry.documents),
            accepted_loss: entry.accepted_loss,
        };
        self.entries.iter().map(config_map).collect()
    }

    /// The state of the sync that fills ConfigMaps of the set; `None` if none is filled so
    pub(crate) fn sync(&self) -> Option<SyncStatus> {
        let states = self.entries.values().filter_map(|entry| entry.sync.clone());
        states.reduce(SyncStatus::joined)
    }

    /// The losses that annotations accept
    pub(crate) fn accepted_losses(&self) -> Vec<usize> {
        self.entries
            .values()
            .filter_map(|entry| entry.accepted_loss)
            .collect()
    }

    /// The UID of a ConfigMap, for an Event on it
    pub(crate) fn uid(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(|entry| entry.uid.as_str())
    }

    /// Parses a ConfigMap, unless these contents of it are cached
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
        let is_known_version = |known: &&CachedConfigMap| known.resource_version == resource_version;
        let contents = match known.filter(is_known_version) {
            Some(known) => known.contents.clone(),
            None => Contents::of(&config_map),
        };
        let documents = match known.filter(|known| known.contents == contents) {
            Some(known) => Arc::clone(&known.documents),
            // A mebibyte of documents takes tens of milliseconds, in which reviews go on
            None => tokio::task::spawn_blocking(move || config_map::documents(&config_map))
                .await
                .unwrap_or_default()
                .into(),
        };
        let entry = CachedConfigMap {
            uid,
            resource_version,
            contents,
            documents,
            sync,
            accepted_loss,
        };
        (name, entry)
    }
}

impl Contents {
    fn of(config_map: &ConfigMap) -> Self {
        let label = config_map
            .metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get(config_map::LABEL));
        let mut digest = digest::Context::new(&digest::SHA256);
        let mut add = |part: &[u8]| {
            // Lengths keep neighbours apart
            digest.update(&part.len().to_be_bytes());
            digest.update(part);
        };
        add(label.map_or(b"", |label| label.as_bytes()));
        for (key, text) in config_map.data.iter().flatten() {
            add(key.as_bytes());
            add(text.as_bytes());
        }
        add(b"binaryData");
        for (key, bytes) in config_map.binary_data.iter().flatten() {
            add(key.as_bytes());
            add(&bytes.0);
        }
        Self(digest.finish().as_ref().to_vec())
    }
}

impl CacheChange {
    fn of(is_changed: bool) -> Self {
        if is_changed {
            Self::Changed
        } else {
            Self::Unchanged
        }
    }
}

impl CachedConfigMap {
    /// Whether both hold the documents of one parse and accept the same loss
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.documents, &other.documents) && self.accepted_loss == other.accepted_loss
    }
}

/// Whether two lists hold the same ConfigMaps in the same versions
fn are_same(
    before: &BTreeMap<Arc<str>, CachedConfigMap>,
    after: &BTreeMap<Arc<str>, CachedConfigMap>,
) -> bool {
    before.len() == after.len()
        && before
            .iter()
            .zip(after)
            .all(|((name, entry), (other, listed))| name == other && entry.is_same(listed))
}

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
        assert_eq!(maps.config_maps().len(), 1);
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

    #[test]
    fn contents_are_all_that_documents_are_made_from() {
        let base =
            json!({"metadata": {"labels": {"ramgate.io/config": "policy"}}, "data": {"a": "b", "c": "d"}});
        let contents = |path: &str, value: serde_json::Value| {
            let mut changed = base.clone();
            *changed.pointer_mut(path).unwrap() = value;
            Contents::of(&serde_json::from_value(changed).unwrap())
        };
        let same = contents("/data/a", json!("b"));
        assert_ne!(same, contents("/data/a", json!("x")));
        assert_ne!(same, contents("/data", json!({"a": "bc", "": "d"})));
        assert_ne!(same, contents("/data", json!({"a": "b", "c": "d", "e": ""})));
        assert_ne!(
            same,
            contents("/metadata/labels", json!({"ramgate.io/config": "directory"}))
        );
        let mut binary: ConfigMap = serde_json::from_value(base.clone()).unwrap();
        binary.binary_data = Some(BTreeMap::from([(
            "x".to_owned(),
            k8s_openapi::ByteString(vec![]),
        )]));
        assert_ne!(same, Contents::of(&binary));
    }

    #[tokio::test]
    async fn a_list_after_a_gap_is_a_change_only_if_something_is_different() {
        let mut maps = ConfigMapCache::default();
        for (listed, changed) in [
            (vec![("a", 1, "users: []")], true),
            (vec![("a", 1, "users: []")], false),
            (vec![("a", 2, "users: []")], false),
            (vec![("a", 3, "groups: []")], true),
            (vec![], true),
        ] {
            maps.apply(Event::Init).await;
            for (name, version, text) in listed {
                maps.apply(Event::InitApply(config_map(name, version, text)))
                    .await;
            }
            assert_eq!(maps.apply(Event::InitDone).await, CacheChange::of(changed));
        }
    }
}
