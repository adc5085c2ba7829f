//! Alice's workloads: whether a change started a roll-out, and whom the stamp names afterwards.

use serde_json::Value;

use super::cast::ALICE;
use super::stage::Stage;
use super::stage::Stamp;
use super::stage::assert_stamped;
use super::stage::stamp;
use super::stage::template;
use super::workloads::To;
use super::workloads::deployment;

/// What must not change unless somebody asks for a roll-out
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    stamp: Option<Stamp>,
    revisions: Vec<String>,
}

/// A workload of one test, such as `deployments/web`
pub(crate) struct Watched<'a> {
    stage: &'a Stage<'a>,
    resource: String,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(stage: &'a Stage<'a>, resource: &str) -> Self {
        Self {
            stage,
            resource: resource.to_owned(),
        }
    }

    /// Its state once its controller has seen the newest generation
    #[track_caller]
    pub(crate) fn state(&self) -> State {
        let object = self.stage.settled(&self.resource);
        State {
            stamp: stamp(template(&object)),
            revisions: self.revisions(&object),
        }
    }

    /// Does something that must leave the stamp as it is and start no roll-out
    #[track_caller]
    pub(crate) fn kept(&self, what: &str, change: impl FnOnce()) {
        let before = self.state();
        change();
        assert_eq!(self.state(), before, "{what}");
    }

    /// Does something that must start a roll-out in the name of this user
    #[track_caller]
    pub(crate) fn rolls_out(&self, what: &str, user: &str, change: impl FnOnce()) {
        let before = self.state();
        change();
        let after = self.state();
        assert_stamped(template(&self.stage.object(&self.resource)), user);
        assert_eq!(
            after.revisions.len(),
            before.revisions.len() + 1,
            "{what}: {before:?}, then {after:?}"
        );
    }

    /// The names of the revisions that its controller has made
    fn revisions(&self, object: &Value) -> Vec<String> {
        let children = match object["kind"].as_str() {
            Some("Deployment") => self.stage.children("replicasets", object),
            Some("StatefulSet" | "DaemonSet") => self.stage.children("controllerrevisions", object),
            _ => vec![],
        };
        let mut names: Vec<String> = children
            .iter()
            .map(|child| child["metadata"]["name"].to_string())
            .collect();
        names.sort();
        names
    }
}

/// Applies alice's Deployment `web` and waits for its pod
#[track_caller]
pub(crate) fn alices(stage: &Stage<'_>) -> Value {
    let file = deployment("web", To::Virtual, "env:test");
    stage.person(ALICE).apply(&file).success();
    newest_pod(stage);
    file
}

/// Waits for the pod of the newest ReplicaSet of `web`
#[track_caller]
pub(crate) fn newest_pod(stage: &Stage<'_>) -> Value {
    let web = stage.settled("deployments/web");
    let sets = stage.children("replicasets", &web);
    let newest = sets
        .iter()
        .find(|set| stamp(template(set)) == stamp(template(&web)) && images(set) == images(&web))
        .unwrap_or_else(|| panic!("no ReplicaSet of the newest template: {}", stage.events()));
    stage.wait_for_children("pods", newest, 1).remove(0)
}

fn images(workload: &Value) -> &Value {
    &template(workload)["spec"]["containers"][0]["image"]
}
