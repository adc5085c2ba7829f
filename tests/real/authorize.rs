//! The read path: an API server that asks ramgate before RBAC, by the files that the example shows.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;

use serde_json::Value;
use serde_json::json;

use crate::harness::certificates::Authority;
use crate::harness::cluster::{FAILED_BEFORE, once};
use crate::harness::control_plane::ControlPlane;
use crate::harness::install::{NAMESPACE, RELEASE, trust};
use crate::harness::kubectl::Kubectl;
use crate::harness::objects::TAGS;
use crate::harness::process::{free_port, unique};
use crate::harness::replica::Replica;
use crate::harness::tools::{repository, tool};
use crate::harness::wait::eventually;
use crate::harness::{install, objects, reviews};

const ALICE: &str = "alice@example.com";
const ADMIN: &str = "admin@example.com";
const STRANGER: &str = "stranger@example.com";

/// The authority of those who may ask ramgate, where it demands a certificate
const CLIENTS: &str = "webhook-clients";

/// All of whose pods are ECI's
const ECI: &str = "eci";
/// Whose pods are only ECI's if they say so
const MIXED: &str = "mixed";
/// All of whose pods are ECI's, in mode warn
const SOFT: &str = "soft";
/// All of whose pods are ECI's, and nobody has any rights in Kubernetes
const CLOSED: &str = "closed";

/// A control plane whose API server asks a replica about reading
struct Scene {
    plane: ControlPlane,
    port: u16,
    replica: Option<Replica>,
}

/// The one scene, for one test at a time
fn scene() -> MutexGuard<'static, Scene> {
    static SCENE: OnceLock<Option<Mutex<Scene>>> = OnceLock::new();
    let start = || once(|| Mutex::new(Scene::start()));
    let scene = SCENE.get_or_init(start).as_ref().expect(FAILED_BEFORE);
    let mut scene = scene.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    scene.serve();
    scene
}

fn example(file: &str) -> String {
    example_of("examples/authorization", file)
}

fn example_of(folder: &str, file: &str) -> String {
    fs::read_to_string(repository().join("deploy").join(folder).join(file)).expect("example")
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in the example");
    text.replace(from, to)
}

/// The minor version of the API server
fn minor() -> u32 {
    let output = Command::new(tool("kube-apiserver"))
        .arg("--version")
        .output()
        .expect("kube-apiserver");
    let text = String::from_utf8(output.stdout).expect("a version");
    text.split('.')
        .nth(1)
        .and_then(|minor| minor.parse().ok())
        .expect("Kubernetes v1.MINOR.PATCH")
}

/// Whether authorizers get to see what a list selects
fn sends_selectors() -> bool {
    minor() >= 32
}

/// Writes the example's files for an API server on this machine, and gives its flag
fn authorization(folder: &Path, authority: &Authority, port: u16) -> String {
    let kubeconfig = folder.join("ramgate-kubeconfig.yaml");
    let text = replaced(
        &example("kubeconfig.yaml"),
        "https://10.96.0.50:443/",
        &format!("https://127.0.0.1:{port}/"),
    );
    let certificate = authority.certificate().display().to_string();
    let text = replaced(&text, "/etc/kubernetes/ramgate/ca.crt", &certificate);
    fs::write(&kubeconfig, text).expect("kubeconfig of the webhook");
    let text = example("authorization.yaml");
    let mut text = replaced(
        &text,
        "/etc/kubernetes/ramgate/kubeconfig.yaml",
        &kubeconfig.display().to_string(),
    );
    if minor() < 32 {
        text = replaced(
            &text,
            "apiserver.config.k8s.io/v1 ",
            "apiserver.config.k8s.io/v1beta1 ",
        );
    }
    let file = folder.join("authorization.yaml");
    fs::write(&file, text).expect("configuration of the authorizers");
    format!("--authorization-config={}", file.display())
}

/// Gives the API server a certificate to ask webhooks with, by the files of that example, and gives its flag
fn identified(folder: &Path) -> String {
    let clients = Authority::new(CLIENTS, &folder.join(CLIENTS));
    let pair = clients.client("kube-apiserver", None);
    let webhooks = folder.join("webhooks.yaml");
    let admission = folder.join("admission.yaml");
    let (certificate, key) = (
        pair.certificate.display().to_string(),
        pair.key.display().to_string(),
    );
    let text = example_of("client-certificates", "webhooks.yaml");
    let text = replaced(&text, "/etc/kubernetes/ramgate/client.crt", &certificate);
    let text = replaced(&text, "/etc/kubernetes/ramgate/client.key", &key);
    fs::write(&webhooks, text).expect("kubeconfig of the webhooks");
    let text = example_of("client-certificates", "admission.yaml");
    let text = replaced(
        &text,
        "/etc/kubernetes/ramgate/webhooks.yaml",
        &webhooks.display().to_string(),
    );
    fs::write(&admission, text).expect("configuration of admission");
    let authorizer = folder.join("ramgate-kubeconfig.yaml");
    let text = fs::read_to_string(&authorizer).expect("kubeconfig of the authorizer");
    let user = format!(
        "  - name: kube-apiserver\n    user: {{client-certificate: {certificate}, client-key: {key}}}\n"
    );
    fs::write(&authorizer, replaced(&text, "  - name: kube-apiserver\n", &user))
        .expect("the same with a user");
    format!("--admission-control-config-file={}", admission.display())
}

impl Scene {
    fn start() -> Self {
        Self::start_as(false)
    }

    /// The same, where the API server shows a certificate and ramgate demands one
    fn start_as(is_identified: bool) -> Self {
        let port = free_port();
        let plane = ControlPlane::start_with(|folder, authority| {
            let mut flags = vec![authorization(folder, authority, port)];
            flags.extend(is_identified.then(|| identified(folder)));
            flags
        });
        let admin = plane.admin();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        admin.apply(&namespace).success();
        let pair = plane.server_certificate("ramgate", &[&format!("{RELEASE}.{NAMESPACE}.svc")]);
        let read = |path: &Path| fs::read_to_string(path).expect("certificate");
        let data = json!({"tls.crt": read(&pair.certificate), "tls.key": read(&pair.key)});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "company-tls"}, "stringData": data});
        admin.within(NAMESPACE).apply(&secret).success();
        let mut values = install::values();
        values["authorizer"] = json!({"enabled": true});
        values["certificate"] = json!({"source": "secret", "secret": {"name": "company-tls"}});
        if is_identified {
            let authority = fs::read_to_string(plane.folder().join(CLIENTS).join("ca.pem")).expect("CA");
            let data = json!({"ca.crt": authority});
            let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": CLIENTS}, "stringData": data});
            admin.within(NAMESPACE).apply(&secret).success();
            values["server"]["clientAuth"] =
                json!({"enabled": true, "caSecret": CLIENTS, "names": ["kube-apiserver"]});
        }
        install::install(&plane, &values);
        trust(admin, &read(&plane.certificate()));
        let policy = example("config/EciTestOnly.json");
        let directory = example("config/directory.yaml");
        for map in [
            objects::configuration("read-policy", "policy", "EciTestOnly.json", &policy),
            objects::configuration("read-directory", "directory", "directory.yaml", &directory),
        ] {
            admin.within(NAMESPACE).apply(&map).success();
        }
        let service = admin.within(NAMESPACE).get(&["service", RELEASE]);
        let address = service["spec"]["clusterIP"]
            .as_str()
            .expect("address of the Service");
        plane.egress().route(&format!("{address}:443"), vec![port]);
        let mut scene = Self {
            plane,
            port,
            replica: None,
        };
        scene.furnish();
        scene.serve();
        scene.pods();
        scene
    }

    /// Starts a replica if there is none
    fn serve(&mut self) {
        let mut replica = match self.replica.take() {
            Some(replica) => replica,
            None => Replica::start_at(&self.plane, &format!("{RELEASE}-{}", unique()), self.port),
        };
        eventually("the replica is ready", || replica.ready());
        self.replica = Some(replica);
    }

    /// Namespaces, and who may read in them as far as Kubernetes is concerned
    fn furnish(&self) {
        let admin = self.plane.admin();
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"},
            "rules": [
                {"apiGroups": [""], "resources": ["pods", "pods/log", "pods/status"], "verbs": ["get", "list", "watch", "create", "delete"]},
            ],
        });
        admin.apply(&role).success();
        for name in [ECI, MIXED, SOFT, CLOSED, "monitoring", "ci"] {
            let labels = match name {
                ECI | SOFT | CLOSED => json!({"alibabacloud.com/eci": "true"}),
                _ => json!({}),
            };
            admin
                .apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}))
                .success();
            for account in ["default", "prometheus"] {
                let account =
                    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}});
                admin.within(name).apply(&account).success();
            }
        }
        let readers = [
            json!({"kind": "User", "name": ALICE}),
            json!({"kind": "User", "name": ADMIN}),
            json!({"kind": "User", "name": STRANGER}),
            json!({"kind": "ServiceAccount", "namespace": "monitoring", "name": "prometheus"}),
            json!({"kind": "ServiceAccount", "namespace": "ci", "name": "prometheus"}),
        ];
        for name in [ECI, MIXED, SOFT, "kube-system"] {
            let binding = json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "readers"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
                "subjects": readers,
            });
            admin.within(name).apply(&binding).success();
        }
    }

    fn pods(&self) {
        for namespace in [ECI, MIXED, SOFT] {
            let creator = self.person(ADMIN, namespace);
            for env in ["test", "prod"] {
                let mut pod = objects::eci_pod(env, &[(TAGS, &format!("env:{env}"))]);
                pod["metadata"]["labels"]["env"] = json!(env);
                eventually("a pod can be created", || {
                    let outcome = creator.give(&["create"], &pod);
                    if outcome.succeeded {
                        Ok(())
                    } else {
                        Err(outcome.stderr)
                    }
                });
            }
        }
        self.person(ADMIN, MIXED)
            .give(&["create"], &objects::pod("elsewhere"))
            .success();
    }

    fn person(&self, user: &str, namespace: &str) -> Kubectl {
        self.plane.person(user, None).within(namespace)
    }

    fn program(&self, home: &str, namespace: &str) -> Kubectl {
        let token = self
            .plane
            .admin()
            .within(home)
            .run(&["create", "token", "prometheus"])
            .success()
            .stdout;
        self.plane.holder(home, token.trim()).within(namespace)
    }

    fn counted(&self, operation: &str, decision: &str, mode: &str, resource: &str) -> f64 {
        let series = format!(
            r#"ramgate_admission_requests_total{{decision="{decision}",mode="{mode}",operation="{operation}",path="authorize",resource="{resource}"}}"#
        );
        self.replica
            .as_ref()
            .and_then(|replica| replica.metric(&series))
            .unwrap_or(0.0)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.plane.tail());
        }
    }
}

/// What the API server said when it refused, which must be ramgate's reason
#[track_caller]
fn refused(kubectl: &Kubectl, arguments: &[&str], words: &str) -> String {
    let said = kubectl.run(arguments).failure();
    assert!(
        said.contains("Forbidden") || said.contains("forbidden"),
        "{arguments:?}: {said}"
    );
    assert!(said.contains(words), "{arguments:?}: `{words}` is not in: {said}");
    said
}

#[track_caller]
fn names(kubectl: &Kubectl, arguments: &[&str]) -> Vec<String> {
    let listed = kubectl.get(arguments);
    let items = listed["items"].as_array().expect("a list");
    items
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn one_pod_is_shown_if_ram_would_show_its_instance() {
    let scene = scene();
    for namespace in [ECI, MIXED] {
        let alice = scene.person(ALICE, namespace);
        assert_eq!(alice.get(&["pod", "test"])["metadata"]["name"], "test");
        let said = refused(
            &alice,
            &["get", "pod", "prod"],
            "tag `env` must be `test`, by statement `EciTestOnly#2`, but it is `prod`",
        );
        assert!(said.contains("AuthAction: eci:DescribeContainerGroups"), "{said}");
        // Every other way to the same object
        refused(
            &alice,
            &["get", "pod", "prod", "--subresource=status"],
            "tag `env` must",
        );
        refused(
            &alice,
            &["get", "pods", "--field-selector=metadata.name=prod"],
            "tag `env` must",
        );
        let watch = format!(
            "/api/v1/namespaces/{namespace}/pods?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dprod"
        );
        refused(&alice, &["get", "--raw", &watch], "tag `env` must");
        assert_eq!(
            names(&alice, &["pods", "--field-selector=metadata.name=test"]),
            ["test"]
        );
        // kubectl looks at the pod before it asks for the log
        let log = format!("/api/v1/namespaces/{namespace}/pods/prod/log");
        refused(&alice, &["get", "--raw", &log], "eci:DescribeContainerLog");
        refused(&alice, &["logs", "prod"], "eci:DescribeContainerGroups");
        // Nothing runs whose log it would be, so it is empty
        alice.run(&["logs", "test"]).success();
    }
    assert!(scene.counted("get", "deny", "enforce", "pods/log") >= 2.0);
    assert!(scene.counted("get", "allow", "enforce", "pods") >= 2.0);
}

#[test]
fn a_list_is_shown_if_ram_would_show_what_it_selects() {
    let scene = scene();
    let alice = scene.person(ALICE, ECI);
    let advice = "ask with the label selector `env=test`";
    refused(&alice, &["get", "pods"], advice);
    refused(&alice, &["get", "pods", "--selector=env=prod"], advice);
    refused(&alice, &["get", "pods", "--selector=env in (test,prod)"], advice);
    refused(
        &alice,
        &[
            "get",
            "--raw",
            "/api/v1/namespaces/eci/pods?watch=true&timeoutSeconds=1",
        ],
        advice,
    );
    let watch = "/api/v1/namespaces/eci/pods?watch=true&timeoutSeconds=1&labelSelector=env%3Dtest";
    if sends_selectors() {
        assert_eq!(names(&alice, &["pods", "--selector=env=test"]), ["test"]);
        assert!(
            alice
                .run(&["get", "--raw", watch])
                .success()
                .stdout
                .contains("\"ADDED\"")
        );
    } else {
        refused(&alice, &["get", "pods", "--selector=env=test"], advice);
        refused(&alice, &["get", "--raw", watch], advice);
    }
    // Where not everything is ECI's nothing can be said of all of it
    let alice = scene.person(ALICE, MIXED);
    assert_eq!(names(&alice, &["pods"]), ["elsewhere", "prod", "test"]);
    if sends_selectors() {
        refused(
            &alice,
            &["get", "pods", "--selector=alibabacloud.com/eci=true"],
            "ask with the label selector `alibabacloud.com/eci=true,env=test`",
        );
    }
    assert_eq!(names(&scene.person(ADMIN, ECI), &["pods"]), ["prod", "test"]);
    assert!(scene.counted("watch", "deny", "enforce", "pods") >= 1.0);
}

#[test]
fn nobody_gets_more_than_rbac_gives() {
    let scene = scene();
    let alice = scene.person(ALICE, CLOSED);
    for arguments in [["get", "pods", "--selector=env=test"], ["get", "pod", "test"]] {
        let said = alice.run(&arguments).failure();
        assert!(said.contains("forbidden"), "{said}");
    }
    // And what RBAC gives in a namespace that is never judged
    assert!(names(&scene.person(ALICE, "kube-system"), &["pods"]).is_empty());
}

#[test]
fn whom_ram_does_not_know_reads_nothing_and_programs_read_no_logs() {
    let scene = scene();
    let unbound = "bound to no RAM user or role";
    let stranger = scene.person(STRANGER, ECI);
    for arguments in [&["get", "pods"][..], &["get", "pod", "test"], &["logs", "test"]] {
        refused(&stranger, arguments, unbound);
    }
    assert_eq!(
        scene.person(STRANGER, MIXED).get(&["pod", "elsewhere"])["metadata"]["name"],
        "elsewhere"
    );
    // The API server asks about service accounts of `ci` as about people
    for home in ["monitoring", "ci"] {
        let program = scene.program(home, ECI);
        assert_eq!(names(&program, &["pods"]), ["prod", "test"]);
        refused(&program, &["logs", "test"], unbound);
    }
    assert!(scene.counted("list", "unjudged", "none", "pods") >= 1.0);
    // What nothing was denied to has no line in the log
    let log = scene.replica.as_ref().unwrap().process.log();
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let reads = lines.iter().filter(|line| line["path"] == "authorize");
    assert!(
        reads
            .clone()
            .any(|line| line["code"] == "UnboundIdentity" && line["user"] == STRANGER)
    );
    assert!(reads.clone().all(|line| line["decision"] != "unjudged"));
}

#[test]
fn a_soft_namespace_shows_everything_and_records_it() {
    let scene = scene();
    let alice = scene.person(ALICE, SOFT);
    assert_eq!(names(&alice, &["pods"]), ["prod", "test"]);
    assert_eq!(alice.get(&["pod", "prod"])["metadata"]["name"], "prod");
    assert!(scene.counted("list", "warn", "warn", "pods") >= 1.0);
    assert!(scene.counted("get", "warn", "warn", "pods") >= 1.0);
}

#[test]
fn what_is_not_there_yet_can_be_applied() {
    let scene = scene();
    let alice = scene.person(ALICE, ECI);
    let said = alice.run(&["get", "pod", "none"]).failure();
    assert!(said.contains("NotFound"), "{said}");
    let name = format!("new-{}", unique());
    let pod = objects::eci_pod(&name, &[(TAGS, "env:test")]);
    let outcome = alice.give(&["create"], &pod).success();
    assert!(outcome.stdout.contains("created"), "{}", outcome.stdout);
    assert_eq!(alice.get(&["pod", &name])["metadata"]["name"], name.as_str());
    scene
        .person(ADMIN, ECI)
        .run(&["delete", "pod", &name, "--force", "--grace-period=0"])
        .success();
}

#[test]
fn can_i_says_why_not() {
    let scene = scene();
    let said = scene.person(ALICE, ECI).run(&["auth", "can-i", "list", "pods"]);
    assert!(!said.succeeded);
    assert!(
        (said.stdout.clone() + &said.stderr).contains("may not list the pods of namespace `eci` on ECI"),
        "{said:?}"
    );
}

#[test]
fn an_outage_keeps_people_from_reading_and_nothing_else() {
    let mut scene = scene();
    scene.replica = None;
    let alice = scene.person(ALICE, ECI);
    // A name that was never asked for: the API server remembers answers, before Kubernetes 1.32 whatever was selected
    let said = alice
        .run(&["get", "pod", &format!("outage-{}", unique())])
        .failure();
    // The API server's words for an authorizer that must not be passed over
    assert!(said.contains("connection refused"), "{said}");
    assert_eq!(
        names(&scene.program("monitoring", ECI), &["pods"]),
        ["prod", "test"]
    );
    assert!(
        names(
            &scene.person(ALICE, "kube-system"),
            &["pods", "--selector=during=outage"]
        )
        .is_empty()
    );
    assert_eq!(
        names(&scene.plane.admin().within(ECI), &["pods"]),
        ["prod", "test"]
    );
    let node = scene.plane.person("system:node:n1", Some("system:nodes"));
    assert!(
        node.run(&[
            "get",
            "pods",
            "--all-namespaces",
            "--field-selector=spec.nodeName=n1"
        ])
        .succeeded
    );
}

#[test]
fn with_a_certificate_the_api_server_is_heard_and_nobody_else() {
    let scene = Scene::start_as(true);
    // The pods of the scene have passed both webhooks, and its readers the authorizer
    let alice = scene.person(ALICE, ECI);
    assert_eq!(alice.get(&["pod", "test"])["metadata"]["name"], "test");
    refused(&alice, &["get", "pod", "prod"], "tag `env` must be `test`");
    let said = scene
        .person(ALICE, ECI)
        .give(&["create"], &objects::eci_pod("mine", &[(TAGS, "env:prod")]));
    assert!(said.stderr.contains("denied the request"), "{}", said.stderr);

    let folder = scene.plane.folder();
    let others = Authority::new(CLIENTS, &folder.join("others"));
    // The cluster's own authority is another one too
    let strangers = [
        None,
        Some(others.client("kube-apiserver", None)),
        Some(scene.plane.client_certificate("kube-apiserver")),
    ];
    let replica = scene.replica.as_ref().unwrap();
    let series = r#"ramgate_refused_connections_total{reason="client_certificate"}"#;
    let before = replica.metric(series).unwrap();
    for path in ["/mutate", "/validate", "/authorize"] {
        for stranger in &strangers {
            let heard = reviews::ask(&scene.plane, scene.port, path, stranger.as_ref());
            assert!(heard.is_err(), "{path}: {heard:?}");
        }
    }
    assert_eq!(replica.metric(series), Some(before + 9.0));
    assert!(
        !replica.process.log().contains("handshake"),
        "strangers write no log: {}",
        replica.process.tail()
    );
}
