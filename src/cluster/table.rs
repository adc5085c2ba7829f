//! Labels and annotations of one kind of object, kept as far as somebody reads them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::watcher::Event;

use crate::kubernetes::meta::Meta;

/// Most nodes and service accounts have nothing that is read; they share this
static EMPTY: LazyLock<Arc<Meta>> = LazyLock::new(Arc::default);

/// The objects of one kind, by name or `NAMESPACE/NAME`; empty until they were listed once
#[derive(Debug, Default)]
pub(crate) struct Table(RwLock<HashMap<Box<str>, Arc<Meta>>>);

/// Which labels and annotations are kept
///
/// Annotations hold up to 256 KiB and tenants write them, so that only those are kept that a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    pub(crate) labels: Keys,
    pub(crate) annotations: Keys,
}

/// A choice of keys
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    All,
    Only(BTreeSet<String>),
}

/// Turns what a watch says into a table; a new list replaces the table only when it is complete
#[derive(Debug)]
pub(crate) struct Replica {
    table: Arc<Table>,
    keep: Keep,
    filling: HashMap<Box<str>, Arc<Meta>>,
}

impl Table {
    pub(crate) fn find(&self, key: &str) -> Option<Arc<Meta>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Names of the objects that are wanted, in no order
    pub(crate) fn names(&self, wanted: impl Fn(&str, &Meta) -> bool) -> Vec<String> {
        let objects = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = objects.iter().filter(|(name, meta)| wanted(name, meta));
        found.map(|(name, _)| name.to_string()).collect()
    }

    pub(crate) fn clear(&self) {
        self.replace(HashMap::new());
    }

    fn replace(&self, objects: HashMap<Box<str>, Arc<Meta>>) {
        let old = std::mem::replace(
            &mut *self.0.write().unwrap_or_else(PoisonError::into_inner),
            objects,
        );
        // Freed after the lock is
        drop(old);
    }

    fn set(&self, key: Box<str>, meta: Arc<Meta>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, meta);
    }

    fn remove(&self, key: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Replica {
    pub(crate) fn new(table: Arc<Table>, keep: Keep) -> Self {
        Self {
            table,
            keep,
            filling: HashMap::new(),
        }
    }

    /// Applies what a watch says; returns whether the table is complete by it
    pub(crate) fn apply<K: kube::Resource>(&mut self, event: Event<K>) -> bool {
        match event {
            Event::Init => self.filling = HashMap::new(),
            Event::InitApply(mut object) => {
                let (key, meta) = self.read(object.meta_mut());
                self.filling.insert(key, meta);
            }
            Event::InitDone => {
                self.filling.shrink_to_fit();
                self.table.replace(std::mem::take(&mut self.filling));
                return true;
            }
            Event::Apply(mut object) => {
                let (key, meta) = self.read(object.meta_mut());
                self.table.set(key, meta);
            }
            Event::Delete(object) => self.table.remove(&key(object.meta())),
        }
        false
    }

    fn read(&self, meta: &mut ObjectMeta) -> (Box<str>, Arc<Meta>) {
        (key(meta), self.keep.reduced(meta))
    }
}

impl Keep {
    /// What is kept of an object
    pub(crate) fn reduced(&self, meta: &mut ObjectMeta) -> Arc<Meta> {
        let labels = self.labels.kept(meta.labels.take());
        let annotations = self.annotations.kept(meta.annotations.take());
        if labels.is_empty() && annotations.is_empty() {
            return Arc::clone(&EMPTY);
        }
        Arc::new(Meta { labels, annotations })
    }

    /// Whether everything that another choice keeps is kept here too
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.labels.covers(&other.labels) && self.annotations.covers(&other.annotations)
    }

    /// Everything that either of two choices keeps
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            labels: self.labels.union(other.labels),
            annotations: self.annotations.union(other.annotations),
        }
    }
}

impl Keys {
    fn kept(&self, pairs: Option<BTreeMap<String, String>>) -> BTreeMap<String, String> {
        let mut pairs = pairs.unwrap_or_default();
        if let Self::Only(keys) = self {
            pairs.retain(|key, _| keys.contains(key));
        }
        pairs
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(keys), Self::Only(others)) => keys.is_superset(others),
        }
    }

    fn union(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut keys), Self::Only(others)) => {
                keys.extend(others);
                Self::Only(keys)
            }
            _ => Self::All,
        }
    }
}

/// The key of an object: its name, after its namespace if it has one
fn key(meta: &ObjectMeta) -> Box<str> {
    let name = meta.name.as_deref().unwrap_or_default();
    match &meta.namespace {
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

    fn keep(labels: &[&str], annotations: &[&str]) -> Keep {
        let keys = |keys: &[&str]| Keys::Only(keys.iter().map(|key| (*key).to_owned()).collect());
        Keep {
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
        let table = Arc::new(Table::default());
        let mut replica = Replica::new(
            Arc::clone(&table),
            Keep {
                labels: Keys::All,
                annotations: keep(&[], &["a"]).annotations,
            },
        );
        assert!(!replica.apply(Event::<PartialObjectMeta<Namespace>>::Init));
        assert!(!replica.apply(Event::InitApply(namespace("one", "1"))));
        assert!(table.find("one").is_none());
        assert!(replica.apply(Event::<PartialObjectMeta<Namespace>>::InitDone));
        let one = table.find("one").unwrap();
        assert_eq!((one.labels.len(), one.labels["team"].as_str()), (2, "1"));
        assert_eq!(one.annotations.keys().collect::<Vec<_>>(), ["a"]);
        replica.apply(Event::Apply(namespace("two", "2")));
        replica.apply(Event::Apply(namespace("one", "3")));
        assert_eq!(table.find("one").unwrap().labels["team"], "3");
        replica.apply(Event::Delete(namespace("one", "3")));
        assert!(table.find("one").is_none() && table.find("two").is_some());
        // A list after a gap: what is not in it is gone, and nothing is missing in between
        replica.apply(Event::<PartialObjectMeta<Namespace>>::Init);
        replica.apply(Event::InitApply(namespace("three", "3")));
        assert!(table.find("two").is_some());
        replica.apply(Event::<PartialObjectMeta<Namespace>>::InitDone);
        assert!(table.find("two").is_none() && table.find("three").is_some());
        table.clear();
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn service_accounts_are_found_by_namespace_and_name() {
        let table = Arc::new(Table::default());
        let mut replica = Replica::new(Arc::clone(&table), keep(&[], &["role"]));
        let account =
            |namespace: &str, annotations: serde_json::Value| -> PartialObjectMeta<ServiceAccount> {
                serde_json::from_value(
                    json!({"metadata": {"name": "s", "namespace": namespace, "annotations": annotations}}),
                )
                .unwrap()
            };
        replica.apply(Event::Apply(account("a", json!({"role": "R"}))));
        replica.apply(Event::Apply(account("b", json!({"other": "R"}))));
        assert_eq!(table.find("a/s").unwrap().annotations["role"], "R");
        assert!(Arc::ptr_eq(&table.find("b/s").unwrap(), &EMPTY));
        assert!(table.find("s").is_none());
    }

    #[test]
    fn choices_of_keys_cover_and_unite() {
        let (small, large) = (keep(&["a"], &[]), keep(&["a", "b"], &["c"]));
        let all = Keep {
            labels: Keys::All,
            annotations: Keys::Only(BTreeSet::new()),
        };
        assert!(large.covers(&small) && !small.covers(&large) && !small.covers(&all) && all.covers(&small));
        assert!(!all.covers(&large));
        assert_eq!(small.clone().union(large.clone()), large);
        let union = large.clone().union(all.clone());
        assert!(union.covers(&large) && union.covers(&all));
    }
}
