//! One test's namespace in a whole cluster: its people, its objects, and what ramgate made of each request.

use std::ops::Deref;

use serde_json::Value;
use serde_json::json;

use super::cast;
use super::cluster::Cluster;
use super::cluster::Namespace;
use super::cluster::whole;
use super::install;
use super::kubectl::Kubectl;
use super::rest::Patch;
use super::rest::Rest;
use super::wait::eventually;

/// The annotation that says for whom a pod was asked
pub(crate) const STAMP: &str = "ramgate.io/requested-by";

/// A namespace in which all of the cast may do everything, as far as Kubernetes is concerned
pub(crate) struct Stage<'a> {
    space: Namespace<'a>,
}

/// What a stamp says
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) user: String,
    pub(crate) principal: String,
    /// The whole annotation: equal texts are the same stamp
    pub(crate) text: String,
}

/// One review that ramgate answered, as its log tells
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Who sent the request
    pub(crate) user: String,
    /// Whose rights decided
    pub(crate) principal: String,
    pub(crate) operation: String,
    pub(crate) resource: String,
    pub(crate) decision: String,
}

impl Stage<'static> {
    /// A new one in the cluster that all tests share
    pub(crate) fn new(subject: &str) -> Self {
        Self::labelled(subject, &[])
    }

    /// The same with labels on the namespace
    pub(crate) fn labelled(subject: &str, labels: &[(&str, &str)]) -> Self {
        Self::on(whole().namespace(subject, labels))
    }
}

impl<'a> Stage<'a> {
    /// A new one in a cluster
    pub(crate) fn within(cluster: &'a Cluster, subject: &str) -> Self {
        Self::on(cluster.namespace(subject, &[]))
    }

    /// A namespace as a stage
    pub(crate) fn on(space: Namespace<'a>) -> Self {
        let subjects: Vec<Value> = cast::EVERYBODY
            .into_iter()
            .map(|name| json!({"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}))
            .collect();
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "cast"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "test-editor"},
            "subjects": subjects,
        });
        let path = format!(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
            space.name
        );
        let reply = space.rest.create(&path, &binding);
        // A namespace of a fixed name has it already.
        assert!(reply.succeeded() || reply.status == 409, "{reply:?}");
        // The API server hears of its own bindings by a watch.
        let question = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": cast::ALICE, "resourceAttributes": {"namespace": space.name, "verb": "create", "resource": "pods"}},
        });
        eventually("the cast may work in the namespace", || {
            let reply = space
                .rest
                .create("/apis/authorization.k8s.io/v1/subjectaccessreviews", &question);
            match reply.body["status"]["allowed"] == true {
                true => Ok(()),
                false => Err(format!("{reply:?}")),
            }
        });
        Self { space }
    }

    /// kubectl in the hands of one of the cast
    pub(crate) fn person(&self, user: &str) -> Kubectl {
        let kubectl = if user.starts_with("system:serviceaccount:") {
            self.space.admin.acting_as(user, &[])
        } else {
            self.space.plane.person(user, None)
        };
        kubectl.within(&self.space.name)
    }

    /// The API server as one of the cast
    pub(crate) fn rest(&self, user: &str) -> Rest {
        self.space.rest.acting_as(user, &[])
    }

    /// The API server as a user in groups
    pub(crate) fn rest_in(&self, user: &str, groups: &[&str]) -> Rest {
        self.space.rest.acting_as(user, groups)
    }

    /// The path of a resource in this namespace, such as `deployments` or `pods/web/binding`
    pub(crate) fn path(&self, resource: &str) -> String {
        let kind = resource.split('/').next().unwrap_or_default();
        let api = match kind {
            "deployments" | "replicasets" | "statefulsets" | "daemonsets" | "controllerrevisions" => {
                "apis/apps/v1"
            }
            "jobs" | "cronjobs" => "apis/batch/v1",
            "clonesets" => "apis/apps.example.com/v1",
            "workflows" | "cronworkflows" => "apis/argoproj.io/v1alpha1",
            "jobsets" => "apis/jobset.x-k8s.io/v1alpha2",
            "leaderworkersets" => "apis/leaderworkerset.x-k8s.io/v1",
            "sparkapplications" => "apis/sparkoperator.k8s.io/v1",
            "rolebindings" => "apis/rbac.authorization.k8s.io/v1",
            _ => "api/v1",
        };
        format!("/{api}/namespaces/{}/{resource}", self.space.name)
    }

    /// An object of this namespace by its resource and name, such as `deployments/web`
    #[track_caller]
    pub(crate) fn object(&self, resource: &str) -> Value {
        self.space.rest.get(&self.path(resource))
    }

    /// Whether this Kubernetes has a subresource of the core group, such as `pods/resize`
    pub(crate) fn has_subresource(&self, name: &str) -> bool {
        let known = self.space.rest.get("/api/v1")["resources"].take();
        known
            .as_array()
            .is_some_and(|all| all.iter().any(|resource| resource["name"] == name))
    }

    /// The objects of a resource that an object controls, the oldest first
    #[track_caller]
    pub(crate) fn children(&self, resource: &str, owner: &Value) -> Vec<Value> {
        let uid = &owner["metadata"]["uid"];
        let mut all = self.space.rest.list(&self.path(resource));
        all.retain(|one| {
            let owners = one["metadata"]["ownerReferences"].as_array();
            owners
                .into_iter()
                .flatten()
                .any(|owner| &owner["uid"] == uid && owner["controller"] == true)
        });
        all.sort_by_key(|one| one["metadata"]["creationTimestamp"].to_string());
        all
    }

    /// Waits until an object controls this many of a resource
    #[track_caller]
    pub(crate) fn wait_for_children(&self, resource: &str, owner: &Value, count: usize) -> Vec<Value> {
        let what = format!("{count} {resource} of {}", owner["metadata"]["name"]);
        eventually(&what, || {
            let children = self.children(resource, owner);
            if children.len() == count {
                Ok(children)
            } else {
                Err(format!("there are {}; {}", children.len(), self.events()))
            }
        })
    }

    /// Waits until the controller has seen the newest generation of a workload, and gives the workload
    #[track_caller]
    pub(crate) fn settled(&self, resource: &str) -> Value {
        eventually(&format!("the controller has seen {resource}"), || {
            let object = self.object(resource);
            let seen = object["status"]["observedGeneration"].as_u64().unwrap_or(0);
            if Some(seen) >= object["metadata"]["generation"].as_u64() {
                Ok(object)
            } else {
                Err(format!("generation {seen}; {}", self.events()))
            }
        })
    }

    /// Waits until a pod is on a node, and says on which
    #[track_caller]
    pub(crate) fn wait_for_node(&self, pod: &str) -> String {
        eventually(&format!("{pod} is on a node"), || {
            match self.object(&format!("pods/{pod}"))["spec"]["nodeName"].as_str() {
                Some(node) => Ok(node.to_owned()),
                None => Err(self.events()),
            }
        })
    }

    /// Takes a pod away as the control plane does when its node is gone, which nobody is asked for
    #[track_caller]
    pub(crate) fn lose(&self, pod: &Value) {
        let collector = "system:serviceaccount:kube-system:pod-garbage-collector";
        let name = pod["metadata"]["name"].as_str().expect("a name");
        // What RBAC gives that controller differs between versions, and is not the question.
        self.rest_in(collector, &["system:masters"])
            .delete(&self.path(&format!("pods/{name}")))
            .success();
    }

    /// Lets a CronJob find a time that it has missed, so that it makes a Job at once; its spec stays as it is
    #[track_caller]
    pub(crate) fn run_cron_job(&self, name: &str) {
        let long_ago = json!({"status": {"lastScheduleTime": "2020-06-01T00:00:00Z"}});
        let path = self.path(&format!("cronjobs/{name}/status"));
        self.space.rest.patch(&path, Patch::Merge, &long_ago).success();
    }

    /// Waits for an Event whose reason is this and whose message has all of the parts, and gives its message
    #[track_caller]
    pub(crate) fn wait_for_event(&self, reason: &str, parts: &[&str]) -> String {
        eventually(&format!("an event {reason} with {parts:?}"), || {
            let events = self.space.rest.list(&self.path("events"));
            let mut said = events
                .iter()
                .filter(|event| event["reason"] == reason)
                .filter_map(|event| event["message"].as_str());
            match said.find(|text| parts.iter().all(|part| text.contains(part))) {
                Some(text) => Ok(text.to_owned()),
                None => Err(self.events()),
            }
        })
    }

    /// What happened here, as a person sees it
    pub(crate) fn events(&self) -> String {
        let events = self.space.rest.list(&self.path("events"));
        let lines = events
            .iter()
            .map(|event| format!("{}: {}", event["reason"], event["message"]));
        format!("events: {:#?}", lines.collect::<Vec<_>>())
    }

    /// The reviews of this namespace by the validating webhook, in order
    pub(crate) fn judged(&self) -> Vec<Judged> {
        let logs: String = self
            .space
            .replicas()
            .iter()
            .map(|one| one.process.log())
            .collect();
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        logs.lines()
            .filter(|line| line.contains(&self.space.name))
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .map(|mut line| match line["fields"].take() {
                Value::Null => line,
                fields => fields,
            })
            .filter(|line| line["namespace"] == self.space.name.as_str() && line["path"] == "validate")
            .map(|line| Judged {
                user: text(&line, "user"),
                principal: text(&line, "principal"),
                operation: text(&line, "operation"),
                resource: text(&line, "resource"),
                decision: text(&line, "decision"),
            })
            .collect()
    }

    /// The principals by whose rights pods were created here, without repetition
    pub(crate) fn creators(&self) -> Vec<String> {
        let mut principals: Vec<String> = self
            .judged()
            .into_iter()
            .filter(|one| one.operation == "CREATE" && one.resource == "pods" && one.decision == "allow")
            .map(|one| one.principal)
            .collect();
        principals.sort();
        principals.dedup();
        principals
    }
}

impl<'a> Deref for Stage<'a> {
    type Target = Namespace<'a>;

    fn deref(&self) -> &Namespace<'a> {
        &self.space
    }
}

/// A cluster whose webhooks are gone while the function works, and back afterwards, with one replica
pub(crate) fn before_the_install<'a>(
    cluster: &'a Cluster,
    subject: &str,
    work: impl FnOnce(&Stage<'a>),
) -> Stage<'a> {
    cluster.remove_webhooks();
    let stage = Stage::within(cluster, subject);
    work(&stage);
    cluster.install(&install::values_of_whole_cluster());
    cluster.scale(1);
    stage
}

/// The stamp in the metadata of a pod or pod template, if there is one
pub(crate) fn stamp(pod: &Value) -> Option<Stamp> {
    let text = pod["metadata"]["annotations"][STAMP].as_str()?;
    let stamp: Value = serde_json::from_str(text).expect("a stamp is JSON");
    // Whoever is bound to no principal has none.
    let field = |name: &str| stamp[name].as_str().unwrap_or_default().to_owned();
    Some(Stamp {
        user: field("user"),
        principal: field("principal"),
        text: text.to_owned(),
    })
}

/// The pod template of a workload of any built-in kind
pub(crate) fn template(workload: &Value) -> &Value {
    let job = &workload["spec"]["jobTemplate"]["spec"]["template"];
    if job.is_null() {
        &workload["spec"]["template"]
    } else {
        job
    }
}

/// Fails unless a pod or pod template is stamped for this user
#[track_caller]
pub(crate) fn assert_stamped(pod: &Value, user: &str) -> Stamp {
    let found = stamp(pod).unwrap_or_else(|| panic!("no stamp in {}", pod["metadata"]));
    let name = user
        .rsplit(':')
        .next()
        .and_then(|user| user.split('@').next())
        .unwrap_or(user);
    assert_eq!(
        (found.user.as_str(), found.principal.as_str()),
        (user, format!("user/{name}").as_str())
    );
    found
}

/// Fails unless the text contains every one of the parts
#[track_caller]
pub(crate) fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}
