//! Who appears in the tests of a whole cluster. Everybody may do everything with the objects of a test's namespace, as
//! far as Kubernetes is concerned; what they may do on ECI differs.

use serde_json::Value;
use serde_json::json;

use super::objects::allow;

/// May have instances tagged `env:test`
pub(crate) const ALICE: &str = "alice@example.com";
/// May have instances tagged `env:prod`
pub(crate) const BOB: &str = "bob@example.com";
/// Is known to RAM and may do nothing on ECI
pub(crate) const CAROL: &str = "carol@example.com";
/// May do everything on ECI, and pass the role [`ROLE`]
pub(crate) const DAVE: &str = "dave@example.com";
/// Is bound to no RAM principal
pub(crate) const MALLORY: &str = "mallory@example.com";
/// A pipeline, bound to a RAM user that may do everything on ECI
pub(crate) const PIPELINE: &str = "system:serviceaccount:tools:pipeline";
/// Restarts workloads of others, which the installation knows
pub(crate) const KEEPER: &str = "system:serviceaccount:tools:reloader";
/// Kueue, which starts Jobs of others; the installation knows it
pub(crate) const KUEUE: &str = "system:serviceaccount:kueue-system:kueue-controller-manager";
/// The controller of CloneSets, whose stamps the installation trusts
pub(crate) const CARRIER: &str = "system:serviceaccount:tools:cloneset-controller";

/// The Spark operator, whose stamps the installation trusts
pub(crate) const SPARK_OPERATOR: &str = "system:serviceaccount:spark-operator:spark-operator-controller";
/// The number by which RAM knows alice
pub(crate) const ALICE_ID: &str = "200000000000000001";

/// All of them
pub(crate) const EVERYBODY: [&str; 9] = [ALICE, BOB, CAROL, DAVE, MALLORY, PIPELINE, KEEPER, KUEUE, CARRIER];

/// An instance role, which trusts ECS
pub(crate) const ROLE: &str = "WorkerRole";

/// The label of namespaces that have a boundary: there nobody may more than bob
pub(crate) const BOUNDED: (&str, &str) = ("tenant", "bounded");

/// The label of namespaces in which the pods of [`SPAWNER`] make pods in somebody's name
pub(crate) const SPAWNING: (&str, &str) = ("pods-make-pods", "yes");
/// The service account of such pods
pub(crate) const SPAWNER: &str = "spark";

/// The ConfigMap by which ramgate knows them
pub(crate) fn directory() -> Value {
    let tagged = |value: &str| {
        let create = json!({"StringEquals": {"acs:RequestTag/env": value}});
        let existing = json!({"StringEquals": {"acs:ResourceTag/env": value}});
        json!([
            allow(&["eci:Create*"], &create),
            allow(&["eci:Update*", "eci:Delete*", "eci:Exec*"], &existing),
        ])
    };
    let everything = json!([allow(&["eci:*", "ram:PassRole"], &json!({}))]);
    let nothing = json!([allow(&["oss:*"], &json!({}))]);
    let policies = [
        ("CastTest", tagged("test")),
        ("CastProd", tagged("prod")),
        ("CastEverything", everything),
        ("CastNothing", nothing),
    ];
    let grant = |user: &str, policy: &str| json!({"name": user, "policies": [{"policy": policy}]});
    let mut alice = grant("alice", "CastTest");
    alice["id"] = json!(ALICE_ID);
    let bind =
        |user: &str, subject: Value| json!({"principal": format!("user/{user}"), "subjects": [subject]});
    let person = |name: &str| json!({"kind": "User", "name": name});
    let directory = json!({
        "users": [
            alice,
            grant("bob", "CastProd"),
            grant("carol", "CastNothing"),
            grant("dave", "CastEverything"),
            grant("pipeline", "CastEverything"),
        ],
        "roles": [
            {
                "name": ROLE,
                "trustPolicy": {
                    "Version": "1",
                    "Statement": [{
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": ["ecs.aliyuncs.com"]},
                    }],
                },
            },
        ],
        "bindings": [
            bind("alice", person(ALICE)),
            bind("bob", person(BOB)),
            bind("carol", person(CAROL)),
            bind("dave", person(DAVE)),
            bind("pipeline", json!({"kind": "ServiceAccount", "namespace": "tools", "name": "pipeline"})),
        ],
        "boundaries": [
            {"namespaces": {"matchLabels": {BOUNDED.0: BOUNDED.1}}, "principal": "user/bob"},
        ],
    });
    // Policies and directory are two kinds of ConfigMap, so this is a list of both.
    let policies: serde_json::Map<String, Value> = policies
        .into_iter()
        .map(|(name, statements)| {
            let policy = json!({"Version": "1", "Statement": statements});
            (format!("{name}.json"), policy.to_string().into())
        })
        .collect();
    let map = |name: &str, kind: &str, data: Value| {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": {"ramgate.io/config": kind, "real-test": "true"}},
            "data": data,
        })
    };
    json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            map("test-cast-policies", "policy", policies.into()),
            map("test-cast", "directory", json!({"cast.yaml": directory.to_string()})),
        ],
    })
}
