//! The control plane, two replicas, and everything that the threads of the run share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::configuration::{Kind, constant, generation};
use crate::faults::{after_1970, authority};
use crate::fleet::{Fleet, Special};
use crate::generator::ask;
use crate::harness::control_plane::ControlPlane;
use crate::harness::install::{self, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::tools::obtain;
use crate::harness::wait::{PATIENCE, within};
use crate::ledger::{Ledger, Outcome};
use crate::reviews::{Case, NAMESPACE, TARGET, cases, marked_pod};
use crate::service::Service;
use crate::settings::Settings;
use crate::slow_storage::SlowStorage;
use crate::timeline::Timeline;
use crate::transport::Transport;
use crate::verdicts::Judge;
use crate::weather::Weather;

/// The clients that the generator plays
///
/// Each uses the connection again that became idle last, and so mostly one or two of them: a few clients reach both
/// replicas all the time.
const API_SERVERS: usize = 6;

/// A certificate authority that joined the bundle
pub(crate) struct NewAuthority {
    /// When every replica signs by it
    pub(crate) in_use: Instant,
    pub(crate) pem: String,
}

/// What the threads share
pub(crate) struct Stage {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) storage: SlowStorage,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) ledger: Arc<Ledger>,
    transports: Vec<Transport>,
    turn: AtomicUsize,
    pub(crate) cases: Vec<Case>,
    pub(crate) timelines: [Timeline; 2],
    pub(crate) weather: Weather,
    /// The administrator
    pub(crate) admin: Client,
    /// alice, who creates pods
    pub(crate) alice: Client,
    /// The library that sets the clock of one program
    pub(crate) clock_library: PathBuf,
    /// Held by what changes certificates, or the clock by which they are made
    ///
    /// The newest certificate authority, if one was made
    pub(crate) certificates: Mutex<Option<NewAuthority>>,
    pub(crate) runtime: Runtime,
    /// Whether the run is long enough for a line a minute
    pub(crate) long: bool,
}

impl Stage {
    /// Starts everything, with both replicas ready
    pub(crate) fn set(settings: &Settings) -> Self {
        let clock_library = obtain(Some("clock"));
        let storage = SlowStorage::default();
        let flags = vec!["--authorization-mode=Node,RBAC".to_owned()];
        let plane = ControlPlane::start_between(|_, _| flags, |etcd| storage.start(etcd));
        let plane = Arc::new(plane);
        install::install(&plane, &install::values());
        furnish(plane.admin());
        let service = plane
            .admin()
            .within(install::NAMESPACE)
            .get(&["service", RELEASE]);
        let address = service["spec"]["clusterIP"].as_str().expect("address").to_owned() + ":443";
        let service = Arc::new(Service::new(Arc::clone(&plane), address, settings.seed));
        let ledger = Arc::new(Ledger::default());
        let fleet = Fleet::new(Arc::clone(&plane), Arc::clone(&service), Arc::clone(&ledger));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("runtime");
        let alice = plane.person("alice@example.com", None);
        let stage = Self {
            admin: client(&runtime, plane.admin()),
            alice: client(&runtime, &alice),
            plane,
            storage,
            fleet: Arc::new(fleet),
            ledger,
            transports: (0..API_SERVERS)
                .map(|_| Transport::new(Arc::clone(&service)))
                .collect(),
            turn: AtomicUsize::new(0),
            cases: cases(),
            timelines: Default::default(),
            weather: Weather::default(),
            clock_library,
            certificates: Mutex::default(),
            runtime,
            long: settings.duration > Duration::from_secs(900),
        };
        stage.fleet.start(&Special::Nothing);
        stage.fleet.start(&Special::Nothing);
        stage.ledger.begin();
        stage
    }

    /// The next API server's client
    pub(crate) fn transport(&self) -> &Transport {
        &self.transports[self.turn.fetch_add(1, Ordering::Relaxed) % API_SERVERS]
    }

    /// Makes all clients connect anew
    pub(crate) fn reconnect(&self) {
        self.transports.iter().for_each(Transport::forget);
    }

    pub(crate) fn judge(&self) -> Judge<'_> {
        Judge {
            ledger: &self.ledger,
            timelines: &self.timelines,
            weather: &self.weather,
        }
    }

    /// Stores the pod that exec wants to reach, and asks every kind of review once
    pub(crate) fn rehearse(&self) {
        for kind in [Kind::Policies, Kind::Directory] {
            let timeline = &self.timelines[kind as usize];
            timeline.begin(0);
            timeline.acknowledge();
        }
        within(PATIENCE, "the bundle is there", || self.follow_bundle());
        let pods: Api<Pod> = Api::namespaced(self.alice.clone(), NAMESPACE);
        let target = serde_json::from_value(marked_pod(TARGET, "env:test")).expect("a pod");
        within(PATIENCE, "the pod for exec is stored", || {
            self.runtime
                .block_on(pods.create(&PostParams::default(), &target))
                .map(drop)
        });
        for case in &self.cases {
            match self.runtime.block_on(ask(self, case)) {
                Outcome::Right => {}
                Outcome::LostByKill | Outcome::RefusedByKill => panic!("nothing was killed"),
                Outcome::Failed(text)
                | Outcome::LetThrough(text)
                | Outcome::HeldUp(text)
                | Outcome::Wrong(text) => panic!("{}: {text}", case.name),
            }
        }
    }

    /// Takes over the caBundle of the webhook configuration, as the API server does
    pub(crate) fn follow_bundle(&self) -> Result<(), String> {
        let hooks: Api<MutatingWebhookConfiguration> = Api::all(self.admin.clone());
        let read = async { tokio::time::timeout(Duration::from_secs(2), hooks.get(RELEASE)).await };
        let read = self.runtime.block_on(read);
        let configuration = read
            .map_err(|_| "no answer")?
            .map_err(|error| error.to_string())?;
        let hook = configuration.webhooks.unwrap_or_default().into_iter().next();
        let bundle = hook.and_then(|hook| hook.client_config.ca_bundle);
        let bundle = bundle.ok_or("no caBundle yet")?.0;
        for transport in &self.transports {
            transport.trust(&bundle);
        }
        Ok(())
    }
}

/// The namespace, who may work in it, and the first documents
fn furnish(admin: &Kubectl) {
    admin
        .apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}))
        .success();
    let space = admin.within(NAMESPACE);
    space
        .apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}))
        .success();
    // The role `edit` is put together by a controller, which is not here.
    for arguments in [
        &["create", "role", "maker", "--verb=create", "--resource=pods"][..],
        &[
            "create",
            "rolebinding",
            "alice",
            "--role=maker",
            "--user=alice@example.com",
        ],
    ] {
        space.run(arguments).success();
    }
    let system = admin.within(install::NAMESPACE);
    let changing = [Kind::Policies, Kind::Directory].map(|kind| generation(kind, 0));
    // A month old, so that it signs until the next one has settled.
    let month = Duration::from_secs(30 * 24 * 3600);
    let data = Value::Object(authority(after_1970() - month).1.into_iter().collect());
    let metadata = json!({"name": "ramgate-ca"});
    system
        .apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}))
        .success();
    for map in constant().iter().chain(&changing) {
        system
            .give(&["apply", "--server-side", "--field-manager=soak"], map)
            .success();
    }
}

fn client(runtime: &Runtime, who: &Kubectl) -> Client {
    // Already there if another client was made before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let kubeconfig = Kubeconfig::read_from(who.kubeconfig()).expect("kubeconfig");
    runtime.block_on(async {
        let options = KubeConfigOptions::default();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .expect("configuration");
        config.default_retry = false;
        Client::try_from(config).expect("client")
    })
}
