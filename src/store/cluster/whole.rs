//! Whole objects read live, for requests that only name one: a pod that is bound, evicted or connected to, a workload
//! that is scaled. Nothing is remembered, since what is read is what is judged.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::core::Request;
use kube::core::params::GetParams;
use kube::{Client, Resource};
use tokio::sync::Semaphore;

use super::live::is_object_name;
use crate::admission::workload::Workload;

/// How long a read may take; the review's own deadline is longer
const PATIENCE: Duration = Duration::from_secs(1);

/// How many reads run at once; whoever makes up names gets no more of the API server
const AT_ONCE: usize = 16;

/// Reads whole objects
pub(super) struct Whole {
    slots: Semaphore,
}

impl Default for Whole {
    fn default() -> Self {
        Self {
            slots: Semaphore::new(AT_ONCE),
        }
    }
}

impl Whole {
    pub(super) async fn pod(&self, client: &Client, namespace: &str, name: &str) -> Option<Arc<str>> {
        if !is_object_name(namespace) {
            return None;
        }
        self.read(client, Pod::url_path(&(), Some(namespace)), name).await
    }

    pub(super) async fn workload(
        &self,
        client: &Client,
        workload: Workload,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<str>> {
        if !is_object_name(namespace) {
            return None;
        }
        let group = match workload.group() {
            "" => "/api/v1".to_owned(),
            group => format!("/apis/{group}/v1"),
        };
        let path = format!("{group}/namespaces/{namespace}/{}", workload.resource());
        self.read(client, path, name).await
    }

    /// The object as JSON; nothing where it is not there or could not be read in time
    async fn read(&self, client: &Client, path: String, name: &str) -> Option<Arc<str>> {
        if !is_object_name(name) {
            return None;
        }
        let request = Request::new(&path).get(name, &GetParams::default()).ok()?;
        let read = async {
            let _slot = self.slots.acquire().await.ok()?;
            Some(client.request_text(request).await)
        };
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Some(Ok(text))) => Some(text.into()),
            Ok(Some(Err(kube::Error::Api(status)))) if status.code == 404 => None,
            Ok(Some(Err(error))) => {
                tracing::warn!(path, name, "live read failed: {error}");
                None
            }
            Ok(None) => None,
            Err(_) => {
                tracing::warn!(path, name, "live read took too long");
                None
            }
        }
    }
}
