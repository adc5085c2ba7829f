//! kubectl as one person: its own kubeconfig, its own cache, its output as data.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use super::certificates::Pair;
use super::process::unique;
use super::tools::tool;

/// Someone who talks to the API server
#[derive(Clone)]
pub(crate) struct Kubectl {
    kubeconfig: PathBuf,
    prefix: Vec<String>,
}

/// What a command printed and whether it succeeded
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) succeeded: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// How a kubeconfig proves who its user is
pub(crate) enum Credentials {
    /// A client certificate
    Certificate(Pair),
    /// A bearer token
    Token(String),
}

/// Writes a kubeconfig for one user of one cluster and gives its path
pub(crate) fn kubeconfig(
    folder: &Path,
    file: &str,
    server: &str,
    authority: &Path,
    who: Credentials,
) -> PathBuf {
    let user = match who {
        Credentials::Certificate(pair) => {
            json!({"client-certificate": pair.certificate, "client-key": pair.key})
        }
        Credentials::Token(token) => json!({"token": token}),
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": authority}}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "user"}}],
        "current-context": "test",
    });
    let path = folder.join(format!(
        "{}-{}.kubeconfig",
        file.replace([':', '/', '@'], "-"),
        unique()
    ));
    fs::write(&path, config.to_string()).expect("kubeconfig");
    path
}

impl Kubectl {
    /// kubectl with this kubeconfig
    pub(crate) fn new(kubeconfig: PathBuf) -> Self {
        Self {
            kubeconfig,
            prefix: vec![],
        }
    }

    /// The same person, working in a namespace
    pub(crate) fn within(&self, namespace: &str) -> Self {
        self.with(&["--namespace", namespace])
    }

    /// The same person, acting as another user in groups
    pub(crate) fn acting_as(&self, user: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().flat_map(|&group| ["--as-group", group]);
        self.with(&["--as", user].into_iter().chain(groups).collect::<Vec<_>>())
    }

    /// Where the kubeconfig stands
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs `kubectl ARGUMENTS`
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "")
    }

    /// Runs `kubectl ARGUMENTS -f -` on an object
    pub(crate) fn give(&self, arguments: &[&str], object: &Value) -> Outcome {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["-f", "-"]).collect();
        self.run_with(&arguments, &object.to_string())
    }

    /// `kubectl apply` of an object
    pub(crate) fn apply(&self, object: &Value) -> Outcome {
        self.give(&["apply"], object)
    }

    /// What `kubectl get ARGUMENTS -o json` gives; panics if there is nothing
    pub(crate) fn get(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = ["get"]
            .iter()
            .chain(arguments)
            .copied()
            .chain(["-o", "json"])
            .collect();
        serde_json::from_str(&self.run(&arguments).success().stdout).expect("JSON of kubectl")
    }

    fn with(&self, arguments: &[&str]) -> Self {
        let mut other = self.clone();
        other
            .prefix
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        other
    }

    /// Runs `kubectl ARGUMENTS` with this on its standard input
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let folder = self.kubeconfig.parent().expect("folder of the kubeconfig");
        let mut child = Command::new(tool("kubectl"))
            .args(&self.prefix)
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            // kubectl keeps what it learns of the API beside it, not in the home of whoever runs the tests.
            .env("KUBECACHEDIR", folder.join("kubectl-cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl");
        child
            .stdin
            .take()
            .expect("pipe")
            .write_all(input.as_bytes())
            .expect("kubectl reads");
        let output = child.wait_with_output().expect("kubectl ends");
        Outcome {
            succeeded: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// Itself, if the command succeeded; else the test ends with what it said
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert!(self.succeeded, "kubectl failed: {}{}", self.stdout, self.stderr);
        self
    }

    /// What the command said when it failed; if it succeeded, the test ends
    #[track_caller]
    pub(crate) fn failure(self) -> String {
        assert!(
            !self.succeeded,
            "kubectl should have failed: {}{}",
            self.stdout, self.stderr
        );
        self.stderr
    }
}
