//! Requests that write, or create an object that is not stored.

use kube::client::Body;
use kube::core::Request;
use kube::core::params::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::Value;

use crate::analysis::survey::live::api_client::{ApiClient, TIMEOUT, timed_out};
use crate::analysis::survey::live::read_error::ReadError;

/// Whether a write is stored
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// The object is stored
    Store,
    /// The API server only says what it would do
    DryRun,
}

/// The API server's answer to a write
#[derive(Clone, Debug)]
pub(crate) struct WriteResponse {
    /// The HTTP status
    pub status: u16,
    /// The object after the write, or the message of a refusal
    pub result: Result<Value, String>,
    /// The warnings that came with it
    pub warnings: Vec<String>,
}

impl ApiClient {
    /// Merges a patch into an object
    ///
    /// # Errors
    ///
    /// There is no answer; a refusal is one.
    pub(crate) async fn patch(
        &self,
        what: &str,
        path: &str,
        name: &str,
        patch: &Value,
        mode: WriteMode,
    ) -> Result<WriteResponse, ReadError> {
        let params = PatchParams {
            dry_run: mode == WriteMode::DryRun,
            field_manager: Some("ramgate".to_owned()),
            ..PatchParams::default()
        };
        let request = Request::new(path)
            .patch(name, &params, &Patch::Merge(patch))
            .map_err(|error| ReadError::new(what, error))?;
        self.send_write(what, request).await
    }

    /// Applies an object on the server's side: it is created if it does not exist, and takes over the fields that it names
    ///
    /// # Errors
    ///
    /// There is no answer; a refusal is one.
    pub(crate) async fn apply(
        &self,
        what: &str,
        path: &str,
        name: &str,
        object: &Value,
    ) -> Result<WriteResponse, ReadError> {
        let params = PatchParams::apply("ramgate").force();
        let request = Request::new(path)
            .patch(name, &params, &Patch::Apply(object))
            .map_err(|error| ReadError::new(what, error))?;
        self.send_write(what, request).await
    }

    /// Deletes an object if it still has this UID and resource version
    ///
    /// # Errors
    ///
    /// There is no answer; a refusal is one.
    pub(crate) async fn delete(
        &self,
        what: &str,
        path: &str,
        name: &str,
        unchanged: Preconditions,
    ) -> Result<WriteResponse, ReadError> {
        let params = DeleteParams::default().preconditions(unchanged);
        let request = Request::new(path)
            .delete(name, &params)
            .map_err(|error| ReadError::new(what, error))?;
        self.send_write(what, request).await
    }

    /// Creates an object, such as a SelfSubjectReview
    ///
    /// # Errors
    ///
    /// There is no answer; a refusal is one.
    pub(crate) async fn create(
        &self,
        what: &str,
        path: &str,
        object: &Value,
    ) -> Result<WriteResponse, ReadError> {
        let request = Request::new(path)
            .create(&PostParams::default(), object.to_string().into_bytes())
            .map_err(|error| ReadError::new(what, error))?;
        self.send_write(what, request).await
    }

    async fn send_write(
        &self,
        what: &str,
        request: axum::http::Request<Vec<u8>>,
    ) -> Result<WriteResponse, ReadError> {
        let sent = async {
            let response = self.client.send(request.map(Body::from)).await?;
            let (head, body) = response.into_parts();
            let body = body.collect_bytes().await?;
            Ok::<_, kube::Error>((head, body))
        };
        let (head, body) = tokio::time::timeout(TIMEOUT, sent)
            .await
            .map_err(|_| timed_out(what))?
            .map_err(|error| ReadError::from_kube(what, error))?;
        let warnings = head.headers.get_all("Warning").iter();
        let warnings = warnings.filter_map(|warning| warning.to_str().ok());
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let message = value.get("message").and_then(Value::as_str).unwrap_or_default();
        Ok(WriteResponse {
            status: head.status.as_u16(),
            warnings: warnings.map(warning_text).collect(),
            result: if head.status.is_success() {
                Ok(value)
            } else if message.is_empty() {
                Err(head.status.to_string())
            } else {
                Err(message.to_owned())
            },
        })
    }
}

/// The text of a `Warning` header
///
/// ```text
/// 299 - "a \"b\"" -> a "b"
/// ```
pub(super) fn warning_text(header: &str) -> String {
    let text = header.splitn(3, ' ').nth(2).unwrap_or(header);
    text.trim_matches('"').replace("\\\"", "\"").replace("\\\\", "\\")
}
