//! From a request to its answer: the gate, the fixed files, and the questions, each bounded in size and time.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::cli::explore::cell::cell;
use crate::cli::explore::column::columns_json;
use crate::cli::explore::differences::{difference, differences};
use crate::cli::explore::gate::{Gate, Refusal};
use crate::cli::explore::matrix::matrix;
use crate::cli::explore::names::names;
use crate::cli::explore::page;
use crate::cli::explore::reply::{self, Complaint};
use crate::cli::explore::snapshot::{Side, Snapshot};
use crate::cli::explore::verdict::verdict;
use crate::cli::manifest::Manifest;

/// An object is at most 1.5 MiB in etcd; what people write is far smaller
const MAX_BODY: usize = 1024 * 1024;

/// A page on this machine sends its questions at once
const BODY_TIME: Duration = Duration::from_secs(5);

/// From a question to its answer, the wait for others included
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Questions answered at a time; more would only take the processors from each other
const AT_A_TIME: usize = 2;

/// What the page asks
pub(super) struct Explorer {
    gate: Gate,
    snapshot: ArcSwap<Snapshot>,
    /// What else the cluster holds
    objects: Arc<[Manifest]>,
    permits: Arc<Semaphore>,
}

impl Explorer {
    pub(super) fn new(gate: Gate, snapshot: Arc<Snapshot>, objects: Vec<Manifest>) -> Self {
        Self {
            gate,
            snapshot: ArcSwap::new(snapshot),
            objects: objects.into(),
            permits: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// Puts newer configurations before the page
    pub(super) fn replace(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.store(snapshot);
    }
}

/// Everything on one port
pub(super) fn router(explorer: Arc<Explorer>) -> Router {
    Router::new().fallback(answer).with_state(explorer)
}

async fn answer(State(explorer): State<Arc<Explorer>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = match explorer.gate.admit(&parts) {
        Ok(Some(path)) => path.to_owned(),
        Ok(None) => return reply::moved(&format!("{}/", parts.uri.path())),
        Err(refusal) => return refused(refusal),
    };
    match (&parts.method, path.strip_prefix("api/")) {
        (&Method::GET, Some("status")) => reply::answer(&status(&explorer.snapshot.load())),
        (&Method::POST, Some(question)) => match body_of(&parts, body).await {
            Ok(body) => explorer.ask(question, body).await,
            Err(response) => response,
        },
        (&Method::GET, None) => match page::file(&path) {
            Some(file) => reply::typed(StatusCode::OK, file.media_type, file.text),
            None => reply::text(StatusCode::NOT_FOUND, "the page has no such file"),
        },
        (_, Some(_)) => reply::wrong_method("POST"),
        (_, None) => reply::wrong_method("GET"),
    }
}

fn refused(refusal: Refusal) -> Response {
    let (status, sentence) = match refusal {
        Refusal::Host => (
            StatusCode::MISDIRECTED_REQUEST,
            "this page is for 127.0.0.1 and localhost with its own port: open the address that ramgate printed",
        ),
        Refusal::Token => (
            StatusCode::NOT_FOUND,
            "open the address that ramgate printed, with the token in it",
        ),
        Refusal::Site => (
            StatusCode::FORBIDDEN,
            "another site may not ask: paste the address that ramgate printed into the address bar",
        ),
        Refusal::Method => return reply::wrong_method("GET, POST"),
    };
    reply::text(status, sentence)
}

/// The body of a question, if it is JSON and small
async fn body_of(parts: &Parts, body: Body) -> Result<Bytes, Response> {
    let media_type = parts.headers.get(CONTENT_TYPE);
    if media_type.is_none_or(|value| value.as_bytes() != b"application/json") {
        let message = "a question is application/json";
        return Err(reply::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, None, message));
    }
    match timeout(BODY_TIME, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let message =
                format!("the text is cut off, or larger than {MAX_BODY} bytes: use `ramgate check -f`");
            Err(reply::error(
                StatusCode::PAYLOAD_TOO_LARGE,
                Some("manifest"),
                &message,
            ))
        }
        Err(_) => Err(reply::error(
            StatusCode::REQUEST_TIMEOUT,
            None,
            "the question did not come in time",
        )),
    }
}

impl Explorer {
    async fn ask(&self, question: &str, body: Bytes) -> Response {
        let snapshot = self.snapshot.load_full();
        let objects = Arc::clone(&self.objects);
        let question = question.to_owned();
        let answered = async {
            // Never closed
            let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
            let work = move || {
                // Held to the end of the work, also if nobody waits for it any more
                let _permit = permit;
                answered(&question, &body, &snapshot, &objects)
            };
            tokio::task::spawn_blocking(work).await
        };
        match timeout(ANSWER_TIME, answered).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => {
                let message = "ramgate could not answer this: please report it with what you asked";
                reply::error(StatusCode::INTERNAL_SERVER_ERROR, None, message)
            }
            Err(_) => {
                let message = "the answer takes too long: ask for less";
                reply::error(StatusCode::SERVICE_UNAVAILABLE, None, message)
            }
        }
    }
}

fn answered(question: &str, body: &[u8], snapshot: &Snapshot, objects: &[Manifest]) -> Response {
    let now = Timestamp::now();
    match question {
        "matrix" => read(body, |request| matrix(&request, snapshot, now)),
        "cell" => read(body, |request| cell(&request, snapshot, now)),
        "names" => read(body, |request| names(&request, snapshot)),
        "verdict" => read(body, |request| verdict(&request, snapshot, objects)),
        "differences" => read(body, |request| differences(&request, snapshot)),
        "difference" => read(body, |request| difference(&request, snapshot)),
        _ => reply::error(StatusCode::NOT_FOUND, None, "there is no such question"),
    }
}

/// Reads a question and answers it
fn read<T: DeserializeOwned>(body: &[u8], answer: impl Fn(T) -> Result<Value, Complaint>) -> Response {
    match serde_json::from_slice(body).map(answer) {
        Ok(Ok(value)) => reply::answer(&value),
        Ok(Err(complaint)) => complaint.response(),
        Err(error) => {
            let message = format!("the question cannot be read: {error}");
            reply::error(StatusCode::BAD_REQUEST, None, &message)
        }
    }
}

/// The state of both configurations, which the page asks for again and again
fn status(snapshot: &Snapshot) -> Value {
    json!({
        "revision": snapshot.revision,
        "version": env!("CARGO_PKG_VERSION"),
        "columns": columns_json(),
        "sides": {
            "live": snapshot.live.as_json(),
            "candidate": snapshot.candidate.as_ref().map(Side::as_json),
        },
    })
}
