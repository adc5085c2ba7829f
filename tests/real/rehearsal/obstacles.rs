//! What is planted, and what `ramgate preflight` finds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::cast;
use crate::harness::cast::{ALICE, MALLORY};
use crate::harness::cluster::Cluster;
use crate::harness::command::ramgate;
use crate::harness::process::scratch;
use crate::harness::{install, objects};
use crate::rehearsal::teams::Team;

/// What is wrong with the Deployment of a team
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Obstacle {
    /// One more than a pod may have, with the one that mapping writes
    TooManyTags,
    /// After a comma, where ECI takes none
    Blank,
    /// The tag that RAM wants is missing
    Denied,
    /// An instance role that the author may not pass
    ForeignRole,
    /// The author is bound to no principal, for any workload
    Unbound,
}

/// When somebody asks what enforcing would break
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// After the first day, with nothing of ramgate in the cluster
    BeforeTheInstall,
    /// After the second day, the first in mode `warn`
    InWarn,
    /// After the advice was followed, and everything restarted
    Corrected,
}

/// The codes of the obstacles of each workload that has some, by `NAMESPACE KIND/NAME`
pub(crate) type Obstacles = BTreeMap<String, BTreeSet<String>>;

impl Obstacle {
    /// One in four teams has one; the last team has one that stays
    pub(crate) fn of_team(number: usize) -> Option<Self> {
        const ALL: [Obstacle; 5] = [
            Obstacle::TooManyTags,
            Obstacle::Blank,
            Obstacle::ForeignRole,
            Obstacle::Unbound,
            Obstacle::Denied,
        ];
        (number % 4 == 3).then(|| ALL[number / 4 % ALL.len()])
    }

    /// The code by which ramgate names it
    fn code(self) -> &'static str {
        match self {
            Self::TooManyTags => "TooManyCustomTags",
            Self::Blank => "MalformedAnnotation",
            Self::Denied | Self::ForeignRole => "ImplicitDeny",
            Self::Unbound => "UnboundIdentity",
        }
    }

    fn is_in(self, workload: &str) -> bool {
        self == Self::Unbound || workload == "Deployment/web"
    }
}

/// The obstacles that the teams have
pub(crate) fn planted(teams: &[Team], moment: Moment) -> Obstacles {
    let workloads: &[&str] = match moment {
        Moment::BeforeTheInstall => &[
            "Deployment/web",
            "StatefulSet/db",
            "ReplicaSet/cache",
            "CronJob/report",
            "Job/load",
            "Job/run-1",
            "Pod/tool",
        ],
        Moment::InWarn | Moment::Corrected => &[
            "Deployment/web",
            "StatefulSet/db",
            "ReplicaSet/cache",
            "CronJob/report",
            "Job/load",
            "Job/run-1",
            "Job/run-2",
            "Pod/tool",
        ],
    };
    let has_no_stamp = |team: &Team, workload: &str| match moment {
        Moment::BeforeTheInstall => true,
        // Nobody has changed these, or nobody who may have such pods.
        Moment::InWarn => match workload {
            "StatefulSet/db" | "Job/load" | "Job/run-1" | "Pod/tool" => true,
            "ReplicaSet/cache" | "CronJob/report" => team.obstacle == Some(Obstacle::Unbound),
            _ => false,
        },
        Moment::Corrected => false,
    };
    let mut planted = Obstacles::new();
    for team in teams {
        for workload in workloads {
            let mut codes = BTreeSet::new();
            if has_no_stamp(team, workload) {
                codes.insert("MissingStamp".to_owned());
            }
            if let Some(obstacle) = team.obstacle.filter(|obstacle| obstacle.is_in(workload)) {
                codes.insert(obstacle.code().to_owned());
            }
            if !codes.is_empty() {
                planted.insert(format!("{} {workload}", team.namespace), codes);
            }
        }
    }
    planted
}

/// ramgate's documents as a folder, for a cluster in which nothing is installed
pub(crate) fn configuration() -> PathBuf {
    let folder = scratch();
    let write = |name: &str, value: &Value| std::fs::write(folder.join(name), value.to_string()).unwrap();
    write("cast.yaml", &cast::directory());
    write("account.yaml", &objects::account());
    write(
        "cluster.yaml",
        &json!({"cluster": install::values_of_whole_cluster()["cluster"]}),
    );
    folder
}

/// Who evicts pods in the namespaces of all teams, and shows nowhere before it does
pub(crate) const JANITOR: &str = "janitor";

/// Gives rights to a service account that nobody knows, by an aggregated role, and to another where nothing is for ECI
pub(crate) fn let_evict(cluster: &Cluster) {
    let rbac = "rbac.authorization.k8s.io";
    let account = |name: &str| json!({"kind": "ServiceAccount", "namespace": "tools", "name": name});
    let of_role = json!({"apiGroup": rbac, "kind": "ClusterRole", "name": "rehearsal-cleaning"});
    let (api, collected) = (format!("{rbac}/v1"), json!({"collected": "true"}));
    let rule = json!({"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]});
    let selector = json!({"matchLabels": collected});
    for object in [
        json!({"kind": "ClusterRole", "metadata": {"name": "rehearsal-evict", "labels": collected}, "rules": [rule]}),
        json!({"kind": "ClusterRole", "metadata": {"name": "rehearsal-cleaning"}, "rules": [],
            "aggregationRule": {"clusterRoleSelectors": [selector]}}),
        json!({"kind": "ClusterRoleBinding", "metadata": {"name": "rehearsal-janitor"}, "roleRef": of_role,
            "subjects": [account(JANITOR)]}),
        json!({"kind": "RoleBinding", "metadata": {"name": "elsewhere", "namespace": "kube-public"}, "roleRef": of_role,
            "subjects": [account("elsewhere")]}),
    ] {
        let mut object = object;
        object["apiVersion"] = api.clone().into();
        cluster.admin.apply(&object).success();
    }
}

/// Whom RBAC lets act on the teams' pods, and nobody knows; nobody of Kubernetes itself is among them
fn unlisted(moment: Moment) -> Value {
    let row = |kind: &str, namespace: Option<&str>, name: &str, acts: &[&str], binding: &str| {
        json!({
            "kind": kind, "namespace": namespace, "name": name,
            "may": [{"acts": acts, "pods": null, "namespaces": null}],
            "bindings": [{"namespace": null, "name": binding}],
        })
    };
    let everything = ["create", "delete", "evict", "bind", "status", "exec"];
    match moment {
        Moment::BeforeTheInstall | Moment::InWarn => json!({
            "counts": {"serviceAccounts": 1, "users": 1, "groups": 0},
            "subjects": [
                row("ServiceAccount", Some("tools"), JANITOR, &["evict"], "rehearsal-janitor"),
                row("User", None, MALLORY, &everything, "rehearsal"),
            ],
        }),
        Moment::Corrected => json!({
            "counts": {"serviceAccounts": 0, "users": 0, "groups": 0},
            "subjects": [],
        }),
    }
}

/// What `ramgate preflight` finds, with more arguments; the owners of what has no stamp are named
pub(crate) fn found(cluster: &Cluster, teams: &[Team], moment: Moment, more: &[&str]) -> Obstacles {
    let strangers: Vec<String> = teams
        .iter()
        .filter(|team| team.author == MALLORY)
        .map(|team| format!("--namespace-as={}={MALLORY}", team.namespace))
        .collect();
    let mut arguments = vec!["preflight", "--output", "json", "--as", ALICE];
    arguments.extend(strangers.iter().map(String::as_str));
    arguments.extend(more);
    let run = ramgate(&cluster.admin, &arguments).ended_with(2);
    let value = run.json();
    // The installation itself is in order.
    for finding in value["findings"].as_array().unwrap() {
        assert!(
            ["stamp", "denied", "rbac"].contains(&finding["check"].as_str().unwrap()),
            "{finding}"
        );
    }
    assert_eq!(value["unlisted"], unlisted(moment));
    let mut found = Obstacles::new();
    for group in value["groups"].as_array().unwrap() {
        for row in group["workloads"].as_array().unwrap() {
            let codes: BTreeSet<String> = row["obstacles"]
                .as_array()
                .unwrap()
                .iter()
                .map(|obstacle| obstacle["code"].as_str().unwrap().to_owned())
                .collect();
            if !codes.is_empty() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let name = format!(
                    "{} {}/{}",
                    text(&group["namespace"]),
                    text(&row["kind"]),
                    text(&row["name"])
                );
                found.insert(name, codes);
            }
        }
    }
    found
}

/// For whom the log says that nobody knows them
pub(crate) fn unknown(cluster: &Cluster, teams: &[Team]) -> BTreeSet<String> {
    let logs: String = cluster.replicas().iter().map(|one| one.process.log()).collect();
    logs.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["code"] == "UnboundIdentity")
        .filter(|line| {
            teams
                .iter()
                .any(|team| line["namespace"] == team.namespace.as_str())
        })
        .map(|line| {
            let person = line["requested_by"].as_str().or_else(|| line["user"].as_str());
            person.unwrap().to_owned()
        })
        .collect()
}
