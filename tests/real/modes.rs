//! The law of the modes on a real API server: `warn` and `audit` stop nobody, and `enforce` lets nothing in that cannot
//! be judged, and says why.
//!
//! Namespace `soft` is in mode warn and `quiet` in mode audit; every other one is enforced. A panic is provoked at the
//! port alone, in the suite `http` and in the tests of the handler.

use std::thread;

use serde_json::{Value, json};

use crate::harness::cluster::{Cluster, exclusive};
use crate::harness::install::NAMESPACE;
use crate::harness::kubectl::Kubectl;
use crate::harness::objects::{TAGS, account, allow, configuration, eci_pod};
use crate::harness::process::{free_port, unique};
use crate::harness::replica::Replica;
use crate::harness::rest::{Patch, Reply, Rest};
use crate::harness::stage::STAMP;
use crate::harness::wait::eventually;
use crate::harness::{http, install};

const LENIENT: [&str; 2] = ["soft", "quiet"];
const WOULD: &str = "in mode enforce this would be denied";
const CONTROLLER: &str = "system:serviceaccount:kube-system:replicaset-controller";

/// A mapping rule whose source a pod may fill with what no tag can be
const DESK: &str = "example.com/desk";

/// Routes all reviews to a replica with these flags, once it is ready; its caBundle is that of a replica before it
fn route_to(cluster: &Cluster, flags: &[&str]) -> Replica {
    let mut replica = Replica::start_with(
        &cluster.plane,
        &format!("ramgate-{}", unique()),
        free_port(),
        flags,
    );
    eventually("the replica is ready", || replica.ready());
    // The API server keeps its connections to the others as long as they live
    cluster.scale(0);
    cluster.route(vec![replica.port]);
    replica
}

fn create(rest: &Rest, namespace: &str, pod: &Value) -> Reply {
    rest.create(&format!("/api/v1/namespaces/{namespace}/pods"), pod)
}

/// The pod is stored in both lenient namespaces, and the warning says in one of them what enforce would have done
#[track_caller]
fn passes(rest: &Rest, pod: &Value, words: &str) -> Vec<Value> {
    let stored = LENIENT.map(|namespace| {
        let reply = create(rest, namespace, pod);
        let warned = reply.warnings.join(" ");
        let is_warned = warned.contains(WOULD) && warned.contains(words);
        assert_eq!(is_warned, namespace == "soft", "{namespace}: {words}: {warned}");
        reply.success()
    });
    stored.into()
}

#[test]
fn what_is_malformed_or_forged_stops_nobody_and_is_denied_with_its_reason_under_enforce() {
    let cluster = exclusive();
    cluster.scale(1);
    for namespace in LENIENT {
        cluster.namespace_named(namespace, &[]);
    }
    let space = cluster.namespace("law", &[("owner", "x")]);
    let mut rules = account();
    let text = rules["data"]["account.yaml"].as_str().unwrap();
    let rule =
        format!("mapping:\n  tags:\n    - {{key: desk, from: {{podAnnotation: {DESK}}}, mode: default}}");
    rules["data"]["account.yaml"] = text.replace("mapping:\n  tags:", &rule).into();
    cluster.configure(&rules);
    space.ram_user("mora", &json!([allow(&["eci:CreateContainerGroup"], &json!({}))]));
    let mora = space.editor("mora@example.com");

    let given = [
        ("four", vec![(TAGS, "a:1,b:2,c:3,d:4")], "and a pod may have 3"),
        ("blank", vec![(TAGS, "a:1, b:2")], "has a blank before the key"),
        (
            "source",
            vec![(TAGS, "a:1"), (DESK, "a,b")],
            "which cannot be tag `desk`",
        ),
    ];
    for (name, annotations, words) in given {
        let pod = eci_pod(name, &annotations);
        let denial = mora.apply(&pod).failure();
        assert!(
            denial.contains("denied the request") && denial.contains(words),
            "{denial}"
        );
        for stored in passes(&cluster.rest, &pod, words) {
            assert_eq!(
                stored["metadata"]["annotations"][TAGS], annotations[0].1,
                "{name}"
            );
        }
    }

    let mut forged = eci_pod("forged", &[(STAMP, "somebody else")]);
    forged["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web",
        "uid": "5e1a1d3c-9f10-4d6c-8f37-6d2a3a0a1b2c", "controller": true}]);
    let controller = cluster.rest.acting_as(CONTROLLER, &["system:masters"]);
    let denial = create(&controller, &space.name, &forged).denial();
    assert!(denial.contains("ForgedStamp"), "{denial}");
    for namespace in LENIENT {
        let stored = create(&controller, namespace, &forged).success();
        assert!(
            stored["metadata"]["annotations"][STAMP].is_null(),
            "{namespace}: {stored}"
        );
    }
}

#[test]
fn more_reviews_than_fit_stop_nobody_where_nothing_is_denied() {
    let cluster = exclusive();
    cluster.scale(1);
    cluster.namespace_named("soft", &[]);
    let space = cluster.namespace("crowd", &[]);
    let _replica = route_to(&cluster, &["--max-inflight=1"]);
    // Judging this takes so long that others come meanwhile; in the review each of its characters takes six bytes
    let mut pod = eci_pod("crowd", &[]);
    pod["spec"]["containers"][0]["args"] = json!(["<".repeat(16 * 1024)]);
    let replies = |namespace: &str| -> Vec<Reply> {
        let workers = (0..200).map(|_| {
            let (rest, pod) = (cluster.rest.clone(), pod.clone());
            let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
            thread::spawn(move || rest.create(&path, &pod))
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    };
    let allowed = replies("soft");
    let overloaded = allowed
        .iter()
        .filter(|reply| reply.warnings.join(" ").contains("overloaded"));
    assert!(overloaded.count() > 0, "nothing was too much");
    for reply in allowed {
        reply.success();
    }
    // The administrator is no principal, so nobody may let these in
    let denials: Vec<String> = replies(&space.name).into_iter().map(Reply::denial).collect();
    let overloaded = denials
        .iter()
        .filter(|denial| denial.contains("overloaded: 1 reviews"));
    assert!(overloaded.count() > 0, "nothing was too much");
}

#[test]
fn a_deadline_that_passes_and_a_missing_configuration_stop_nobody_where_nothing_is_denied() {
    let cluster = exclusive();
    cluster.scale(1);
    for namespace in LENIENT {
        cluster.namespace_named(namespace, &[]);
    }
    let space = cluster.namespace("late", &[]);
    {
        let _replica = route_to(&cluster, &["--deadline=10"]);
        // Its review of 800 KiB is sent at once, but judging it takes longer than that
        let mut pod = eci_pod("late", &[]);
        pod["spec"]["containers"][0]["args"] = json!(["<".repeat(128 * 1024)]);
        passes(&cluster.rest, &pod, "10 ms");
        let denial = create(&cluster.rest, &space.name, &pod).denial();
        assert!(denial.contains("10 ms"), "{denial}");
    }

    cluster.scale(0);
    let maps = ["delete", "configmap", "--selector=real-test"];
    cluster.admin.within(NAMESPACE).run(&maps).success();
    let mut replica = Replica::start(&cluster.plane, &format!("ramgate-{}", unique()));
    cluster.route(vec![replica.port]);
    let pod = eci_pod("early", &[]);
    eventually("it answers that it has no configuration", || {
        let said = space.admin().apply(&pod).failure();
        if said.contains("no complete configuration yet") {
            Ok(())
        } else {
            Err(said)
        }
    });
    passes(&cluster.rest, &pod, "no complete configuration yet");
    assert!(replica.ready().is_err());
}

#[test]
fn the_largest_pod_that_can_be_stored_is_judged_like_any_other() {
    let cluster = exclusive();
    cluster.scale(1);
    for namespace in LENIENT {
        cluster.namespace_named(namespace, &[]);
    }
    let space = cluster.namespace("huge", &[]);
    space.ram_user(
        "hugo",
        &json!([allow(
            &["eci:*"],
            &json!({"StringEquals": {"acs:RequestTag/env": "test"}})
        )]),
    );
    let _editor = space.editor("hugo@example.com");
    let hugo = cluster
        .rest
        .acting_as("hugo@example.com", &["system:authenticated"]);
    let _replica = route_to(&cluster, &["--deadline=10000"]);
    let huge = |name: &str, tags: &str| {
        let mut pod = eci_pod(name, &[(TAGS, tags)]);
        // Go writes each of these as six bytes, so that the review of an update has more than 16 MiB
        pod["spec"]["containers"][0]["args"] = json!(["<".repeat(1_450_000)]);
        pod
    };
    create(&hugo, &space.name, &huge("allowed", "env:test")).success();
    let path = format!("/api/v1/namespaces/{}/pods/allowed", space.name);
    let retagged = |tags: &str| json!({"metadata": {"annotations": {TAGS: tags}}});
    let denial = hugo.patch(&path, Patch::Merge, &retagged("env:prod")).denial();
    assert!(denial.contains("eci:UpdateContainerGroup"), "{denial}");

    let denied = huge("denied", "env:prod");
    let denial = create(&hugo, &space.name, &denied).denial();
    assert!(denial.contains("tag `env` must be `test`"), "{denial}");
    // Whom RAM does not know may do it where nothing is denied
    for stored in passes(&cluster.rest, &denied, "UnboundIdentity") {
        assert_eq!(stored["metadata"]["annotations"][TAGS], "env:prod");
    }
}

/// The ConfigMap of a directory with these modes
fn modes(modes: &Value) -> Value {
    configuration(
        "test-modes",
        "directory",
        "modes.yaml",
        &json!({"modes": modes}).to_string(),
    )
}

/// What `kubectl apply` would say of a ConfigMap
fn warnings(cluster: &Cluster, map: &Value) -> String {
    let admin = cluster.admin.within(NAMESPACE);
    let arguments = ["apply", "--server-side", "--force-conflicts", "--dry-run=server"];
    admin.give(&arguments, map).success().stderr
}

/// Waits until the only replica has as many namespaces that fail open, and gives its concerns
#[track_caller]
fn failing_open(cluster: &Cluster, count: f64) -> String {
    eventually("namespaces that fail open", || {
        let found = cluster.replicas()[0].metric("ramgate_namespaces_failing_open");
        (found == Some(count))
            .then_some(())
            .ok_or_else(|| format!("{found:?}{}", cluster.tail()))
    });
    let port = cluster.replicas()[0].admin_port;
    let answer = http::get(port, "/ready").expect("an answer");
    let state: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(state["ready"], true, "{state}");
    state["concerns"].to_string()
}

/// Waits until the log has a line with these words
#[track_caller]
fn logged(cluster: &Cluster, words: &str) {
    eventually(words, || {
        let log = cluster.replicas()[0].process.log();
        if log.contains(words) { Ok(()) } else { Err(log) }
    });
}

#[test]
fn the_directory_enforces_a_team_without_an_upgrade_and_says_what_only_an_upgrade_can_close() {
    let cluster = exclusive();
    let install = |enforced: &[&str]| {
        let mut values = install::values();
        values["mode"] = "warn".into();
        values["namespaceModes"] = enforced.iter().map(|name| (*name, "enforce")).collect();
        cluster.install(&values);
        cluster.scale(0);
        cluster.scale(1);
    };
    // The harness sees by a denial there that the API server gets answers
    install(&["answers"]);
    let (team_a, team_b) = (
        cluster.namespace_named("team-a", &[]),
        cluster.namespace_named("team-b", &[]),
    );
    team_a.ram_user(
        "ada",
        &json!([allow(
            &["eci:*"],
            &json!({"StringEquals": {"acs:RequestTag/env": "test"}})
        )]),
    );
    let (in_a, in_b) = (team_a.editor("ada@example.com"), team_b.editor("ada@example.com"));
    let bad = eci_pod("bad", &[(TAGS, "env:prod")]);
    let create = ["create", "--dry-run=server"];
    let warned = |editor: &Kubectl| {
        let said = editor.give(&create, &bad).success().stderr;
        assert!(
            said.contains(WOULD) && said.contains("tag `env` must be `test`"),
            "{said}"
        );
    };
    warned(&in_a);
    warned(&in_b);
    assert_eq!(failing_open(&cluster, 0.0), "null");

    // No upgrade of the release: a ConfigMap is enough
    let enforcing = modes(&json!({"team-a": "enforce"}));
    let open = warnings(&cluster, &enforcing);
    assert!(
        open.contains("failing_open: ") && open.contains("team-a (binding.ramgate.io"),
        "{open}"
    );
    cluster.configure(&enforcing);
    let denial = in_a.give(&create, &bad).failure();
    assert!(
        denial.contains("admission webhook \"marked.ramgate.io\" denied the request")
            && denial.contains("tag `env` must be `test`"),
        "{denial}"
    );
    warned(&in_b);
    in_a.give(&create, &eci_pod("good", &[(TAGS, "env:test")]))
        .success();
    logged(
        &cluster,
        "the mode of a namespace changes: team-a (warn to enforce)",
    );
    let concerns = failing_open(&cluster, 1.0);
    assert!(
        concerns.contains("failing_open: ") && concerns.contains("team-a (binding.ramgate.io"),
        "{concerns}"
    );
    logged(&cluster, "failing_open: the directory enforces namespaces");

    // It is true: the entries are those of mode warn, and nobody answers
    cluster.scale(0);
    in_a.give(&create, &bad).success();
    // An upgrade closes them
    install(&["answers", "team-a"]);
    assert_eq!(failing_open(&cluster, 0.0), "null");
    assert!(!warnings(&cluster, &enforcing).contains("failing_open"));
    assert!(
        in_a.give(&create, &bad)
            .failure()
            .contains("\"marked-enforced.ramgate.io\" denied the request")
    );

    // The directory counts before the chart in this direction as well, and is not silent about it
    let softer = modes(&json!({"team-a": "audit"}));
    let said = warnings(&cluster, &softer);
    assert!(
        said.contains("modes get softer: team-a (enforce to audit)"),
        "{said}"
    );
    cluster.configure(&softer);
    let said = in_a.give(&create, &bad).success().stderr;
    assert!(!said.contains(WOULD), "{said}");
    logged(
        &cluster,
        "the new configuration allows more: mode enforce of namespace team-a is gone",
    );
    cluster.scale(0);
    cluster.scale(1);
    logged(&cluster, "\"namespace_modes\":\"answers=enforce, team-a=audit\"");
    // Nothing is sent from an exempt namespace, so that a mode has no effect there
    let exempt = warnings(
        &cluster,
        &modes(&json!({"kube-system": "enforce", "team-a": "audit", "team-x1": "enforce"})),
    );
    assert!(
        exempt.contains("nothing is judged in these namespaces") && exempt.contains("kube-system (no "),
        "{exempt}"
    );
    assert!(
        exempt.contains("modes name namespaces that do not exist: team-x1"),
        "{exempt}"
    );
    // What is misspelled is refused where it is written
    let refusal = cluster
        .admin
        .within(NAMESPACE)
        .apply(&modes(&json!({"team-a": "enfroce"})))
        .failure();
    assert!(refusal.contains("did you mean enforce?"), "{refusal}");
}
