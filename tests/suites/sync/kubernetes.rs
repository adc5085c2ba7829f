//! An API server with ConfigMaps, which takes reads and server-side applies and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

const PREFIX: &str = "/api/v1/namespaces/ramgate-system/configmaps/";
pub(crate) const POLICIES: &str = "ramgate-ram-policies";
pub(crate) const DIRECTORY: &str = "ramgate-ram-directory";

#[derive(Default)]
struct State {
    config_maps: BTreeMap<String, Value>,
    /// The fields that each manager has: paths of a ConfigMap
    owned: BTreeMap<(String, String), BTreeSet<String>>,
    /// Name and manager of each apply that was stored
    writes: Vec<(String, String)>,
    /// ConfigMaps that refuse to be applied: how many applies they take before, and how many they refuse
    refused: BTreeMap<String, (usize, usize)>,
}

/// A running API server
#[derive(Clone)]
pub(crate) struct Kubernetes {
    pub(crate) kubeconfig: PathBuf,
    state: Arc<Mutex<State>>,
}

impl Kubernetes {
    /// Starts an API server with the ConfigMaps of the chart
    pub(crate) async fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let kubeconfig = folder.join("kubeconfig.yaml");
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "users": [{"name": "u", "user": {}}]});
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let kubernetes = Self {
            kubeconfig,
            state: Arc::default(),
        };
        kubernetes.put(POLICIES, "policy", json!({}));
        kubernetes.put(DIRECTORY, "directory", json!({}));
        let server = kubernetes.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let server = server.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let server = server.clone();
                        async move { Ok::<_, Infallible>(server.answer(request).await) }
                    });
                    let _ended = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        kubernetes
    }

    /// Makes a ConfigMap that somebody else wrote
    pub(crate) fn put(&self, name: &str, kind: &str, data: Value) {
        let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data, "metadata": {"name": name,
            "uid": name, "labels": {"ramgate.io/config": kind}, "annotations": {"ramgate.io/synced": "true"}}});
        self.state
            .lock()
            .unwrap()
            .config_maps
            .insert(name.to_owned(), config_map);
    }

    pub(crate) fn remove(&self, name: &str) {
        self.state.lock().unwrap().config_maps.remove(name);
    }

    /// Refuses applies of a ConfigMap after some
    pub(crate) fn refuse(&self, name: &str, after: usize) {
        self.refuse_some(name, after, usize::MAX);
    }

    /// Refuses so many applies of a ConfigMap after some
    pub(crate) fn refuse_some(&self, name: &str, after: usize, count: usize) {
        let mut state = self.state.lock().unwrap();
        state.refused.insert(name.to_owned(), (after, count));
    }

    pub(crate) fn get(&self, name: &str) -> Value {
        self.state.lock().unwrap().config_maps[name].clone()
    }

    /// All ConfigMaps
    pub(crate) fn all(&self) -> BTreeMap<String, Value> {
        self.state.lock().unwrap().config_maps.clone()
    }

    /// Takes the applies that were stored, without those of the status
    pub(crate) fn take_writes(&self) -> Vec<String> {
        let writes = std::mem::take(&mut self.state.lock().unwrap().writes);
        writes
            .into_iter()
            .filter(|(_, manager)| manager == "ramgate-sync")
            .map(|(name, _)| name)
            .collect()
    }

    async fn answer(&self, request: Request<hyper::body::Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = to_bytes(Body::new(body), 4 << 20).await.unwrap();
        let (status, answer) = match head.uri.path().strip_prefix(PREFIX) {
            Some(name) if head.method == "GET" => self.read(name),
            Some(name) if head.method == "PATCH" => {
                assert_eq!(head.headers["content-type"], "application/apply-patch+yaml");
                self.apply(
                    name,
                    head.uri.query().unwrap_or_default(),
                    &serde_json::from_slice(&body).unwrap(),
                )
            }
            _ => failure(403, &format!("{} {} is forbidden", head.method, head.uri)),
        };
        let response = Response::builder()
            .status(status)
            .header("content-type", "application/json");
        response.body(Body::from(answer.to_string())).unwrap()
    }

    fn read(&self, name: &str) -> (u16, Value) {
        match self.state.lock().unwrap().config_maps.get(name) {
            Some(config_map) => (200, config_map.clone()),
            None => failure(404, &format!("configmaps \"{name}\" not found")),
        }
    }

    /// A small part of server-side apply: a manager's fields that it leaves out go away
    fn apply(&self, name: &str, query: &str, wanted: &Value) -> (u16, Value) {
        let manager = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("fieldManager="))
            .unwrap()
            .to_owned();
        assert!(query.contains("force=true"), "{query}");
        let mut state = self.state.lock().unwrap();
        if let Some((left, count)) = state.refused.get_mut(name) {
            match (left.checked_sub(1), count.checked_sub(1)) {
                (Some(fewer), _) => *left = fewer,
                (None, Some(fewer)) => {
                    *count = fewer;
                    return failure(
                        422,
                        "admission webhook \"configuration.ramgate.io\" denied the request",
                    );
                }
                (None, None) => {}
            }
        }
        let Some(mut config_map) = state.config_maps.get(name).cloned() else {
            return failure(404, &format!("configmaps \"{name}\" not found"));
        };
        let places = ["/data", "/metadata/labels", "/metadata/annotations"];
        let mut fields = BTreeSet::new();
        let before = state
            .owned
            .get(&(name.to_owned(), manager.clone()))
            .cloned()
            .unwrap_or_default();
        for place in places {
            if config_map.pointer(place).is_none_or(Value::is_null) {
                let (parent, key) = place.rsplit_once('/').unwrap();
                config_map.pointer_mut(parent).unwrap()[key] = json!({});
            }
            let target: &mut Map<String, Value> =
                config_map.pointer_mut(place).unwrap().as_object_mut().unwrap();
            target.retain(|key, _| !before.contains(&format!("{place}/{key}")));
            for (key, value) in wanted
                .pointer(place)
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                target.insert(key.clone(), value.clone());
                fields.insert(format!("{place}/{key}"));
            }
        }
        let bytes: usize = config_map["data"]
            .as_object()
            .unwrap()
            .values()
            .map(|text| text.as_str().unwrap().len())
            .sum();
        if bytes > 1024 * 1024 {
            return failure(422, "data: Too long: may not be more than 1048576 bytes");
        }
        if !query.contains("dryRun=All") {
            state.config_maps.insert(name.to_owned(), config_map.clone());
            state.owned.insert((name.to_owned(), manager.clone()), fields);
            state.writes.push((name.to_owned(), manager));
        }
        (200, config_map)
    }
}

fn failure(code: u16, message: &str) -> (u16, Value) {
    let reason = if code == 404 { "NotFound" } else { "Invalid" };
    (
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": code}),
    )
}
