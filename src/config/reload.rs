//! Merges documents, waits for the watches that the configuration needs, and puts it in force.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::config::configuration::{Configuration, Interest};
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::named_document::{NamedDocument, load_after};
use crate::config::rights_change::{CompareRights, RightsChange};
use crate::config::store::Store;
use crate::wording::bounded;

/// How many faults of one reload are logged; a longer list helps nobody
const MAX_LOGGED: usize = 50;
/// The longest line about the others, in bytes
const MAX_REST: usize = 2000;

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
    compare_rights: CompareRights,
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
    /// The documents are good, but take many rights away: they wait until somebody accepts the loss
    Held(RightsChange),
    /// The documents are good, but objects that they read could not be listed: reload them later
    TryAgain,
}

impl Reloader {
    /// A reloader into a store; with `watches`, a configuration waits for the objects that it reads
    pub(crate) fn new(
        store: Arc<Store>,
        watches: Option<Box<dyn ObjectWatches>>,
        compare_rights: impl Fn(&Configuration, &Configuration) -> RightsChange + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            watches,
            compare_rights: CompareRights::new(compare_rights),
            logged: Vec::new(),
        }
    }

    /// Merges all documents, in this order, and puts them in force; `accepted` are the losses that somebody accepts
    ///
    /// ```text
    /// one document has a fault           -> Refused, the last good set stays in force
    /// service accounts cannot be listed  -> TryAgain, if the documents map fields from them
    /// many would lose rights             -> Held, unless `accepted` has their number
    /// else                               -> Accepted, the generation is one higher
    /// ```
    pub(crate) async fn reload(
        &mut self,
        documents: Vec<Arc<[NamedDocument]>>,
        accepted: &[usize],
    ) -> ReloadOutcome {
        let (in_force, compare) = (self.store.current(), self.compare_rights.clone());
        // Thousands of users take a tenth of a second, and reviews go on meanwhile
        let load = tokio::task::spawn_blocking(move || {
            let new = load_after(
                documents.iter().flat_map(|shared| shared.iter()),
                in_force.as_deref(),
            )?;
            let change = in_force.map(|old| compare.compare(&old, &new));
            Ok::<_, Vec<LocatedFault>>((new, change.unwrap_or_default()))
        });
        let (configuration, change) = match load.await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(faults)) => {
                self.refuse(faults.clone());
                return ReloadOutcome::Refused(faults);
            }
            // Cancelled with the runtime, or a panic, whose text is printed already
            Err(error) => return self.try_again("configuration", format!("loading failed: {error}")),
        };
        if change.is_mass_loss() && !accepted.contains(&change.lost()) {
            self.hold(&change);
            return ReloadOutcome::Held(change);
        }
        let interest = configuration.interest();
        if let Some(watches) = &mut self.watches
            && let Err(message) = watches.list(&interest).await
        {
            return self.try_again("cluster", format!("{message}; trying again"));
        }
        self.accept(configuration, &change);
        if let Some(watches) = &mut self.watches {
            watches.end_unused(&interest);
        }
        ReloadOutcome::Accepted
    }

    fn accept(&mut self, configuration: Configuration, change: &RightsChange) {
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
            lost_rights = change.lost(),
            lifted = change.lifted.len(),
            "configuration is in force"
        );
        for mode in change.modes.iter().take(MAX_LOGGED) {
            tracing::info!(generation, "the mode of a namespace changes: {mode}");
        }
        if let Some(rest) = beyond_limit(&change.modes) {
            tracing::info!(generation, "the modes of more namespaces change: {rest}");
        }
        for lifted in change.lifted.iter().take(MAX_LOGGED) {
            tracing::warn!(generation, "the new configuration allows more: {lifted} is gone");
        }
        if let Some(rest) = beyond_limit(&change.lifted) {
            tracing::warn!(
                generation,
                "the new configuration allows more, and these are gone too: {rest}"
            );
        }
    }

    /// Records a set that would take many rights away; logs it unless the last reload was the same
    fn hold(&mut self, change: &RightsChange) {
        let fault = LocatedFault::whole("configuration", change.held_text(), FaultClass::Conflict);
        self.store.hold(&fault, change.lost());
        if self.logged.first() != Some(&fault) {
            tracing::error!(lost_rights = change.lost(), "configuration is held back: {fault}");
            self.logged = vec![fault];
        }
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

/// What has no line of its own, in one line as long as a log field may be; nothing if all have one
fn beyond_limit(names: &[String]) -> Option<String> {
    let rest = names.get(MAX_LOGGED..).filter(|rest| !rest.is_empty())?;
    Some(bounded(rest, ", ", MAX_REST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parsed_document::ParsedDocument;
    use crate::config::rights_change::{KindChange, RightsKind};

    fn documents(text: &str) -> Vec<Arc<[NamedDocument]>> {
        vec![Arc::from([NamedDocument::new(
            "people/x",
            ParsedDocument::directory(text.as_bytes()),
        )])]
    }

    #[test]
    fn what_has_no_line_of_its_own_is_named_in_one() {
        let names = |count: usize| (0..count).map(|number| format!("n{number}")).collect::<Vec<_>>();
        assert_eq!(beyond_limit(&names(MAX_LOGGED)), None);
        assert_eq!(beyond_limit(&names(MAX_LOGGED + 2)).unwrap(), "n50, n51");
        let many = beyond_limit(&names(5000)).unwrap();
        assert!(many.len() <= MAX_REST && many.contains(" more"), "{many}");
    }

    #[tokio::test]
    async fn good_documents_come_into_force_and_bad_ones_do_not() {
        let store = Arc::new(Store::default());
        let mut reloader = Reloader::new(Arc::clone(&store), None, |_, _| RightsChange::default());
        let good = "account: {id: '1', region: r}";
        assert_eq!(
            reloader.reload(documents(good), &[]).await,
            ReloadOutcome::Accepted
        );
        let ReloadOutcome::Refused(faults) = reloader.reload(documents("users: [{name: a}]"), &[]).await
        else {
            panic!()
        };
        assert!(
            faults[0]
                .to_string()
                .contains("no directory document holds the section `account`")
        );
        assert_eq!(store.current().unwrap().generation, 1);
        assert_eq!(
            reloader.reload(documents(good), &[]).await,
            ReloadOutcome::Accepted
        );
        assert_eq!(store.status().generation, 2);
        assert_eq!(
            (store.status().failed_reloads, store.status().last_reload),
            (1, Some(true))
        );
    }

    #[tokio::test]
    async fn a_mass_loss_waits_until_its_number_is_accepted() {
        fn losing(_: &Configuration, _: &Configuration) -> RightsChange {
            let lost = (0..7).map(|number| format!("u{number}")).collect();
            RightsChange {
                kinds: vec![KindChange {
                    kind: RightsKind::User,
                    lost,
                    total: 20,
                }],
                lifted: vec!["boundary user/a".to_owned()],
                ..RightsChange::default()
            }
        }
        let store = Arc::new(Store::default());
        let mut reloader = Reloader::new(Arc::clone(&store), None, losing);
        let good = || documents("account: {id: '1', region: r}");
        assert_eq!(reloader.reload(good(), &[]).await, ReloadOutcome::Accepted);
        for accepted in [&[][..], &[6, 8]] {
            let outcome = reloader.reload(good(), accepted).await;
            assert!(matches!(outcome, ReloadOutcome::Held(_)), "{outcome:?}");
            let status = store.status();
            assert_eq!(
                (status.generation, status.held_loss, status.last_reload),
                (1, 7, Some(false))
            );
            let text = status.to_string();
            assert!(
                text.contains("from 7 of 20 RAM users (u0, u1, u2, …); if that is meant, annotate"),
                "{text}"
            );
            assert!(text.ends_with("ramgate.io/accept-loss=7"), "{text}");
        }
        assert_eq!(reloader.reload(good(), &[8, 7]).await, ReloadOutcome::Accepted);
        assert_eq!((store.status().generation, store.status().held_loss), (2, 0));
    }
}
