//! From documents to a configuration in force: merge, let the watches cover what it reads, swap, tell.

use std::sync::Arc;

use crate::cluster::Surroundings;
use crate::config::directory::{FaultClass, LocatedFault};
use crate::config::named_document::{NamedDocument, load};
use crate::config::store::Store;

/// How many faults of one reload are logged; a larger list helps nobody
const LOGGED: usize = 50;

/// Puts documents in force, or tells why not
#[derive(Debug)]
pub(crate) struct Reloader {
    store: Arc<Store>,
    surroundings: Option<Surroundings>,
    told: Vec<LocatedFault>,
}

/// What became of documents
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// They are in force
    Accepted,
    /// They are bad; the last good set stays in force
    Refused(Vec<LocatedFault>),
    /// They are good, but the cluster's objects that they read could not be listed: offer them again
    TryAgain,
}

impl Reloader {
    /// Puts documents in force in a store; with surroundings, only when what they read of the cluster is there
    pub(crate) fn new(store: Arc<Store>, surroundings: Option<Surroundings>) -> Self {
        Self {
            store,
            surroundings,
            told: Vec::new(),
        }
    }

    /// Offers all documents that there are, in the order in which they count
    pub(crate) async fn offer(&mut self, documents: Vec<Arc<[NamedDocument]>>) -> Offered {
        // Thousands of users take a tenth of a second, in which reviews go on
        let loaded =
            tokio::task::spawn_blocking(move || load(documents.iter().flat_map(|shared| shared.iter())));
        let configuration = match loaded.await {
            Ok(Ok(configuration)) => configuration,
            Ok(Err(faults)) => {
                self.refuse(faults.clone());
                return Offered::Refused(faults);
            }
            // Cancelled with the runtime, or a panic, whose text is printed already
            Err(error) => {
                let message = format!("loading failed: {error}");
                self.refuse(vec![LocatedFault::whole(
                    "configuration",
                    message,
                    FaultClass::Conflict,
                )]);
                return Offered::TryAgain;
            }
        };
        let interest = configuration.interest();
        if let Some(surroundings) = &mut self.surroundings
            && let Err(error) = surroundings.cover(&interest).await
        {
            let message = format!("{error}; trying again");
            self.refuse(vec![LocatedFault::whole(
                "cluster",
                message,
                FaultClass::Conflict,
            )]);
            return Offered::TryAgain;
        }
        for warning in configuration.warnings.iter().take(LOGGED) {
            tracing::warn!(document = warning.document, "{warning}");
        }
        let documents = configuration.documents;
        let generation = self.store.accept(configuration);
        self.told.clear();
        tracing::info!(
            generation,
            policies = documents.policies,
            directories = documents.directories,
            "configuration is in force"
        );
        if let Some(surroundings) = &mut self.surroundings {
            surroundings.release(&interest);
        }
        Offered::Accepted
    }

    /// Notes that there is nothing to put in force; the same faults are logged once
    pub(crate) fn refuse(&mut self, faults: Vec<LocatedFault>) {
        self.store.reject(&faults);
        if faults == self.told {
            return;
        }
        for fault in faults.iter().take(LOGGED) {
            tracing::error!(document = fault.document, "configuration is not loaded: {fault}");
        }
        if let Some(more) = faults.len().checked_sub(LOGGED).filter(|more| *more > 0) {
            tracing::error!("configuration is not loaded: {more} more faults");
        }
        self.told = faults;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::ParsedDocument;

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
        assert_eq!(reloader.offer(documents(good)).await, Offered::Accepted);
        let Offered::Refused(faults) = reloader.offer(documents("users: [{name: a}]")).await else {
            panic!()
        };
        assert!(
            faults[0]
                .to_string()
                .contains("no directory document holds the section `account`")
        );
        assert_eq!(store.current().unwrap().generation, 1);
        assert_eq!(reloader.offer(documents(good)).await, Offered::Accepted);
        assert_eq!(store.status().generation, 2);
        assert_eq!(
            (store.status().failed_reloads, store.status().last_reload),
            (1, Some(true))
        );
    }
}
