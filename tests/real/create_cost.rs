//! What a create costs the API server: a measurement, not a test. `benches/conditions/run.sh` runs it.
//!
//! Pods are really created, because what the webhooks add is a share of what a create costs as a whole, storage included.
//! They are deleted while no webhook is installed and nobody measures. The settings take turns, so that whatever makes the
//! machine slower for a while does so for all of them; only processor time counts.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::harness::cluster::Cluster;
use crate::harness::cluster::Namespace;
use crate::harness::cluster::exclusive;
use crate::harness::install::NAMESPACE;
use crate::harness::install::RELEASE;
use crate::harness::neighbour;
use crate::harness::objects::TAGS;
use crate::harness::objects::allow;
use crate::harness::rest::Rest;
use crate::harness::tools::repository;
use crate::harness::tools::tool;
use crate::harness::wait::eventually;

/// The annotation by which a pod shows that ramgate has seen it
const STAMP: &str = "ramgate.io/requested-by";
/// How many requests are on their way at once
const WORKERS: usize = 4;
/// Creates before a measurement: the API server compiles the conditions with the first
const WARM_UP: usize = 40;
/// How long the API server may take over what is left of the setting before
const SETTLE: Duration = Duration::from_millis(1500);
/// How long a profile lasts, in seconds
const PROFILE: usize = 10;
/// Linux counts processor time in hundredths of a second, whatever the kernel's own clock
const TICK: Duration = Duration::from_millis(10);
const API: &str = "/apis/admissionregistration.k8s.io/v1";

/// What the no-op server patches: what ramgate has patched in the same pod
static PATCH: OnceLock<Vec<Value>> = OnceLock::new();
/// How many reviews the no-op servers have answered
static REVIEWS: AtomicUsize = AtomicUsize::new(0);

#[test]
#[ignore = "a measurement: benches/conditions/run.sh"]
fn what_a_create_costs_the_api_server() {
    let cluster = exclusive();
    // The values of production: one mode for all namespaces
    cluster.install(&json!({"mode": "enforce"}));
    let everything = json!([allow(&["eci:*"], &json!({}))]);
    cluster.ram_user("payer", &everything);
    cluster.scale(1);
    let bench = Bench::new(&cluster);
    let settings = bench.settings();
    bench.clear();
    let samples = number("CREATES", 300);
    for round in 0..number("ROUNDS", 4) {
        for turn in 0..settings.len() {
            let setting = &settings[(round + turn) % settings.len()];
            bench.put_in_force(setting);
            for &pod in setting.pods {
                bench.run(&bench.pod(pod), WARM_UP);
                let sample = bench.sample(setting.name, pod, samples);
                println!("{sample}");
                keep(&sample);
            }
            bench.clear();
        }
    }
    if let Some(folder) = text("PROFILES") {
        for setting in &settings {
            bench.put_in_force(setting);
            for pod in setting.pods {
                let name = format!("{}, {pod} pod.pprof", setting.name);
                bench.profile(&Path::new(&folder).join(name), &bench.pod(pod));
            }
            bench.clear();
        }
    }
}

/// Webhooks, and the kinds of pods that are created under them
struct Setting {
    name: &'static str,
    configurations: Vec<Value>,
    pods: &'static [&'static str],
    /// How many reviews of a marked pod the no-op servers get
    reviews: usize,
    /// Whether a marked pod gets the annotation of a stamp
    stamped: bool,
}

/// The processor time of a create in one measurement
struct Sample {
    setting: String,
    pod: String,
    api_server: Duration,
    ramgate: Duration,
}

struct Bench<'a> {
    cluster: &'a Cluster,
    space: Namespace<'a>,
    /// Who creates the pods
    person: Rest,
    replica: u32,
    /// The share of one processor that the API server takes without requests
    idle: f64,
}

impl<'a> Bench<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let space = cluster.namespace("cost", &[]);
        let person = Rest::new(space.editor("payer@example.com").kubeconfig());
        let replica = cluster.replicas()[0].process.id();
        thread::sleep(SETTLE);
        let (api_server, start) = (cluster.plane.api_server(), Instant::now());
        let before = processor_time(api_server);
        thread::sleep(Duration::from_secs(5));
        let idle = (processor_time(api_server) - before).as_secs_f64() / start.elapsed().as_secs_f64();
        println!(
            "without requests, the API server takes {:.1} % of a processor",
            idle * 100.0
        );
        Self {
            cluster,
            space,
            person,
            replica,
            idle,
        }
    }

    fn settings(&self) -> Vec<Setting> {
        let bare = self.pod("marked");
        let stamped = self
            .person
            .create(&(self.pods() + "?dryRun=All"), &bare)
            .success();
        let stamp = &stamped["metadata"]["annotations"][STAMP];
        assert!(stamp.is_string(), "{stamped}");
        let path = format!("/metadata/annotations/{}", STAMP.replace('/', "~1"));
        PATCH
            .set(vec![json!({"op": "add", "path": path, "value": stamp})])
            .expect("one measurement");
        let live = self.cluster.admin.get(&["mutatingwebhookconfiguration", RELEASE]);
        let authority = &live["webhooks"][0]["clientConfig"]["caBundle"];
        assert!(authority.is_string(), "{live}");
        let silent = neighbour::listen(&self.cluster.namespace("silent", &[]), |_| {
            REVIEWS.fetch_add(1, Ordering::Relaxed);
            vec![]
        });
        let patching = neighbour::listen(&self.cluster.namespace("patching", &[]), |request| {
            REVIEWS.fetch_add(1, Ordering::Relaxed);
            let stamped = request["object"]["metadata"]["annotations"][STAMP].is_string();
            if stamped {
                vec![]
            } else {
                PATCH.get().cloned().unwrap_or_default()
            }
        });
        let setting = |name, configurations, pods| Setting {
            name,
            configurations,
            pods,
            reviews: 0,
            stamped: false,
        };
        let ours = |chart: &Path| rendered(chart, authority);
        let mut settings = vec![
            setting("no webhooks", vec![], &["plain", "marked"]),
            setting(
                "a pair with the condition `false`",
                pair(&silent, Some("false")),
                &["plain"],
            ),
            Setting {
                reviews: 2,
                ..setting(
                    "a no-op pair that patches nothing",
                    pair(&silent, None),
                    &["marked"],
                )
            },
            Setting {
                reviews: 2,
                stamped: true,
                ..setting(
                    "a no-op pair that patches as much",
                    pair(&patching, None),
                    &["marked"],
                )
            },
            Setting {
                stamped: true,
                ..setting(
                    "ramgate",
                    ours(&repository().join("charts/ramgate")),
                    &["plain", "marked"],
                )
            },
        ];
        if let Some(chart) = text("OTHER_CHART") {
            settings.push(Setting {
                stamped: true,
                ..setting(
                    "ramgate, the other chart",
                    ours(Path::new(&chart)),
                    &["plain", "marked"],
                )
            });
        }
        settings
    }

    /// The path of the namespace's pods
    fn pods(&self) -> String {
        format!("/api/v1/namespaces/{}/pods", self.space.name)
    }

    /// The pod of 4.5 KB that the load script sends as well, with or without what leads to ECI
    fn pod(&self, kind: &str) -> Value {
        let text = fs::read_to_string(repository().join("benches/load/allowed.json")).expect("a review");
        let mut review: Value = serde_json::from_str(&text).expect("JSON");
        let mut pod = review["request"]["object"].take();
        let mut metadata = json!({
            "generateName": "web-",
            "labels": {"app": "web", "team": "shop", "pod-template-hash": "5d9c7b6f48"},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
        });
        if kind == "marked" {
            metadata["labels"]["alibabacloud.com/eci"] = "true".into();
            metadata["annotations"][TAGS] = "env:test,team:shop".into();
        }
        pod["metadata"] = metadata;
        pod
    }

    /// Installs the webhooks of a setting, where none are, and waits until the API server goes by them
    fn put_in_force(&self, setting: &Setting) {
        for configuration in &setting.configurations {
            self.cluster
                .rest
                .create(&collection(configuration), configuration)
                .success();
        }
        let marked = self.pod("marked");
        let path = self.pods() + "?dryRun=All";
        eventually(setting.name, || {
            let before = REVIEWS.load(Ordering::Relaxed);
            let reply = self.person.create(&path, &marked);
            let reviews = REVIEWS.load(Ordering::Relaxed) - before;
            let stamped = reply.body["metadata"]["annotations"][STAMP].is_string();
            if reply.succeeded() && reviews == setting.reviews && stamped == setting.stamped {
                Ok(())
            } else {
                Err(format!(
                    "{reviews} reviews, stamped: {stamped}, {}: {}",
                    reply.status, reply.body["message"]
                ))
            }
        });
        thread::sleep(SETTLE);
    }

    /// Takes all webhooks and pods away
    fn clear(&self) {
        for kind in ["mutating", "validating"] {
            for name in [RELEASE, NO_OP] {
                self.cluster
                    .rest
                    .delete(&format!("{API}/{kind}webhookconfigurations/{name}"));
            }
        }
        thread::sleep(SETTLE);
        let deleted = self.cluster.rest.delete(&(self.pods() + "?gracePeriodSeconds=0"));
        assert!(deleted.succeeded(), "{deleted:?}");
        thread::sleep(SETTLE);
    }

    /// Creates a pod so many times
    fn run(&self, pod: &Value, count: usize) {
        let path = self.pods();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    while next.fetch_add(1, Ordering::Relaxed) < count {
                        self.person.create(&path, pod).success();
                    }
                });
            }
        });
    }

    fn sample(&self, setting: &str, kind: &str, count: usize) -> Sample {
        let pod = self.pod(kind);
        let processes = [self.cluster.plane.api_server(), self.replica];
        let (before, start) = (processes.map(processor_time), Instant::now());
        self.run(&pod, count);
        let (after, elapsed) = (processes.map(processor_time), start.elapsed());
        let count = u32::try_from(count).expect("a count");
        let idle = elapsed.mul_f64(self.idle);
        Sample {
            setting: setting.to_owned(),
            pod: kind.to_owned(),
            api_server: (after[0] - before[0]).saturating_sub(idle) / count,
            ramgate: (after[1] - before[1]) / count,
        }
    }

    /// Writes a profile of the API server while it creates a pod over and over
    fn profile(&self, file: &Path, pod: &Value) {
        self.run(pod, WARM_UP);
        let mut profiler = self.profiler(file);
        while profiler.try_wait().expect("kubectl").is_none() {
            self.run(pod, WARM_UP);
        }
    }

    fn profiler(&self, file: &Path) -> Child {
        Command::new(tool("kubectl"))
            .args(["get", "--raw", &format!("/debug/pprof/profile?seconds={PROFILE}")])
            .env("KUBECONFIG", self.cluster.admin.kubeconfig())
            .stdout(fs::File::create(file).expect("a file for the profile"))
            .stdin(Stdio::null())
            .spawn()
            .expect("kubectl")
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (api_server, ramgate) = (self.api_server.as_micros(), self.ramgate.as_micros());
        write!(
            formatter,
            "{}\t{}\t{api_server}\t{ramgate}",
            self.setting, self.pod
        )
    }
}

/// The name of the no-op configurations
const NO_OP: &str = "no-op";

/// A mutating and a validating webhook for the same pods as ramgate's, with this condition if there is one
fn pair(client: &Value, condition: Option<&str>) -> Vec<Value> {
    let names = json!([{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", NAMESPACE]}]);
    ["Mutating", "Validating"]
        .map(|phase| {
            let mut webhook = json!({
                "name": "no-op.example.com", "clientConfig": client,
                "admissionReviewVersions": ["v1"], "sideEffects": "None", "matchPolicy": "Equivalent",
                "namespaceSelector": {"matchExpressions": names},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}],
            });
            if phase == "Mutating" {
                webhook["reinvocationPolicy"] = "IfNeeded".into();
            }
            if let Some(condition) = condition {
                webhook["matchConditions"] = json!([{"name": "never", "expression": condition}]);
            }
            json!({
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": format!("{phase}WebhookConfiguration"),
                "metadata": {"name": NO_OP}, "webhooks": [webhook],
            })
        })
        .to_vec()
}

/// Both webhook configurations of a chart, with the authority that has signed ramgate's certificate
fn rendered(chart: &Path, authority: &Value) -> Vec<Value> {
    let output = Command::new(tool("helm"))
        .args([
            "template",
            RELEASE,
            "--namespace",
            NAMESPACE,
            "--show-only",
            "templates/webhooks.yaml",
        ])
        .args(["--set", "mode=enforce"])
        .arg(chart)
        .output()
        .expect("helm");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let documents = ramgate::testing::yaml::parse(&text).expect("YAML");
    let mut documents: Vec<Value> = documents.iter().map(|document| document.to_json()).collect();
    for document in &mut documents {
        for entry in document["webhooks"].as_array_mut().expect("entries") {
            entry["clientConfig"]["caBundle"] = authority.clone();
        }
    }
    documents
}

/// Where configurations of this kind are created
fn collection(configuration: &Value) -> String {
    let kind = configuration["kind"].as_str().expect("a kind").to_lowercase();
    format!("{API}/{kind}s")
}

/// How long a process and its threads have run on processors
fn processor_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("a running process");
    // The name, in parentheses, may contain spaces; utime and stime are the 14th and 15th field.
    let (_, fields) = stat.rsplit_once(") ").expect("fields behind the name");
    let ticks: u32 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u32>().expect("ticks"))
        .sum();
    TICK * ticks
}

/// Adds a sample to those of earlier runs
fn keep(sample: &Sample) {
    if let Some(file) = text("SAMPLES") {
        let mut file = fs::File::options()
            .create(true)
            .append(true)
            .open(file)
            .expect("a file of samples");
        writeln!(file, "{sample}").expect("a line");
    }
}

/// What the script says by a variable
fn text(name: &str) -> Option<String> {
    std::env::var(format!("RAMGATE_BENCH_{name}"))
        .ok()
        .filter(|value| !value.is_empty())
}

fn number(name: &str, usual: usize) -> usize {
    text(name).map_or(usual, |value| value.parse().expect("a number"))
}
