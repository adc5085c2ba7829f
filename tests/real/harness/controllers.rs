//! kube-controller-manager and kube-scheduler: what makes pods of workloads, and puts them on nodes.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::control_plane::ControlPlane;
use super::process::Process;
use super::tools::tool;
use super::wait::eventually;

/// In whose name the controllers act
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Each as a service account of its own in kube-system, as kubeadm and ACK set it up
    ForEachController,
    /// All as the user `system:kube-controller-manager`
    Shared,
}

/// Both programs, running
pub(crate) struct Controllers {
    processes: [Process; 2],
}

impl Controllers {
    /// Starts both and waits until the controllers work
    pub(crate) fn start(plane: &ControlPlane, credentials: Credentials) -> Self {
        let processes = [manager(plane, credentials), scheduler(plane)];
        let mut controllers = Self { processes };
        controllers.wait(plane);
        controllers
    }

    /// The end of their logs, for a failed test
    pub(crate) fn tail(&self) -> String {
        self.processes.iter().map(Process::tail).collect()
    }

    fn wait(&mut self, plane: &ControlPlane) {
        eventually("the controllers work", || {
            for process in &mut self.processes {
                if let Some(status) = process.ended() {
                    panic!("it has ended with {status}\n{}", process.tail());
                }
            }
            // Nobody else makes it.
            let account = plane
                .admin()
                .within("kube-public")
                .run(&["get", "serviceaccount", "default"]);
            if account.succeeded {
                Ok(())
            } else {
                Err(account.stderr + &self.tail())
            }
        });
    }
}

fn manager(plane: &ControlPlane, credentials: Credentials) -> Process {
    const USER: &str = "system:kube-controller-manager";
    let each = credentials == Credentials::ForEachController;
    if !each {
        // What each controller's own role would grant it otherwise.
        let grant = [
            "create",
            "clusterrolebinding",
            "test-controllers",
            "--clusterrole=cluster-admin",
        ];
        plane
            .admin()
            .run(&[grant.as_slice(), &[&format!("--user={USER}")]].concat())
            .success();
    }
    let who = plane.person(USER, None);
    let mut command = Command::new(tool("kube-controller-manager"));
    command
        .arg(format!("--kubeconfig={}", who.kubeconfig().display()))
        .arg(format!("--use-service-account-credentials={each}"))
        .arg(format!(
            "--service-account-private-key-file={}",
            plane.service_account_key().display()
        ))
        .arg(format!("--root-ca-file={}", plane.certificate().display()))
        // No kubelet tells how the nodes are, and one that says nothing would be tainted and cleared.
        .arg("--controllers=*,-node-lifecycle-controller,-node-ipam-controller")
        .args(["--leader-elect=false", "--secure-port=0"])
        // Tests are many people at once.
        .args(["--kube-api-qps=400", "--kube-api-burst=800"]);
    Process::start("kube-controller-manager", command, plane.folder())
}

fn scheduler(plane: &ControlPlane) -> Process {
    let who = plane.person("system:kube-scheduler", None);
    let configuration = json!({
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": who.kubeconfig(), "qps": 400, "burst": 800},
        "leaderElection": {"leaderElect": false},
        // A binding that was denied is tried again soon, so that a test need not wait for what heals it.
        "podInitialBackoffSeconds": 1,
        "podMaxBackoffSeconds": 2,
    });
    let file = plane.folder().join("scheduler.json");
    fs::write(&file, configuration.to_string()).expect("configuration of the scheduler");
    let mut command = Command::new(tool("kube-scheduler"));
    command
        .arg(format!("--config={}", file.display()))
        .arg("--secure-port=0");
    Process::start("kube-scheduler", command, plane.folder())
}
