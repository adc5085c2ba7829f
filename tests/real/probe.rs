//! `ramgate probe`, run as the chart's hook runs it: the arguments of its pod, with the token of its account.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::cluster::{Cluster, exclusive};
use crate::harness::egress::Fault;
use crate::harness::install::{NAMESPACE, RELEASE, helm};
use crate::harness::kubectl::Kubectl;
use crate::harness::replica::service_account;
use crate::harness::wait::eventually;
use crate::harness::{install, objects};

/// The hook of a release
struct Probe {
    account: Kubectl,
    arguments: Vec<String>,
}

/// What it printed, and its exit code
struct Said {
    code: Option<i32>,
    text: String,
}

impl Probe {
    /// Installs the chart so that it probes this namespace, and makes what Helm makes for the hook
    fn installed(cluster: &Cluster, namespace: &str) -> Self {
        cluster.namespace_named(namespace, &[]);
        let mut values = install::values();
        values["probe"] = json!({"namespace": namespace, "timeoutSeconds": 1});
        cluster.install(&values);
        let hooks = helm(&cluster.plane, &["get", "hooks", RELEASE]).success().stdout;
        let documents = ramgate::testing::yaml::parse(&hooks).expect("YAML");
        let objects: Vec<Value> = documents.iter().map(|document| document.to_json()).collect();
        let of_test = |object: &&Value| {
            let hook = object["metadata"]["annotations"]["helm.sh/hook"].as_str();
            hook.is_some_and(|hook| hook.contains("test"))
        };
        let objects: Vec<&Value> = objects.iter().filter(of_test).collect();
        let pod = objects
            .iter()
            .find(|object| object["kind"] == "Pod")
            .expect("a pod");
        for object in objects.iter().filter(|object| object["kind"] != "Pod") {
            cluster.admin.apply(object).success();
        }
        let arguments = pod["spec"]["containers"][0]["args"]
            .as_array()
            .expect("arguments");
        let account = pod["spec"]["serviceAccountName"].as_str().expect("an account");
        Self {
            account: service_account(&cluster.plane, account),
            arguments: arguments
                .iter()
                .map(|one| one.as_str().unwrap().to_owned())
                .collect(),
        }
    }

    fn run(&self) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .args(&self.arguments)
            .env_clear()
            .env("KUBECONFIG", self.account.kubeconfig())
            .output()
            .expect("ramgate probe");
        Said {
            code: output.status.code(),
            text: String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        }
    }

    /// Both webhooks answered
    fn succeeds(&self, words: &str) {
        self.ends(0, words);
    }

    /// Somebody did not answer
    fn fails(&self, words: &str) {
        self.ends(2, words);
    }

    /// The API server hears of changes by watches, so the probe may be too early once
    fn ends(&self, code: i32, words: &str) {
        eventually(words, || {
            let said = self.run();
            match said.code == Some(code) && said.text.contains(words) {
                true => Ok(()),
                false => Err(format!("{:?} {}", said.code, said.text)),
            }
        });
    }
}

#[test]
fn a_healthy_installation_answers_the_probe_in_every_mode_and_stores_nothing() {
    let cluster = exclusive();
    cluster.scale(1);
    for (namespace, words) in [
        ("probed", "mode enforce, decision deny"),
        ("soft", "mode warn, decision warn"),
        ("quiet", "mode audit, decision audit"),
    ] {
        let probe = Probe::installed(&cluster, namespace);
        probe.succeeds(words);
        let pods = cluster
            .admin
            .within(namespace)
            .run(&["get", "pods", "--output=name"]);
        assert!(!pods.success().stdout.contains("ramgate-probe"), "{namespace}");
        let right = |verb: &str, resource: &str, place: &str| {
            // To kubectl, what follows a slash is a name
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            let subresource = format!("--subresource={subresource}");
            let asked = [
                "auth",
                "can-i",
                verb,
                resource,
                &subresource,
                "--namespace",
                place,
            ];
            probe.account.run(&asked).succeeded
        };
        assert!(right("create", "pods", namespace));
        for (verb, resource, place) in [
            ("create", "pods", NAMESPACE),
            ("create", "pods", "kube-system"),
            ("get", "pods", namespace),
            ("create", "pods/exec", namespace),
            ("create", "deployments.apps", namespace),
            ("get", "configmaps", NAMESPACE),
            ("get", "secrets", NAMESPACE),
        ] {
            assert!(!right(verb, resource, place), "{verb} {resource} in {place}");
        }
    }
}

#[test]
fn an_account_whom_a_directory_allows_everything_is_answered_as_well() {
    let cluster = exclusive();
    cluster.scale(1);
    let probe = Probe::installed(&cluster, "probed");
    cluster.ram_user("prober", &json!([objects::allow(&["*"], &json!({}))]));
    let binding = "bindings:\n  - {principal: user/prober, subjects: [{kind: ServiceAccount, namespace: ramgate-system, name: ramgate-probe}]}\n";
    cluster.configure(&objects::configuration(
        "prober-binding",
        "directory",
        "probe.yaml",
        binding,
    ));
    probe.succeeds("mode enforce, decision allow");
}

#[test]
fn an_installation_that_judges_nothing_fails_the_probe() {
    let cluster = exclusive();
    cluster.scale(1);
    let strict = Probe::installed(&cluster, "probed");
    let lenient = Probe::installed(&cluster, "soft");

    cluster.plane.egress().fault(Fault::Refuse);
    strict.fails("the API server does not reach ramgate: ");
    lenient.fails("let the pod pass without an answer of ramgate");
    cluster.plane.egress().fault(Fault::None);
    strict.succeeds("decision deny");

    let mutating = format!("mutatingwebhookconfiguration/{RELEASE}");
    cluster.admin.run(&["delete", &mutating]).success();
    strict.fails("the mutating webhook does not answer");
    lenient.fails("the mutating webhook does not answer");
    cluster.remove_webhooks();
    strict.fails("let the pod pass without an answer of ramgate");
    lenient.fails("let the pod pass without an answer of ramgate");
}
