//! The namespaces that the directory enforces, though the live webhook entries let their requests pass in an outage.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::admission::Mode;
use crate::cluster::{FailingOpen, NAME_LABEL, WatchedCluster, WebhookWatch};
use crate::config::Configuration;
use crate::kubernetes::cluster::Cluster;

/// What the watches show of namespaces and of the webhook entries about them
#[derive(Clone)]
pub(super) struct EnforcedNamespaces {
    pub(super) view: Arc<WatchedCluster>,
    pub(super) webhooks: Option<Arc<WebhookWatch>>,
}

impl EnforcedNamespaces {
    /// The namespaces that a directory enforces and that fail open, in order; none before the entries were read
    ///
    /// The modes of the flags are not asked: the chart writes the entries by the same values.
    pub(super) fn failing_open(&self, configuration: &Configuration) -> Vec<(String, FailingOpen)> {
        let modes = configuration.modes.iter();
        let enforced = modes.filter(|(_, mode)| **mode == Mode::Enforce);
        self.of(enforced.map(|(namespace, _)| namespace.as_str()))
    }

    /// Those of some namespaces that fail open
    pub(super) fn of<'a>(&self, namespaces: impl Iterator<Item = &'a str>) -> Vec<(String, FailingOpen)> {
        let entries = self
            .webhooks
            .as_ref()
            .and_then(|webhooks| webhooks.namespaced_entries());
        let Some(entries) = entries else {
            return Vec::new();
        };
        let open = namespaces.filter_map(|namespace| {
            let open = entries.failing_open(&self.labels(namespace))?;
            Some((namespace.to_owned(), open))
        });
        open.collect()
    }

    /// Whether there is a namespace of this name
    pub(super) fn exists(&self, namespace: &str) -> bool {
        self.view.namespace(namespace).is_some()
    }

    /// The labels of a namespace; of one that does not exist, only the one that it would have in any case
    fn labels(&self, namespace: &str) -> BTreeMap<String, String> {
        match self.view.namespace(namespace) {
            Some(meta) => meta.labels.clone(),
            None => [(NAME_LABEL.to_owned(), namespace.to_owned())].into(),
        }
    }
}
