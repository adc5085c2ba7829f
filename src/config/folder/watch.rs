//! A folder that is looked at every second, as long as the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::config::directory::{FaultClass, LocatedFault};
use crate::config::folder::Folder;
use crate::config::named_document::NamedDocument;
use crate::config::reload::{Offered, Reloader};

/// How often the folder is looked at; a second is what users are promised
const INTERVAL: Duration = Duration::from_secs(1);

/// Configuration out of a folder
///
/// Content is compared on a timer: a mounted volume changes by a swapped link, which file events miss.
#[derive(Debug)]
pub(crate) struct FolderSource {
    path: PathBuf,
    reloader: Reloader,
}

impl FolderSource {
    /// A source that puts what the folder holds in force
    pub(crate) fn new(path: impl Into<PathBuf>, reloader: Reloader) -> Self {
        Self {
            path: path.into(),
            reloader,
        }
    }

    /// Loads, then reloads on change, until it is dropped
    pub(crate) async fn run(mut self) {
        let mut folder = Folder::new(&self.path);
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut due = true;
        let mut unreadable = None;
        loop {
            ticks.tick().await;
            let scanned = tokio::task::spawn_blocking(move || {
                let changed = folder.scan();
                (folder, changed)
            });
            let Ok((scanned, changed)) = scanned.await else {
                return;
            };
            folder = scanned;
            match changed {
                Ok(changed) => due |= changed || unreadable.take().is_some(),
                Err(error) => {
                    let message = error.to_string();
                    if unreadable.as_ref() != Some(&message) {
                        let path = self.path.display().to_string();
                        self.reloader.refuse(vec![LocatedFault::whole(
                            path,
                            message.clone(),
                            FaultClass::Document,
                        )]);
                        unreadable = Some(message);
                    }
                    continue;
                }
            }
            if due {
                let shared: Vec<Arc<[NamedDocument]>> = folder.shared();
                due = self.reloader.offer(shared).await == Offered::TryAgain;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Store;

    async fn until(store: &Store, wanted: impl Fn(&crate::config::Status) -> bool) {
        let mut status = store.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(10), status.wait_for(|status| wanted(status)));
        waited.await.expect("the folder is looked at in time").unwrap();
    }

    #[tokio::test]
    async fn a_folder_is_loaded_reloaded_and_its_last_good_set_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.yaml");
        let store = Arc::new(Store::default());
        let source = FolderSource::new(folder.path().join("."), Reloader::new(Arc::clone(&store), None));
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
