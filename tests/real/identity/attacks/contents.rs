//! What runs in a controller's pod, held against what the stamp was written for.

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::ALICE;
use crate::harness::cluster::whole_exclusive;
use crate::harness::install::NAMESPACE;
use crate::harness::process::free_port;
use crate::harness::replica::Replica;
use crate::harness::stage::{Stage, assert_says, assert_stamped, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, deployment};

const CONTROLLER: &str = "system:serviceaccount:kube-system:replicaset-controller";
const EVIL: &str = "registry.example.com/evil:1";
const SIDECAR: &str = "registry.example.com/mesh/proxy:1";

/// Applies alice's Deployment and gives its ReplicaSet
#[track_caller]
fn alices(stage: &Stage<'_>) -> Value {
    let file = deployment("web", To::Virtual, "env:test");
    stage.person(ALICE).apply(&file).success();
    let web = stage.settled("deployments/web");
    stage.wait_for_children("replicasets", &web, 1).remove(0)
}

/// A pod as the controller makes it, under this name
fn pod_of(set: &Value, name: &str) -> Value {
    let mut metadata = template(set)["metadata"].clone();
    metadata["name"] = name.into();
    // Another one's, so that the ReplicaSet does not count them and delete the surplus.
    metadata["labels"] = json!({"app": "other"});
    metadata["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set["metadata"]["name"],
        "uid": set["metadata"]["uid"], "controller": true,
    }]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template(set)["spec"]})
}

type Change = (&'static str, &'static str, fn(&mut Value));

/// What somebody may put into a pod on its way from the controller, and how it is told
const CHANGES: [Change; 4] = [
    ("image", "image of main", |pod| {
        pod["spec"]["containers"][0]["image"] = EVIL.into();
    }),
    ("command", "command of main", |pod| {
        pod["spec"]["containers"][0]["command"] = json!(["sh", "-c", "id"]);
    }),
    ("added", "added of more", |pod| {
        let containers = pod["spec"]["containers"].as_array_mut().unwrap();
        containers.push(json!({"name": "more", "image": EVIL}));
    }),
    ("added", "added of first", |pod| {
        pod["spec"]["initContainers"] = json!([{"name": "first", "image": EVIL}]);
    }),
];

/// The field `unlike_stamp` of the log line about the creation of a pod
fn logged(stage: &Stage<'_>, pod: &str) -> Option<String> {
    let replicas = stage.replicas();
    let logs = replicas.iter().map(|one| one.process.log());
    let log = logs.collect::<String>();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut fields = lines.map(|mut line| match line["fields"].take() {
        Value::Null => line,
        fields => fields,
    });
    let line = fields.find(|line| {
        line["namespace"] == stage.name.as_str() && line["name"] == pod && line["path"] == "validate"
    })?;
    line["unlike_stamp"].as_str().map(str::to_owned)
}

#[test]
fn what_runs_under_a_stamp_and_is_not_what_it_was_written_for_leaves_a_record() {
    let stage = Stage::new("contents");
    let set = alices(&stage);
    let controller = stage.rest(CONTROLLER);
    let path = stage.path("pods");
    let counted = |kind: &str| {
        let series = format!("ramgate_pods_unlike_stamp_total{{kind=\"{kind}\"}}");
        stage.replicas()[0].metric(&series).unwrap_or(0.0)
    };
    controller.create(&path, &pod_of(&set, "same")).success();
    assert_eq!(logged(&stage, "same"), None);
    for (index, (kind, told, change)) in CHANGES.into_iter().enumerate() {
        let before = counted(kind);
        let name = format!("changed-{index}");
        let mut pod = pod_of(&set, &name);
        change(&mut pod);
        let made = controller.create(&path, &pod).success();
        assert_stamped(&made, ALICE);
        assert_eq!(logged(&stage, &name).as_deref(), Some(told));
        assert!(counted(kind) > before, "{kind}");
    }
    assert_eq!(stage.creators(), ["user/alice"]);
}

#[test]
fn where_it_is_refused_no_other_thing_runs_under_a_stamp_but_what_injectors_add() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "refused");
    let set = alices(&stage);
    stage.wait_for_children("pods", &set, 1);
    let argument = format!("--namespace-stamp-contents={}=refuse", stage.name);
    let mut strict = Replica::start_with(&cluster.plane, "ramgate-strict", free_port(), &[&argument]);
    eventually("the strict replica is ready", || strict.ready());
    cluster.route(vec![strict.port]);
    cluster.plane.egress().cut();

    let controller = stage.rest(CONTROLLER);
    let path = stage.path("pods");
    controller.create(&path, &pod_of(&set, "same")).success();
    for (_, told, change) in CHANGES {
        let mut pod = pod_of(&set, "changed");
        change(&mut pod);
        let denial = controller.create(&path, &pod).denial();
        let container = told.rsplit(' ').next().unwrap();
        assert_says(&denial, &[container]);
    }
    // Elsewhere it still is a record.
    let other = Stage::within(&cluster, "recorded");
    let others = alices(&other);
    let mut pod = pod_of(&others, "changed");
    pod["spec"]["containers"][0]["image"] = EVIL.into();
    other.rest(CONTROLLER).create(&other.path("pods"), &pod).success();

    // A mesh is no stranger, as far as it goes.
    let own = cluster.admin.within(NAMESPACE);
    let mut map = own.get(&["configmap", "ramgate-cluster"]);
    let injector = json!([{"containers": ["proxy"], "imagePrefixes": ["registry.example.com/mesh/"]}]);
    let text = map["data"]["cluster.yaml"]
        .as_str()
        .expect("a file")
        .replace("\n  injectors: []\n", "\n");
    let text = format!("{}\n  injectors: {injector}\n", text.trim_end());
    let configured = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "ramgate-cluster", "labels": map["metadata"]["labels"].take()},
        "data": {"cluster.yaml": text},
    });
    let mut configured = configured;
    // So that the next test finds the installation's own again.
    configured["metadata"]["labels"]["real-test"] = "true".into();
    cluster.configure(&configured);
    let with = |name: &str, image: &str| {
        let mut pod = pod_of(&set, name);
        let containers = pod["spec"]["containers"].as_array_mut().unwrap();
        containers.push(json!({"name": "proxy", "image": image}));
        pod
    };
    eventually("the injector is known", || {
        let reply = controller.create(&format!("{path}?dryRun=All"), &with("injected", SIDECAR));
        reply
            .succeeded()
            .then_some(())
            .ok_or_else(|| format!("{reply:?}"))
    });
    let made = controller.create(&path, &with("injected", SIDECAR)).success();
    assert_stamped(&made, ALICE);
    controller.create(&path, &with("foreign", EVIL)).denial();
    let mut both = with("both", SIDECAR);
    both["spec"]["containers"][0]["image"] = EVIL.into();
    controller.create(&path, &both).denial();
}
