//! Custom kinds whose pods the projects' own controllers make: Argo Workflows; JobSet, which
//! makes Jobs; and LeaderWorkerSet, which makes StatefulSets, those of the workers for a pod.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;

use serde_json::Value;
use serde_json::json;

use crate::harness::cast;
use crate::harness::cast::{ALICE, BOB};
use crate::harness::cluster::{Cluster, FAILED_BEFORE, once};
use crate::harness::controllers::Credentials;
use crate::harness::custom_controllers::CustomController;
use crate::harness::install;
use crate::harness::nodes::VIRTUAL;
use crate::harness::objects;
use crate::harness::stage::{Stage, assert_says, assert_stamped};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, pod_like};

/// A whole cluster in which these controllers work
struct Custom {
    cluster: Cluster,
    controllers: Mutex<Vec<CustomController>>,
}

/// One whose installation lists both presets
fn listed() -> &'static Custom {
    static LISTED: OnceLock<Option<Custom>> = OnceLock::new();
    let start = || {
        Custom::start(
            json!([{"preset": "argo-workflows"}, {"preset": "jobset"}, {"preset": "leaderworkerset"}]),
        )
    };
    LISTED.get_or_init(|| once(start)).as_ref().expect(FAILED_BEFORE)
}

impl Custom {
    fn start(carriers: Value) -> Self {
        let cluster = Cluster::start_whole(Credentials::ForEachController);
        let mut values = install::values_of_whole_cluster();
        values["cluster"]["carriers"] = carriers;
        cluster.install(&values);
        cluster.configure(&objects::account());
        cluster.configure(&cast::directory());
        let controllers = vec![
            CustomController::argo(&cluster.plane),
            CustomController::jobset(&cluster.plane),
            CustomController::lws(&cluster.plane),
        ];
        cluster.scale(1);
        Self {
            cluster,
            controllers: Mutex::new(controllers),
        }
    }

    fn stage(&self, subject: &str) -> Stage<'_> {
        Stage::within(&self.cluster, subject)
    }

    /// Everything that the controllers have printed
    fn logs(&self) -> String {
        self.controllers().iter().map(CustomController::log).collect()
    }

    fn controllers(&self) -> MutexGuard<'_, Vec<CustomController>> {
        self.controllers
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The only object of a resource that another object controls, as soon as it is there
    #[track_caller]
    fn child(&self, stage: &Stage<'_>, resource: &str, owner: &Value) -> Value {
        let what = format!("{} has one of {resource}", owner["metadata"]["name"]);
        self.wait(&what, stage, || {
            let children = stage.children(resource, owner);
            (children.len() == 1).then(|| children[0].clone())
        })
    }

    /// Waits for what a controller does
    #[track_caller]
    fn wait<T>(&self, what: &str, stage: &Stage<'_>, mut attempt: impl FnMut() -> Option<T>) -> T {
        eventually(what, || {
            let found = attempt();
            let tails: String = self
                .controllers()
                .iter_mut()
                .map(CustomController::tail)
                .collect();
            found.ok_or_else(|| stage.events() + &tails)
        })
    }
}

/// What Argo calls a template: a pod's metadata and some fields of its spec, with one container
fn argo_spec(tags: &str) -> Value {
    let pod = pod_like("step", To::Virtual, tags);
    let mut container = pod["spec"]["containers"][0].clone();
    // Argo would ask the registry for the image's own command.
    container["command"] = json!(["true"]);
    json!({
        "entrypoint": "main",
        "templates": [{
            "name": "main",
            "metadata": pod["metadata"],
            "nodeSelector": pod["spec"]["nodeSelector"],
            "tolerations": pod["spec"]["tolerations"],
            "container": container,
        }],
    })
}

fn workflow(name: &str, tags: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": argo_spec(tags),
    })
}

/// A JobSet of one Job, as JobSet's webhook completes it
fn job_set(name: &str, tags: &str) -> Value {
    let mut template = pod_like("worker", To::Virtual, tags);
    template["spec"]["restartPolicy"] = "OnFailure".into();
    let job = json!({"completionMode": "Indexed", "completions": 1, "parallelism": 1, "template": template});
    json!({
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": name},
        "spec": {
            "successPolicy": {"operator": "All"},
            "startupPolicy": {"startupPolicyOrder": "AnyOrder"},
            "network": {"enableDNSHostnames": true, "publishNotReadyAddresses": true},
            "replicatedJobs": [{"name": "workers", "replicas": 1, "template": {"spec": job}}],
        },
    })
}

/// A LeaderWorkerSet of one group: a leader and a worker
fn leader_worker_set(name: &str, tags: &str) -> Value {
    json!({
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "leaderWorkerTemplate": {
                "size": 2,
                "leaderTemplate": pod_like("leader", To::Virtual, tags),
                "workerTemplate": pod_like("worker", To::Virtual, tags),
            },
        },
    })
}

/// Fails unless the pod was judged for alice and is on the virtual node
#[track_caller]
fn assert_alice_s(stage: &Stage<'_>, pod: &Value) {
    assert_stamped(pod, ALICE);
    let name = pod["metadata"]["name"].as_str().unwrap();
    assert_eq!(stage.wait_for_node(name), VIRTUAL);
    assert_eq!(stage.creators(), ["user/alice"]);
}

#[test]
fn whoever_may_not_make_the_pods_is_denied_at_apply() {
    let custom = listed();
    let stage = custom.stage("denied");
    for object in [
        workflow("flow", "env:test"),
        job_set("set", "env:test"),
        leader_worker_set("group", "env:test"),
    ] {
        let said = stage.person(BOB).apply(&object).failure();
        assert_says(&said, &["denied the request", "(RAM user `bob`)", "tag `env`"]);
    }
    assert!(stage.rest.list(&stage.path("pods")).is_empty());
}

#[test]
fn argo_s_pods_are_judged_for_the_person_of_the_workflow() {
    let custom = listed();
    let stage = custom.stage("workflow");
    stage.person(ALICE).apply(&workflow("flow", "env:test")).success();
    let flow = stage.object("workflows/flow");
    assert_stamped(&flow["spec"]["templates"][0], ALICE);
    let pod = custom.child(&stage, "pods", &flow);
    assert_alice_s(&stage, &pod);
    let made = stage
        .judged()
        .into_iter()
        .find(|one| one.resource == "pods")
        .unwrap();
    assert_eq!(made.user, "system:serviceaccount:argo:argo");
}

#[test]
fn argo_carries_the_person_from_a_cron_workflow_through_its_workflow() {
    let custom = listed();
    let stage = custom.stage("cron-workflow");
    let mut cron = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": "cron"},
        "spec": {"schedules": ["* * * * *"], "workflowSpec": argo_spec("env:test")},
    });
    let said = stage.person(BOB).apply(&cron).failure();
    assert_says(&said, &["denied the request", "(RAM user `bob`)"]);
    // What a time that was missed within the last hour looks like.
    cron["spec"]["startingDeadlineSeconds"] = 3600.into();
    cron["spec"]["schedules"] = json!(["0 * * * *"]);
    cron["status"] = json!({"lastScheduledTime": "2020-06-01T00:00:00Z"});
    cron["metadata"]["annotations"] = json!({"cronworkflows.argoproj.io/last-used-schedule": "0 * * * *"});
    stage.person(ALICE).apply(&cron).success();
    let cron = stage.object("cronworkflows/cron");
    let flow = custom.child(&stage, "workflows", &cron);
    assert_stamped(&flow["spec"]["templates"][0], ALICE);
    let pod = custom.child(&stage, "pods", &flow);
    assert_alice_s(&stage, &pod);
}

#[test]
fn a_job_set_s_jobs_carry_the_person_to_the_pods_of_the_job_controller() {
    let custom = listed();
    let stage = custom.stage("job-set");
    stage.person(ALICE).apply(&job_set("set", "env:test")).success();
    let set = stage.object("jobsets/set");
    assert_stamped(
        &set["spec"]["replicatedJobs"][0]["template"]["spec"]["template"],
        ALICE,
    );
    let job = custom.child(&stage, "jobs", &set);
    assert_stamped(&job["spec"]["template"], ALICE);
    let pod = custom.child(&stage, "pods", &job);
    assert_alice_s(&stage, &pod);
}

#[test]
fn a_leader_worker_set_s_workers_carry_the_person_through_the_leader_s_pod() {
    let custom = listed();
    let stage = custom.stage("leader-worker-set");
    stage
        .person(ALICE)
        .apply(&leader_worker_set("group", "env:test"))
        .success();
    let set = stage.object("leaderworkersets/group");
    let templates = &set["spec"]["leaderWorkerTemplate"];
    assert_stamped(&templates["leaderTemplate"], ALICE);
    assert_stamped(&templates["workerTemplate"], ALICE);
    let leaders = custom.child(&stage, "statefulsets", &set);
    assert_stamped(&leaders["spec"]["template"], ALICE);
    let leader = custom.child(&stage, "pods", &leaders);
    assert_alice_s(&stage, &leader);
    let workers = custom.child(&stage, "statefulsets", &leader);
    assert_stamped(&workers["spec"]["template"], ALICE);
    let worker = custom.child(&stage, "pods", &workers);
    assert_alice_s(&stage, &worker);
}

#[test]
fn a_controller_whose_preset_is_not_listed_is_denied_with_the_preset_s_name() {
    let custom = Custom::start(json!([]));
    let stage = custom.stage("unlisted");
    for (object, resource, preset) in [
        (workflow("flow", "env:test"), "workflows/flow", "argo-workflows"),
        (job_set("set", "env:test"), "jobsets/set", "jobset"),
        (
            leader_worker_set("group", "env:test"),
            "leaderworkersets/group",
            "leaderworkerset",
        ),
    ] {
        stage.person(ALICE).apply(&object).success();
        let what = format!("{resource} is told of {preset}");
        custom.wait(&what, &stage, || {
            // JobSet writes it into its own log alone.
            let said = stage.events() + &custom.logs();
            (said.contains("denied the request") && said.contains(&format!("{{preset: {preset}}}")))
                .then_some(())
        });
    }
    assert!(stage.rest.list(&stage.path("pods")).is_empty());
}
