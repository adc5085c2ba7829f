//! Our ConfigMaps as a watch tells of them, each read once when it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;

use crate::config::config_map;
use crate::config::named_document::NamedDocument;
use crate::config::store::ConfigMapDocuments;

/// All ConfigMaps by name; their text is not kept, only what was read from it
#[derive(Debug, Default)]
pub(crate) struct ConfigMapCache {
    entries: BTreeMap<Arc<str>, CachedConfigMap>,
    filling: BTreeMap<Arc<str>, CachedConfigMap>,
    complete: bool,
}

/// One ConfigMap
#[derive(Clone, Debug)]
struct CachedConfigMap {
    uid: String,
    resource_version: String,
    documents: Arc<[NamedDocument]>,
}

impl ConfigMapCache {
    /// Applies what a watch says; returns whether all documents together may be different now
    pub(crate) async fn apply(&mut self, event: Event<ConfigMap>) -> bool {
        match event {
            Event::Init => self.filling = BTreeMap::new(),
            Event::InitApply(config_map) => {
                let (name, entry) = self.read(config_map).await;
                self.filling.insert(name, entry);
            }
            Event::InitDone => {
                let listed = std::mem::take(&mut self.filling);
                let changed = !self.complete || !same(&self.entries, &listed);
                self.entries = listed;
                self.complete = true;
                return changed;
            }
            Event::Apply(config_map) => {
                let (name, entry) = self.read(config_map).await;
                let known = self.entries.get(&name).is_some_and(|known| known.is_same(&entry));
                self.entries.insert(name, entry);
                return self.complete && !known;
            }
            Event::Delete(config_map) => {
                let name = config_map.metadata.name.as_deref().unwrap_or_default();
                return self.entries.remove(name).is_some() && self.complete;
            }
        }
        false
    }

    /// All documents in the order in which they count
    pub(crate) fn documents(&self) -> Vec<Arc<[NamedDocument]>> {
        self.entries
            .values()
            .map(|entry| Arc::clone(&entry.documents))
            .collect()
    }

    /// The documents of each ConfigMap
    pub(crate) fn sources(&self) -> Vec<ConfigMapDocuments> {
        let source = |(name, entry): (&Arc<str>, &CachedConfigMap)| ConfigMapDocuments {
            name: Arc::clone(name),
            documents: Arc::clone(&entry.documents),
        };
        self.entries.iter().map(source).collect()
    }

    /// The UID of a ConfigMap, for an Event on it
    pub(crate) fn uid(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(|entry| entry.uid.as_str())
    }

    async fn read(&self, mut config_map: ConfigMap) -> (Arc<str>, CachedConfigMap) {
        let metadata = &mut config_map.metadata;
        metadata.managed_fields = None;
        let name: Arc<str> = metadata.name.clone().unwrap_or_default().into();
        let uid = metadata.uid.clone().unwrap_or_default();
        let resource_version = metadata.resource_version.clone().unwrap_or_default();
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
            },
        )
    }
}

impl CachedConfigMap {
    /// Whether two reads are of the same state of the same object
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.documents, &other.documents)
    }
}

fn same(before: &BTreeMap<Arc<str>, CachedConfigMap>, after: &BTreeMap<Arc<str>, CachedConfigMap>) -> bool {
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
        assert!(!maps.apply(Event::Init).await);
        assert!(
            !maps
                .apply(Event::InitApply(config_map("b", 1, "users: []")))
                .await
        );
        assert!(
            !maps
                .apply(Event::InitApply(config_map("a", 1, "users: []")))
                .await
        );
        assert!(names(&maps).is_empty());
        assert!(maps.apply(Event::InitDone).await);
        assert_eq!(names(&maps), ["a/x", "b/x"]);
        assert_eq!(maps.uid("a"), Some("uid-a"));
        assert!(!maps.apply(Event::Apply(config_map("a", 1, "users: []"))).await);
        assert!(maps.apply(Event::Apply(config_map("a", 2, "groups: []"))).await);
        assert!(maps.apply(Event::Delete(config_map("b", 2, ""))).await);
        assert!(!maps.apply(Event::Delete(config_map("b", 2, ""))).await);
        assert_eq!(maps.sources().len(), 1);
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
            assert_eq!(maps.apply(Event::InitDone).await, changed);
        }
    }
}
