//! `ramgate sync` as the chart's CronJob runs it: with its own service account, from a cloud that is made here.

use std::process::{Command, Output};

use serde_json::json;
use tokio::runtime::Runtime;

use crate::account::{ACCOUNT, AccountData};
use crate::cloud::{Behaviour, Cloud, KEY};
use crate::harness::cluster::{Cluster, exclusive};
use crate::harness::install;
use crate::harness::install::NAMESPACE;
use crate::harness::objects::{TAGS, configuration, eci_pod};
use crate::harness::prometheus::{Prometheus, panels};
use crate::harness::replica::service_account;
use crate::harness::wait::eventually;

const CONFIG_MAPS: [&str; 2] = ["ramgate-ram-policies", "ramgate-ram-directory"];

/// An account whose user0 may create instances with this tag
fn account(team: &str) -> AccountData {
    let mut account = AccountData::default();
    account.policies[0].2["Statement"][0]["Condition"]["StringEquals"]["acs:RequestTag/team"] = json!(team);
    account.attach("Team0", "user0", ACCOUNT);
    account
}

fn cloud(runtime: &Runtime, cluster: &Cluster, team: &str) -> Cloud {
    let behaviour = Behaviour {
        account: account(team),
        ..Behaviour::default()
    };
    runtime.block_on(Cloud::start(behaviour, cluster.plane.folder()))
}

/// Runs what the CronJob runs, with a token of its service account
fn sync(cluster: &Cluster, cloud: &Cloud) -> Output {
    let job = cluster.admin.within(NAMESPACE).get(&["cronjob", "ramgate-sync"]);
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let account = service_account(&cluster.plane, pod["serviceAccountName"].as_str().unwrap());
    let arguments = pod["containers"][0]["args"].as_array().unwrap();
    Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(arguments.iter().map(|argument| argument.as_str().unwrap()))
        .args(["--connect-to", &cloud.address.to_string()])
        .arg("--ca-file")
        .arg(&cloud.ca_file)
        .env("KUBECONFIG", account.kubeconfig())
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY.0)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", KEY.1)
        .env("ALIBABA_CLOUD_SECURITY_TOKEN", KEY.2)
        .output()
        .unwrap()
}

#[test]
fn the_sync_writes_with_its_own_account_and_a_denied_pod_shows_the_new_policy() {
    let runtime = Runtime::new().unwrap();
    let cluster = exclusive();
    let space = cluster.namespace("synced", &[]);
    let mut values = install::values();
    values["sync"] = json!({"enabled": true, "region": "cn-hangzhou", "account": ACCOUNT, "deadlineSeconds": 5, "own": {"accountSection": true}});
    cluster.install(&values);
    let admin = space.admin().within(NAMESPACE);
    for name in CONFIG_MAPS {
        // The next test finds none of it
        admin
            .run(&["label", "configmap", name, "real-test=true"])
            .success();
    }
    space.scale(1);
    let metric = |name: &str| space.replicas()[0].metric(name);
    eventually("the age counts from the start", || {
        let found = metric("ramgate_sync_last_success_timestamp_seconds");
        found.filter(|found| *found > 0.0).map(drop).ok_or("no metric")
    });

    let prometheus = Prometheus::start(space.plane.folder(), &[space.replicas()[0].admin_port]);
    for (title, query) in panels()
        .into_iter()
        .filter(|(_, query)| query.contains("ramgate_sync_"))
    {
        eventually(&title, || prometheus.shows(&query));
    }

    let first = cloud(&runtime, &cluster, "red");
    let output = sync(&cluster, &first);
    assert!(output.status.success(), "{output:?}");
    cluster.configure(&configuration(
        "test-binding",
        "directory",
        "binding.yaml",
        "bindings:\n  - {principal: user/user0, subjects: [{kind: User, name: user0@example.com}]}\n",
    ));
    let user = space.editor("user0@example.com");
    let create = |tag: &str| user.give(&["create", "--dry-run=server"], &eci_pod("web", &[(TAGS, tag)]));
    create("team:red").success();
    let denial = create("team:green").failure();
    assert!(
        denial.contains("tag `team` must be `red`") && denial.contains("Team0#1"),
        "{denial}"
    );

    // The same again: only the time of the success is new, which is no new configuration
    let (generation, before) = (
        metric("ramgate_config_generation"),
        admin.get(&["configmap", CONFIG_MAPS[1]]),
    );
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let output = sync(&cluster, &first);
    assert!(
        String::from_utf8_lossy(&output.stdout).ends_with("no ConfigMap differs\n"),
        "{output:?}"
    );
    let fresh = |map: &serde_json::Value| map["metadata"]["annotations"]["ramgate.io/synced-at"].clone();
    let after = admin.get(&["configmap", CONFIG_MAPS[1]]);
    assert!(fresh(&after) != fresh(&before) && after["data"] == before["data"]);
    eventually("the metric has the new time", || {
        let wanted: jiff::Timestamp = fresh(&after).as_str().unwrap().parse().unwrap();
        let found = metric("ramgate_sync_last_success_timestamp_seconds");
        if found == Some(wanted.as_second() as f64) {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    });
    assert_eq!(metric("ramgate_config_generation"), generation);

    // Another policy in RAM
    let second = cloud(&runtime, &cluster, "green");
    let output = sync(&cluster, &second);
    assert!(
        String::from_utf8_lossy(&output.stdout).ends_with("written: ramgate-ram-policies\n"),
        "{output:?}"
    );
    eventually("the new policy is in force", || {
        if create("team:green").succeeded {
            Ok(())
        } else {
            Err("not yet")
        }
    });
    let denial = create("team:red").failure();
    assert!(denial.contains("tag `team` must be `green`"), "{denial}");

    // The cloud is away: nothing changes
    let maps = || CONFIG_MAPS.map(|name| admin.get(&["configmap", name]));
    let before = maps();
    let mut away = second;
    // Nobody listens at the discard port
    away.address = "127.0.0.1:9".parse().unwrap();
    let output = sync(&cluster, &away);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(maps(), before);
    create("team:green").success();
    create("team:red").failure();
}

#[test]
fn the_sync_s_account_can_do_nothing_else() {
    let cluster = exclusive();
    let space = cluster.namespace("narrow", &[]);
    let mut values = install::values();
    values["sync"] = json!({"enabled": true, "region": "cn-hangzhou"});
    cluster.install(&values);
    let admin = space.admin().within(NAMESPACE);
    for name in CONFIG_MAPS {
        admin
            .run(&["label", "configmap", name, "real-test=true"])
            .success();
    }
    let account = service_account(&cluster.plane, "ramgate-sync").within(NAMESPACE);
    let rights = crate::rights::beyond_nobody(&cluster, &account);
    let wanted = CONFIG_MAPS
        .iter()
        .flat_map(|name| ["get", "patch"].map(|verb| format!("{verb} /configmaps {name}")));
    assert_eq!(rights, wanted.collect());
    // Server-side apply creates what is not there, and that is a right of its own
    admin.run(&["delete", "configmap", CONFIG_MAPS[0]]).success();
    let created = account.give(
        &["apply", "--server-side"],
        &configuration(CONFIG_MAPS[0], "policy", "a.json", "{}"),
    );
    let refusal = created.failure();
    assert!(refusal.contains("forbidden"), "{refusal}");
    for arguments in [
        &["get", "configmaps"][..],
        &["get", "configmap", "ramgate-cluster"],
        &["get", "secret", "ramgate-stamp"],
        &["delete", "configmap", CONFIG_MAPS[1]],
        &["get", "pods"],
        &["get", "events"],
    ] {
        let refusal = account.run(arguments).failure();
        assert!(refusal.contains("forbidden"), "{arguments:?}: {refusal}");
    }
}
