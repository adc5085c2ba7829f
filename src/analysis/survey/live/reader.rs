//! Single objects and long lists of the API server, as JSON.

use std::time::Duration;

use kube::Client;
use kube::client::Body;
use kube::core::Request;
use kube::core::params::{GetParams, ListParams, Patch, PatchParams};
use serde::Deserialize;
use serde_json::Value;

use crate::analysis::survey::source::Source;
use crate::cluster::api::ApiError;

/// How many objects are asked for at once: a page of pods stays below ten megabytes
const PAGE: u32 = 250;

/// Longer than any API server that works takes for one page
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest answer to a single request that is read: etcd holds no object of more
const LONGEST: usize = 16 * 1024 * 1024;

/// HTTP status of a list that took so long that its state is forgotten
const GONE: u16 = 410;

/// Reads what somebody may see
#[derive(Clone)]
pub(crate) struct Reader {
    client: Client,
}

/// Where objects are looked for
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In all namespaces, or in none where the kind belongs to none
    Everywhere,
    /// In one namespace
    Namespace(String),
}

/// Something could not be read
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub(crate) struct ReadError {
    what: String,
    why: String,
    status: u16,
}

/// What the API server said to a change
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The object as it is now, or why it is not so
    pub outcome: Result<Value, String>,
    /// What it warned of
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    /// `null` where Go had none
    items: Option<Vec<Value>>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

impl ReadError {
    pub(crate) fn new(what: &str, why: impl ToString) -> Self {
        Self {
            what: what.to_owned(),
            why: why.to_string(),
            status: 0,
        }
    }

    fn of(what: &str, error: kube::Error) -> Self {
        let status = match &error {
            kube::Error::Api(status) => status.code,
            _ => 0,
        };
        Self {
            status,
            ..Self::new(what, ApiError::from(error))
        }
    }

    /// Whether whoever asks has no right to it
    pub(crate) fn is_forbidden(&self) -> bool {
        self.status == 403
    }

    /// Whether the API server does not know what was asked for
    pub(crate) fn is_absent(&self) -> bool {
        self.status == 404
    }
}

impl Reader {
    /// Whoever the client signs in as
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// One object, if it is there; errors say what it is
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) async fn get(&self, what: &str, path: &str, name: &str) -> Result<Option<Value>, ReadError> {
        let request = Request::new(path)
            .get(name, &GetParams::default())
            .map_err(|error| ReadError::new(what, error))?;
        match tokio::time::timeout(PATIENCE, self.client.request_text(request)).await {
            Ok(Ok(text)) if text.len() <= LONGEST => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| ReadError::new(what, error)),
            Ok(Ok(_)) => Err(ReadError::new(what, "the answer is too long")),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(None),
            Ok(Err(error)) => Err(ReadError::of(what, error)),
            Err(_) => Err(late(what)),
        }
    }

    /// All objects of a list, each given away as soon as its page is there
    ///
    /// # Errors
    ///
    /// A page cannot be read; what was given away before is then a part of the whole.
    pub(crate) async fn list(
        &self,
        what: &str,
        path: &str,
        wanted: &ListParams,
        is_metadata_enough: bool,
        mut take: impl FnMut(Value),
    ) -> Result<(), ReadError> {
        let mut params = wanted.clone();
        params.limit.get_or_insert(PAGE);
        loop {
            let request = Request::new(path);
            let request = match is_metadata_enough {
                true => request.list_metadata(&params),
                false => request.list(&params),
            };
            let request = request.map_err(|error| ReadError::new(what, error))?;
            let next = match tokio::time::timeout(PATIENCE, self.client.request_text(request)).await {
                Ok(Ok(text)) => {
                    let page: Page =
                        serde_json::from_str(&text).map_err(|error| ReadError::new(what, error))?;
                    page.items.into_iter().flatten().for_each(&mut take);
                    page.metadata.next
                }
                // The state in which the list began is forgotten: it goes on in a newer one
                Ok(Err(kube::Error::Api(status))) if status.code == GONE => {
                    let next = status
                        .metadata
                        .as_ref()
                        .and_then(|metadata| metadata.continue_.clone());
                    let again = next.filter(|next| Some(next) != params.continue_token.as_ref());
                    Some(again.ok_or_else(|| ReadError::of(what, kube::Error::Api(status)))?)
                }
                Ok(Err(error)) => return Err(ReadError::of(what, error)),
                Err(_) => return Err(late(what)),
            };
            match next.filter(|next| !next.is_empty()) {
                Some(next) => params.continue_token = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// The path of a kind's objects, if the API server has the kind
    ///
    /// # Errors
    ///
    /// Which version it is served in cannot be read.
    pub(crate) async fn path(&self, source: &Source, scope: &Scope) -> Result<Option<String>, ReadError> {
        let base = match (source, source.group()) {
            (_, "") => "/api/v1".to_owned(),
            (Source::Listed(_), group) => match self.version(group).await? {
                Some(version) => format!("/apis/{group}/{version}"),
                None => return Ok(None),
            },
            (_, group) => format!("/apis/{group}/v1"),
        };
        let within = match scope {
            Scope::Everywhere => String::new(),
            Scope::Namespace(namespace) => format!("/namespaces/{namespace}"),
        };
        Ok(Some(format!("{base}{within}/{}", source.resource())))
    }

    /// The version of an API group that the API server prefers
    async fn version(&self, group: &str) -> Result<Option<String>, ReadError> {
        let what = format!("API group {group}");
        let found = self.get(&what, "/apis", group).await?;
        let version = found
            .as_ref()
            .and_then(|found| found.pointer("/preferredVersion/version"));
        Ok(version.and_then(Value::as_str).map(str::to_owned))
    }

    /// Changes an object, or only tries to
    ///
    /// # Errors
    ///
    /// The API server gives no answer.
    pub(crate) async fn patch(
        &self,
        what: &str,
        path: &str,
        name: &str,
        patch: &Value,
        is_dry_run: bool,
    ) -> Result<Answer, ReadError> {
        let params = PatchParams {
            dry_run: is_dry_run,
            field_manager: Some("ramgate".to_owned()),
            ..PatchParams::default()
        };
        let request = Request::new(path)
            .patch(name, &params, &Patch::Merge(patch))
            .map_err(|error| ReadError::new(what, error))?;
        self.answered(what, request).await
    }

    /// Asks the API server something by creating an object that is stored nowhere
    ///
    /// # Errors
    ///
    /// The API server gives no answer.
    pub(crate) async fn ask(&self, what: &str, path: &str, question: &Value) -> Result<Answer, ReadError> {
        let request = Request::new(path)
            .create(&Default::default(), question.to_string().into_bytes())
            .map_err(|error| ReadError::new(what, error))?;
        self.answered(what, request).await
    }

    /// Sends a request whose warnings count
    async fn answered(&self, what: &str, request: axum::http::Request<Vec<u8>>) -> Result<Answer, ReadError> {
        let sent = async {
            let response = self.client.send(request.map(Body::from)).await?;
            let (head, body) = response.into_parts();
            let body = body.collect_bytes().await?;
            Ok::<_, kube::Error>((head, body))
        };
        let (head, body) = tokio::time::timeout(PATIENCE, sent)
            .await
            .map_err(|_| late(what))?
            .map_err(|error| ReadError::of(what, error))?;
        let warnings = head.headers.get_all("Warning").iter();
        let warnings = warnings.filter_map(|warning| warning.to_str().ok()).map(unquoted);
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let outcome = match head.status.is_success() {
            true => Ok(value),
            false => {
                let message = value.get("message").and_then(Value::as_str).unwrap_or_default();
                Err(match message {
                    "" => head.status.to_string(),
                    message => message.to_owned(),
                })
            }
        };
        Ok(Answer {
            outcome,
            warnings: warnings.collect(),
        })
    }
}

fn late(what: &str) -> ReadError {
    let seconds = PATIENCE.as_secs();
    ReadError::new(what, format!("no answer from the API server within {seconds} s"))
}

/// The text of `299 - "TEXT"`
fn unquoted(warning: &str) -> String {
    let text = warning.splitn(3, ' ').nth(2).unwrap_or(warning);
    text.trim_matches('"').replace("\\\"", "\"").replace("\\\\", "\\")
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use axum::body::Body as AxumBody;
    use axum::http::{Request as HttpRequest, Response};
    use serde_json::json;

    use super::*;

    /// A reader of an API server that gives these answers one after the other, and the queries that it got
    fn reader(answers: Vec<(u16, Value)>) -> (Reader, Arc<Mutex<Vec<String>>>) {
        let (answers, asked) = (Arc::new(Mutex::new(answers)), Arc::new(Mutex::new(Vec::new())));
        let queries = Arc::clone(&asked);
        let service = tower::service_fn(move |request: HttpRequest<Body>| {
            queries.lock().unwrap().push(request.uri().to_string());
            let (status, body) = answers.lock().unwrap().remove(0);
            let response = Response::builder().status(status);
            let response = response.header("Warning", r#"299 - "ramgate: beware""#);
            let response = response.body(AxumBody::from(body.to_string())).unwrap();
            async move { Ok::<_, Infallible>(response) }
        });
        (Reader::new(Client::new(service, "default")), asked)
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
            .list("things", "/api/v1/things", &ListParams::default(), false, take)
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
    async fn a_list_whose_state_is_forgotten_goes_on_where_it_was() {
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
    async fn what_is_not_there_or_not_allowed_is_told_apart() {
        let (reader, _) = reader(vec![failure(404, None), failure(403, None), (200, json!("text"))]);
        assert_eq!(reader.get("a thing", "/api/v1/things", "x").await.unwrap(), None);
        let error = reader.get("a thing", "/api/v1/things", "x").await.unwrap_err();
        assert!(error.is_forbidden() && !error.is_absent());
        assert!(reader.get("a thing", "/api/v1/things", "x").await.is_ok());
        let error = names(vec![failure(404, None)]).await.0.unwrap_err();
        assert!(error.is_absent());
    }

    #[tokio::test]
    async fn a_change_is_tried_or_made_and_its_warnings_are_kept() {
        let (reader, asked) = reader(vec![(200, json!({"kind": "Deployment"})), failure(403, None)]);
        let patch = json!({"metadata": {}});
        let done = reader
            .patch("web", "/apis/apps/v1/deployments", "web", &patch, true)
            .await
            .unwrap();
        assert_eq!(done.warnings, ["ramgate: beware"]);
        assert_eq!(done.outcome.unwrap()["kind"], "Deployment");
        let refused = reader
            .patch("web", "/apis/apps/v1/deployments", "web", &patch, false)
            .await
            .unwrap();
        assert_eq!(refused.outcome.unwrap_err(), "no");
        let asked = asked.lock().unwrap();
        assert!(
            asked[0].contains("dryRun=All") && !asked[1].contains("dryRun"),
            "{asked:?}"
        );
    }

    #[test]
    fn the_text_of_a_warning_is_told_without_its_wrapping() {
        assert_eq!(unquoted(r#"299 - "a \"b\" \\ c""#), r#"a "b" \ c"#);
        assert_eq!(unquoted("odd"), "odd");
    }
}
