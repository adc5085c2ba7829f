//! Single objects read live, because no watch has shown them so far.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::core::{ClusterResourceScope, NamespaceResourceScope};
use kube::{Api, Client, Resource};
use tokio::sync::Semaphore;

use crate::cluster::listed::Listed;
use crate::cluster::table::Keep;
use crate::kubernetes::meta::Meta;

/// How long an answer is good for, also that there is no such object: by then the watch has it
const FRESH: Duration = Duration::from_secs(1);
/// How long a read may take; the review's own deadline is longer
const PATIENCE: Duration = Duration::from_secs(1);
/// How many reads of one kind run at once; whoever makes up names gets no more of the API server
const AT_ONCE: usize = 8;
/// How many answers are remembered
const REMEMBERED: usize = 1024;

/// Answers of the last second
#[derive(Debug)]
pub(crate) struct Live {
    kind: &'static str,
    answers: Mutex<HashMap<Box<str>, Answer>>,
    slots: Semaphore,
}

#[derive(Clone, Debug)]
struct Answer {
    at: Instant,
    /// None: there is no such object
    meta: Option<Arc<Meta>>,
}

impl Live {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            answers: Mutex::default(),
            slots: Semaphore::new(AT_ONCE),
        }
    }

    /// What a read found within the last second
    pub(crate) fn find(&self, key: &str) -> Option<Arc<Meta>> {
        self.answer(key)?.meta
    }

    /// Reads an object without its content, unless that was done within the last second; failure leaves it unknown
    pub(crate) async fn read<K>(&self, client: &Client, name: &str, keep: &Keep)
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug,
    {
        if is_object_name(name) {
            let api = Api::<Listed<K>>::all(client.clone());
            self.read_from(api, name, name, keep).await;
        }
    }

    /// The same for an object in a namespace, which is found by `NAMESPACE/NAME`
    pub(crate) async fn read_in<K>(&self, client: &Client, namespace: &str, name: &str, keep: &Keep)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug,
    {
        if is_object_name(namespace) && is_object_name(name) {
            let api = Api::<Listed<K>>::namespaced(client.clone(), namespace);
            self.read_from(api, &format!("{namespace}/{name}"), name, keep)
                .await;
        }
    }

    async fn read_from<K>(&self, api: Api<Listed<K>>, key: &str, name: &str, keep: &Keep)
    where
        K: Resource<DynamicType = ()> + Clone + Debug,
    {
        let read = async {
            let _slot = self.slots.acquire().await.ok()?;
            // Whoever held the slot before may have asked the same
            match self.answer(key) {
                Some(_) => None,
                None => Some(api.get_opt(name).await),
            }
        };
        if self.answer(key).is_some() {
            return;
        }
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(None) => {}
            Ok(Some(Ok(found))) => {
                self.remember(key, found.map(|mut object| keep.reduced(object.meta_mut())));
            }
            Ok(Some(Err(error))) => tracing::warn!(kind = self.kind, key, "live read failed: {error}"),
            Err(_) => tracing::warn!(kind = self.kind, key, "live read took too long"),
        }
    }

    fn answer(&self, key: &str) -> Option<Answer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers
            .get(key)
            .filter(|answer| answer.at.elapsed() < FRESH)
            .cloned()
    }

    fn remember(&self, key: &str, meta: Option<Arc<Meta>>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= REMEMBERED {
            answers.retain(|_, answer| answer.at.elapsed() < FRESH);
        }
        if answers.len() < REMEMBERED {
            answers.insert(
                key.into(),
                Answer {
                    at: Instant::now(),
                    meta,
                },
            );
        }
    }
}

/// Whether an object in Kubernetes can have this name: a user may write anything into a pod, and it would go into a URL
pub(crate) fn is_object_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !name.is_empty()
        && name.len() <= 253
        && name.chars().all(inner)
        && name.starts_with(end)
        && name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Node, ServiceAccount};
    use serde_json::json;

    use super::*;
    use crate::cluster::fake::Fake;
    use crate::cluster::table::Keys;

    const ALL: Keep = Keep {
        labels: Keys::All,
        annotations: Keys::All,
    };

    #[tokio::test]
    async fn an_object_is_read_once_a_second_without_its_content() {
        let fake = Fake::default();
        fake.put(
            "/api/v1/nodes/n1",
            json!({"metadata": {"name": "n1", "labels": {"type": "virtual-kubelet"}}}),
        );
        let live = Live::new("nodes");
        for name in ["n1", "n1", "n2", "n2"] {
            live.read::<Node>(&fake.client(), name, &ALL).await;
        }
        assert_eq!(live.find("n1").unwrap().labels["type"], "virtual-kubelet");
        assert!(live.find("n2").is_none());
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
        tokio::time::sleep(FRESH).await;
        assert!(live.find("n1").is_none());
        live.read::<Node>(&fake.client(), "n2", &ALL).await;
        assert_eq!(fake.calls().len(), 3);
    }

    #[tokio::test]
    async fn a_name_that_no_object_has_is_never_sent() {
        let fake = Fake::default();
        let live = Live::new("nodes");
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
            live.read::<Node>(&fake.client(), name, &ALL).await;
        }
        live.read_in::<ServiceAccount>(&fake.client(), "..", "a", &ALL)
            .await;
        live.read_in::<ServiceAccount>(&fake.client(), "a", "..", &ALL)
            .await;
        assert!(fake.calls().is_empty());
    }

    #[tokio::test]
    async fn a_read_that_hangs_or_fails_leaves_the_object_unknown() {
        let fake = Fake::default();
        fake.hang("/api/v1/nodes/slow");
        fake.fail("/api/v1/nodes/bad", 500);
        let live = Live::new("nodes");
        let started = tokio::time::Instant::now();
        live.read::<Node>(&fake.client(), "slow", &ALL).await;
        assert!(started.elapsed() < Duration::from_secs(2));
        live.read::<Node>(&fake.client(), "bad", &ALL).await;
        live.read::<Node>(&fake.client(), "bad", &ALL).await;
        assert!(live.find("slow").is_none() && live.find("bad").is_none());
        assert_eq!(fake.calls().len(), 3);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let live = Live::new("nodes");
        for index in 0..REMEMBERED * 2 {
            live.remember(&format!("n{index}"), None);
        }
        let remembered = live.answers.lock().unwrap().len();
        assert!((1..=REMEMBERED).contains(&remembered), "{remembered}");
    }
}
