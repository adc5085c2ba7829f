//! The API server without kubectl: for what tests ask often, and for requests that kubectl would not send.

use std::path::Path;
use std::sync::OnceLock;

use hyper::Method;
use hyper::Request;
use kube::Client;
use kube::Config;
use kube::client::Body;
use kube::config::KubeConfigOptions;
use kube::config::Kubeconfig;
use serde_json::Value;
use tokio::runtime::Runtime;

/// Someone who talks to the API server
#[derive(Clone)]
pub(crate) struct Rest {
    client: Client,
    headers: Vec<(&'static str, String)>,
}

/// What the API server said
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The object, or a Status; text where it is no JSON
    pub(crate) body: Value,
    /// The texts of all warnings
    pub(crate) warnings: Vec<String>,
}

/// The forms of a patch
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patch {
    Json,
    Merge,
    Strategic,
    /// Server-side apply, which takes over what others own
    Apply,
}

impl Rest {
    /// The user of a kubeconfig
    pub(crate) fn new(kubeconfig: &Path) -> Self {
        // Already there if the tests of this process have done it before.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("kubeconfig");
        let client = runtime().block_on(async {
            let options = KubeConfigOptions::default();
            let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .expect("configuration");
            // A test wants to see each 429, and to try again takes minutes
            config.default_retry = false;
            Client::try_from(config).expect("client")
        });
        Self {
            client,
            headers: vec![],
        }
    }

    /// The same person, acting as another user in groups
    pub(crate) fn acting_as(&self, user: &str, groups: &[&str]) -> Self {
        let groups = groups
            .iter()
            .map(|&group| ("Impersonate-Group", group.to_owned()));
        Self {
            client: self.client.clone(),
            headers: [("Impersonate-User", user.to_owned())]
                .into_iter()
                .chain(groups)
                .collect(),
        }
    }

    /// The same person, of whom an authenticator says this as well; `header` is `Impersonate-Extra-KEY`
    pub(crate) fn with_extra(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }

    /// The object at a path, if there is one; the test ends if the answer is anything else
    #[track_caller]
    pub(crate) fn find(&self, path: &str) -> Option<Value> {
        let reply = self.send(Method::GET, path, "application/json", String::new());
        match reply.status {
            200 => Some(reply.body),
            404 => None,
            _ => panic!("{path}: {reply:?}"),
        }
    }

    /// The object at a path, which must be there
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        self.find(path).unwrap_or_else(|| panic!("nothing at {path}"))
    }

    /// The objects of a list
    #[track_caller]
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        match self.get(path)["items"].take() {
            Value::Array(items) => items,
            other => panic!("{path} is no list: {other}"),
        }
    }

    /// Creates an object
    pub(crate) fn create(&self, path: &str, object: &Value) -> Reply {
        self.send(Method::POST, path, "application/json", object.to_string())
    }

    /// Puts an object in the place of what is there
    pub(crate) fn replace(&self, path: &str, object: &Value) -> Reply {
        self.send(Method::PUT, path, "application/json", object.to_string())
    }

    /// Deletes what is at a path
    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, "application/json", String::new())
    }

    /// Asks for a connection without the headers that would open one: what is allowed fails later
    pub(crate) fn connect(&self, method: Method, path: &str) -> Reply {
        self.send(method, path, "application/json", String::new())
    }

    /// Changes a part of an object
    pub(crate) fn patch(&self, path: &str, form: Patch, patch: &Value) -> Reply {
        let (form, path) = match form {
            Patch::Json => ("application/json-patch+json", path.to_owned()),
            Patch::Merge => ("application/merge-patch+json", path.to_owned()),
            Patch::Strategic => ("application/strategic-merge-patch+json", path.to_owned()),
            Patch::Apply => (
                "application/apply-patch+yaml",
                format!("{path}?fieldManager=test&force=true"),
            ),
        };
        self.send(Method::PATCH, &path, form, patch.to_string())
    }

    fn send(&self, method: Method, path: &str, content: &str, body: String) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header("Content-Type", content);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(body.into_bytes())).expect("a request");
        runtime().block_on(async {
            let response = self.client.send(request).await.expect("an answer");
            let (head, body) = response.into_parts();
            let body = body.collect_bytes().await.expect("its body");
            let warnings = head.headers.get_all("Warning").iter();
            Reply {
                status: head.status.as_u16(),
                body: serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into()),
                warnings: warnings
                    .filter_map(|warning| warning.to_str().ok())
                    .map(unquoted)
                    .collect(),
            }
        })
    }
}

impl Reply {
    /// The object, if the request succeeded; else the test ends with what was said
    #[track_caller]
    pub(crate) fn success(self) -> Value {
        assert!(self.succeeded(), "{self:?}");
        self.body
    }

    /// The message, if the request was denied by ramgate; else the test ends
    #[track_caller]
    pub(crate) fn denial(self) -> String {
        let message = self.body["message"].as_str().unwrap_or_default();
        assert!(
            !self.succeeded() && message.contains("denied the request"),
            "it should have been denied by the webhook: {self:?}"
        );
        message.to_owned()
    }

    /// Whether the API server did what it was asked for
    pub(crate) fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The text of `299 - "TEXT"`
fn unquoted(warning: &str) -> String {
    let text = warning.splitn(3, ' ').nth(2).unwrap_or(warning);
    text.trim_matches('"').replace("\\\"", "\"").replace("\\\\", "\\")
}

/// One runtime for all, since clients belong to the one in which they were made
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("runtime")
    })
}
