//! The configuration in force, swapped as a whole, and the outcome of the last reload.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::config::candidate::Candidate;
use crate::config::configuration::{Configuration, DocumentCounts};
use crate::config::located_fault::LocatedFault;
use crate::config::named_document::NamedDocument;
use crate::config::sync_status::SyncStatus;
use crate::wording::counted;

/// The most faults of a reload that are kept for /ready; the others are counted
const MAX_FAULTS: usize = 20;

/// Holds the configuration in force; readers get it without waiting
#[derive(Debug)]
pub(crate) struct Store {
    current: ArcSwapOption<Configuration>,
    config_maps: ArcSwap<Vec<ConfigMapDocuments>>,
    sync: ArcSwapOption<SyncStatus>,
    /// Beside the status: nothing that waits for a change of what is in force may notice a candidate
    candidate: ArcSwap<Candidate>,
    status: watch::Sender<Status>,
}

/// The documents of a stored ConfigMap
#[derive(Clone, Debug)]
pub(crate) struct ConfigMapDocuments {
    /// The ConfigMap's name
    pub(crate) name: Arc<str>,
    /// Its documents in the order of its keys
    pub(crate) documents: Arc<[NamedDocument]>,
    /// The loss that its annotation accepts
    pub(crate) accepted_loss: Option<AcceptedLoss>,
}

/// The number of those who may lose rights, from an annotation
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AcceptedLoss {
    /// The number
    pub(crate) count: usize,
    /// Whether it was there when the set in force was accepted, so that it accepts no later one
    pub(crate) is_spent: bool,
}

impl AcceptedLoss {
    /// A number that is not spent
    pub(crate) fn new(count: usize) -> Self {
        Self {
            count,
            is_spent: false,
        }
    }

    /// The number, unless it is spent
    pub(crate) fn unspent(self) -> Option<usize> {
        (!self.is_spent).then_some(self.count)
    }
}

/// The configuration in force and the outcome of the last reload, for `/ready` and metrics
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// The generation of the configuration in force; 0 if there is none
    pub(crate) generation: u64,
    /// The number of documents in force
    pub(crate) documents: DocumentCounts,
    /// The number of Kubernetes subjects that are bound to a principal in force, patterns included
    pub(crate) bindings: usize,
    /// The number of RAM users and roles in force
    pub(crate) principals: usize,
    /// The time when the configuration in force was loaded
    pub(crate) loaded_at: Option<Timestamp>,
    /// Whether the last reload succeeded; `None` before the first
    pub(crate) last_reload: Option<bool>,
    /// The number of reloads that failed
    pub(crate) failed_reloads: u64,
    /// The faults of the last reload, at most twenty
    pub(crate) faults: Arc<[LocatedFault]>,
    /// The number of all its faults
    pub(crate) fault_count: usize,
    /// How many principals and subjects would lose rights by the set that is held back; 0 if none is
    pub(crate) held_loss: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            current: ArcSwapOption::empty(),
            config_maps: ArcSwap::default(),
            sync: ArcSwapOption::empty(),
            candidate: ArcSwap::default(),
            status: watch::Sender::new(Status::default()),
        }
    }
}

impl Store {
    /// The configuration in force; `None` before the first good one
    pub(crate) fn current(&self) -> Option<Arc<Configuration>> {
        self.current.load_full()
    }

    /// The status now
    pub(crate) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Subscribes to the status
    pub(crate) fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// The stored ConfigMaps in the order of their names, with broken documents; empty if a folder is the source
    pub(crate) fn config_maps(&self) -> Arc<Vec<ConfigMapDocuments>> {
        self.config_maps.load_full()
    }

    /// Replaces the stored ConfigMaps
    pub(crate) fn set_config_maps(&self, config_maps: Vec<ConfigMapDocuments>) {
        self.config_maps.store(Arc::new(config_maps));
    }

    /// The state of the sync that fills ConfigMaps; `None` if there is no sync
    pub(crate) fn sync(&self) -> Option<Arc<SyncStatus>> {
        self.sync.load_full()
    }

    /// Replaces the state of the sync
    pub(crate) fn set_sync(&self, sync: Option<SyncStatus>) {
        self.sync.store(sync.map(Arc::new));
    }

    /// The candidate
    pub(crate) fn candidate(&self) -> Arc<Candidate> {
        self.candidate.load_full()
    }

    /// Replaces the candidate
    pub(crate) fn set_candidate(&self, candidate: Candidate) {
        self.candidate.store(Arc::new(candidate));
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
                bindings: configuration.bindings.len(),
                principals: configuration.policies.principal_count(),
                loaded_at: Some(Timestamp::now()),
                last_reload: Some(true),
                failed_reloads: status.failed_reloads,
                faults: Arc::default(),
                fault_count: 0,
                held_loss: 0,
            };
            // Stored before subscribers wake up, so that they find the generation that they read in the status
            self.current.store(Some(Arc::new(configuration)));
        });
        generation
    }

    /// Records a reload that failed; the configuration in force stays
    pub(crate) fn reject(&self, faults: &[LocatedFault]) {
        self.status.send_modify(|status| {
            status.last_reload = Some(false);
            status.failed_reloads = status.failed_reloads.saturating_add(1);
            status.faults = faults.iter().take(MAX_FAULTS).cloned().collect();
            status.fault_count = faults.len();
            status.held_loss = 0;
        });
    }

    /// Records a set that is held back, because it would take many rights away; the configuration in force stays
    pub(crate) fn hold(&self, fault: &LocatedFault, lost: usize) {
        self.reject(std::slice::from_ref(fault));
        self.status.send_modify(|status| status.held_loss = lost);
    }
}

impl Status {
    /// Whether a configuration is in force
    pub(crate) fn is_ready(&self) -> bool {
        self.generation > 0
    }
}

/// A line about the configuration in force, then the faults of a failed reload, one a line
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.loaded_at {
            Some(at) => write!(
                f,
                "configuration generation {} in force since {at:.0}: {}, {}",
                self.generation,
                counted(self.documents.policies, "policy"),
                counted(self.documents.directories, "directory document")
            )?,
            None => f.write_str("no configuration in force")?,
        }
        if self.last_reload == Some(false) {
            write!(
                f,
                "\nthe last reload failed with {}, nothing of it is in force",
                counted(self.fault_count, "fault")
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
    use crate::config::located_fault::FaultClass;
    use crate::config::merge::merge;
    use crate::config::parsed_document::ParsedDocument;

    fn configuration() -> Configuration {
        let account = ParsedDocument::directory(b"account: {id: '123', region: cn-hangzhou}");
        merge([("people/a", &account)]).unwrap()
    }

    #[test]
    fn a_failed_reload_leaves_the_last_good_set_in_force() {
        let store = Store::default();
        assert!(store.current().is_none() && !store.status().is_ready());
        let faults = vec![LocatedFault::whole("people/a", "bad", FaultClass::Document); MAX_FAULTS + 1];
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
        assert_eq!(
            (status.faults.len(), status.fault_count),
            (MAX_FAULTS, MAX_FAULTS + 1)
        );
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
    async fn subscribers_see_a_new_generation() {
        let store = Store::default();
        let mut subscriber = store.subscribe();
        store.accept(configuration());
        subscriber.changed().await.unwrap();
        assert_eq!(subscriber.borrow().generation, 1);
        assert_eq!(subscriber.borrow().to_string().lines().count(), 1);
    }
}
