//! A watch of the metadata of all objects of one kind, which retries for ever.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cluster::api::watches::Watches;
use crate::cluster::bounded_metadata::BoundedMetadata;
use crate::cluster::metadata_filter::MetadataFilter;
use crate::cluster::metadata_table::{MetadataTable, TableWriter};
use crate::cluster::watch_backoff::WatchBackoff;

/// How many objects are listed at once: tenants may write 256 KiB of annotations into each, and a page is held twice
const PAGE: u32 = 20;

/// A running watch; ends when it is dropped
#[derive(Debug)]
pub(crate) struct MetadataWatch {
    pub(crate) filter: MetadataFilter,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

/// The state of the first list
#[derive(Clone, Debug)]
enum Progress {
    Listing,
    Failing(String),
    Listed,
}

impl MetadataWatch {
    /// Starts to fill a table with the filtered metadata of all objects of a kind
    pub(crate) fn start<K>(
        watches: &Watches,
        kind: &'static str,
        table: Arc<MetadataTable>,
        filter: MetadataFilter,
    ) -> Self
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let (sender, progress) = watch::channel(Progress::Listing);
        let api = Api::<BoundedMetadata<K>>::all(watches.watch(kind));
        let config = watcher::Config::default()
            .timeout(watches.call_seconds())
            .page_size(PAGE);
        let writer = TableWriter::new(table, filter.clone());
        let task = tokio::spawn(fill(kind, api, config, writer, sender));
        Self {
            filter,
            progress,
            task,
        }
    }

    /// Waits until the first list is complete
    ///
    /// # Errors
    /// The last error of the watch, or that the list takes longer than `timeout`. The watch goes on.
    pub(crate) async fn listed(&self, timeout: Duration) -> Result<(), String> {
        let mut progress = self.progress.clone();
        let listed = progress.wait_for(|progress| matches!(progress, Progress::Listed));
        if matches!(tokio::time::timeout(timeout, listed).await, Ok(Ok(_))) {
            return Ok(());
        }
        match &*self.progress.borrow() {
            Progress::Failing(error) => Err(error.clone()),
            Progress::Listing | Progress::Listed => {
                Err(format!("no complete list within {} s", timeout.as_secs()))
            }
        }
    }
}

/// Writes the events of a watch into a table, and publishes the progress of its first list
async fn fill<K>(
    kind: &'static str,
    api: Api<BoundedMetadata<K>>,
    config: watcher::Config,
    mut writer: TableWriter,
    progress: watch::Sender<Progress>,
) where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let mut events = std::pin::pin!(watcher(api, config).backoff(WatchBackoff::default()));
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                if writer.apply(event) {
                    progress.send_replace(Progress::Listed);
                }
            }
            Err(error) => {
                tracing::warn!(kind, "watch is interrupted: {error}");
                progress.send_if_modified(|progress| {
                    let is_listed = matches!(progress, Progress::Listed);
                    if !is_listed {
                        *progress = Progress::Failing(error.to_string());
                    }
                    !is_listed
                });
            }
        }
    }
}

impl Drop for MetadataWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use k8s_openapi::api::core::v1::ServiceAccount;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::fake_api_server::{FakeApiServer, until};
    use crate::cluster::metadata_filter::KeyFilter;

    #[tokio::test]
    async fn what_tenants_write_is_kept_as_far_as_it_can_be_mapped_and_listed_in_small_pages() {
        const PATH: &str = "/api/v1/serviceaccounts";
        let account = |at: usize| -> Value {
            let annotations = json!({"role": "é".repeat(100_000), "other": "x".repeat(100_000)});
            json!({"metadata": {"name": format!("s{at}"), "namespace": "a", "resourceVersion": "2", "annotations": annotations}})
        };
        let fake = FakeApiServer::default();
        fake.list(PATH, (0..40).map(account).collect());
        let table = Arc::new(MetadataTable::default());
        let filter = MetadataFilter {
            labels: KeyFilter::Only(BTreeSet::new()),
            annotations: KeyFilter::Only(BTreeSet::from(["role".to_owned()])),
        };
        let watch = MetadataWatch::start::<ServiceAccount>(
            &fake.watches(),
            "serviceaccounts",
            Arc::clone(&table),
            filter,
        );
        watch.listed(Duration::from_secs(5)).await.unwrap();
        let kept = table.find("a/s39").unwrap();
        assert_eq!((kept.annotations.len(), kept.annotations["role"].len()), (1, 512));
        until("a watch", || fake.open_watches(PATH) == 1).await;
        fake.send_event(PATH, "ADDED", account(40));
        until("the new one", || table.find("a/s40").is_some()).await;
        assert_eq!(table.find("a/s40").unwrap().annotations["role"].len(), 512);
        let calls = fake.calls();
        let list = calls.iter().find(|call| !call.query.contains("watch=true"));
        let list = list.unwrap();
        assert!(list.query.contains("limit=20"), "{list:?}");
        assert!(list.accept.contains("PartialObjectMetadata"), "{list:?}");
    }
}
