//! The teams: what runs in their namespaces, what they do in a day, and what is wrong with some of their workloads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::cast::{ALICE, DAVE, MALLORY, ROLE};
use crate::harness::cluster::Cluster;
use crate::harness::objects::TAGS;
use crate::harness::rest::{Patch, Reply, Rest};
use crate::harness::workloads::{To, image, pod, workload};
use crate::rehearsal::obstacles::Obstacle;

/// How many namespaces there are
pub(crate) const TEAMS: usize = 40;
/// Who works in them
pub(crate) const PEOPLE: [&str; 3] = [ALICE, MALLORY, DAVE];
/// The annotation of the instance role
const ROLE_NAME: &str = "k8s.aliyun.com/eci-ram-role-name";

/// A team with its namespace
pub(crate) struct Team {
    pub(crate) namespace: String,
    /// Who does everything there
    pub(crate) author: &'static str,
    /// What is wrong with its Deployment, until somebody follows the advice
    pub(crate) obstacle: Option<Obstacle>,
    rest: Rest,
}

/// Makes the namespaces; ramgate's mapping gives every pod in them a tag `owner`
pub(crate) fn teams(cluster: &Cluster) -> Vec<Team> {
    (0..TEAMS)
        .map(|number| {
            let name = format!("team-{number:02}");
            let obstacle = Obstacle::of_team(number);
            Team {
                namespace: cluster.namespace_named(&name, &[("owner", &name)]).name.clone(),
                author: match obstacle {
                    Some(Obstacle::Unbound) => MALLORY,
                    _ => ALICE,
                },
                obstacle,
                rest: cluster.rest.clone(),
            }
        })
        .collect()
}

impl Team {
    /// The workloads by resource and name
    pub(crate) fn workloads(&self) -> Vec<(&'static str, &'static str, Value)> {
        let of = |resource, name, to, tags| (resource, name, workload(resource, name, to, tags));
        let mut web = workload("deployments", "web", To::Virtual, "env:test");
        let mut plain = workload("deployments", "plain", To::AnyNode, "");
        for deployment in [&mut web, &mut plain] {
            // No pod ever becomes ready, so a rolling update would never end.
            deployment["spec"]["strategy"] = json!({"type": "Recreate"});
        }
        if let Some(obstacle) = self.obstacle {
            obstacle.plant(&mut web["spec"]["template"]["metadata"]["annotations"]);
        }
        vec![
            ("deployments", "web", web),
            ("deployments", "plain", plain),
            of("statefulsets", "db", To::Virtual, "env:test"),
            of("replicasets", "cache", To::Virtual, "env:test,tier:cache"),
            of("cronjobs", "report", To::Virtual, "env:test"),
            of("jobs", "load", To::Virtual, "env:test"),
            ("daemonsets", "agent", agent()),
            ("pods", "tool", pod("tool", To::Virtual, "env:test")),
        ]
    }

    /// Installs everything
    pub(crate) fn install(&self) {
        for (resource, _, manifest) in self.workloads() {
            self.as_author().create(&self.path(resource), &manifest).success();
        }
    }

    /// Corrects the Deployment as the advice says
    pub(crate) fn follow_advice(&mut self) {
        self.obstacle = None;
        let annotations = json!({TAGS: "env:test", ROLE_NAME: null});
        let correct = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
        let path = self.path("deployments/web");
        self.as_author().patch(&path, Patch::Merge, &correct).success();
    }

    /// Restarts what is older than ramgate, so that it is stamped
    pub(crate) fn restart(&self) {
        let first_run = ("jobs", "run-1");
        let workloads = self
            .workloads()
            .into_iter()
            .map(|(resource, name, _)| (resource, name));
        for (resource, name) in workloads.chain([first_run]) {
            let path = self.path(&format!("{resource}/{name}"));
            match resource {
                // Their pods exist, and nobody can stamp them afterwards: they are made again.
                "pods" | "jobs" => {
                    self.rest.delete(&format!(
                        "{path}?propagationPolicy=Background&gracePeriodSeconds=0"
                    ));
                }
                _ if name == "plain" || name == "agent" => {}
                _ => {
                    let annotations = json!({"kubectl.kubernetes.io/restartedAt": "2026-11-30T00:00:00Z"});
                    let template = json!({"template": {"metadata": {"annotations": annotations}}});
                    let restart = match resource {
                        "cronjobs" => json!({"spec": {"jobTemplate": {"spec": template}}}),
                        _ => json!({"spec": template}),
                    };
                    self.as_author().patch(&path, Patch::Merge, &restart).success();
                }
            }
        }
    }

    /// The path of a resource in the team's namespace
    pub(crate) fn path(&self, resource: &str) -> String {
        let api = match resource.split('/').next().unwrap_or_default() {
            "deployments" | "replicasets" | "statefulsets" | "daemonsets" => "apis/apps/v1",
            "jobs" | "cronjobs" => "apis/batch/v1",
            _ => "api/v1",
        };
        format!("/{api}/namespaces/{}/{resource}", self.namespace)
    }

    fn as_author(&self) -> Rest {
        self.rest.acting_as(self.author, &["system:authenticated"])
    }

    /// What a team does in a day: each thing with how the API server answered
    pub(crate) fn work(&self, day: usize) -> BTreeMap<String, String> {
        let mut ends = BTreeMap::new();
        let mut note = |thing: &str, reply: &Reply| {
            let end = match reply.succeeded() {
                true => "done".to_owned(),
                false => format!("refused: {}", reply.body["message"]),
            };
            ends.insert(format!("{} {thing}", self.namespace), end);
        };
        let version = format!("registry.example.com/app:{}", day + 1);
        let author = self.as_author();
        let roll_out = image("deployments", &version);
        let web = self.path("deployments/web");
        note(
            "roll-out of web",
            &author.patch(&web, Patch::Strategic, &roll_out),
        );

        let plain = self.path("deployments/plain");
        note(
            "roll-out of plain",
            &author.patch(&plain, Patch::Strategic, &roll_out),
        );
        let more = json!({"spec": {"replicas": 1 + day % 2}});
        for set in ["statefulsets/db", "replicasets/cache"] {
            note(
                &format!("scaling of {set}"),
                &author.patch(&self.path(set), Patch::Merge, &more),
            );
        }
        let agent = json!({"spec": {"template": {"metadata": {"annotations": {"day": day.to_string()}}}}});
        note(
            "change of the agent",
            &author.patch(&self.path("daemonsets/agent"), Patch::Merge, &agent),
        );
        let suspend = json!({"spec": {"suspend": day.is_multiple_of(2)}});
        note(
            "pause of the report",
            &author.patch(&self.path("cronjobs/report"), Patch::Merge, &suspend),
        );

        let run = workload("jobs", &format!("run-{day}"), To::Virtual, "env:test");
        note("a job", &author.create(&self.path("jobs"), &run));
        let visitor = format!("visitor-{day}");
        note(
            "a pod",
            &author.create(&self.path("pods"), &pod(&visitor, To::Virtual, "env:test")),
        );
        let label = json!({"metadata": {"labels": {"seen": "true"}}});
        let path = self.path(&format!("pods/{visitor}"));
        note("a label on the pod", &author.patch(&path, Patch::Merge, &label));
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": visitor, "namespace": self.namespace}, "deleteOptions": {"gracePeriodSeconds": 0},
        });
        note(
            "its eviction",
            &author.create(&format!("{path}/eviction"), &eviction),
        );
        ends
    }

    /// The pods that a day must have led to: label `app` and how many, counted for each newest template
    pub(crate) fn settled(&self, day: usize, refused: bool, pods: &[Value]) -> Result<(), String> {
        let version = format!("registry.example.com/app:{}", day + 1);
        let count = |app: &str, accept: &dyn Fn(&Value) -> bool| {
            pods.iter()
                .filter(|pod| pod["metadata"]["namespace"] == self.namespace.as_str())
                .filter(|pod| pod["metadata"]["labels"]["app"] == app)
                .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
                .filter(|pod| pod["spec"]["nodeName"].is_string() && accept(pod))
                .count()
        };
        let newest = |pod: &Value| pod["spec"]["containers"][0]["image"] == version.as_str();
        let of_today = |pod: &Value| pod["metadata"]["annotations"]["day"] == day.to_string().as_str();
        let any = |_: &Value| true;
        let sets = 1 + day % 2;
        for (app, expected, accept) in [
            ("web", usize::from(!refused), &newest as &dyn Fn(&Value) -> bool),
            ("plain", 1, &newest),
            ("db", sets, &any),
            ("cache", sets, &any),
            ("agent", 1, &of_today),
            (&format!("run-{day}"), 1, &any),
        ] {
            let found = count(app, accept);
            if found != expected {
                return Err(format!(
                    "{}: {found} pods of {app}, not {expected}",
                    self.namespace
                ));
            }
        }
        Ok(())
    }
}

/// A node agent as many are published: it tolerates everything, and its affinity keeps it off virtual nodes
fn agent() -> Value {
    let mut agent = workload("daemonsets", "agent", To::AnyNode, "");
    let spec = &mut agent["spec"]["template"]["spec"];
    spec["tolerations"] = json!([{"operator": "Exists"}]);
    let term =
        json!({"matchExpressions": [{"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}]});
    spec["affinity"] = json!({"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
    }});
    // A pod that never becomes ready must not hold up the roll-out.
    agent["spec"]["updateStrategy"] = json!({"rollingUpdate": {"maxUnavailable": "100%"}});
    agent
}

impl Obstacle {
    /// Writes what is wrong into the annotations of a template
    fn plant(self, annotations: &mut Value) {
        match self {
            Self::TooManyTags => annotations[TAGS] = "env:test,app:web,tier:front".into(),
            Self::Blank => annotations[TAGS] = "env:test, app:web".into(),
            Self::Denied => annotations[TAGS] = "app:web".into(),
            Self::ForeignRole => annotations[ROLE_NAME] = ROLE.into(),
            Self::Unbound => {}
        }
    }
}
