//! The first weeks of an installation, in a cluster that forty teams already use. Mode `warn` changes nothing that
//! anybody does, `preflight` names every obstacle and no other, and `enforce` breaks nothing but what was left broken on
//! purpose.

mod obstacles;
mod teams;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::cast;
use crate::harness::cast::MALLORY;
use crate::harness::cluster::Cluster;
use crate::harness::controllers::Credentials;
use crate::harness::wait::within;
use crate::harness::{install, objects};
use crate::rehearsal::obstacles::{JANITOR, Moment, configuration, found, let_evict, planted, unknown};
use crate::rehearsal::teams::{PEOPLE, TEAMS, Team, teams};
use crate::rehearsal::way::Way;

/// The chart's values: mode `warn`, and `enforce` in the namespaces of some teams
fn values(enforced: &[Team]) -> Value {
    let mut values = install::values_of_whole_cluster();
    values["mode"] = "warn".into();
    let modes: BTreeMap<&str, &str> = enforced
        .iter()
        .map(|team| team.namespace.as_str())
        // The harness sees by a denial there that the API server gets answers.
        .chain(["answers"])
        .map(|namespace| (namespace, "enforce"))
        .collect();
    values["namespaceModes"] = json!(modes);
    values
}

/// Enforces these namespaces by the directory alone
fn enforce_by_directory(cluster: &Cluster, enforced: &[Team]) {
    let modes: BTreeMap<&str, &str> = enforced
        .iter()
        .map(|team| (team.namespace.as_str(), "enforce"))
        .collect();
    let directory = json!({"modes": modes}).to_string();
    cluster.configure(&objects::configuration(
        "test-modes",
        "directory",
        "modes.yaml",
        &directory,
    ));
}

/// Upgrades the release so that these namespaces are enforced
fn enforce(cluster: &Cluster, enforced: &[Team]) {
    cluster.install(&values(enforced));
    // The arguments of the Deployment have changed.
    cluster.scale(0);
    cluster.scale(1);
}

/// Lets the teams do everything in Kubernetes, so that only ramgate could stop them
fn let_work(cluster: &Cluster) {
    let subjects: Vec<Value> = PEOPLE
        .into_iter()
        .map(|name| json!({"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}))
        .collect();
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "rehearsal"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "test-editor"},
        "subjects": subjects,
    });
    cluster.admin.apply(&binding).success();
}

/// Binds who was unknown, as an administrator does whom the advice names
fn stranger() -> Value {
    let subjects = json!([
        {"kind": "User", "name": MALLORY},
        {"kind": "ServiceAccount", "namespace": "tools", "name": JANITOR},
    ]);
    let binding = json!({"bindings": [{"principal": "user/alice", "subjects": subjects}]});
    objects::configuration(
        "test-stranger",
        "directory",
        "stranger.yaml",
        &binding.to_string(),
    )
}

/// Runs a day in all namespaces, waits until the controllers have done their part, and returns how each thing ended
fn day(cluster: &Cluster, teams: &[Team], number: usize) -> BTreeMap<String, String> {
    let start = Instant::now();
    // The teams work at the same time.
    let ends: Vec<BTreeMap<String, String>> = thread::scope(|scope| {
        let groups: Vec<_> = teams
            .chunks(10)
            .map(|group| scope.spawn(move || group.iter().map(|team| team.work(number)).collect::<Vec<_>>()))
            .collect();
        groups
            .into_iter()
            .flat_map(|group| group.join().unwrap())
            .collect()
    });
    within(
        Duration::from_secs(120),
        "the controllers have done their part",
        || {
            let pods = cluster.rest.list("/api/v1/pods");
            teams.iter().zip(&ends).try_for_each(|(team, ends)| {
                let refused = ends
                    .iter()
                    .any(|(thing, end)| thing.ends_with("roll-out of web") && end.starts_with("refused"));
                team.settled(number, refused, &pods)
            })
        },
    );
    let ends: BTreeMap<String, String> = ends.into_iter().flatten().collect();
    println!("day {number}: {} things in {:.1?}", ends.len(), start.elapsed());
    ends
}

/// Fails with the workloads whose obstacles are not those that were planted
#[track_caller]
fn assert_planted(cluster: &Cluster, teams: &[Team], moment: Moment, more: &[&str]) {
    let start = Instant::now();
    let (planted, found) = (planted(teams, moment), found(cluster, teams, moment, more));
    println!("preflight: {} workloads in {:.1?}", found.len(), start.elapsed());
    let names: BTreeSet<&String> = planted.keys().chain(found.keys()).collect();
    let other: Vec<String> = names
        .into_iter()
        .filter(|&name| planted.get(name) != found.get(name))
        .map(|name| {
            format!(
                "{name}: planted {:?}, found {:?}",
                planted.get(name),
                found.get(name)
            )
        })
        .collect();
    assert!(
        other.is_empty(),
        "{moment:?}: {} differ:\n{}",
        other.len(),
        other.join("\n")
    );
}

/// Fails with the things that ended otherwise
#[track_caller]
fn assert_same(what: &str, expected: &BTreeMap<String, String>, found: &BTreeMap<String, String>) {
    let other: Vec<String> = expected
        .iter()
        .filter(|&(thing, end)| found.get(thing) != Some(end))
        .map(|(thing, end)| format!("{thing}: {end}, then {:?}", found.get(thing)))
        .collect();
    assert!(
        other.is_empty(),
        "{what}: {} differ:\n{}",
        other.len(),
        other.join("\n")
    );
    assert_eq!(expected.len(), found.len(), "{what}");
}

#[test]
fn forty_teams_do_not_notice_the_way_from_warn_to_enforce() {
    let cluster = Cluster::start_whole(Credentials::ForEachController);
    cluster.remove_webhooks();
    let_work(&cluster);
    let_evict(&cluster);
    let mut teams = teams(&cluster);
    let workloads: usize = teams.iter().map(|team| team.workloads().len()).sum();
    assert!(teams.len() == 40 && workloads >= 300, "{workloads} workloads");
    teams.iter().for_each(Team::install);
    let before = day(&cluster, &teams, 1);
    assert!(before.values().all(|end| end == "done"), "{before:#?}");

    let mut way = Way::read();
    way.step("Ask before you install");
    let folder = configuration().display().to_string();
    assert_planted(
        &cluster,
        &teams,
        Moment::BeforeTheInstall,
        &["--config-dir", &folder],
    );
    way.step("Install in mode `warn`");
    cluster.install(&values(&[]));
    way.step("Apply policies and directory");
    cluster.configure(&objects::account());
    cluster.configure(&cast::directory());
    cluster.scale(1);
    way.step("Let a day pass");
    assert_same("with warn", &before, &day(&cluster, &teams, 2));
    assert_eq!(unknown(&cluster, &teams), BTreeSet::from([MALLORY.to_owned()]));
    way.step("Ask again");
    assert_planted(&cluster, &teams, Moment::InWarn, &[]);

    way.step("Bind who is unknown");
    cluster.configure(&stranger());
    way.step("Correct what is denied");
    // One team does not.
    let last = teams.pop().unwrap();
    teams.iter_mut().for_each(Team::follow_advice);
    teams.push(last);
    way.step("Restart what has no stamp");
    teams.iter().for_each(Team::restart);
    way.step("Ask a last time");
    assert_planted(&cluster, &teams, Moment::Corrected, &[]);

    way.step("Enforce some namespaces at a time");
    for (step, count) in [10, 20, 30, TEAMS - 1].into_iter().enumerate() {
        enforce_by_directory(&cluster, &teams[..count]);
        let ends = day(&cluster, &teams, 3 + step);
        assert_same(&format!("with {count} namespaces enforced"), &before, &ends);
    }
    enforce(&cluster, &teams);
    let ends = day(&cluster, &teams, 7);
    let broken: Vec<&String> = before
        .keys()
        .filter(|&thing| ends[thing] != before[thing])
        .collect();
    let roll_out = format!("{} roll-out of web", teams[TEAMS - 1].namespace);
    assert_eq!(broken, [&roll_out]);
    assert!(
        ends[&roll_out].contains("denied the request"),
        "{}",
        ends[&roll_out]
    );
    way.end();
}
