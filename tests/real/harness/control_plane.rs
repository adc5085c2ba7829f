//! etcd and kube-apiserver on the loopback address.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use super::certificates::Authority;
use super::certificates::Pair;
use super::egress::Egress;
use super::kubectl::Credentials;
use super::kubectl::Kubectl;
use super::kubectl::kubeconfig;
use super::process::Process;
use super::process::free_port;
use super::process::scratch;
use super::tools::tool;
use super::wait::eventually;

/// A running control plane: storage and API server, without controllers, so nothing happens that a test did not do
pub(crate) struct ControlPlane {
    folder: PathBuf,
    server: String,
    authority: Authority,
    egress: Egress,
    admin: Kubectl,
    processes: [Mutex<Process>; 2],
}

impl ControlPlane {
    /// Starts one and waits until its API server is ready
    pub(crate) fn start() -> Self {
        Self::start_with(|_, _| vec!["--authorization-mode=Node,RBAC".to_owned()])
    }

    /// The same with other flags for authorization and more, which may name files in the folder or of the authority
    pub(crate) fn start_with(flags: impl FnOnce(&Path, &Authority) -> Vec<String>) -> Self {
        Self::start_between(flags, |etcd| etcd)
    }

    /// The same with something between API server and etcd: it gets etcd's port and gives the one to use instead
    pub(crate) fn start_between(
        flags: impl FnOnce(&Path, &Authority) -> Vec<String>,
        between: impl FnOnce(u16) -> u16,
    ) -> Self {
        let folder = scratch();
        let authority = Authority::new("test-cluster", &folder.join("certificates"));
        let egress = Egress::start(&folder);
        let (etcd_port, port) = (free_port(), free_port());
        let etcd = etcd(&folder, etcd_port);
        let flags = flags(&folder, &authority);
        let api_server = api_server(&folder, between(etcd_port), port, &authority, &egress, &flags);
        let server = format!("https://127.0.0.1:{port}");
        let admin = Credentials::Certificate(authority.client("admin", Some("system:masters")));
        let admin = Kubectl::new(kubeconfig(
            &folder,
            "admin",
            &server,
            &authority.certificate(),
            admin,
        ));
        let processes = [etcd, api_server].map(Mutex::new);
        let plane = Self {
            folder,
            server,
            authority,
            egress,
            admin,
            processes,
        };
        plane.wait();
        plane
    }

    /// kubectl as the cluster's administrator, whom no RBAC binds
    pub(crate) fn admin(&self) -> &Kubectl {
        &self.admin
    }

    /// kubectl as a user, in a group if one is given, with a certificate of the cluster's authority
    pub(crate) fn person(&self, user: &str, group: Option<&str>) -> Kubectl {
        self.kubectl(user, Credentials::Certificate(self.authority.client(user, group)))
    }

    /// kubectl as whoever holds a token; the file name keeps kubeconfigs apart
    pub(crate) fn holder(&self, file: &str, token: &str) -> Kubectl {
        self.kubectl(file, Credentials::Token(token.to_owned()))
    }

    /// The network between the API server and its webhooks
    pub(crate) fn egress(&self) -> &Egress {
        &self.egress
    }

    /// The folder of this control plane, which disappears with the tests
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A certificate of the cluster's authority for a server of these names
    pub(crate) fn server_certificate(&self, file: &str, names: &[&str]) -> Pair {
        self.authority.server(file, names, 2100)
    }

    /// A certificate of the cluster's authority for a client of this name
    pub(crate) fn client_certificate(&self, name: &str) -> Pair {
        self.authority.client(name, None)
    }

    /// Where the certificate of the cluster's authority stands
    pub(crate) fn certificate(&self) -> PathBuf {
        self.authority.certificate()
    }

    /// Where the key stands by which tokens of service accounts are signed
    pub(crate) fn service_account_key(&self) -> PathBuf {
        self.folder.join("service-accounts.key")
    }

    /// The API server's record of requests, one JSON object a line
    pub(crate) fn audit_log(&self) -> String {
        fs::read_to_string(self.folder.join("audit.log")).unwrap_or_default()
    }

    /// The API server's own log
    pub(crate) fn log(&self) -> String {
        self.process(1).log()
    }

    /// The number of the API server's process
    pub(crate) fn api_server(&self) -> u32 {
        self.process(1).id()
    }

    /// The end of the programs' logs, for a failed test
    pub(crate) fn tail(&self) -> String {
        (0..2).map(|index| self.process(index).tail()).collect()
    }

    /// Ends the API server by a signal such as TERM and starts it again; it may take a while until it is ready
    ///
    /// After SIGTERM it waits up to a minute for its watches to end. Like a kubelet, this does not wait for that.
    #[allow(dead_code, reason = "the soak uses it")]
    pub(crate) fn restart_api_server(&self, signal: &str) {
        const GRACE: Duration = Duration::from_secs(10);
        let mut process = self.process(1);
        process.signal(signal);
        let signalled = Instant::now();
        while process.ended().is_none() {
            if signalled.elapsed() > GRACE {
                process.signal("KILL");
                process.wait(GRACE);
            }
            sleep(Duration::from_millis(50));
        }
        process.start_again();
    }

    /// Sends a signal to etcd, such as STOP
    #[allow(dead_code, reason = "the soak uses it")]
    pub(crate) fn signal_etcd(&self, signal: &str) {
        self.process(0).signal(signal);
    }

    /// Whether the API server says that it is ready
    #[allow(dead_code, reason = "the soak uses it")]
    pub(crate) fn is_ready(&self) -> bool {
        self.admin.run(&["get", "--raw", "/readyz"]).succeeded
    }

    fn process(&self, index: usize) -> MutexGuard<'_, Process> {
        let process = self.processes[index].lock();
        process.unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn kubectl(&self, file: &str, who: Credentials) -> Kubectl {
        Kubectl::new(kubeconfig(
            &self.folder,
            file,
            &self.server,
            &self.authority.certificate(),
            who,
        ))
    }

    fn wait(&self) {
        eventually("the API server is ready", || {
            for mut process in (0..2).map(|index| self.process(index)) {
                if let Some(status) = process.ended() {
                    panic!(
                        "a part of the control plane has ended with {status}\n{}",
                        process.tail()
                    );
                }
            }
            let ready = self.admin.run(&["get", "--raw", "/readyz"]);
            if ready.succeeded {
                Ok(())
            } else {
                Err(ready.stderr + &self.tail())
            }
        });
    }
}

fn etcd(folder: &Path, port: u16) -> Process {
    let client = format!("http://127.0.0.1:{port}");
    // A single member still wants an address for peers.
    let peer = format!("http://127.0.0.1:{}", free_port());
    let mut command = Command::new(tool("etcd"));
    command
        .arg(format!("--data-dir={}", folder.join("etcd").display()))
        .arg(format!("--listen-client-urls={client}"))
        .arg(format!("--advertise-client-urls={client}"))
        .arg(format!("--listen-peer-urls={peer}"))
        .arg(format!("--initial-advertise-peer-urls={peer}"))
        .arg(format!("--initial-cluster=default={peer}"))
        // The data need not survive the test.
        .args(["--unsafe-no-fsync", "--log-level=warn"]);
    Process::start("etcd", command, folder)
}

fn api_server(
    folder: &Path,
    etcd_port: u16,
    port: u16,
    authority: &Authority,
    egress: &Egress,
    flags: &[String],
) -> Process {
    let serving = authority.server("kube-apiserver", &["127.0.0.1", "localhost"], 2100);
    let accounts = rcgen::KeyPair::generate().expect("key of service accounts");
    let files = [
        ("service-accounts.key", accounts.serialize_pem()),
        ("service-accounts.pub", accounts.public_key_pem()),
        ("egress.json", egress_configuration(egress)),
        ("audit.json", audit_policy()),
    ];
    for (name, content) in &files {
        fs::write(folder.join(name), content).expect("configuration of the API server");
    }
    let path = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new(tool("kube-apiserver"));
    command
        .arg(format!("--etcd-servers=http://127.0.0.1:{etcd_port}"))
        .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
        .arg(format!("--secure-port={port}"))
        .arg(format!("--tls-cert-file={}", serving.certificate.display()))
        .arg(format!("--tls-private-key-file={}", serving.key.display()))
        .arg(format!("--client-ca-file={}", authority.certificate().display()))
        .arg(format!(
            "--service-account-signing-key-file={}",
            path("service-accounts.key")
        ))
        .arg(format!(
            "--service-account-key-file={}",
            path("service-accounts.pub")
        ))
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .args(flags)
        .args([
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
        ])
        // No controller would ever take the taint of a new node away again.
        .arg("--disable-admission-plugins=TaintNodesByCondition")
        .arg(format!("--egress-selector-config-file={}", path("egress.json")))
        .arg(format!("--audit-policy-file={}", path("audit.json")))
        .arg(format!("--audit-log-path={}", path("audit.log")))
        .arg("--audit-log-mode=blocking");
    Process::start("kube-apiserver", command, folder)
}

fn egress_configuration(egress: &Egress) -> String {
    // Over TCP the API server insists on TLS; a Unix socket needs none.
    let transport = json!({"uds": {"udsName": egress.socket()}});
    json!({
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [
            {"name": "cluster", "connection": {"proxyProtocol": "HTTPConnect", "transport": transport}},
        ],
    })
    .to_string()
}

fn audit_policy() -> String {
    json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "Metadata", "verbs": ["create", "update", "patch", "delete"], "resources": [{"resources": ["pods"]}]},
            {"level": "None"},
        ],
    })
    .to_string()
}
