//! Live reads of whole pods and workloads, for reviews that only name one.
//!
//! No answer is kept: a decision is about exactly the object that was read for it.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::core::Request;
use kube::core::params::GetParams;
use kube::{Client, Resource};
use tokio::sync::Semaphore;

use crate::cluster::name_validation::is_object_name;
use crate::kubernetes::workload::Workload;

/// How long a read may take; the review's own deadline is longer
const TIMEOUT: Duration = Duration::from_secs(1);

/// How many reads run at once: users who invent names must not load the API server
const MAX_CONCURRENT: usize = 16;

/// The result of a live read
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LiveRead {
    /// The object as JSON
    Object(Arc<str>),
    /// There is no such object
    Absent,
    /// The read failed, so the object may be anything
    Unread,
}

/// Reads whole objects
#[derive(Debug)]
pub(crate) struct ObjectReader {
    slots: Semaphore,
}

impl Default for ObjectReader {
    fn default() -> Self {
        Self {
            slots: Semaphore::new(MAX_CONCURRENT),
        }
    }
}

impl ObjectReader {
    pub(crate) async fn pod(&self, client: &Client, namespace: &str, name: &str) -> LiveRead {
        if !is_object_name(namespace) {
            return LiveRead::Absent;
        }
        self.read(client, Pod::url_path(&(), Some(namespace)), name).await
    }

    pub(crate) async fn workload(
        &self,
        client: &Client,
        workload: Workload,
        namespace: &str,
        name: &str,
    ) -> LiveRead {
        if !is_object_name(namespace) {
            return LiveRead::Absent;
        }
        let group = match workload.group() {
            "" => "/api/v1".to_owned(),
            group => format!("/apis/{group}/v1"),
        };
        let path = format!("{group}/namespaces/{namespace}/{}", workload.resource());
        self.read(client, path, name).await
    }

    /// An object of a custom kind in this API group and version
    pub(crate) async fn custom(
        &self,
        client: &Client,
        (api_version, resource): (&str, &str),
        namespace: &str,
        name: &str,
    ) -> LiveRead {
        let parts = api_version.split_once('/');
        let is_named = parts.is_some_and(|(group, version)| is_object_name(group) && is_object_name(version));
        if !is_named || !is_object_name(resource) || !is_object_name(namespace) {
            return LiveRead::Absent;
        }
        let path = format!("/apis/{api_version}/namespaces/{namespace}/{resource}");
        self.read(client, path, name).await
    }

    async fn read(&self, client: &Client, path: String, name: &str) -> LiveRead {
        if !is_object_name(name) {
            return LiveRead::Absent;
        }
        let Ok(request) = Request::new(&path).get(name, &GetParams::default()) else {
            return LiveRead::Absent;
        };
        let read = async {
            let _slot = self.slots.acquire().await;
            client.request_text(request).await
        };
        match tokio::time::timeout(TIMEOUT, read).await {
            Ok(Ok(text)) => LiveRead::Object(text.into()),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => LiveRead::Absent,
            Ok(Err(error)) => {
                tracing::warn!(path, name, "live read failed: {error}");
                LiveRead::Unread
            }
            Err(_) => {
                tracing::warn!(path, name, "live read took too long");
                LiveRead::Unread
            }
        }
    }
}

impl LiveRead {
    /// The object, if it was read
    pub(crate) fn object(self) -> Option<Arc<str>> {
        match self {
            Self::Object(json) => Some(json),
            Self::Absent | Self::Unread => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::fake_api_server::FakeApiServer;

    #[tokio::test]
    async fn a_pod_is_there_or_not_or_nobody_knows() {
        let fake = FakeApiServer::default();
        let pod = json!({"metadata": {"name": "web", "annotations": {"a": "b"}}, "spec": {}});
        fake.put("/api/v1/namespaces/shop/pods/web", pod.clone());
        fake.fail("/api/v1/namespaces/shop/pods/secret", 403);
        fake.hang("/api/v1/namespaces/shop/pods/slow");
        let pods = ObjectReader::default();
        let client = fake.client();
        let read = async |name: &str| pods.pod(&client, "shop", name).await;
        assert_eq!(read("web").await, LiveRead::Object(pod.to_string().into()));
        assert_eq!(read("gone").await, LiveRead::Absent);
        assert_eq!(read("secret").await, LiveRead::Unread);
        let started = tokio::time::Instant::now();
        assert_eq!(read("slow").await, LiveRead::Unread);
        assert!(started.elapsed() < Duration::from_secs(2));
        // The object that is read is the object that is evaluated, so no answer is cached
        assert_eq!(read("web").await, LiveRead::Object(pod.to_string().into()));
        assert_eq!(fake.calls().len(), 5);
    }

    #[tokio::test]
    async fn an_object_of_a_custom_kind_is_read_in_its_version() {
        let fake = FakeApiServer::default();
        let flow = json!({"metadata": {"name": "flow"}});
        fake.put(
            "/apis/argoproj.io/v1alpha1/namespaces/lab/workflows/flow",
            flow.clone(),
        );
        let reader = ObjectReader::default();
        let client = fake.client();
        let read = async |version: &str, name: &str| {
            reader.custom(&client, (version, "workflows"), "lab", name).await
        };
        assert_eq!(
            read("argoproj.io/v1alpha1", "flow").await,
            LiveRead::Object(flow.to_string().into())
        );
        assert_eq!(read("argoproj.io/v1alpha1", "other").await, LiveRead::Absent);
        for version in [
            "v1",
            "argoproj.io/",
            "argoproj.io/v1/namespaces",
            "argoproj.io/..",
            "a?b/v1",
        ] {
            assert_eq!(read(version, "flow").await, LiveRead::Absent, "{version}");
        }
        assert_eq!(fake.calls().len(), 2);
    }

    #[tokio::test]
    async fn a_name_that_no_pod_has_is_never_sent() {
        let fake = FakeApiServer::default();
        let pods = ObjectReader::default();
        for (namespace, name) in [
            ("shop", ".."),
            ("..", "web"),
            ("shop", "a?b"),
            ("a/b", "web"),
            ("", "web"),
        ] {
            assert_eq!(pods.pod(&fake.client(), namespace, name).await, LiveRead::Absent);
        }
        assert!(fake.calls().is_empty());
    }
}
