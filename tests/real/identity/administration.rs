//! `ramgate stamp` and `ramgate preflight` against a whole control plane.

use std::fs;

use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB};
use crate::harness::cluster::whole_exclusive;
use crate::harness::command::{Run, ramgate};
use crate::harness::install::{NAMESPACE, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::nodes;
use crate::harness::rest::Patch;
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, before_the_install, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{To, deployment, pod, workload};

/// Lets somebody read what the commands read, as docs/commands.md has it
fn let_read(stage: &Stage<'_>, users: [&str; 2]) {
    let name = format!("reader-{}", stage.name);
    let rule = |group: &str, resources: Value| json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list"]});
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [
            rule("", json!(["namespaces", "nodes", "pods", "replicationcontrollers", "configmaps", "secrets"])),
            rule("apps", json!(["deployments", "replicasets", "statefulsets", "daemonsets", "controllerrevisions"])),
            rule("batch", json!(["jobs", "cronjobs"])),
            rule("apps.example.com", json!(["clonesets"])),
            rule("admissionregistration.k8s.io", json!(["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])),
        ],
    });
    stage.admin.apply(&role).success();
    let role = format!("--clusterrole={name}");
    let users = users.map(|user| format!("--user={user}"));
    stage
        .admin
        .run(&["create", "clusterrolebinding", &name, &role, &users[0], &users[1]])
        .success();
}

/// The workloads that `stamp list` shows: kind, stamp, requester and verdict
fn listed(run: &Run) -> Vec<[String; 4]> {
    let value = run.json();
    let rows = value["workloads"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    rows.iter()
        .map(|row| [&row["kind"], &row["stamp"], &row["requester"], &row["today"]].map(text))
        .collect()
}

#[test]
fn unstamped_workloads_are_listed_and_a_restart_heals_them() {
    const KINDS: [&str; 6] = [
        "deployments",
        "statefulsets",
        "daemonsets",
        "cronjobs",
        "replicasets",
        "jobs",
    ];
    let cluster = whole_exclusive();
    let stage = before_the_install(&cluster, "healing", |stage| {
        for resource in KINDS {
            let mut file = workload(resource, resource, To::Virtual, "env:test");
            if resource == "deployments" {
                // So that the older ReplicaSet ends though no pod ever becomes ready
                file["spec"]["strategy"] = json!({"type": "Recreate"});
            }
            if resource == "statefulsets" {
                file["spec"]["updateStrategy"] = json!({"rollingUpdate": {"partition": 1}});
            }
            stage.person(ALICE).apply(&file).success();
        }
        stage
            .person(ALICE)
            .apply(&pod("bare", To::Virtual, "env:test"))
            .success();
        stage.wait_for_node("bare");
        stage.settled("deployments/deployments");
    });
    let admin = &stage.admin;
    let within = ["--in", &stage.name];
    let run = |who: &Kubectl, arguments: &[&str]| ramgate(who, &[arguments, &within].concat());
    let list = |arguments: &[&str]| run(admin, &[&["stamp", "list"], arguments].concat());

    let seen = list(&["--output", "json"]).ended_with(2);
    let unstamped = |kind: &str| [kind, "missing", "-", "denied"].map(str::to_owned);
    assert_eq!(
        listed(&seen),
        [
            "CronJob",
            "DaemonSet",
            "Deployment",
            "Job",
            "Pod",
            "ReplicaSet",
            "StatefulSet"
        ]
        .map(unstamped)
    );
    let told = list(&[]).ended_with(2).stdout;
    let command = format!("kubectl rollout restart deployment/deployments -n {}", stage.name);
    assert_says(
        &told,
        &[
            "NAMESPACE",
            "Deployment/deployments",
            &command,
            "7 lead to ECI: 0 good",
        ],
    );
    // A table of everything says the same, and which keys are in use
    let everywhere = ramgate(admin, &["stamp", "list", "--all-namespaces"]).ended_with(2);
    assert_says(
        &everywhere.stdout,
        &[
            &stage.name,
            "keys of Secret ramgate-system/ramgate-stamp",
            "signs",
        ],
    );

    // Nobody who may not make such pods heals them, and nothing is written without a word
    let tried = run(admin, &["stamp", "restart", "--dry-run"]).ended_with(2);
    assert_says(
        &tried.stdout,
        &["bound to no RAM principal", "refused: admission webhook"],
    );
    let refused = run(admin, &["stamp", "restart"]).ended_with(1);
    assert_says(
        &refused.stderr,
        &["write 5 workloads? [y/N]", "nothing was written"],
    );
    let_read(&stage, [ALICE, BOB]);
    let alice = stage.plane.person(ALICE, None);
    let dry = run(&alice, &["stamp", "restart", "--dry-run"])
        .ended_with(2)
        .stdout;
    assert_says(
        &dry,
        &[
            "in the name of `alice@example.com` (RAM user `alice`)",
            "5 would be stamped, 0 refused, 1 left",
        ],
    );
    assert_eq!(
        listed(&list(&["--output", "json"])),
        listed(&seen),
        "a trial changes nothing"
    );

    let done = run(&alice, &["stamp", "restart", "--yes", "--output", "json"])
        .ended_with(2)
        .json();
    let mut outcomes: Vec<_> = done["workloads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["outcome"].as_str().unwrap()))
        .collect();
    outcomes.sort_unstable();
    assert_eq!(
        outcomes,
        [
            ("CronJob", "stamped"),
            ("DaemonSet", "stamped"),
            ("Deployment", "stamped"),
            ("Job", "left"),
            ("ReplicaSet", "stamped"),
            ("StatefulSet", "stamped"),
        ]
    );
    for resource in KINDS.into_iter().filter(|resource| *resource != "jobs") {
        let healed = stage.object(&format!("{resource}/{resource}"));
        assert_stamped(template(&healed), ALICE);
    }
    let restarted = stage.object("deployments/deployments");
    assert!(template(&restarted)["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].is_string());

    // A StatefulSet that has not rolled out still makes pods of the older template
    let rows = eventually("the older revision is shown", || {
        let rows = listed(&list(&["--output", "json"]));
        match rows.iter().any(|row| row[0] == "ControllerRevision") {
            true => Ok(rows),
            false => Err(format!("{rows:?}")),
        }
    });
    assert!(rows.contains(&unstamped("ControllerRevision")), "{rows:?}");

    let all = json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}});
    let path = stage.path("statefulsets/statefulsets");
    stage.rest.patch(&path, Patch::Merge, &all).success();
    let job = stage.path("jobs/jobs?propagationPolicy=Background");
    stage.rest.delete(&job).success();
    let good = eventually("all is good", || match list(&["--output", "json"]) {
        run if run.code == 0 => Ok(run),
        run => Err(run.stdout),
    });
    let stamped = |kind: &str| [kind, "good", ALICE, "allowed"].map(str::to_owned);
    let mut expected: Vec<_> = ["CronJob", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]
        .map(stamped)
        .to_vec();
    // It runs already, so that enforcing does nothing to it
    expected.insert(3, unstamped("Pod"));
    assert_eq!(listed(&good), expected);

    // Named ones are written whether their stamps are good or not: this is how a new key gets into them

    let bob = stage.plane.person(BOB, None);
    let denied = run(&bob, &["stamp", "restart", "--yes", "cronjob/cronjobs"])
        .ended_with(2)
        .stdout;
    assert_says(
        &denied,
        &["refused: admission webhook", "tag `env` must be `prod`"],
    );
    let renewed = run(&alice, &["stamp", "restart", "--yes", "cronjob/cronjobs"])
        .ended_with(0)
        .stdout;
    assert_says(
        &renewed,
        &["stamped for `alice@example.com`", "1 stamped, 0 refused, 0 left"],
    );
}

#[test]
fn a_stamp_is_verified_in_plain_words() {
    let stage = Stage::new("verified");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let admin = &stage.admin;
    let verify = |who: &Kubectl, arguments: &[&str]| {
        ramgate(
            who,
            &[&["stamp", "verify", "--in", &stage.name], arguments].concat(),
        )
    };
    let good = verify(admin, &["deploy/web"]).ended_with(0).stdout;
    let line = |key: &str, value: &str| format!("  {key:16}{value}\n");
    assert_says(
        &good,
        &[
            &format!("Deployment {}/web: the stamp is good\n", stage.name),
            &line("asked by", "`alice@example.com`"),
            &line("for", "RAM user `alice`"),
            &line("in", &format!("namespace {} of this cluster", stage.name)),
            &line("tags", "env:test"),
            ", the newest\n",
        ],
    );
    let value = verify(admin, &["deploy/web", "--output", "json"])
        .ended_with(0)
        .json();
    assert_eq!(
        (
            &value["good"],
            &value["stamps"][0]["requester"],
            &value["stamps"][0]["principal"]
        ),
        (&json!(true), &json!(ALICE), &json!("user/alice"))
    );

    // The pod brings it along
    let web = stage.settled("deployments/web");
    let set = stage.wait_for_children("replicasets", &web, 1).remove(0);
    let child = stage.wait_for_children("pods", &set, 1).remove(0);
    let name = format!("pod/{}", child["metadata"]["name"].as_str().unwrap());
    assert_says(
        &verify(admin, &[&name]).ended_with(0).stdout,
        &["the stamp is good"],
    );

    // A forged copy, one for elsewhere, one for more, and none
    let folder = tempfile::tempdir().unwrap();
    let copy = |change: &dyn Fn(&mut Value)| {
        let mut object = stage.object("deployments/web");
        change(&mut object);
        let file = folder.path().join("copy.json");
        fs::write(&file, object.to_string()).unwrap();
        verify(admin, &["-f", &file.display().to_string()])
    };
    let annotations = |object: &mut Value| object["spec"]["template"]["metadata"]["annotations"].take();
    let rewritten = |object: &mut Value, change: &dyn Fn(&mut Value)| {
        let mut own = annotations(object);
        change(&mut own);
        object["spec"]["template"]["metadata"]["annotations"] = own;
    };
    copy(&|_| {}).ended_with(0);
    let forged = copy(&|object| {
        rewritten(object, &|own| {
            own[STAMP] = own[STAMP].as_str().unwrap().replace("alice", "dave").into();
        });
    });
    assert_says(
        &forged.ended_with(2).stdout,
        &[
            "not to be believed: its signature is wrong",
            "of which nothing is proved",
        ],
    );
    let moved = copy(&|object| object["metadata"]["namespace"] = "elsewhere".into());
    assert_says(&moved.ended_with(2).stdout, &["it was written for namespace"]);
    let more = copy(&|object| {
        rewritten(object, &|own| {
            own["k8s.aliyun.com/eci-ram-role-name"] = "Admin".into()
        });
    });
    assert_says(
        &more.ended_with(2).stdout,
        &[
            "not for what this asks for now",
            "k8s.aliyun.com/eci-ram-role-name is `Admin`, the stamp says none",
        ],
    );
    let bare = copy(&|object| rewritten(object, &|own| *own = json!({})));
    assert_says(&bare.ended_with(2).stdout, &["there is no stamp"]);

    // Whoever may not read the keys is told so, and so is who looks in the wrong place
    let denied = verify(&stage.plane.person(ALICE, None), &["deploy/web"]).ended_with(1);
    assert_says(
        &denied.stderr,
        &["secrets \"ramgate-stamp\" is forbidden", "with your own rights"],
    );
    let lost = verify(admin, &["deploy/web", "--namespace", "default"]).ended_with(1);
    assert_says(
        &lost.stderr,
        &[
            "Secret default/ramgate-stamp is not there",
            "--namespace is where ramgate is installed",
        ],
    );
    assert_says(
        &verify(admin, &["deploy/none"]).ended_with(1).stderr,
        &["Deployment", "is not there"],
    );
    assert_says(
        &verify(admin, &["service/web"]).ended_with(1).stderr,
        &["no pods come of kind `service`"],
    );
}

#[test]
fn what_mapping_adds_to_a_pod_since_does_not_make_its_stamp_a_forgery() {
    let cluster = whole_exclusive();
    cluster.scale(1);
    let stage = Stage::within(&cluster, "remapped");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let web = stage.settled("deployments/web");
    let set = stage.wait_for_children("replicasets", &web, 1).remove(0);
    let first = stage.wait_for_children("pods", &set, 1).remove(0);
    let mut account = crate::harness::objects::account();
    let text = account["data"]["account.yaml"].as_str().unwrap();
    let text = format!("{text}    - {{key: cost, from: {{value: shop}}, mode: enforce}}\n");
    account["data"]["account.yaml"] = text.into();
    cluster.configure(&account);
    stage.lose(&first);
    let pod = eventually("another pod", || {
        let mut pods = stage.children("pods", &set);
        pods.retain(|pod| pod["metadata"]["uid"] != first["metadata"]["uid"]);
        pods.pop().ok_or_else(|| stage.events())
    });
    assert_eq!(
        pod["metadata"]["annotations"]["k8s.aliyun.com/eci-custom-tags"],
        "env:test,cost:shop"
    );
    let name = format!("pod/{}", pod["metadata"]["name"].as_str().unwrap());
    let verified = ramgate(&stage.admin, &["stamp", "verify", "--in", &stage.name, &name]);
    assert_says(
        &verified.ended_with(0).stdout,
        &[
            "the stamp is good",
            "the stamp says `env:test`, as mapping or eci-profile make it",
        ],
    );
}

/// The findings of a check, without those of other tests' namespaces
fn found(run: &Run, check: &str) -> Vec<String> {
    let value = run.json();
    let findings = value["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["check"] == check)
        .map(|finding| {
            format!(
                "{}: {}",
                finding["place"].as_str().unwrap(),
                finding["what"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn preflight_finds_each_kind_of_gap() {
    let cluster = whole_exclusive();
    let stage = before_the_install(&cluster, "gaps", |stage| {
        stage
            .person(ALICE)
            .apply(&deployment("bare", To::Virtual, "env:test"))
            .success();
        let mut made = pod("made", To::Virtual, "env:test");
        made["metadata"]["ownerReferences"] = json!([{"apiVersion": "flows.example.com/v1", "kind": "Flow", "name": "f", "uid": "1", "controller": true}]);
        stage.person(ALICE).apply(&made).success();
    });
    stage
        .person(ALICE)
        .apply(&deployment("fine", To::Virtual, "env:test"))
        .success();
    stage.person(ALICE).apply(&pod("mine", To::AnyNode, "")).success();
    let preflight = |arguments: &[&str]| {
        let arguments = [&["preflight", "--output", "json"], arguments].concat();
        ramgate(&stage.admin, &arguments)
    };

    // What the chart installs has no gap, and its nodes have the names that they should
    let run = preflight(&[]).ended_with(2);
    let none: [String; 0] = [];
    for check in ["rules", "node-name", "profile", "denied"] {
        let mut found = found(&run, check);
        // Other tests leave workloads in the same cluster
        found.retain(|line| !line.contains("/Deployment/") || line.starts_with(&stage.name));
        assert_eq!(found, none, "{check}");
    }
    // The tests' control plane has no network that could keep anybody out, and asks without a certificate
    let anybody = "anybody in the cluster may ask ramgate for reviews: set server.clientAuth, server.peers or \
        networkPolicy.apiServer in the chart's values";
    assert_eq!(run.json()["notes"], json!([anybody]));
    let own = format!(
        "{}/Deployment/bare: nothing says who asked for its pods",
        stage.name
    );
    assert!(found(&run, "stamp").contains(&own), "{:?}", found(&run, "stamp"));
    let fine = format!("{}/Deployment/fine", stage.name);
    assert!(!run.stdout.contains(&fine), "{}", run.stdout);
    let strangers = found(&run, "identity");
    assert!(
        strangers[0].starts_with("Flow.flows.example.com: its controller makes pods"),
        "{strangers:?}"
    );

    // Names of nodes that tell nothing
    let run = preflight(&["--real-node-names", "virtual-kubelet-.*"]).ended_with(2);
    let names = found(&run, "node-name");
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names[0].starts_with(nodes::REAL) && names[1].starts_with(nodes::VIRTUAL),
        "{names:?}"
    );

    // A directory that does not know alice any more, tried before it is applied
    let folder = tempfile::tempdir().unwrap();
    let directory = "account: {id: '1234567890123456', region: cn-hangzhou}\nusers: [{name: bob}]\n";
    fs::write(folder.path().join("directory.yaml"), directory).unwrap();
    let run = preflight(&["--config-dir", &folder.path().display().to_string()]).ended_with(2);
    let forgotten = found(&run, "identity");
    assert!(
        forgotten
            .iter()
            .any(|line| line.starts_with("`user/alice`: RAM user `alice` is not in the directory")),
        "{forgotten:?}"
    );
    assert!(
        found(&run, "denied").iter().any(|line| line.starts_with(&fine)),
        "{}",
        run.stdout
    );

    // From here on somebody breaks the installation
    cluster.scale(0);
    for kind in ["mutating", "validating"] {
        let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/{RELEASE}");
        let mut configuration = stage.rest.get(&path);
        let entries = configuration["webhooks"].as_array_mut().unwrap();
        entries.retain(|entry| {
            entry["name"] != "connect.ramgate.io" && entry["name"] != "carriers-0.ramgate.io"
        });
        for entry in entries.iter_mut() {
            match entry["name"].as_str().unwrap() {
                "fields.ramgate.io" => entry["failurePolicy"] = "Ignore".into(),
                "binding.ramgate.io" => entry["clientConfig"]["caBundle"] = Value::Null,
                _ => {}
            }
        }
        let entries = json!({"webhooks": configuration["webhooks"]});
        stage.rest.patch(&path, Patch::Merge, &entries).success();
    }
    let selectors =
        json!([{"name": "webs", "objectSelector": {"matchLabels": {"app": "web"}}, "effect": {}}]);
    let profile = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "eci-profile"},
        "data": {"selectors": selectors.to_string()},
    });
    let system = stage.admin.within("kube-system");
    system.apply(&profile).success();
    stage
        .admin
        .run(&["label", "namespace", "kube-system", "alibabacloud.com/eci=true"])
        .success();
    let run = preflight(&[]);
    let human = ramgate(&stage.admin, &["preflight"]);
    stage
        .admin
        .run(&["label", "namespace", "kube-system", "alibabacloud.com/eci-"])
        .success();
    system.run(&["delete", "configmap", "eci-profile"]).success();

    let run = run.ended_with(2);
    let rules = found(&run, "rules");
    let has = |kind: &str, part: &str| {
        let place = format!("{kind}WebhookConfiguration {RELEASE}: ");
        rules
            .iter()
            .filter(|line| line.starts_with(&place) && line.contains(part))
            .count()
    };
    assert_eq!(
        has(
            "Validating",
            "entry connect is not there, or does not send CONNECT pods/attach"
        ),
        1,
        "{rules:#?}"
    );
    for kind in ["Mutating", "Validating"] {
        assert_eq!(
            has(
                kind,
                "entry carriers is not there, or does not send CREATE clonesets.apps.example.com"
            ),
            1,
            "{rules:#?}"
        );
        assert_eq!(
            has(kind, "failurePolicy is Ignore in enforced namespaces"),
            1,
            "{rules:#?}"
        );
        assert_eq!(
            has(
                kind,
                "caBundle is empty, so that no call succeeds: binding.ramgate.io"
            ),
            1,
            "{rules:#?}"
        );
    }
    let is_drift = |line: &&String| line.contains("they are not as they were installed");
    assert_eq!(rules.iter().filter(is_drift).count(), 1, "{rules:#?}");
    assert_eq!(rules.len(), 8, "{rules:#?}");
    let profile = found(&run, "profile");
    assert_eq!(profile.len(), 1);
    assert_says(
        &profile[0],
        &[
            "eci-profile selector `webs`",
            "carry no mark when they are created",
        ],
    );
    let exempt = found(&run, "exempt");
    assert!(
        exempt
            .iter()
            .any(|line| line.starts_with("namespace kube-system: ")),
        "{exempt:?}"
    );
    assert_says(
        &human.stdout,
        &[
            "rules: ValidatingWebhookConfiguration ramgate: entry connect",
            "findings\n",
        ],
    );

    // And without any of it
    cluster.remove_webhooks();
    let run = preflight(&[]).ended_with(2);
    assert_eq!(found(&run, "rules").len(), 1, "{}", run.stdout);
    let run = preflight(&["--namespace", "default"]).ended_with(1);
    assert_says(&run.stdout, &["there is no configuration in namespace default"]);
    assert_eq!(NAMESPACE, "ramgate-system", "the default of --namespace");
}
