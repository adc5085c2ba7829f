//! The configuration in force, swapped as a whole, and what became of the last reload.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::config::directory::{Configuration, DocumentCounts, LocatedFault};
use crate::config::named_document::NamedDocument;

/// How many faults of a reload are kept for /ready; the rest is counted
const SHOWN: usize = 20;

/// The configuration in force; readers take it without waiting
#[derive(Debug)]
pub(crate) struct Store {
    current: ArcSwapOption<Configuration>,
    sources: ArcSwap<Vec<ConfigMapDocuments>>,
    status: watch::Sender<Status>,
}

/// The documents that one ConfigMap holds now
#[derive(Clone, Debug)]
pub(crate) struct ConfigMapDocuments {
    /// The ConfigMap's name
    pub name: Arc<str>,
    /// Its documents in the order of its keys
    pub documents: Arc<[NamedDocument]>,
}

/// What is in force, and what became of the last reload
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Generation of the configuration in force; 0 as long as there is none
    pub generation: u64,
    /// Documents of the configuration in force
    pub documents: DocumentCounts,
    /// When the configuration in force was loaded
    pub loaded_at: Option<Timestamp>,
    /// Whether the last reload succeeded; nothing before the first
    pub last_reload: Option<bool>,
    /// How many reloads failed
    pub failed_reloads: u64,
    /// Why the last reload failed, at most twenty faults
    pub faults: Arc<[LocatedFault]>,
    /// How many faults it had in all
    pub fault_count: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            current: ArcSwapOption::empty(),
            sources: ArcSwap::default(),
            status: watch::Sender::new(Status::default()),
        }
    }
}

impl Store {
    /// The configuration in force; none until the first complete one
    pub(crate) fn current(&self) -> Option<Arc<Configuration>> {
        self.current.load_full()
    }

    /// What is in force, and what became of the last reload
    pub(crate) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Follows the status, for metrics
    pub(crate) fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// What the ConfigMaps hold now, in the order of their names, broken documents included; empty in front of a folder
    pub(crate) fn sources(&self) -> Arc<Vec<ConfigMapDocuments>> {
        self.sources.load_full()
    }

    /// Notes what the ConfigMaps hold now
    pub(crate) fn set_sources(&self, sources: Vec<ConfigMapDocuments>) {
        self.sources.store(Arc::new(sources));
    }

    /// Puts a configuration in force; returns its generation
    pub(crate) fn accept(&self, mut configuration: Configuration) -> u64 {
        let mut generation = 0;
        self.status.send_modify(|status| {
            generation = status.generation.saturating_add(1);
            configuration.generation = generation;
            *status = Status {
                generation,
                documents: configuration.documents,
                loaded_at: Some(Timestamp::now()),
                last_reload: Some(true),
                failed_reloads: status.failed_reloads,
                faults: Arc::default(),
                fault_count: 0,
            };
            // Inside, so that whoever is told of a generation also finds it
            self.current.store(Some(Arc::new(configuration)));
        });
        generation
    }

    /// Notes a reload that failed; what was in force stays in force
    pub(crate) fn reject(&self, faults: &[LocatedFault]) {
        self.status.send_modify(|status| {
            status.last_reload = Some(false);
            status.failed_reloads = status.failed_reloads.saturating_add(1);
            status.faults = faults.iter().take(SHOWN).cloned().collect();
            status.fault_count = faults.len();
        });
    }
}

impl Status {
    /// Whether there is a configuration to judge by
    pub(crate) fn is_ready(&self) -> bool {
        self.generation > 0
    }
}

/// One line on what is in force, then one a fault
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.loaded_at {
            Some(at) => write!(
                f,
                "configuration generation {} in force since {at:.0}: {} policies, {} directory documents",
                self.generation, self.documents.policies, self.documents.directories
            )?,
            None => f.write_str("no configuration in force")?,
        }
        if self.last_reload == Some(false) {
            write!(
                f,
                "\nthe last reload failed with {} faults, nothing of it is in force",
                self.fault_count
            )?;
            for fault in self.faults.iter() {
                write!(f, "\n{fault}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::{FaultClass, ParsedDocument, merge};

    fn configuration() -> Configuration {
        let account = ParsedDocument::directory(b"account: {id: '123', region: cn-hangzhou}");
        merge([("people/a", &account)]).unwrap()
    }

    #[test]
    fn a_failed_reload_leaves_the_last_good_set_in_force() {
        let store = Store::default();
        assert!(store.current().is_none() && !store.status().is_ready());
        let faults = vec![LocatedFault::whole("people/a", "bad", FaultClass::Document); SHOWN + 1];
        store.reject(&faults);
        assert!(!store.status().is_ready());
        assert_eq!(store.accept(configuration()), 1);
        assert_eq!(store.accept(configuration()), 2);
        store.reject(&faults);
        let status = store.status();
        assert_eq!(store.current().unwrap().generation, 2);
        assert_eq!(
            (status.generation, status.last_reload, status.failed_reloads),
            (2, Some(false), 2)
        );
        assert_eq!((status.faults.len(), status.fault_count), (SHOWN, SHOWN + 1));
        assert_eq!(
            status.documents,
            DocumentCounts {
                policies: 0,
                directories: 1
            }
        );
        let text = status.to_string();
        assert!(
            text.starts_with("configuration generation 2 in force since "),
            "{text}"
        );
        assert!(
            text.contains(
                "\nthe last reload failed with 21 faults, nothing of it is in force\npeople/a: bad\n"
            ),
            "{text}"
        );
    }

    #[tokio::test]
    async fn followers_are_told() {
        let store = Store::default();
        let mut follower = store.subscribe();
        store.accept(configuration());
        follower.changed().await.unwrap();
        assert_eq!(follower.borrow().generation, 1);
        assert_eq!(follower.borrow().to_string().lines().count(), 1);
    }
}
