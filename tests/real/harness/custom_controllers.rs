//! Controllers of custom kinds: the programs of their projects, under the service accounts of the projects' manifests.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use k8s_openapi::ByteString;
use serde_json::Value;
use serde_json::json;

use super::control_plane::ControlPlane;
use super::kubectl::Kubectl;
use super::process::Process;
use super::process::free_port;
use super::tools::obtain;
use super::tools::repository;
use super::wait::eventually;

/// One of them, running
pub(crate) struct CustomController {
    process: Process,
}

impl CustomController {
    /// Argo's workflow-controller, with the full schemas of its kinds
    pub(crate) fn argo(plane: &ControlPlane) -> Self {
        let who = introduce(plane, "argo", "argo", "argo");
        // Its other port (pprof, /healthz) is fixed; without it the program works all the same.
        let settings = json!({"metricsConfig": json!({"enabled": false}).to_string()});
        let settings = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "workflow-controller-configmap"},
            "data": settings,
        });
        plane.admin().within("argo").apply(&settings).success();
        let mut command = started_by(&who, "argo");
        command
            .args([
                "--namespace=argo",
                "--executor-image=registry.example.com/argoexec:1",
            ])
            .args(["--qps=400", "--burst=800"])
            .env("LEADER_ELECTION_DISABLE", "true");
        Self::start("argo", command, plane)
    }

    /// JobSet's manager
    ///
    /// It serves webhooks, which nobody asks: the API server has no configuration that names them, so a test writes
    /// what they would fill in.
    pub(crate) fn jobset(plane: &ControlPlane) -> Self {
        let who = introduce(plane, "jobset", "jobset-system", "jobset-controller-manager");
        Self::manager("jobset", "config.jobset.x-k8s.io/v1alpha1", &who, plane).0
    }

    /// The manager of LeaderWorkerSets, with its webhooks, without which it takes no pod for a leader
    pub(crate) fn lws(plane: &ControlPlane) -> Self {
        let who = introduce(plane, "lws", "lws-system", "lws-controller-manager");
        let (manager, port) = Self::manager("lws", "config.lws.x-k8s.io/v1alpha1", &who, plane);
        plane.egress().route(&format!("localhost:{port}"), vec![port]);
        eventually("the webhooks of LeaderWorkerSets listen", || {
            TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("{error}; {}", manager.log()))
        });
        plane.admin().apply(&lws_webhooks(plane, port)).success();
        manager
    }

    /// kube-state-metrics with the project's configuration for Reports, and the port of its metrics
    pub(crate) fn kube_state_metrics(plane: &ControlPlane) -> (Self, u16) {
        let (port, own) = (free_port(), free_port());
        let configuration = repository().join("deploy/observability/kube-state-metrics.yaml");
        let mut command = started_by(plane.admin(), "kube-state-metrics");
        command
            .arg(format!("--kubeconfig={}", plane.admin().kubeconfig().display()))
            .arg(format!(
                "--custom-resource-state-config-file={}",
                configuration.display()
            ))
            .arg("--custom-resource-state-only=true")
            .args(["--host=127.0.0.1", "--telemetry-host=127.0.0.1"])
            .args([format!("--port={port}"), format!("--telemetry-port={own}")]);
        (Self::start("kube-state-metrics", command, plane), port)
    }

    /// One that controller-runtime's configuration file sets up, and the port of its webhooks
    fn manager(name: &str, configuration: &str, who: &Kubectl, plane: &ControlPlane) -> (Self, u16) {
        let folder = plane.folder().join(name);
        let port = free_port();
        let settings = json!({
            "apiVersion": configuration,
            "kind": "Configuration",
            "leaderElection": {"leaderElect": false},
            "internalCertManagement": {"enable": false},
            "webhook": {"host": "127.0.0.1", "port": port, "certDir": certificates(plane, &folder)},
            "metrics": {"bindAddress": "0"},
            "health": {"healthProbeBindAddress": "0"},
        });
        let file = folder.join("settings.json");
        fs::write(&file, settings.to_string()).expect("settings of a controller");
        let mut command = started_by(who, name);
        command.arg(format!("--config={}", file.display()));
        (Self::start(name, command, plane), port)
    }

    /// Fails if it has ended, which a test would wait for in vain; else gives the end of its log
    pub(crate) fn tail(&mut self) -> String {
        if let Some(status) = self.process.ended() {
            panic!("it has ended with {status}\n{}", self.process.tail());
        }
        self.process.tail()
    }

    /// Everything that it has printed
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    fn start(name: &str, command: Command, plane: &ControlPlane) -> Self {
        let process = Process::start(&format!("{name}-controller"), command, plane.folder());
        Self { process }
    }
}

/// Stores the definitions of a controller's kinds and its service account, which may do everything as far as Kubernetes
/// is concerned, and gives kubectl with a token that the API server issued for it
fn introduce(plane: &ControlPlane, name: &str, namespace: &str, account: &str) -> Kubectl {
    let admin = plane.admin();
    let definitions = controller("crds").join(name);
    let definitions = format!("--filename={}", definitions.display());
    // On the client's side they would have to fit into an annotation.
    admin.run(&["apply", "--server-side", &definitions]).success();
    let wait = [
        "wait",
        "--for=condition=Established",
        "--timeout=60s",
        &definitions,
    ];
    // kubectl gives up on a definition that has no conditions yet.
    eventually("the kinds are served", || {
        let outcome = admin.run(&wait);
        match outcome.succeeded {
            true => Ok(()),
            false => Err(outcome.stderr),
        }
    });
    let object =
        |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    admin.apply(&object("Namespace", namespace)).success();
    admin
        .within(namespace)
        .apply(&object("ServiceAccount", account))
        .success();
    let subject: Value = json!({"kind": "ServiceAccount", "namespace": namespace, "name": account});
    admin
        .apply(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": format!("test-{account}")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [subject],
        }))
        .success();
    let token = admin.within(namespace).run(&["create", "token", account]);
    plane.holder(&format!("token-{account}"), token.success().stdout.trim())
}

/// The mutating webhooks of LeaderWorkerSets as their project publishes them, but for where they listen
fn lws_webhooks(plane: &ControlPlane, port: u16) -> Value {
    let authority = fs::read(plane.certificate()).expect("certificate of the authority");
    let webhook = |name: &str, path: &str, group: &str, version: &str, resource: &str| {
        json!({
            "name": name,
            "clientConfig": {
                "url": format!("https://localhost:{port}{path}"),
                "caBundle": ByteString(authority.clone()),
            },
            "rules": [{
                "apiGroups": [group], "apiVersions": [version],
                "operations": ["CREATE", "UPDATE"], "resources": [resource],
            }],
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        })
    };
    let (group, set) = ("leaderworkerset.x-k8s.io", "leaderworkersets");
    let sets = webhook(
        "mleaderworkerset.kb.io",
        "/mutate-leaderworkerset-x-k8s-io-v1-leaderworkerset",
        group,
        "v1",
        set,
    );
    let mut pods = webhook("mpod.kb.io", "/mutate--v1-pod", "", "v1", "pods");
    let of_a_set = json!({"key": "leaderworkerset.sigs.k8s.io/name", "operator": "Exists"});
    pods["objectSelector"] = json!({"matchExpressions": [of_a_set]});
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "lws-mutating-webhook-configuration"},
        "webhooks": [sets, pods],
    })
}

/// The path of one of the programs, or of what the script puts beside them
fn controller(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| obtain(Some("controllers"))).join(name)
}

fn started_by(who: &Kubectl, name: &str) -> Command {
    let mut command = Command::new(controller(name));
    command.env_clear().env("KUBECONFIG", who.kubeconfig());
    command
}

/// A folder with a certificate for a webhook's server, under the names that the kubelet gives a mounted Secret
fn certificates(plane: &ControlPlane, folder: &Path) -> String {
    fs::create_dir_all(folder).expect("folder of a controller");
    let pair = plane.server_certificate("webhook", &["localhost"]);
    fs::copy(pair.certificate, folder.join("tls.crt")).expect("certificate");
    fs::copy(pair.key, folder.join("tls.key")).expect("key");
    folder.display().to_string()
}
