//! One watch of one kind of object, metadata only, that never gives up.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cluster::api::watches::Watches;
use crate::cluster::bounded_metadata::BoundedMetadata;
use crate::cluster::metadata_table::{MetadataFilter, MetadataTable, TableWriter};

/// How many objects are listed at once: tenants may write 256 KiB of annotations into each, and a page is held twice
const PAGE: u32 = 20;

/// A running watch; ends when it is dropped
#[derive(Debug)]
pub(crate) struct MetadataWatch {
    pub(crate) keep: MetadataFilter,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

/// How far a watch has come
#[derive(Clone, Debug)]
enum Progress {
    Listing,
    Failing(String),
    Listed,
}

impl MetadataWatch {
    /// Starts to fill a table with what is kept of all objects of a kind
    pub(crate) fn start<K>(
        watches: &Watches,
        kind: &'static str,
        table: Arc<MetadataTable>,
        keep: MetadataFilter,
    ) -> Self
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let (tell, progress) = watch::channel(Progress::Listing);
        let api = Api::<BoundedMetadata<K>>::all(watches.watch(kind));
        let call_seconds = watches.call_seconds();
        let mut replica = TableWriter::new(table, keep.clone());
        let task = tokio::spawn(async move {
            let config = watcher::Config::default().timeout(call_seconds).page_size(PAGE);
            let mut events = std::pin::pin!(watcher(api, config).backoff(WatchBackoff::default()));
            while let Some(event) = events.next().await {
                match event {
                    Ok(event) => {
                        if replica.apply(event) {
                            tell.send_replace(Progress::Listed);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(kind, "watch is interrupted: {error}");
                        tell.send_if_modified(|progress| {
                            let listed = matches!(progress, Progress::Listed);
                            if !listed {
                                *progress = Progress::Failing(error.to_string());
                            }
                            !listed
                        });
                    }
                }
            }
        });
        Self { keep, progress, task }
    }

    /// Waits until the table is complete, or tells what stands in the way
    pub(crate) async fn listed(&self, patience: Duration) -> Result<(), String> {
        let mut progress = self.progress.clone();
        let listed = progress.wait_for(|progress| matches!(progress, Progress::Listed));
        if matches!(tokio::time::timeout(patience, listed).await, Ok(Ok(_))) {
            return Ok(());
        }
        match &*self.progress.borrow() {
            Progress::Failing(error) => Err(error.clone()),
            Progress::Listing | Progress::Listed => {
                Err(format!("no complete list within {} s", patience.as_secs()))
            }
        }
    }
}

impl Drop for MetadataWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How long to wait before a failed watch is tried again: short, because a stale set stays in force until then
#[derive(Debug, Default)]
pub(crate) struct WatchBackoff {
    last: Duration,
}

/// The first wait, doubled each time
const SHORTEST: Duration = Duration::from_millis(200);
/// The longest wait: an API server that comes back is found within this
const LONGEST: Duration = Duration::from_secs(5);

impl Iterator for WatchBackoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.last = self.last.saturating_mul(2).clamp(SHORTEST, LONGEST);
        Some(self.last)
    }
}

impl Backoff for WatchBackoff {
    fn reset(&mut self) {
        self.last = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use k8s_openapi::api::core::v1::ServiceAccount;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::fake_api_server::{FakeApiServer, until};
    use crate::cluster::metadata_table::KeyFilter;

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
        let keep = MetadataFilter {
            labels: KeyFilter::Only(BTreeSet::new()),
            annotations: KeyFilter::Only(BTreeSet::from(["role".to_owned()])),
        };
        let follow = MetadataWatch::start::<ServiceAccount>(
            &fake.watches(),
            "serviceaccounts",
            Arc::clone(&table),
            keep,
        );
        follow.listed(Duration::from_secs(5)).await.unwrap();
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

    #[test]
    fn waits_grow_to_a_limit_and_start_over() {
        let mut patience = WatchBackoff::default();
        let waits: Vec<u128> = patience.by_ref().take(7).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 5000, 5000]);
        patience.reset();
        assert_eq!(patience.next(), Some(SHORTEST));
    }
}
