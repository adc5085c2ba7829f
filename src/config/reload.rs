//! Merges documents, waits for the watches that the configuration needs, and puts it in force.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::config::configuration::{Configuration, Interest};
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::named_document::{NamedDocument, load};
use crate::config::store::Store;

/// How many faults of one reload are logged; a longer list helps nobody
const MAX_LOGGED: usize = 50;

/// Watches of the cluster's objects that a configuration reads
pub(crate) trait ObjectWatches: fmt::Debug + Send {
    /// Starts the watches that a configuration needs, and waits for their lists
    ///
    /// # Errors
    /// The kind that cannot be listed, and why. The watches go on, so a later call may succeed.
    fn list<'a>(&'a mut self, interest: &'a Interest) -> BoxFuture<'a, Result<(), String>>;

    /// Ends the watches that the configuration in force does not need
    fn end_unused(&mut self, interest: &Interest);
}

/// Puts documents in force, or logs why it does not
#[derive(Debug)]
pub(crate) struct Reloader {
    store: Arc<Store>,
    watches: Option<Box<dyn ObjectWatches>>,
    /// The faults of the last reload, so that each is logged once
    logged: Vec<LocatedFault>,
}

/// The outcome of a reload
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReloadOutcome {
    /// The documents are in force
    Accepted,
    /// The documents are bad; the last good set stays in force
    Refused(Vec<LocatedFault>),
    /// The documents are good, but objects that they read could not be listed: reload them later
    TryAgain,
}

impl Reloader {
    /// A reloader into a store; with `watches`, a configuration waits for the objects that it reads
    pub(crate) fn new(store: Arc<Store>, watches: Option<Box<dyn ObjectWatches>>) -> Self {
        Self {
            store,
            watches,
            logged: Vec::new(),
        }
    }

    /// Merges all documents, in this order, and puts them in force
    ///
    /// ```text
    /// one document has a fault           -> Refused, the last good set stays in force
    /// service accounts cannot be listed  -> TryAgain, if the documents map fields from them
    /// else                               -> Accepted, the generation is one higher
    /// ```
    pub(crate) async fn reload(&mut self, documents: Vec<Arc<[NamedDocument]>>) -> ReloadOutcome {
        // Thousands of users take a tenth of a second, and reviews go on meanwhile
        let load =
            tokio::task::spawn_blocking(move || load(documents.iter().flat_map(|shared| shared.iter())));
        let configuration = match load.await {
            Ok(Ok(configuration)) => configuration,
            Ok(Err(faults)) => {
                self.refuse(faults.clone());
                return ReloadOutcome::Refused(faults);
            }
            // Cancelled with the runtime, or a panic, whose text is printed already
            Err(error) => return self.try_again("configuration", format!("loading failed: {error}")),
        };
        let interest = configuration.interest();
        if let Some(watches) = &mut self.watches
            && let Err(message) = watches.list(&interest).await
        {
            return self.try_again("cluster", format!("{message}; trying again"));
        }
        self.accept(configuration);
        if let Some(watches) = &mut self.watches {
            watches.end_unused(&interest);
        }
        ReloadOutcome::Accepted
    }

    fn accept(&mut self, configuration: Configuration) {
        for warning in configuration.warnings.iter().take(MAX_LOGGED) {
            tracing::warn!(document = warning.document, "{warning}");
        }
        let documents = configuration.documents;
        let generation = self.store.accept(configuration);
        self.logged.clear();
        tracing::info!(
            generation,
            policies = documents.policies,
            directories = documents.directories,
            "configuration is in force"
        );
    }

    fn try_again(&mut self, name: &str, message: String) -> ReloadOutcome {
        self.refuse(vec![LocatedFault::whole(name, message, FaultClass::Conflict)]);
        ReloadOutcome::TryAgain
    }

    /// Records a failed reload; logs its faults unless the last reload had the same ones
    pub(crate) fn refuse(&mut self, faults: Vec<LocatedFault>) {
        self.store.reject(&faults);
        if faults == self.logged {
            return;
        }
        for fault in faults.iter().take(MAX_LOGGED) {
            tracing::error!(document = fault.document, "configuration is not loaded: {fault}");
        }
        if let Some(more) = faults.len().checked_sub(MAX_LOGGED).filter(|more| *more > 0) {
            tracing::error!("configuration is not loaded: {more} more faults");
        }
        self.logged = faults;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parsed_document::ParsedDocument;

    fn documents(text: &str) -> Vec<Arc<[NamedDocument]>> {
        vec![Arc::from([NamedDocument::new(
            "people/x",
            ParsedDocument::directory(text.as_bytes()),
        )])]
    }

    #[tokio::test]
    async fn good_documents_come_into_force_and_bad_ones_do_not() {
        let store = Arc::new(Store::default());
        let mut reloader = Reloader::new(Arc::clone(&store), None);
        let good = "account: {id: '1', region: r}";
        assert_eq!(reloader.reload(documents(good)).await, ReloadOutcome::Accepted);
        let ReloadOutcome::Refused(faults) = reloader.reload(documents("users: [{name: a}]")).await else {
            panic!()
        };
        assert!(
            faults[0]
                .to_string()
                .contains("no directory document holds the section `account`")
        );
        assert_eq!(store.current().unwrap().generation, 1);
        assert_eq!(reloader.reload(documents(good)).await, ReloadOutcome::Accepted);
        assert_eq!(store.status().generation, 2);
        assert_eq!(
            (store.status().failed_reloads, store.status().last_reload),
            (1, Some(true))
        );
    }
}
