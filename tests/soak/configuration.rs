//! ramgate's documents: those that stay, and two ConfigMaps that change each second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::harness::install::NAMESPACE;
use crate::harness::objects::{allow, configuration, policy};
use crate::stage::Stage;

/// The two ConfigMaps that change
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Policies,
    Directory,
}

const CREATE: &[&str] = &["eci:CreateContainerGroup"];

/// Principals beside those who ask, so that a changed one is no mass loss
const BYSTANDERS: usize = 30;

/// Whether a generation of the policies allows the tag `turn:even`; it stays so for eight generations, longer than one may stay in use
pub(crate) fn allows_even(number: u64) -> bool {
    (number / 8).is_multiple_of(2)
}

/// What stays as it is
pub(crate) fn constant() -> Vec<Value> {
    let tagged = |key: &str| json!({"StringEquals": {key: ["test", "staging"]}});
    let steady = json!([
        allow(CREATE, &tagged("acs:RequestTag/env")),
        allow(&["eci:ExecContainerCommand"], &tagged("acs:ResourceTag/env")),
    ]);
    let mut users: Vec<Value> = (0..BYSTANDERS)
        .map(|number| json!({"name": format!("bystander-{number}"), "policies": [{"policy": "AliyunECIFullAccess"}]}))
        .collect();
    let people = [("alice", "steady"), ("turner", "turn"), ("reader", "generation")];
    users.extend(people.map(|(name, policy)| json!({"name": name, "policies": [{"policy": policy}]})));
    let directory = json!({
        "account": {"id": "1234567890123456", "region": "cn-hangzhou"},
        "users": users,
        "bindings": people.map(|(name, _)| binding(name, name)),
        "mapping": {"tags": [{"key": "team", "from": {"podLabel": "team"}, "mode": "default"}]},
    });
    vec![
        policy("steady", &steady),
        configuration("constant", "directory", "constant.yaml", &directory.to_string()),
    ]
}

/// A generation of the ConfigMap that changes
pub(crate) fn generation(kind: Kind, number: u64) -> Value {
    match kind {
        Kind::Policies => {
            let turn = if allows_even(number) { "even" } else { "odd" };
            let only = |key: &str, value: &str| {
                let statement = allow(CREATE, &json!({"StringEquals": {key: value}}));
                json!({"Version": "1", "Statement": [statement]}).to_string()
            };
            let mut map = configuration(
                "changing",
                "policy",
                "turn.json",
                &only("acs:RequestTag/turn", turn),
            );
            map["data"]["generation.json"] = only("acs:RequestTag/generation", &format!("v{number}")).into();
            map
        }
        Kind::Directory => {
            let name = format!("guest-{number}");
            let directory = json!({
                "users": [{"name": name, "policies": [{"policy": "steady"}]}],
                "bindings": [binding(&name, "guest")],
            });
            configuration("guests", "directory", "guests.yaml", &directory.to_string())
        }
    }
}

fn binding(principal: &str, user: &str) -> Value {
    let subject = json!({"kind": "User", "name": format!("{user}@example.com")});
    json!({"principal": format!("user/{principal}"), "subjects": [subject]})
}

/// Writes a generation of one of them each second, in turn, until the run stops
pub(crate) fn start(stage: &Arc<Stage>, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (stage, stop) = (Arc::clone(stage), Arc::clone(stop));
    std::thread::spawn(move || {
        let maps: Api<ConfigMap> = Api::namespaced(stage.admin.clone(), NAMESPACE);
        let mut number = 1;
        while !stop.load(Ordering::Relaxed) {
            for kind in [Kind::Policies, Kind::Directory] {
                stage.runtime.block_on(write(&stage, &maps, kind, number));
                std::thread::sleep(Duration::from_millis(500));
            }
            number += 1;
        }
    })
}

/// What the API server does not acknowledge may be stored all the same: it may be in force, but need not
async fn write(stage: &Stage, maps: &Api<ConfigMap>, kind: Kind, number: u64) {
    let map = generation(kind, number);
    let name = map["metadata"]["name"].as_str().expect("name").to_owned();
    let parameters = PatchParams::apply("soak").force();
    let mut full = map;
    full["metadata"]["namespace"] = NAMESPACE.into();
    let patch = Patch::Apply(&full);
    let timeline = &stage.timelines[kind as usize];
    timeline.begin(number);
    let written = tokio::time::timeout(Duration::from_secs(5), maps.patch(&name, &parameters, &patch)).await;
    match written {
        Ok(Ok(_)) => timeline.acknowledge(),
        Ok(Err(kube::Error::Api(status))) if status.code == 403 || status.message.contains("denied") => {
            stage
                .ledger
                .problem(&format!("ConfigMap {name}: {}", status.message));
        }
        // The API server is away, or waits for etcd.
        Ok(Err(_)) | Err(_) => {}
    }
}
