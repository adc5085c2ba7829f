//! The evaluation of a workload as if its owner applied it again, for workloads without a valid stamp.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::admission::offline::{OfflineError, Operation, Request};
use crate::admission::{Mode, Modes, offline};
use crate::analysis::survey::assumed_owners::AssumedOwners;
use crate::analysis::survey::cluster::SurveyedCluster;
use crate::analysis::survey::obstacle::{Asked, Obstacle};
use crate::analysis::survey::obstacle_search::all_obstacles;
use crate::analysis::survey::person::{Need, Person};
use crate::config::{Configuration, Subject};
use crate::stamp::{KEY_BYTES, KeyRing, REQUESTED_BY, Signer};
use ram_policy::Principal;

/// Stands for an owner whom nobody knows. The account may do everything, so that only those obstacles are left that do not
/// depend on a person. No object and no request gets this name: it lives in this evaluation alone
const NOBODY_KNOWN: &str = "(nobody known)";

/// Everything that the evaluation of a workload as its owner's depends on
#[derive(Debug)]
pub(crate) struct Reapplication {
    configuration: Configuration,
    cluster: SurveyedCluster,
    owners: AssumedOwners,
}

/// A workload as its owner's
pub(super) struct ReappliedWorkload {
    /// The owner, if the caller named one
    pub(super) person: Option<Person>,
    /// What the owner has to be allowed, if nobody is known
    pub(super) needs: Vec<Need>,
    /// The obstacles, without those of a stamp
    pub(super) obstacles: Vec<Obstacle>,
}

impl Reapplication {
    /// The input of evaluations by this configuration, in this cluster
    pub(crate) fn new(
        configuration: &Configuration,
        cluster: &SurveyedCluster,
        owners: AssumedOwners,
    ) -> Self {
        let mut configuration = configuration.clone();
        let mut bindings = (*configuration.bindings).clone();
        bindings.add(Subject::User(NOBODY_KNOWN.into()), Principal::Account);
        configuration.bindings = Arc::new(bindings);
        let mut cluster = cluster.clone();
        // ramgate stamps what its owner applies again. These stamps are dropped, so any key will do before there are keys
        let ring = || KeyRing::new([("none".to_owned(), vec![0; KEY_BYTES])]).ok();
        let signer = cluster.snapshot.signer.take();
        let signer = signer.or_else(|| Some(Arc::new(Signer::new(ring()?, String::new()))));
        cluster.snapshot.signer = signer;
        Self {
            configuration,
            cluster,
            owners,
        }
    }

    /// Evaluates a pod of a namespace, whose annotations are at a path of the workload, as if the owner created it
    ///
    /// # Errors
    ///
    /// The pod cannot be read.
    pub(super) fn evaluate(
        &self,
        pod: &Value,
        (namespace, annotations): (&str, &str),
        now: Timestamp,
    ) -> Result<ReappliedWorkload, OfflineError> {
        let owner = self.owners.of(namespace);
        let (user, groups) = owner.map_or((NOBODY_KNOWN, &[][..]), |owner| (&owner.user, &owner.groups));
        let create = |pod: &Value, configuration: &Configuration| {
            let request = Request {
                operation: Operation::Create(pod),
                subresource: "",
                user,
                groups,
                extra: None,
            };
            let cluster = (&self.cluster as _, &self.cluster.snapshot);
            offline::run_in(
                &request,
                configuration,
                cluster,
                &Modes::everywhere(Mode::Enforce),
                now,
            )
        };
        let asked = Asked {
            user,
            namespace,
            annotations,
        };
        let found = all_obstacles(asked, unowned(pod), &self.configuration, create)?;
        let evaluation = found.last.response.evaluation;
        let own = evaluation
            .questions
            .iter()
            .filter(|questions| !questions.is_boundary);
        let questions = own.flat_map(|questions| &questions.questions);
        Ok(ReappliedWorkload {
            needs: match owner {
                Some(_) => Vec::new(),
                None => questions.filter_map(Need::of).collect(),
            },
            person: owner.map(|owner| Person {
                user: owner.user.clone(),
                principal: evaluation.principal,
                is_assumed: true,
            }),
            obstacles: found.obstacles.into_iter().filter(|one| !one.is_stamp).collect(),
        })
    }
}

/// The pod without what only its controller writes
fn unowned(pod: &Value) -> Value {
    let mut pod = pod.clone();
    if let Some(metadata) = pod.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.remove("ownerReferences");
    }
    let annotations = pod.pointer_mut("/metadata/annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.remove(REQUESTED_BY);
    }
    pod
}
