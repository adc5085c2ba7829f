//! A cluster with ramgate installed, and the namespaces in which tests work.

use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use super::cast;
use super::control_plane::ControlPlane;
use super::controllers::Controllers;
use super::controllers::Credentials;
use super::custom;
use super::egress::Fault;
use super::install;
use super::install::NAMESPACE;
use super::install::RELEASE;
use super::kubectl::Kubectl;
use super::nodes;
use super::objects;
use super::process::unique;
use super::replica::Replica;
use super::rest::Rest;
use super::wait::eventually;

/// A control plane with the chart, the directory that all tests share, and any number of replicas
pub(crate) struct Cluster {
    pub(crate) plane: ControlPlane,
    pub(crate) admin: Kubectl,
    /// The administrator again, without kubectl
    pub(crate) rest: Rest,
    controllers: Option<Controllers>,
    address: String,
    replicas: Mutex<Vec<Replica>>,
    changes: Mutex<()>,
}

/// The cluster whose ramgate is always there: one replica, for every test that leaves it alone
pub(crate) fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    let start = || {
        let cluster = Cluster::start();
        cluster.configure(&objects::account());
        cluster.scale(1);
        cluster
    };
    SHARED.get_or_init(|| once(start)).as_ref().expect(FAILED_BEFORE)
}

/// The cluster for tests that stop ramgate, break the network or change the installation: one at a time, and each
/// finds it freshly installed, without replicas
pub(crate) fn exclusive() -> MutexGuard<'static, Cluster> {
    static EXCLUSIVE: OnceLock<Option<Mutex<Cluster>>> = OnceLock::new();
    let start = || Mutex::new(Cluster::start());
    let cluster = EXCLUSIVE
        .get_or_init(|| once(start))
        .as_ref()
        .expect(FAILED_BEFORE);
    // A test that failed leaves a cluster that is put in order here as well as any other.
    let cluster = cluster.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    cluster.renew(&install::values());
    cluster
}

/// The cluster with controllers, a scheduler and nodes: one replica, for every test that leaves it alone
pub(crate) fn whole() -> &'static Cluster {
    static WHOLE: OnceLock<Option<Cluster>> = OnceLock::new();
    let start = || {
        let cluster = Cluster::start_whole(Credentials::ForEachController);
        cluster.configure(&objects::account());
        cluster.configure(&cast::directory());
        cluster.scale(1);
        cluster
    };
    WHOLE.get_or_init(|| once(start)).as_ref().expect(FAILED_BEFORE)
}

/// The same for tests that stop ramgate or change the installation: one at a time, and each finds it freshly
/// installed, without replicas
pub(crate) fn whole_exclusive() -> MutexGuard<'static, Cluster> {
    static WHOLE: OnceLock<Option<Mutex<Cluster>>> = OnceLock::new();
    let start = || Mutex::new(Cluster::start_whole(Credentials::Shared));
    let cluster = WHOLE.get_or_init(|| once(start)).as_ref().expect(FAILED_BEFORE);
    let cluster = cluster.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // What a test has changed of these is its own in the eyes of Helm, which would not touch it.
    cluster.remove_webhooks();
    cluster.renew(&install::values_of_whole_cluster());
    cluster.configure(&cast::directory());
    cluster
}

/// The role of those who may do everything with pods in a namespace
const EDITOR: &str = "test-editor";

pub(crate) const FAILED_BEFORE: &str = "the cluster did not start: the first test that needed it says why";

/// What the function gives, or nothing if it panics: what failed once is not tried again by every other test
pub(crate) fn once<T>(start: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(start)).ok()
}

impl Cluster {
    fn start() -> Self {
        // The role `edit` is put together by a controller, so it is empty here.
        Self::furnish(
            ControlPlane::start(),
            None,
            &json!(["pods", "configmaps"]),
            &install::values(),
        )
    }

    /// A cluster with controllers, a scheduler and nodes, where editors may do everything in their namespaces
    pub(crate) fn start_whole(credentials: Credentials) -> Self {
        let plane = ControlPlane::start();
        let controllers = Controllers::start(&plane, credentials);
        for node in [
            nodes::virtual_node(nodes::VIRTUAL),
            nodes::acs_node(nodes::ACS),
            nodes::real_node(nodes::REAL),
        ] {
            plane.admin().apply(&node).success();
        }
        for definition in custom::definitions() {
            plane.admin().apply(&definition).success();
        }
        let established = ["wait", "--for=condition=Established", "crd", "--all"];
        plane.admin().run(&established).success();
        Self::furnish(
            plane,
            Some(controllers),
            &json!(["*"]),
            &install::values_of_whole_cluster(),
        )
    }

    fn furnish(
        plane: ControlPlane,
        controllers: Option<Controllers>,
        edited: &Value,
        values: &Value,
    ) -> Self {
        let admin = plane.admin().clone();
        install::install(&plane, values);
        let editor = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": EDITOR},
            "rules": [{"apiGroups": ["*"], "resources": edited, "verbs": ["*"]}],
        });
        admin.apply(&editor).success();
        let service = admin.within(NAMESPACE).get(&["service", RELEASE]);
        let address = service["spec"]["clusterIP"]
            .as_str()
            .expect("address of the Service")
            .to_owned()
            + ":443";
        Self {
            rest: Rest::new(admin.kubeconfig()),
            plane,
            admin,
            controllers,
            address,
            replicas: Mutex::new(vec![]),
            changes: Mutex::new(()),
        }
    }

    /// Takes both webhook configurations away, as before the installation
    pub(crate) fn remove_webhooks(&self) {
        let names = ["mutating", "validating"].map(|kind| format!("{kind}webhookconfiguration/{RELEASE}"));
        self.admin
            .run(&["delete", "--ignore-not-found", &names[0], &names[1]])
            .success();
    }

    /// Freshly installed, without replicas and without what other tests configured
    fn renew(&self, values: &Value) {
        self.plane.egress().fault(Fault::None);
        self.scale(0);
        self.admin
            .within(NAMESPACE)
            .run(&["delete", "configmap", "--selector=real-test"])
            .success();
        self.install(values);
        self.configure(&objects::account());
    }

    /// Installs the chart again with other values
    pub(crate) fn install(&self, values: &Value) {
        install::install(&self.plane, values);
    }

    /// Writes a new or changed ConfigMap of ramgate's, waits until every replica has it in force, and says how long
    /// that took
    #[track_caller]
    pub(crate) fn configure(&self, map: &Value) -> Duration {
        // One at a time, so that a higher generation is this change's and not that of another test.
        let _one_at_a_time = self
            .changes
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let generations = || -> Vec<f64> {
            let replicas = self.replicas();
            replicas
                .iter()
                .map(|replica| replica.metric("ramgate_config_generation").unwrap_or(0.0))
                .collect()
        };
        let before = generations();
        self.admin
            .within(NAMESPACE)
            .give(&["apply", "--server-side", "--force-conflicts"], map)
            .success();
        let written = Instant::now();
        eventually("the change is in force", || {
            let now = generations();
            let newer = now.iter().zip(&before).all(|(now, before)| now > before);
            if newer {
                Ok(())
            } else {
                Err(format!("generations {before:?}, then {now:?}"))
            }
        });
        written.elapsed()
    }

    /// A new RAM user whose only policy has these statements; the Kubernetes user `NAME@example.com` is bound to it
    pub(crate) fn ram_user(&self, name: &str, statements: &Value) {
        self.configure(&objects::policy(name, statements));
        self.configure(&objects::user(name));
    }

    /// Starts or stops replicas until there are this many, and waits until the API server gets answers from them
    pub(crate) fn scale(&self, count: usize) {
        let mut replicas = self.replicas();
        replicas.truncate(count);
        while replicas.len() < count {
            let name = format!("{RELEASE}-{}", unique());
            replicas.push(Replica::start(&self.plane, &name));
        }
        for replica in replicas.iter_mut() {
            eventually("a replica is ready", || replica.ready());
        }
        self.plane.egress().route(
            &self.address,
            replicas.iter().map(|replica| replica.port).collect(),
        );
        if count > 0 {
            self.wait_for_answers(&replicas);
        }
    }

    /// The running replicas
    pub(crate) fn replicas(&self) -> MutexGuard<'_, Vec<Replica>> {
        self.replicas
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Sets which ports play the endpoints of ramgate's Service
    pub(crate) fn route(&self, ports: Vec<u16>) {
        self.plane.egress().route(&self.address, ports);
    }

    /// A new namespace with labels, named after the test's subject
    pub(crate) fn namespace<'a>(&'a self, subject: &str, labels: &[(&str, &str)]) -> Namespace<'a> {
        self.namespace_named(&format!("{subject}-{}", unique()), labels)
    }

    /// A namespace of exactly this name, made if it is not there
    pub(crate) fn namespace_named<'a>(&'a self, name: &str, labels: &[(&str, &str)]) -> Namespace<'a> {
        let labels: serde_json::Map<_, _> = labels
            .iter()
            .map(|&(key, value)| (key.into(), value.into()))
            .collect();
        let metadata = json!({"name": name, "labels": labels});
        self.admin
            .apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
            .success();
        // Made by a controller in a whole cluster; pods are refused without it.
        if self.controllers.is_some() {
            let path = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
            eventually("the namespace has its service account", || {
                self.rest.find(&path).map(drop).ok_or("not yet")
            });
        } else {
            let account =
                json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
            self.admin.within(name).apply(&account).success();
        }
        Namespace {
            cluster: self,
            name: name.to_owned(),
        }
    }

    /// The end of all logs, for a failed test
    pub(crate) fn tail(&self) -> String {
        // A test that fails while it holds the replicas gets the rest.
        let replicas = self
            .replicas
            .try_lock()
            .map(|all| all.iter().map(|one| one.process.tail()).collect());
        let controllers = self.controllers.as_ref().map(Controllers::tail);
        self.plane.tail() + &controllers.unwrap_or_default() + &replicas.unwrap_or_else(|_| String::new())
    }

    /// Until ramgate has written caBundle and the API server has read it, reviews fail
    fn wait_for_answers(&self, replicas: &[Replica]) {
        let namespace = self.namespace_named("answers", &[]);
        let pod = objects::eci_pod("probe", &[]);
        eventually("ramgate judges pods", || {
            let outcome = namespace.admin().give(&["create", "--dry-run=server"], &pod);
            let said = outcome.stdout + &outcome.stderr;
            // The administrator is no principal, so an answer is a denial.
            if !outcome.succeeded && said.contains("denied the request") {
                return Ok(());
            }
            let logs: String = replicas.iter().map(|replica| replica.process.tail()).collect();
            Err(said + &logs)
        });
    }
}

/// A namespace of one test; if the test fails, the logs of the cluster are printed
pub(crate) struct Namespace<'a> {
    cluster: &'a Cluster,
    pub(crate) name: String,
}

impl Namespace<'_> {
    /// The administrator in this namespace
    pub(crate) fn admin(&self) -> Kubectl {
        self.cluster.admin.within(&self.name)
    }

    /// A user who may edit this namespace, as far as Kubernetes is concerned
    pub(crate) fn editor(&self, user: &str) -> Kubectl {
        let binding = format!("--user={user}");
        let name = format!("editor-{}", unique());
        self.admin()
            .run(&[
                "create",
                "rolebinding",
                &name,
                &format!("--clusterrole={EDITOR}"),
                &binding,
            ])
            .success();
        // The API server hears of its own bindings by a watch.
        eventually("the editor may create pods", || {
            let asked = self
                .admin()
                .run(&["auth", "can-i", "create", "pods", "--as", user]);
            if asked.succeeded {
                Ok(())
            } else {
                Err(asked.stdout + &asked.stderr)
            }
        });
        self.cluster.plane.person(user, None).within(&self.name)
    }
}

impl Deref for Namespace<'_> {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.cluster
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.cluster.tail());
        }
    }
}
