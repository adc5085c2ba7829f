//! Watches a folder while the server runs.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::config::folder::{Folder, Scan};
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::reload::{ReloadOutcome, Reloader};

/// The time between two scans; users are promised a second
const INTERVAL: Duration = Duration::from_secs(1);

/// Loads the configuration from a folder
///
/// A timer compares contents: a mounted volume changes by a swapped link, which file events miss.
#[derive(Debug)]
pub(crate) struct FolderSource {
    path: PathBuf,
    reloader: Reloader,
}

impl FolderSource {
    /// A source that loads a folder through a reloader
    pub(crate) fn new(path: impl Into<PathBuf>, reloader: Reloader) -> Self {
        Self {
            path: path.into(),
            reloader,
        }
    }

    /// Loads the folder, and reloads it after each change, until the future is dropped
    pub(crate) async fn run(mut self) {
        let mut folder = Folder::new(&self.path);
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_due = true;
        let mut unreadable = None;
        loop {
            ticks.tick().await;
            let scan = tokio::task::spawn_blocking(move || {
                let scan = folder.scan();
                (folder, scan)
            });
            let Ok((scanned, scan)) = scan.await else {
                return;
            };
            folder = scanned;
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
                is_due = self.reloader.reload(documents, &[]).await == ReloadOutcome::TryAgain;
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
    use std::sync::Arc;

    use super::*;
    use crate::config::store::{Status, Store};

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
}
