//! Watches a folder while the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::config::candidate;
use crate::config::config_map::Side;
use crate::config::folder::{Folder, Scan};
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::reload::{ReloadOutcome, Reloader};
use crate::config::store::Store;

/// The time between two scans; users are promised a second
const INTERVAL: Duration = Duration::from_secs(1);

/// Loads the configuration from a folder
///
/// A timer compares contents: a mounted volume changes by a swapped link, which file events miss.
#[derive(Debug)]
pub(crate) struct FolderSource {
    path: PathBuf,
    /// The folder of candidates, with the store of what they are compared with
    candidates: Option<(PathBuf, Arc<Store>)>,
    reloader: Reloader,
}

impl FolderSource {
    /// A source that loads a folder through a reloader
    pub(crate) fn new(path: impl Into<PathBuf>, reloader: Reloader) -> Self {
        Self {
            path: path.into(),
            candidates: None,
            reloader,
        }
    }

    /// Also reads the candidates in another folder
    #[must_use]
    pub(crate) fn with_candidates(mut self, folder: Option<PathBuf>, store: &Arc<Store>) -> Self {
        self.candidates = folder.map(|folder| (folder, Arc::clone(store)));
        self
    }

    /// Loads the folder, and reloads it after each change, until the future is dropped
    pub(crate) async fn run(mut self) {
        let mut folder = Folder::new(&self.path, Side::Live);
        let mut candidates = self
            .candidates
            .as_ref()
            .map(|(path, _)| Folder::new(path, Side::Candidate));
        let mut in_force = Vec::new();
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_due = true;
        let mut unreadable = None;
        loop {
            ticks.tick().await;
            let scan = tokio::task::spawn_blocking(move || {
                let scan = folder.scan();
                let candidates = candidates.map(|mut folder| (folder.scan(), folder));
                (folder, scan, candidates)
            });
            let Ok((scanned, scan, scanned_candidates)) = scan.await else {
                return;
            };
            folder = scanned;
            // Without its folder there is no candidate
            let found = scanned_candidates.as_ref().map(|(scan, folder)| match scan {
                Ok(_) => folder.config_maps(),
                Err(_) => Vec::new(),
            });
            candidates = scanned_candidates.map(|(_, folder)| folder);
            match scan {
                Ok(scan) => is_due |= scan == Scan::Changed || unreadable.take().is_some(),
                Err(error) => {
                    let message = error.to_string();
                    if unreadable.as_ref() != Some(&message) {
                        self.refuse(message.clone());
                        unreadable = Some(message);
                    }
                    continue;
                }
            }
            if is_due {
                let documents = folder.documents().cloned().collect();
                let outcome = self.reloader.reload(documents, &[]).await;
                is_due = outcome == ReloadOutcome::TryAgain;
                if outcome == ReloadOutcome::Accepted {
                    in_force = folder.config_maps();
                }
            }
            if let Some((found, (_, store))) = found.zip(self.candidates.as_ref()) {
                candidate::reload(store, &in_force, found).await;
            }
        }
    }

    fn refuse(&mut self, message: String) {
        let path = self.path.display().to_string();
        let fault = LocatedFault::whole(path, message, FaultClass::Document);
        self.reloader.refuse(vec![fault]);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::candidate::CandidateState;
    use crate::config::store::Status;

    async fn until(store: &Store, expected: impl Fn(&Status) -> bool) {
        let mut status = store.subscribe();
        let waited = tokio::time::timeout(
            Duration::from_secs(10),
            status.wait_for(|status| expected(status)),
        );
        waited.await.expect("the folder is scanned in time").unwrap();
    }

    #[tokio::test]
    async fn a_folder_is_loaded_reloaded_and_its_last_good_set_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.yaml");
        let store = Arc::new(Store::default());
        let source = FolderSource::new(
            folder.path().join("."),
            Reloader::new(Arc::clone(&store), None, |_, _| {
                crate::config::RightsChange::default()
            }),
        );
        let task = tokio::spawn(source.run());
        until(&store, |status| status.last_reload == Some(false)).await;
        assert!(store.current().is_none());
        fs::write(&file, "account: {id: '1', region: r}").unwrap();
        until(&store, |status| status.generation == 1).await;
        fs::write(&file, "account: {id: x, region: r}").unwrap();
        until(&store, |status| status.last_reload == Some(false)).await;
        assert_eq!(store.current().unwrap().generation, 1);
        fs::remove_dir_all(folder.path()).unwrap();
        until(&store, |status| {
            status
                .faults
                .iter()
                .any(|fault| fault.to_string().contains("cannot read"))
        })
        .await;
        fs::create_dir(folder.path()).unwrap();
        fs::write(&file, "account: {id: '2', region: r}").unwrap();
        until(&store, |status| status.generation == 2).await;
        assert_eq!(store.current().unwrap().policies.account(), "2");
        task.abort();
    }

    #[tokio::test]
    async fn candidates_have_a_folder_of_their_own_and_change_nothing_of_what_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let (live, next) = (folder.path().join("live"), folder.path().join("next"));
        fs::create_dir(&live).unwrap();
        fs::write(live.join("people.yaml"), "account: {id: '1', region: r}").unwrap();
        let store = Arc::new(Store::default());
        let reloader = Reloader::new(Arc::clone(&store), None, |_, _| {
            crate::config::RightsChange::default()
        });
        let source = FolderSource::new(&live, reloader).with_candidates(Some(next.clone()), &store);
        let task = tokio::spawn(source.run());
        until(&store, |status| status.generation == 1).await;
        let becomes = async |state: &str| {
            let waited = tokio::time::timeout(Duration::from_secs(10), async {
                while store.candidate().state.name() != state {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
            waited.await.expect("the candidate is read in time");
        };
        fs::create_dir(&next).unwrap();
        let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: next, labels: {ramgate.io/config: directory, ramgate.io/candidate: 'true'}}\n\
            data:\n  people.yaml: |\n    account: {id: '2', region: r}\n";
        fs::write(next.join("all.yaml"), manifest).unwrap();
        becomes("loaded").await;
        let candidate = store.candidate();
        let CandidateState::Loaded(set) = &candidate.state else {
            panic!()
        };
        assert_eq!(
            (set.configuration.policies.account(), set.live_generation),
            ("2", 1)
        );
        fs::write(next.join("all.yaml"), "users: [{name: }]").unwrap();
        becomes("faulty").await;
        fs::remove_dir_all(&next).unwrap();
        becomes("none").await;
        assert_eq!(
            (
                store.current().unwrap().policies.account(),
                store.status().generation
            ),
            ("1", 1)
        );
        assert_eq!(store.status().failed_reloads, 0);
        task.abort();
    }
}
