//! Live reads of the metadata of single objects that no watch has shown yet.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::core::{ClusterResourceScope, NamespaceResourceScope};
use kube::{Api, Client, Resource};
use tokio::sync::Semaphore;

use crate::cluster::bounded_metadata::BoundedMetadata;
use crate::cluster::metadata_filter::MetadataFilter;
use crate::cluster::name_validation::is_object_name;
use crate::kubernetes::meta::Meta;

/// How long an answer is used, also the answer that there is no such object: by then the watch shows it
const MAX_AGE: Duration = Duration::from_secs(1);
/// How long a read may take; the review's own deadline is longer
const TIMEOUT: Duration = Duration::from_secs(1);
/// How many reads of one kind run at once: users who invent names must not load the API server
const MAX_CONCURRENT: usize = 8;
/// How many answers are kept
const MAX_ANSWERS: usize = 1024;

/// Reads objects of one kind, and keeps the answers for a second
#[derive(Debug)]
pub(crate) struct MetadataReader {
    kind: &'static str,
    answers: Mutex<HashMap<Box<str>, Answer>>,
    slots: Semaphore,
}

#[derive(Clone, Debug)]
struct Answer {
    at: Instant,
    /// `None` if there is no such object
    meta: Option<Arc<Meta>>,
}

impl MetadataReader {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            answers: Mutex::default(),
            slots: Semaphore::new(MAX_CONCURRENT),
        }
    }

    /// The object, if a read found it within the last second
    pub(crate) fn find(&self, key: &str) -> Option<Arc<Meta>> {
        self.answer(key)?.meta
    }

    /// Reads an object, unless it was read within the last second; after a failure it stays unknown
    pub(crate) async fn read<K>(&self, client: &Client, name: &str, filter: &MetadataFilter)
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug,
    {
        if is_object_name(name) {
            let api = Api::<BoundedMetadata<K>>::all(client.clone());
            self.read_from(api, name, name, filter).await;
        }
    }

    /// Reads an object of a namespace as [`read`](Self::read) does; its key is `NAMESPACE/NAME`
    pub(crate) async fn read_namespaced<K>(
        &self,
        client: &Client,
        namespace: &str,
        name: &str,
        filter: &MetadataFilter,
    ) where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug,
    {
        if is_object_name(namespace) && is_object_name(name) {
            let api = Api::<BoundedMetadata<K>>::namespaced(client.clone(), namespace);
            let key = format!("{namespace}/{name}");
            self.read_from(api, &key, name, filter).await;
        }
    }

    async fn read_from<K>(&self, api: Api<BoundedMetadata<K>>, key: &str, name: &str, filter: &MetadataFilter)
    where
        K: Resource<DynamicType = ()> + Clone + Debug,
    {
        let read = async {
            let _slot = self.slots.acquire().await.ok()?;
            // The read that held the slot before may have been of this object
            match self.answer(key) {
                Some(_) => None,
                None => Some(api.get_opt(name).await),
            }
        };
        if self.answer(key).is_some() {
            return;
        }
        match tokio::time::timeout(TIMEOUT, read).await {
            Ok(None) => {}
            Ok(Some(Ok(found))) => self.store(key, found.map(|mut object| filter.take(object.meta_mut()))),
            Ok(Some(Err(error))) => tracing::warn!(kind = self.kind, key, "live read failed: {error}"),
            Err(_) => tracing::warn!(kind = self.kind, key, "live read took too long"),
        }
    }

    fn answer(&self, key: &str) -> Option<Answer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(key).filter(|answer| answer.is_fresh()).cloned()
    }

    fn store(&self, key: &str, meta: Option<Arc<Meta>>) {
        let at = Instant::now();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MAX_ANSWERS {
            answers.retain(|_, answer| answer.is_fresh());
        }
        if answers.len() < MAX_ANSWERS {
            answers.insert(key.into(), Answer { at, meta });
        }
    }
}

impl Answer {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < MAX_AGE
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Node, ServiceAccount};
    use serde_json::json;

    use super::*;
    use crate::cluster::fake_api_server::FakeApiServer;
    use crate::cluster::metadata_filter::KeyFilter;

    const ALL: MetadataFilter = MetadataFilter {
        labels: KeyFilter::All,
        annotations: KeyFilter::All,
    };

    #[tokio::test]
    async fn an_object_is_read_once_a_second_without_its_content() {
        let fake = FakeApiServer::default();
        fake.put(
            "/api/v1/nodes/n1",
            json!({"metadata": {"name": "n1", "labels": {"type": "virtual-kubelet"}}}),
        );
        let reader = MetadataReader::new("nodes");
        for name in ["n1", "n1", "n2", "n2"] {
            reader.read::<Node>(&fake.client(), name, &ALL).await;
        }
        assert_eq!(reader.find("n1").unwrap().labels["type"], "virtual-kubelet");
        assert!(reader.find("n2").is_none());
        let calls = fake.calls();
        assert_eq!(
            calls.iter().map(|call| call.path.as_str()).collect::<Vec<_>>(),
            ["/api/v1/nodes/n1", "/api/v1/nodes/n2"]
        );
        assert!(
            calls
                .iter()
                .all(|call| call.accept.contains("PartialObjectMetadata")),
            "{calls:?}"
        );
        tokio::time::sleep(MAX_AGE).await;
        assert!(reader.find("n1").is_none());
        reader.read::<Node>(&fake.client(), "n2", &ALL).await;
        assert_eq!(fake.calls().len(), 3);
    }

    #[tokio::test]
    async fn a_name_that_no_object_has_is_never_sent() {
        let fake = FakeApiServer::default();
        let reader = MetadataReader::new("nodes");
        for name in [
            "",
            ".",
            "..",
            "../secrets",
            "a/b",
            "a?b",
            "a b",
            "A",
            "-a",
            "a.",
            &"a".repeat(254),
        ] {
            reader.read::<Node>(&fake.client(), name, &ALL).await;
        }
        reader
            .read_namespaced::<ServiceAccount>(&fake.client(), "..", "a", &ALL)
            .await;
        reader
            .read_namespaced::<ServiceAccount>(&fake.client(), "a", "..", &ALL)
            .await;
        assert!(fake.calls().is_empty());
    }

    #[tokio::test]
    async fn a_read_that_hangs_or_fails_leaves_the_object_unknown() {
        let fake = FakeApiServer::default();
        fake.hang("/api/v1/nodes/slow");
        fake.fail("/api/v1/nodes/bad", 500);
        let reader = MetadataReader::new("nodes");
        let started = tokio::time::Instant::now();
        reader.read::<Node>(&fake.client(), "slow", &ALL).await;
        assert!(started.elapsed() < Duration::from_secs(2));
        reader.read::<Node>(&fake.client(), "bad", &ALL).await;
        reader.read::<Node>(&fake.client(), "bad", &ALL).await;
        assert!(reader.find("slow").is_none() && reader.find("bad").is_none());
        assert_eq!(fake.calls().len(), 3);
    }

    #[test]
    fn the_number_of_answers_is_bounded() {
        let reader = MetadataReader::new("nodes");
        for index in 0..MAX_ANSWERS * 2 {
            reader.store(&format!("n{index}"), None);
        }
        let stored = reader.answers.lock().unwrap().len();
        assert!((1..=MAX_ANSWERS).contains(&stored), "{stored}");
    }
}
