//! Pods without end: shows whether anything fails while a replica stops or a certificate changes.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::Client;
use kube::Config;
use kube::api::PostParams;
use kube::config::KubeConfigOptions;
use kube::config::Kubeconfig;
use serde_json::Value;

/// How many pods are on their way at once: enough to keep both replicas busy on a small machine
const WORKERS: usize = 4;

/// Dry-run creations of one pod, over and over, until it is stopped
pub(crate) struct Load {
    tally: Arc<Tally>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Tally {
    stop: AtomicBool,
    allowed: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Load {
    /// Starts it as the user of a kubeconfig, who must be allowed to create the pod in the namespace
    pub(crate) fn start(kubeconfig: &Path, namespace: &str, pod: &Value) -> Self {
        let tally = Arc::new(Tally::default());
        let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("kubeconfig");
        let pod: Pod = serde_json::from_value(pod.clone()).expect("pod");
        let (shared, namespace) = (Arc::clone(&tally), namespace.to_owned());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("runtime");
            runtime.block_on(run(kubeconfig, &namespace, &pod, &shared));
        });
        Self { tally, thread }
    }

    /// How many pods were allowed so far
    pub(crate) fn allowed(&self) -> usize {
        self.tally.allowed.load(Ordering::Relaxed)
    }

    /// Stops it; gives how many pods were allowed, and what was said to the others
    pub(crate) fn stop(self) -> (usize, Vec<String>) {
        self.tally.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("load");
        let failures = std::mem::take(&mut *self.tally.failures.lock().expect("failures"));
        (self.tally.allowed.load(Ordering::Relaxed), failures)
    }
}

async fn run(kubeconfig: Kubeconfig, namespace: &str, pod: &Pod, tally: &Tally) {
    // Already there if the tests of this process have done it before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .expect("configuration");
    let client = Client::try_from(config).expect("client");
    let api: Api<Pod> = Api::namespaced(client, namespace);
    let parameters = PostParams {
        dry_run: true,
        field_manager: None,
    };
    let workers = (0..WORKERS).map(|_| async {
        while !tally.stop.load(Ordering::Relaxed) {
            match api.create(&parameters, pod).await {
                Ok(_) => {
                    tally.allowed.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => tally.failures.lock().expect("failures").push(error.to_string()),
            }
        }
    });
    futures::future::join_all(workers).await;
}
