//! The labels and annotations that are kept in memory: those that the configuration reads.
//!
//! Tenants write annotations, up to 256 KiB for each object, so only those that a rule names are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::config::Interest;
use crate::kubernetes::meta::Meta;

/// Shared by all objects of which nothing is kept: most nodes and service accounts
pub(crate) static EMPTY: LazyLock<Arc<Meta>> = LazyLock::new(Arc::default);

/// The filters of the three kinds whose metadata decisions read
pub(crate) struct MetadataFilters {
    pub(crate) namespaces: MetadataFilter,
    pub(crate) nodes: MetadataFilter,
    /// `None` if the configuration reads no service accounts
    pub(crate) service_accounts: Option<MetadataFilter>,
}

/// Selects labels and annotations by their keys
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetadataFilter {
    pub(crate) labels: KeyFilter,
    pub(crate) annotations: KeyFilter,
}

/// Selects pairs by their keys
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyFilter {
    All,
    Only(BTreeSet<String>),
}

impl MetadataFilters {
    /// The filters that keep what a configuration reads
    ///
    /// ```text
    /// mapping: {ramRoleName: {from: {serviceAccountLabel: role}}}
    ///   -> service_accounts: {labels: only role, annotations: none}
    /// no mapping from service accounts
    ///   -> service_accounts: None
    /// ```
    pub(crate) fn of(interest: &Interest) -> Self {
        let only = |keys: &BTreeSet<String>| KeyFilter::Only(keys.clone());
        Self {
            namespaces: MetadataFilter {
                labels: KeyFilter::All,
                annotations: only(&interest.namespace_annotations),
            },
            nodes: MetadataFilter {
                labels: only(&interest.node_labels),
                annotations: KeyFilter::Only(BTreeSet::new()),
            },
            service_accounts: interest.service_accounts().then(|| MetadataFilter {
                labels: only(&interest.service_account_labels),
                annotations: only(&interest.service_account_annotations),
            }),
        }
    }
}

impl MetadataFilter {
    /// Takes the selected labels and annotations out of an object's metadata
    pub(crate) fn take(&self, metadata: &mut ObjectMeta) -> Arc<Meta> {
        let labels = self.labels.retain(metadata.labels.take());
        let annotations = self.annotations.retain(metadata.annotations.take());
        if labels.is_empty() && annotations.is_empty() {
            return Arc::clone(&EMPTY);
        }
        Arc::new(Meta { labels, annotations })
    }

    /// Whether this filter keeps everything that another one keeps
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.labels.covers(&other.labels) && self.annotations.covers(&other.annotations)
    }

    /// A filter that keeps everything that either of two keeps
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            labels: self.labels.union(other.labels),
            annotations: self.annotations.union(other.annotations),
        }
    }
}

impl KeyFilter {
    fn retain(&self, pairs: Option<BTreeMap<String, String>>) -> BTreeMap<String, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(labels: &[&str], annotations: &[&str]) -> MetadataFilter {
        let keys = |keys: &[&str]| KeyFilter::Only(keys.iter().map(|key| (*key).to_owned()).collect());
        MetadataFilter {
            labels: keys(labels),
            annotations: keys(annotations),
        }
    }

    #[test]
    fn filters_cover_and_unite() {
        let (small, large) = (filter(&["a"], &[]), filter(&["a", "b"], &["c"]));
        let all = MetadataFilter {
            labels: KeyFilter::All,
            annotations: KeyFilter::Only(BTreeSet::new()),
        };
        assert!(large.covers(&small) && !small.covers(&large) && !small.covers(&all) && all.covers(&small));
        assert!(!all.covers(&large));
        assert_eq!(small.clone().union(large.clone()), large);
        let union = large.clone().union(all.clone());
        assert!(union.covers(&large) && union.covers(&all));
    }
}
