//! An API server for tests: fixed answers by path, and lists and watches that the test fills.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use futures::channel::mpsc;
use kube::Client;
use serde_json::{Value, json};

use crate::cluster::api::watches::Watches;

/// A request that the server received
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) accept: String,
    pub(crate) body: Value,
}

/// An API server in memory; clones share one state
#[derive(Clone, Default)]
pub(crate) struct FakeApiServer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    answers: HashMap<String, Answer>,
    lists: HashMap<String, Vec<Value>>,
    watches: HashMap<String, Vec<mpsc::UnboundedSender<Result<Bytes, Infallible>>>>,
}

#[derive(Clone)]
enum Answer {
    Object(Value),
    Fail(u16),
    Hang,
}

impl FakeApiServer {
    pub(crate) fn client(&self) -> Client {
        let fake = self.clone();
        let service = tower::service_fn(move |request| {
            let fake = fake.clone();
            async move { Ok::<_, Infallible>(fake.answer(request).await) }
        });
        Client::new(service, "ramgate")
    }

    /// Watches that are never stale
    pub(crate) fn watches(&self) -> Watches {
        Watches::new(self.client(), Duration::from_secs(600))
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().calls.clone()
    }

    /// Answers a path with an object
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.0
            .lock()
            .unwrap()
            .answers
            .insert(path.to_owned(), Answer::Object(object));
    }

    pub(crate) fn fail(&self, path: &str, code: u16) {
        self.0
            .lock()
            .unwrap()
            .answers
            .insert(path.to_owned(), Answer::Fail(code));
    }

    pub(crate) fn hang(&self, path: &str) {
        self.0
            .lock()
            .unwrap()
            .answers
            .insert(path.to_owned(), Answer::Hang);
    }

    pub(crate) fn heal(&self, path: &str) {
        self.0.lock().unwrap().answers.remove(path);
    }

    /// Gives a path a list, which can be watched
    pub(crate) fn list(&self, path: &str, items: Vec<Value>) {
        self.0.lock().unwrap().lists.insert(path.to_owned(), items);
    }

    /// Sends an event to all open watches of a path
    pub(crate) fn send_event(&self, path: &str, event: &str, object: Value) {
        let line = format!("{}\n", json!({"type": event, "object": object}));
        let state = self.0.lock().unwrap();
        for watch in state.watches.get(path).into_iter().flatten() {
            let _ = watch.unbounded_send(Ok(Bytes::from(line.clone())));
        }
    }

    /// How many watches of a path are open
    pub(crate) fn open_watches(&self, path: &str) -> usize {
        let state = self.0.lock().unwrap();
        state
            .watches
            .get(path)
            .into_iter()
            .flatten()
            .filter(|watch| !watch.is_closed())
            .count()
    }

    async fn answer(&self, request: Request<kube::client::Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let accept = parts
            .headers
            .get("accept")
            .map_or("", |value| value.to_str().unwrap())
            .to_owned();
        let body = body.collect_bytes().await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let answer = {
            let mut state = self.0.lock().unwrap();
            state.calls.push(Call {
                method: parts.method.to_string(),
                path: path.clone(),
                query: query.clone(),
                accept,
                body,
            });
            state.answers.get(&path).cloned()
        };
        match answer {
            Some(Answer::Object(object)) => return respond(StatusCode::OK, &object),
            Some(Answer::Fail(code)) => return failure(StatusCode::from_u16(code).unwrap()),
            Some(Answer::Hang) => futures::future::pending().await,
            None => {}
        }
        let mut state = self.0.lock().unwrap();
        if query.contains("watch=true") {
            let (sender, receiver) = mpsc::unbounded();
            state.watches.entry(path).or_default().push(sender);
            return Response::new(Body::from_stream(receiver));
        }
        match state.lists.get(&path) {
            Some(items) => respond(
                StatusCode::OK,
                &json!({"metadata": {"resourceVersion": "1"}, "items": items}),
            ),
            None => failure(StatusCode::NOT_FOUND),
        }
    }
}

fn respond(code: StatusCode, object: &Value) -> Response<Body> {
    Response::builder()
        .status(code)
        .body(Body::from(object.to_string()))
        .unwrap()
}

fn failure(code: StatusCode) -> Response<Body> {
    let reason = if code == StatusCode::NOT_FOUND {
        "NotFound"
    } else {
        "Forbidden"
    };
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "as the test wants it",
        "reason": reason, "code": code.as_u16()});
    respond(code, &status)
}

/// Waits until a condition holds, for a few seconds
pub(crate) async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..1000 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} never came");
}
