//! What a create costs the API server: a measurement, not a test. `benches/conditions/run.sh` runs it.
//!
//! Pods are really created, because what the webhooks add is a share of what a create costs as a whole, storage included.
//! Each setting has a namespace of its own, to which its webhooks are limited, so that all of them are installed at once and
//! take turns every moment: whatever makes the machine slower for a while does so for all. Only processor time counts.

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
use crate::sent::of_chart;

/// The annotation by which a pod shows that ramgate has seen it
const STAMP: &str = "ramgate.io/requested-by";
/// How many requests are on their way at once, if the script does not say
const WORKERS: usize = 4;
/// Creates before a measurement: the API server compiles the conditions with the first
const WARM_UP: usize = 40;
/// How long the API server may take over what it has been asked before
const SETTLE: Duration = Duration::from_secs(2);
/// How long a profile lasts, in seconds
const PROFILE: usize = 10;
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
    bench.install(&settings);
    let creates = number("CREATES", 100);
    for round in 0..number("ROUNDS", 20) {
        let samples = (0..settings.len()).flat_map(|turn| {
            // Backwards in every other round, so that none always has the garbage of the same one before it
            let turn = if round % 2 == 0 {
                turn
            } else {
                settings.len() - 1 - turn
            };
            let setting = &settings[(round + turn) % settings.len()];
            setting
                .pods
                .iter()
                .map(|&pod| bench.sample(setting, pod, creates))
                .collect::<Vec<_>>()
        });
        keep(&samples.collect::<Vec<_>>());
        bench.clear(&settings);
    }
    if let Some(folder) = text("PROFILES") {
        for setting in &settings {
            for pod in setting.pods {
                let name = format!("{}, {pod} pod.pprof", setting.name);
                bench.profile(&Path::new(&folder).join(name), setting, &bench.pod(pod));
            }
            bench.clear(&settings);
        }
    }
}

/// Webhooks, and the kinds of pods that are created under them
struct Setting<'a> {
    name: &'static str,
    space: Namespace<'a>,
    configurations: Vec<Value>,
    pods: &'static [&'static str],
    /// How many reviews of a marked pod the no-op servers get
    reviews: usize,
    /// Whether a marked pod gets the annotation of a stamp
    stamped: bool,
}

/// What a create took in one measurement
struct Sample {
    setting: &'static str,
    pod: &'static str,
    /// Processor time
    api_server: Duration,
    ramgate: Duration,
    /// What the API server allocated, in bytes: what makes it collect garbage, whenever it does
    allocated: f64,
    latency: Latency,
}

/// How long creates take for whom they are made
#[derive(Default)]
struct Latency {
    mean: Duration,
    max: Duration,
}

struct Bench<'a> {
    cluster: &'a Cluster,
    /// Who creates the pods
    person: Rest,
    replica: u32,
    /// The share of one processor that the API server takes without requests
    idle: f64,
    /// What it allocates to be asked how much it has allocated, in bytes
    asking: f64,
    workers: usize,
}

impl<'a> Bench<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let person = Rest::new(
            cluster
                .namespace("cost", &[])
                .editor("payer@example.com")
                .kubeconfig(),
        );
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
        let first = allocated(cluster);
        let asking = allocated(cluster) - first;
        Self {
            cluster,
            person,
            replica,
            idle,
            asking,
            workers: number("WORKERS", WORKERS),
        }
    }

    fn settings(&self) -> Vec<Setting<'a>> {
        let setting = |name, configurations: Vec<Value>, pods| {
            let space = self.cluster.namespace("cost", &[]);
            space.editor("payer@example.com");
            let limited = configurations
                .into_iter()
                .map(|configuration| limited(configuration, &space.name));
            let configurations = limited.collect();
            Setting {
                name,
                space,
                configurations,
                pods,
                reviews: 0,
                stamped: false,
            }
        };
        let none = setting("no webhooks", vec![], &["plain", "marked"]);
        let path = none.pods_path() + "?dryRun=All";
        let stamped = self.person.create(&path, &self.pod("marked")).success();
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
        let ours = |name, chart: &Path| Setting {
            stamped: true,
            ..setting(name, rendered(chart, authority), &["plain", "marked"])
        };
        let mut settings = vec![
            none,
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
            ours("ramgate", &repository().join("charts/ramgate")),
        ];
        if let Some(chart) = text("OTHER_CHART") {
            settings.push(ours("ramgate, the other chart", Path::new(&chart)));
        }
        settings
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

    /// Puts the webhooks of all settings in the place of the chart's, and waits until the API server goes by them
    fn install(&self, settings: &[Setting<'_>]) {
        self.cluster.remove_webhooks();
        for (index, setting) in settings.iter().enumerate() {
            for configuration in &setting.configurations {
                let mut configuration = configuration.clone();
                configuration["metadata"] = json!({"name": format!("cost-{index}")});
                self.cluster
                    .rest
                    .create(&collection(&configuration), &configuration)
                    .success();
            }
        }
        let marked = self.pod("marked");
        for setting in settings {
            let path = setting.pods_path() + "?dryRun=All";
            eventually(setting.name, || {
                let before = REVIEWS.load(Ordering::Relaxed);
                let reply = self.person.create(&path, &marked);
                let reviews = REVIEWS.load(Ordering::Relaxed) - before;
                let stamped = reply.body["metadata"]["annotations"][STAMP].is_string();
                if reply.succeeded() && reviews == setting.reviews && stamped == setting.stamped {
                    Ok(())
                } else {
                    let said = &reply.body["message"];
                    Err(format!(
                        "{reviews} reviews, stamped: {stamped}, {}: {said}",
                        reply.status
                    ))
                }
            });
            for pod in setting.pods {
                self.run(setting, &self.pod(pod), WARM_UP);
            }
        }
        self.clear(settings);
    }

    /// Deletes all pods, as their owner, whom the webhooks let do it
    fn clear(&self, settings: &[Setting<'_>]) {
        for setting in settings {
            let deleted = self
                .person
                .delete(&(setting.pods_path() + "?gracePeriodSeconds=0"));
            assert!(deleted.succeeded(), "{deleted:?}");
        }
        thread::sleep(SETTLE);
    }

    /// Creates a pod so many times
    fn run(&self, setting: &Setting<'_>, pod: &Value, count: usize) -> Latency {
        let path = setting.pods_path();
        let next = AtomicUsize::new(0);
        let worker = || {
            let (mut total, mut max) = (Duration::ZERO, Duration::ZERO);
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let start = Instant::now();
                self.person.create(&path, pod).success();
                let elapsed = start.elapsed();
                total += elapsed;
                max = max.max(elapsed);
            }
            (total, max)
        };
        let times: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers).map(|_| scope.spawn(worker)).collect();
            let joined = workers.into_iter().map(|worker| worker.join());
            joined.map(|times| times.expect("a worker")).collect()
        });
        let total: Duration = times.iter().map(|(total, _)| *total).sum();
        Latency {
            mean: total / u32::try_from(count).expect("a count"),
            max: times.iter().map(|(_, max)| *max).max().unwrap_or_default(),
        }
    }

    fn sample(&self, setting: &Setting<'_>, kind: &'static str, count: usize) -> Sample {
        let pod = self.pod(kind);
        let processes = [self.cluster.plane.api_server(), self.replica];
        let objects = allocated(self.cluster);
        let (before, start) = (processes.map(processor_time), Instant::now());
        let latency = self.run(setting, &pod, count);
        let (after, elapsed) = (processes.map(processor_time), start.elapsed());
        let objects = allocated(self.cluster) - objects - self.asking;
        let count = u32::try_from(count).expect("a count");
        let idle = elapsed.mul_f64(self.idle);
        Sample {
            setting: setting.name,
            pod: kind,
            api_server: (after[0] - before[0]).saturating_sub(idle) / count,
            ramgate: (after[1] - before[1]) / count,
            allocated: objects / f64::from(count),
            latency,
        }
    }

    /// Writes a profile of the API server while it creates a pod over and over
    fn profile(&self, file: &Path, setting: &Setting<'_>, pod: &Value) {
        let mut profiler = self.profiler(file);
        while profiler.try_wait().expect("kubectl").is_none() {
            self.run(setting, pod, WARM_UP);
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

impl Setting<'_> {
    fn pods_path(&self) -> String {
        format!("/api/v1/namespaces/{}/pods", self.space.name)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (api_server, ramgate) = (self.api_server.as_micros(), self.ramgate.as_micros());
        let (mean, max) = (self.latency.mean.as_micros(), self.latency.max.as_micros());
        write!(
            formatter,
            "{}\t{}\t{api_server}\t{ramgate}\t{:.0}\t{mean}\t{max}",
            self.setting, self.pod, self.allocated
        )
    }
}

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
                "webhooks": [webhook],
            })
        })
        .to_vec()
}

/// Both webhook configurations of a chart, with the authority that has signed ramgate's certificate
fn rendered(chart: &Path, authority: &Value) -> Vec<Value> {
    let mut documents = of_chart(chart, &["--set", "mode=enforce"]);
    for document in &mut documents {
        for entry in document["webhooks"].as_array_mut().expect("entries") {
            entry["clientConfig"]["caBundle"] = authority.clone();
        }
    }
    documents
}

/// A configuration whose webhooks get no request from another namespace
fn limited(mut configuration: Value, namespace: &str) -> Value {
    let only = json!({"key": "kubernetes.io/metadata.name", "operator": "In", "values": [namespace]});
    for entry in configuration["webhooks"].as_array_mut().expect("entries") {
        let wanted = &mut entry["namespaceSelector"]["matchExpressions"];
        match wanted.as_array_mut() {
            Some(wanted) => wanted.push(only.clone()),
            None => *wanted = json!([only.clone()]),
        }
    }
    configuration
}

/// Where configurations of this kind are created
fn collection(configuration: &Value) -> String {
    let kind = configuration["kind"].as_str().expect("a kind").to_lowercase();
    format!("{API}/{kind}s")
}

/// How long the threads of a process have run on processors, to the nanosecond
fn processor_time(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a running process");
    let times = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}

/// How many bytes the API server has allocated since its start
fn allocated(cluster: &Cluster) -> f64 {
    let metrics = cluster.rest.get("/metrics");
    let lines = metrics.as_str().expect("text").lines();
    let value = lines
        .filter_map(|line| line.strip_prefix("go_memstats_alloc_bytes_total "))
        .find_map(|value| value.parse().ok());
    value.expect("the counter of allocated bytes")
}

/// Prints the samples of a round and adds them to those of earlier runs
fn keep(samples: &[Sample]) {
    let mut file = text("SAMPLES").map(|file| {
        let mut options = fs::File::options();
        options
            .create(true)
            .append(true)
            .open(file)
            .expect("a file of samples")
    });
    for sample in samples {
        println!("{sample}");
        if let Some(file) = &mut file {
            writeln!(file, "{sample}").expect("a line");
        }
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
