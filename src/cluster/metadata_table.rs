//! Labels and annotations of all objects of one kind, as a watch last showed them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::watcher::Event;

use crate::cluster::metadata_filter::MetadataFilter;
use crate::kubernetes::meta::Meta;

/// Objects by name or `NAMESPACE/NAME`
type Objects = HashMap<Box<str>, Arc<Meta>>;

/// The objects of one kind; empty until the first list is complete
#[derive(Debug, Default)]
pub(crate) struct MetadataTable(RwLock<Objects>);

/// Writes the events of a watch into a table
///
/// A new list replaces the table only when it is complete.
#[derive(Debug)]
pub(crate) struct TableWriter {
    table: Arc<MetadataTable>,
    filter: MetadataFilter,
    /// The objects of a list that is not complete yet
    listing: Objects,
}

impl MetadataTable {
    pub(crate) fn find(&self, key: &str) -> Option<Arc<Meta>> {
        let objects = self.0.read().unwrap_or_else(PoisonError::into_inner);
        objects.get(key).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The names of the objects that match, in no order
    pub(crate) fn names(&self, matches: impl Fn(&str, &Meta) -> bool) -> Vec<String> {
        let objects = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = objects.iter().filter(|(name, meta)| matches(name, meta));
        found.map(|(name, _)| name.to_string()).collect()
    }

    pub(crate) fn clear(&self) {
        self.replace(HashMap::new());
    }

    fn replace(&self, objects: Objects) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, objects);
        // The lock is released before the old objects are freed
        drop(current);
        drop(old);
    }

    fn insert(&self, key: Box<str>, meta: Arc<Meta>) {
        let mut objects = self.0.write().unwrap_or_else(PoisonError::into_inner);
        objects.insert(key, meta);
    }

    fn remove(&self, key: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl TableWriter {
    pub(crate) fn new(table: Arc<MetadataTable>, filter: MetadataFilter) -> Self {
        Self {
            table,
            filter,
            listing: HashMap::new(),
        }
    }

    /// Applies an event of the watch; returns whether it completed a list
    ///
    /// ```text
    /// Init, InitApply(a), InitApply(b) -> false; the table is still the old one
    /// InitDone                         -> true; the table is {a, b}
    /// Delete(a)                        -> false; the table is {b}
    /// ```
    pub(crate) fn apply<K: kube::Resource>(&mut self, event: Event<K>) -> bool {
        match event {
            Event::Init => self.listing = HashMap::new(),
            Event::InitApply(mut object) => {
                let (key, meta) = self.entry(object.meta_mut());
                self.listing.insert(key, meta);
            }
            Event::InitDone => {
                self.listing.shrink_to_fit();
                self.table.replace(std::mem::take(&mut self.listing));
                return true;
            }
            Event::Apply(mut object) => {
                let (key, meta) = self.entry(object.meta_mut());
                self.table.insert(key, meta);
            }
            Event::Delete(object) => self.table.remove(&key(object.meta())),
        }
        false
    }

    fn entry(&self, metadata: &mut ObjectMeta) -> (Box<str>, Arc<Meta>) {
        (key(metadata), self.filter.take(metadata))
    }
}

/// The key of an object in a table: `NAME` or `NAMESPACE/NAME`
fn key(metadata: &ObjectMeta) -> Box<str> {
    let name = metadata.name.as_deref().unwrap_or_default();
    match &metadata.namespace {
        Some(namespace) => format!("{namespace}/{name}").into(),
        None => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
    use kube::core::PartialObjectMeta;
    use serde_json::json;

    use super::*;
    use crate::cluster::metadata_filter::{EMPTY, KeyFilter};

    fn filter(labels: &[&str], annotations: &[&str]) -> MetadataFilter {
        let keys = |keys: &[&str]| KeyFilter::Only(keys.iter().map(|key| (*key).to_owned()).collect());
        MetadataFilter {
            labels: keys(labels),
            annotations: keys(annotations),
        }
    }

    fn namespace(name: &str, team: &str) -> PartialObjectMeta<Namespace> {
        let metadata = json!({"name": name, "labels": {"team": team, "x": "y"}, "annotations": {"a": "b", "long": "text"},
            "managedFields": [{"manager": "kubectl"}]});
        serde_json::from_value(json!({"metadata": metadata})).unwrap()
    }

    #[test]
    fn a_watch_fills_a_table() {
        let table = Arc::new(MetadataTable::default());
        let mut writer = TableWriter::new(
            Arc::clone(&table),
            MetadataFilter {
                labels: KeyFilter::All,
                annotations: filter(&[], &["a"]).annotations,
            },
        );
        assert!(!writer.apply(Event::<PartialObjectMeta<Namespace>>::Init));
        assert!(!writer.apply(Event::InitApply(namespace("one", "1"))));
        assert!(table.find("one").is_none());
        assert!(writer.apply(Event::<PartialObjectMeta<Namespace>>::InitDone));
        let one = table.find("one").unwrap();
        assert_eq!((one.labels.len(), one.labels["team"].as_str()), (2, "1"));
        assert_eq!(one.annotations.keys().collect::<Vec<_>>(), ["a"]);
        writer.apply(Event::Apply(namespace("two", "2")));
        writer.apply(Event::Apply(namespace("one", "3")));
        assert_eq!(table.find("one").unwrap().labels["team"], "3");
        writer.apply(Event::Delete(namespace("one", "3")));
        assert!(table.find("one").is_none() && table.find("two").is_some());
        // A list after a gap: what is not in it is gone, and nothing is missing in between
        writer.apply(Event::<PartialObjectMeta<Namespace>>::Init);
        writer.apply(Event::InitApply(namespace("three", "3")));
        assert!(table.find("two").is_some());
        writer.apply(Event::<PartialObjectMeta<Namespace>>::InitDone);
        assert!(table.find("two").is_none() && table.find("three").is_some());
        table.clear();
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn service_accounts_are_found_by_namespace_and_name() {
        let table = Arc::new(MetadataTable::default());
        let mut writer = TableWriter::new(Arc::clone(&table), filter(&[], &["role"]));
        let account =
            |namespace: &str, annotations: serde_json::Value| -> PartialObjectMeta<ServiceAccount> {
                serde_json::from_value(
                    json!({"metadata": {"name": "s", "namespace": namespace, "annotations": annotations}}),
                )
                .unwrap()
            };
        writer.apply(Event::Apply(account("a", json!({"role": "R"}))));
        writer.apply(Event::Apply(account("b", json!({"other": "R"}))));
        assert_eq!(table.find("a/s").unwrap().annotations["role"], "R");
        assert!(Arc::ptr_eq(&table.find("b/s").unwrap(), &EMPTY));
        assert!(table.find("s").is_none());
    }
}
