//! Gets, lists and writes objects of the API server as JSON.

pub(super) mod write;

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use kube::Client;
use kube::core::params::{GetParams, ListParams};
use kube::core::{Request, Status};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::workload_kind::WorkloadKind;

/// The number of objects in a page: a page of pods stays below ten megabytes
const PAGE: u32 = 250;

/// Longer than a working API server takes for one page
const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest answer to a single request that is read: etcd holds no larger object
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The HTTP status of a list whose continue token has expired
const GONE: u16 = 410;

/// Sends requests with the rights of the caller
#[derive(Clone)]
pub(crate) struct ApiClient {
    client: Client,
}

/// The namespaces in which objects are looked for
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All namespaces, or the cluster if the kind is in no namespace
    AllNamespaces,
    /// One namespace
    Namespace(String),
}

/// A list to read
#[derive(Clone, Debug)]
pub(crate) struct ListRequest<'a> {
    /// The name of the list in errors
    pub(crate) what: &'a str,
    pub(crate) path: &'a str,
    pub(crate) params: ListParams,
    pub(crate) content: ListContent,
}

/// The content of a list's items
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListContent {
    /// Whole objects
    Objects,
    /// Only their metadata
    Metadata,
}

/// A page, whose items are parsed one by one: parsed objects take several times the room of their text
#[derive(Deserialize)]
struct Page<'t> {
    #[serde(default)]
    metadata: PageMetadata,
    /// `null` for an empty list of Go
    #[serde(borrow)]
    items: Option<Vec<&'t RawValue>>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

/// The answer to the request for a page
enum PageAnswer {
    /// The page as JSON
    Text(String),
    /// The token of the same page in a newer snapshot
    Renewed(String),
}

impl<'a> ListRequest<'a> {
    /// All whole objects
    pub(crate) fn objects(what: &'a str, path: &'a str) -> Self {
        Self {
            what,
            path,
            params: ListParams::default(),
            content: ListContent::Objects,
        }
    }

    /// The metadata of all objects
    pub(crate) fn metadata(what: &'a str, path: &'a str) -> Self {
        Self {
            content: ListContent::Metadata,
            ..Self::objects(what, path)
        }
    }
}

impl ApiClient {
    /// A client with the identity of `client`
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Gets one object; `None` if it does not exist. Errors name it as `what`
    ///
    /// # Errors
    ///
    /// The request fails, or the answer is too long or no JSON.
    pub(crate) async fn get(&self, what: &str, path: &str, name: &str) -> Result<Option<Value>, ReadError> {
        let request = Request::new(path)
            .get(name, &GetParams::default())
            .map_err(|error| ReadError::new(what, error))?;
        tokio::time::timeout(TIMEOUT, self.read_object(what, request))
            .await
            .unwrap_or_else(|_| Err(timed_out(what)))
    }

    /// Reads one object, and no more than [`MAX_BYTES`] of it: through the proxy of the API server, any pod may answer
    async fn read_object(
        &self,
        what: &str,
        request: HttpRequest<Vec<u8>>,
    ) -> Result<Option<Value>, ReadError> {
        let response = self.client.send(request.map(kube::client::Body::from)).await;
        let (parts, body) = response
            .map_err(|error| ReadError::from_kube(what, error))?
            .into_parts();
        let body = to_bytes(Body::new(body), MAX_BYTES).await;
        let body = body.map_err(|error| match error.to_string() {
            text if text.contains("length limit") => ReadError::new(what, "the answer is too long"),
            text => ReadError::new(what, text),
        })?;
        if !parts.status.is_client_error() && !parts.status.is_server_error() {
            let object = serde_json::from_slice(&body);
            return object.map(Some).map_err(|error| ReadError::new(what, error));
        }
        // A pod, unlike the API server, need not answer with a status
        let status = serde_json::from_slice::<Status>(&body).unwrap_or_else(|_| {
            Status::failure(String::from_utf8_lossy(&body).trim(), "").with_code(parts.status.as_u16())
        });
        match status.code {
            404 => Ok(None),
            _ => Err(ReadError::from_kube(what, kube::Error::Api(Box::new(status)))),
        }
    }

    /// Passes all objects of a list to `take`, page by page
    ///
    /// # Errors
    ///
    /// A page cannot be read; `take` then has only the objects before.
    pub(crate) async fn list(
        &self,
        list: &ListRequest<'_>,
        mut take: impl FnMut(Value),
    ) -> Result<(), ReadError> {
        let mut params = list.params.clone();
        params.limit.get_or_insert(PAGE);
        loop {
            let next = match self.page(list, &params).await? {
                PageAnswer::Text(text) => take_items(list.what, &text, &mut take)?,
                PageAnswer::Renewed(next) => Some(next),
            };
            match next.filter(|next| !next.is_empty()) {
                Some(next) => params.continue_token = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn page(&self, list: &ListRequest<'_>, params: &ListParams) -> Result<PageAnswer, ReadError> {
        let what = list.what;
        let request = Request::new(list.path);
        let request = match list.content {
            ListContent::Objects => request.list(params),
            ListContent::Metadata => request.list_metadata(params),
        };
        let request = request.map_err(|error| ReadError::new(what, error))?;
        match tokio::time::timeout(TIMEOUT, self.client.request_text(request)).await {
            Ok(Ok(text)) => Ok(PageAnswer::Text(text)),
            // The snapshot of the list has expired: it goes on in a newer one, without repeating a token
            Ok(Err(kube::Error::Api(status))) if status.code == GONE => {
                let metadata = status.metadata.as_ref();
                let next = metadata.and_then(|metadata| metadata.continue_.clone());
                let next = next.filter(|next| Some(next) != params.continue_token.as_ref());
                match next {
                    Some(next) => Ok(PageAnswer::Renewed(next)),
                    None => Err(ReadError::from_kube(what, kube::Error::Api(status))),
                }
            }
            Ok(Err(error)) => Err(ReadError::from_kube(what, error)),
            Err(_) => Err(timed_out(what)),
        }
    }

    /// The path of a kind's objects; `None` if the API server does not have the kind's group
    ///
    /// ```text
    /// Deployment, namespace shop -> /apis/apps/v1/namespaces/shop/deployments
    /// Pod, all namespaces        -> /api/v1/pods
    /// ```
    ///
    /// # Errors
    ///
    /// The version of a custom kind's group cannot be read.
    pub(crate) async fn path(&self, kind: &WorkloadKind, scope: &Scope) -> Result<Option<String>, ReadError> {
        let version = self.api_version(kind).await?;
        Ok(version.map(|version| path_in(&version, kind, scope)))
    }

    /// The API version of a kind, such as `apps/v1`; `None` if the API server does not have the kind's group
    ///
    /// # Errors
    ///
    /// The version of a custom kind's group cannot be read.
    pub(super) async fn api_version(&self, kind: &WorkloadKind) -> Result<Option<String>, ReadError> {
        Ok(match (kind, kind.group()) {
            (_, "") => Some("v1".to_owned()),
            (WorkloadKind::Delegated(_), group) => {
                let version = self.preferred_version(group).await?;
                version.map(|version| format!("{group}/{version}"))
            }
            (_, group) => Some(format!("{group}/v1")),
        })
    }

    async fn preferred_version(&self, group: &str) -> Result<Option<String>, ReadError> {
        let what = format!("API group {group}");
        let found = self.get(&what, "/apis", group).await?;
        let version = found
            .as_ref()
            .and_then(|found| found.pointer("/preferredVersion/version"));
        Ok(version.and_then(Value::as_str).map(str::to_owned))
    }
}

/// Passes the objects of a page to `take`; returns the token of the next page
fn take_items(what: &str, text: &str, take: &mut impl FnMut(Value)) -> Result<Option<String>, ReadError> {
    let invalid = |error| ReadError::new(what, error);
    let page: Page<'_> = serde_json::from_str(text).map_err(invalid)?;
    for item in page.items.into_iter().flatten() {
        take(serde_json::from_str(item.get()).map_err(invalid)?);
    }
    Ok(page.metadata.next)
}

/// The path of a kind's objects in an API version
pub(super) fn path_in(api_version: &str, kind: &WorkloadKind, scope: &Scope) -> String {
    let base = if api_version.contains('/') {
        "/apis"
    } else {
        "/api"
    };
    let namespace = match scope {
        Scope::AllNamespaces => String::new(),
        Scope::Namespace(namespace) => format!("/namespaces/{namespace}"),
    };
    format!("{base}/{api_version}{namespace}/{}", kind.resource())
}

fn timed_out(what: &str) -> ReadError {
    let seconds = TIMEOUT.as_secs();
    ReadError::new(what, format!("no answer from the API server within {seconds} s"))
}

impl std::fmt::Debug for ApiClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiClient").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use axum::body::Body as AxumBody;
    use axum::http::Response;
    use serde_json::json;

    use super::*;
    use crate::analysis::survey::live::api_client::write::{WriteMode, warning_text};

    /// A reader of an API server that gives these answers one after the other, and the queries that it got
    fn reader(answers: Vec<(u16, Value)>) -> (ApiClient, Arc<Mutex<Vec<String>>>) {
        let (answers, asked) = (Arc::new(Mutex::new(answers)), Arc::new(Mutex::new(Vec::new())));
        let queries = Arc::clone(&asked);
        let service = tower::service_fn(move |request: HttpRequest<kube::client::Body>| {
            queries.lock().unwrap().push(request.uri().to_string());
            let (status, body) = answers.lock().unwrap().remove(0);
            let response = Response::builder().status(status);
            let response = response.header("Warning", r#"299 - "ramgate: beware""#);
            let response = response.body(AxumBody::from(body.to_string())).unwrap();
            async move { Ok::<_, Infallible>(response) }
        });
        (ApiClient::new(Client::new(service, "default")), asked)
    }

    fn page(names: &[&str], next: &str) -> (u16, Value) {
        let items: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        (200, json!({"metadata": {"continue": next}, "items": items}))
    }

    fn failure(code: u16, next: Option<&str>) -> (u16, Value) {
        let body = json!({"kind": "Status", "status": "Failure", "message": "no", "reason": "No", "code": code,
            "metadata": {"continue": next}});
        (code, body)
    }

    async fn names(answers: Vec<(u16, Value)>) -> (Result<Vec<String>, ReadError>, usize) {
        let (reader, asked) = reader(answers);
        let mut names = Vec::new();
        let take = |object: Value| names.push(object["name"].as_str().unwrap().to_owned());
        let read = reader
            .list(&ListRequest::objects("things", "/api/v1/things"), take)
            .await;
        let count = asked.lock().unwrap().len();
        (read.map(|()| names), count)
    }

    #[tokio::test]
    async fn a_long_list_is_read_page_by_page() {
        let (read, count) = names(vec![page(&["a", "b"], "next"), page(&["c"], "")]).await;
        assert_eq!(
            (read.unwrap(), count),
            (["a", "b", "c"].map(str::to_owned).to_vec(), 2)
        );
        let (read, _) = names(vec![(200, json!({"metadata": {}, "items": null}))]).await;
        assert_eq!(read.unwrap(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_list_whose_token_expired_goes_on_where_it_was() {
        let answers = vec![page(&["a"], "old"), failure(410, Some("new")), page(&["b"], "")];
        assert_eq!(names(answers).await.0.unwrap(), ["a", "b"]);
        let error = names(vec![page(&["a"], "old"), failure(410, None)])
            .await
            .0
            .unwrap_err();
        assert_eq!(error.to_string(), "things: no");
        // Nobody is asked the same again and again
        let again = vec![page(&["a"], "old"), failure(410, Some("old")), page(&["b"], "")];
        assert!(names(again).await.0.is_err());
    }

    #[tokio::test]
    async fn missing_and_forbidden_objects_are_distinguished() {
        let (reader, _) = reader(vec![failure(404, None), failure(403, None), (200, json!("text"))]);
        assert_eq!(reader.get("a thing", "/api/v1/things", "x").await.unwrap(), None);
        let error = reader.get("a thing", "/api/v1/things", "x").await.unwrap_err();
        assert!(error.is_forbidden() && !error.is_not_found());
        assert!(reader.get("a thing", "/api/v1/things", "x").await.is_ok());
        let error = names(vec![failure(404, None)]).await.0.unwrap_err();
        assert!(error.is_not_found());
    }

    #[tokio::test]
    async fn an_answer_without_end_is_not_read_to_its_end() {
        for status in [200, 500] {
            let sent = Arc::new(Mutex::new(0));
            let counted = Arc::clone(&sent);
            let service = tower::service_fn(move |_: HttpRequest<kube::client::Body>| {
                let counted = Arc::clone(&counted);
                let chunks = futures::stream::repeat_with(move || {
                    *counted.lock().unwrap() += 1;
                    Ok::<_, Infallible>(vec![b'a'; 1024 * 1024])
                });
                let body = AxumBody::from_stream(futures::StreamExt::take(chunks, 100));
                let response = Response::builder().status(status).body(body).unwrap();
                async move { Ok::<_, Infallible>(response) }
            });
            let client = ApiClient::new(Client::new(service, "default"));
            let error = client.get("a thing", "/api/v1/things", "x").await.unwrap_err();
            assert_eq!(error.to_string(), "a thing: the answer is too long");
            assert!(*sent.lock().unwrap() < 20);
        }
    }

    #[tokio::test]
    async fn a_change_is_tried_or_made_and_its_warnings_are_kept() {
        let (reader, asked) = reader(vec![(200, json!({"kind": "Deployment"})), failure(403, None)]);
        let patch = json!({"metadata": {}});
        let done = reader
            .patch(
                "web",
                "/apis/apps/v1/deployments",
                "web",
                &patch,
                WriteMode::DryRun,
            )
            .await
            .unwrap();
        assert_eq!(done.warnings, ["ramgate: beware"]);
        assert_eq!(done.result.unwrap()["kind"], "Deployment");
        let refused = reader
            .patch(
                "web",
                "/apis/apps/v1/deployments",
                "web",
                &patch,
                WriteMode::Store,
            )
            .await
            .unwrap();
        assert_eq!(refused.result.unwrap_err(), "no");
        let asked = asked.lock().unwrap();
        assert!(
            asked[0].contains("dryRun=All") && !asked[1].contains("dryRun"),
            "{asked:?}"
        );
    }

    #[test]
    fn the_text_of_a_warning_header_is_unwrapped() {
        assert_eq!(warning_text(r#"299 - "a \"b\" \\ c""#), r#"a "b" \ c"#);
        assert_eq!(warning_text("odd"), "odd");
    }
}
