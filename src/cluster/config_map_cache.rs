//! The ConfigMaps of the configuration as a watch shows them, each parsed once after it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;

use crate::config::config_map;
use crate::config::named_document::NamedDocument;
use crate::config::store::ConfigMapDocuments;

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
    documents: Arc<[NamedDocument]>,
    accepted_loss: Option<usize>,
}

impl ConfigMapCache {
    /// Applies an event of the watch
    ///
    /// ```text
    /// Init, InitApply(a), InitApply(b), InitDone -> Changed at the end of the list
    /// Apply(a) with the version that was listed  -> Unchanged
    /// Apply(a) with a new version                -> Changed
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

    /// Parses a ConfigMap, unless this version of it is cached
    async fn read(&self, mut config_map: ConfigMap) -> (Arc<str>, CachedConfigMap) {
        let metadata = &mut config_map.metadata;
        metadata.managed_fields = None;
        let name: Arc<str> = metadata.name.clone().unwrap_or_default().into();
        let uid = metadata.uid.clone().unwrap_or_default();
        let resource_version = metadata.resource_version.clone().unwrap_or_default();
        let accepted_loss = config_map::accepted_loss(metadata);
        let unchanged = self.entries.get(&name).filter(|known| {
            known.uid == uid && known.resource_version == resource_version && !uid.is_empty()
        });
        let documents = match unchanged {
            Some(known) => Arc::clone(&known.documents),
            // A mebibyte of documents takes tens of milliseconds, in which reviews go on
            None => tokio::task::spawn_blocking(move || config_map::documents(&config_map))
                .await
                .unwrap_or_default()
                .into(),
        };
        (
            name,
            CachedConfigMap {
                uid,
                resource_version,
                documents,
                accepted_loss,
            },
        )
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
    /// Whether both hold the documents of one parse
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.documents, &other.documents)
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
    async fn a_list_after_a_gap_is_a_change_only_if_something_is_different() {
        let mut maps = ConfigMapCache::default();
        for (listed, changed) in [
            (vec![("a", 1)], true),
            (vec![("a", 1)], false),
            (vec![("a", 2)], true),
            (vec![], true),
        ] {
            maps.apply(Event::Init).await;
            for (name, version) in listed {
                maps.apply(Event::InitApply(config_map(name, version, "users: []")))
                    .await;
            }
            assert_eq!(maps.apply(Event::InitDone).await, CacheChange::of(changed));
        }
    }
}
