//! As much of a Kubernetes API as the certificates need: get, list, watch and the three kinds of patch, with the
//! conflicts that a real one reports.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request, Response, StatusCode, Uri};
use futures::{Stream, stream};
use kube::Client;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::watch;

/// Objects by `PLURAL/NAME`
#[derive(Clone, Default)]
pub(crate) struct FakeApi {
    state: Arc<Mutex<State>>,
    changes: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    /// Who applied each object first
    managers: BTreeMap<String, String>,
    /// Every change so far, the resource version of each being its place
    events: Vec<(String, Value)>,
    patches: usize,
}

impl FakeApi {
    pub(crate) fn client(&self) -> Client {
        let api = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let api = api.clone();
            async move { Ok::<_, Infallible>(api.answer(request).await) }
        });
        Client::new(service, "default")
    }

    pub(crate) fn object<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let object = self.state().objects.get(key).cloned()?;
        Some(serde_json::from_value(object).unwrap())
    }

    pub(crate) fn put(&self, key: &str, object: Value) {
        let kind = if self.state().objects.contains_key(key) {
            "MODIFIED"
        } else {
            "ADDED"
        };
        self.store(key, kind, object);
    }

    pub(crate) fn delete(&self, key: &str) {
        let object = self.state().objects.get(key).cloned().unwrap();
        self.store(key, "DELETED", object);
        let mut state = self.state();
        state.objects.remove(key);
        state.managers.remove(key);
    }

    /// How many patches were asked for
    pub(crate) fn patches(&self) -> usize {
        self.state().patches
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn store(&self, key: &str, kind: &str, mut object: Value) -> Value {
        let mut state = self.state();
        let version = state.events.len() + 1;
        object["metadata"]["resourceVersion"] = version.to_string().into();
        state.objects.insert(key.to_owned(), object.clone());
        state
            .events
            .push((key.to_owned(), json!({"type": kind, "object": object})));
        self.changes.send_replace(version);
        object
    }

    async fn answer(&self, request: Request<kube::client::Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
        let parameters = parameters(&parts.uri);
        let mut path: Vec<&str> = parts.uri.path().split('/').collect();
        let last = path.pop().unwrap();
        if let Some(selector) = parameters.get("fieldSelector") {
            let key = format!("{last}/{}", selector.strip_prefix("metadata.name=").unwrap());
            return if parameters.get("watch").is_some_and(|watch| watch == "true") {
                let from = parameters["resourceVersion"].parse().unwrap();
                Response::new(Body::from_stream(self.events(key, from)))
            } else {
                let state = self.state();
                let items: Vec<_> = state.objects.get(&key).into_iter().collect();
                let version = state.events.len().to_string();
                json_body(
                    StatusCode::OK,
                    &json!({"metadata": {"resourceVersion": version}, "items": items}),
                )
            };
        }
        let key = format!("{}/{last}", path.pop().unwrap());
        let answer = match parts.method {
            Method::GET => self
                .object::<Value>(&key)
                .ok_or((StatusCode::NOT_FOUND, "not found")),
            Method::PATCH => {
                self.state().patches += 1;
                let manager = parameters.get("fieldManager").cloned().unwrap_or_default();
                let patch: Value = serde_json::from_slice(&body).unwrap();
                match parts.headers[CONTENT_TYPE].to_str().unwrap() {
                    "application/apply-patch+yaml" => self.apply(&key, &manager, patch),
                    "application/merge-patch+json" => self.change(&key, &patch, merge),
                    "application/strategic-merge-patch+json" => self.change(&key, &patch, merge_by_name),
                    other => panic!("{other}"),
                }
            }
            other => panic!("{other} {key}"),
        };
        match answer {
            Ok(object) => json_body(StatusCode::OK, &object),
            Err((status, reason)) => json_body(
                status,
                &json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason,
                    "reason": reason, "code": status.as_u16()}),
            ),
        }
    }

    /// Creates, or conflicts when another manager has set any entry to another value
    fn apply(&self, key: &str, manager: &str, object: Value) -> Result<Value, (StatusCode, &'static str)> {
        {
            let mut state = self.state();
            if let Some(current) = state.objects.get(key) {
                let conflict = object["data"]
                    .as_object()
                    .unwrap()
                    .iter()
                    .any(|(entry, value)| current["data"].get(entry).is_some_and(|have| have != value));
                if conflict && state.managers.get(key).is_none_or(|owner| owner != manager) {
                    return Err((StatusCode::CONFLICT, "conflict with another manager"));
                }
            }
            state.managers.insert(key.to_owned(), manager.to_owned());
        }
        self.put(key, object);
        Ok(self.object(key).unwrap())
    }

    fn change(
        &self,
        key: &str,
        patch: &Value,
        how: fn(&mut Value, &Value),
    ) -> Result<Value, (StatusCode, &'static str)> {
        let Some(mut object) = self.object::<Value>(key) else {
            return Err((StatusCode::NOT_FOUND, "not found"));
        };
        let wanted = &patch["metadata"]["resourceVersion"];
        if !wanted.is_null() && *wanted != object["metadata"]["resourceVersion"] {
            return Err((StatusCode::CONFLICT, "the object has been modified"));
        }
        how(&mut object, patch);
        Ok(self.store(key, "MODIFIED", object))
    }

    /// The events of one object after a version, as they come
    fn events(&self, key: String, from: usize) -> impl Stream<Item = Result<String, Infallible>> + use<> {
        let (api, changes) = (self.clone(), self.changes.subscribe());
        stream::unfold(
            (api, changes, key, from),
            |(api, mut changes, key, mut next)| async move {
                loop {
                    let event = api.state().events.get(next).cloned();
                    match event {
                        Some((changed, event)) => {
                            next += 1;
                            if changed == key {
                                return Some((Ok(format!("{event}\n")), (api, changes, key, next)));
                            }
                        }
                        None => {
                            changes.wait_for(|count| *count > next).await.ok()?;
                        }
                    }
                }
            },
        )
    }
}

fn json_body(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response
}

fn parameters(uri: &Uri) -> BTreeMap<String, String> {
    let query = uri.query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.replace("%3D", "=")))
        .collect()
}

fn merge(object: &mut Value, patch: &Value) {
    json_patch::merge(object, patch);
}

/// `webhooks` by name, all else like a merge patch
fn merge_by_name(object: &mut Value, patch: &Value) {
    for change in patch["webhooks"].as_array().unwrap() {
        let entries = object["webhooks"].as_array_mut().unwrap();
        let entry = entries
            .iter_mut()
            .find(|entry| entry["name"] == change["name"])
            .unwrap();
        json_patch::merge(entry, change);
    }
}
