//! Controllers of custom kinds: the programs of their projects, under the service accounts of the projects' manifests.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use serde_json::json;

use super::control_plane::ControlPlane;
use super::kubectl::Kubectl;
use super::process::Process;
use super::process::free_port;
use super::tools::obtain;

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
        let folder = plane.folder().join("jobset");
        let settings = json!({
            "apiVersion": "config.jobset.x-k8s.io/v1alpha1",
            "kind": "Configuration",
            "leaderElection": {"leaderElect": false},
            "internalCertManagement": {"enable": false},
            "webhook": {"host": "127.0.0.1", "port": free_port(), "certDir": certificates(plane, &folder)},
            "metrics": {"bindAddress": "0"},
            "health": {"healthProbeBindAddress": "0"},
        });
        let file = folder.join("settings.json");
        fs::write(&file, settings.to_string()).expect("settings of JobSet");
        let mut command = started_by(&who, "jobset");
        command.arg(format!("--config={}", file.display()));
        Self::start("jobset", command, plane)
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
    admin
        .run(&[
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            &definitions,
        ])
        .success();
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
