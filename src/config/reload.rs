//! Reloads: merges documents, waits for the watches that the configuration needs, and puts it in force.

use std::sync::Arc;

use crate::cluster::MetadataWatchSet;
use crate::config::configuration::{Configuration, Interest};
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::named_document::{NamedDocument, load};
use crate::config::store::Store;

/// The most faults of a reload that are logged; a longer list helps nobody
const MAX_LOGGED: usize = 50;

/// Puts documents in force, or logs why it does not
#[derive(Debug)]
pub(crate) struct Reloader {
    store: Arc<Store>,
    surroundings: Option<MetadataWatchSet>,
    /// The faults of the last reload, which are logged once
    logged: Vec<LocatedFault>,
}

/// The outcome of a reload
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReloadOutcome {
    /// The documents are in force
    Accepted,
    /// The documents are bad; the last good set stays in force
    Refused(Vec<LocatedFault>),
    /// The documents are good, but the cluster's objects that they read could not be listed: reload them again
    TryAgain,
}

impl Reloader {
    /// A reloader into a store; with surroundings, it first waits for the objects of the cluster that documents read
    pub(crate) fn new(store: Arc<Store>, surroundings: Option<MetadataWatchSet>) -> Self {
        Self {
            store,
            surroundings,
            logged: Vec::new(),
        }
    }

    /// Puts all documents, in their order, in force
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
        if let Err(message) = self.cover(&interest).await {
            return self.try_again("cluster", format!("{message}; trying again"));
        }
        self.accept(configuration);
        if let Some(surroundings) = &mut self.surroundings {
            surroundings.release(&interest);
        }
        ReloadOutcome::Accepted
    }

    async fn cover(&mut self, interest: &Interest) -> Result<(), String> {
        match &mut self.surroundings {
            Some(surroundings) => surroundings
                .cover(interest)
                .await
                .map_err(|error| error.to_string()),
            None => Ok(()),
        }
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

    /// Records a reload that failed; logs its faults unless they are those of the last one
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
