//! Evaluates one object as its pods would be evaluated if they were created now.

use jiff::Timestamp;
use serde_json::Value;

use crate::admission::attribution::trusted;
use crate::admission::offline::{OfflineError, OfflineResult, Operation, Request};
use crate::admission::{Cause, Decision, Mode, Modes, offline};
use crate::analysis::survey::cluster::SurveyedCluster;
use crate::analysis::survey::evaluated_workload::{Denial, EnforceOutcome, EvaluatedWorkload};
use crate::analysis::survey::objects::{owner, stamp_of, text};
use crate::analysis::survey::obstacle::{Asked, Obstacle};
use crate::analysis::survey::obstacle_search::all_obstacles;
use crate::analysis::survey::person::{Need, Person, Writer};
use crate::analysis::survey::reapplication::Reapplication;
use crate::analysis::survey::restamp_plan::RestampPlan;
use crate::analysis::survey::stamp_status::StampStatus;
use crate::analysis::survey::workload_kind::{FoundTemplate, WorkloadKind};
use crate::config::{ClusterSettings, Configuration};
use crate::kubernetes::owned_object::OwnedObject;
use crate::stamp::{Signer, key_id};

/// The code of a template that cannot be read
const UNREADABLE: &str = "Unreadable";

/// Evaluates what a cluster holds by a configuration
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkloadEvaluator<'a> {
    /// The configuration
    pub configuration: &'a Configuration,
    /// The cluster around the workloads
    pub cluster: &'a SurveyedCluster,
    /// The evaluation of workloads that have no valid stamp
    pub reapplication: &'a Reapplication,
    /// The time
    pub now: Timestamp,
}

/// The answer of mode enforce about the pods of a template
struct PodEvaluation {
    /// Whether the pods certainly go to ECI
    is_certain: bool,
    /// The reason why they may go to ECI
    mark: String,
    outcome: EnforceOutcome,
    found: AllObstacles,
}

/// All obstacles of a template, and for whom it was evaluated
#[derive(Default)]
struct AllObstacles {
    obstacles: Vec<Obstacle>,
    person: Option<Person>,
    needs: Vec<Need>,
}

impl PodEvaluation {
    /// A template that ramgate cannot read, and therefore denies
    fn of_error(error: &dyn std::fmt::Display) -> Self {
        let obstacle = Obstacle {
            code: UNREADABLE,
            message: error.to_string(),
            field: None,
            fix: None,
            is_stamp: false,
            depends_on_person: false,
        };
        Self {
            is_certain: false,
            mark: "unknown".to_owned(),
            outcome: EnforceOutcome::Denied(unreadable(error)),
            found: AllObstacles {
                obstacles: vec![obstacle],
                ..AllObstacles::default()
            },
        }
    }
}

impl WorkloadEvaluator<'_> {
    /// The evaluation of each of an object's templates that leads to ECI
    pub(crate) fn evaluate(&self, kind: &WorkloadKind, object: &Value) -> Vec<EvaluatedWorkload> {
        match kind.templates(object) {
            Ok(templates) => {
                let templates = templates.into_iter();
                let evaluated = templates.filter_map(|found| self.evaluate_template(kind, object, found));
                evaluated.collect()
            }
            Err(error) => {
                let evaluation = PodEvaluation::of_error(&error);
                vec![workload(kind, object, None, evaluation, StampStatus::Missing)]
            }
        }
    }

    fn evaluate_template(
        &self,
        kind: &WorkloadKind,
        object: &Value,
        found: FoundTemplate<'_>,
    ) -> Option<EvaluatedWorkload> {
        let template = &*found.template;
        let namespace = text(object, "/metadata/namespace");
        let name = text(object, "/metadata/name");
        let pod = match kind {
            WorkloadKind::Pod => as_new(object),
            WorkloadKind::BuiltIn(_) | WorkloadKind::Delegated(_) => kind.pod_from(template, namespace, name),
        };
        let stamp = stamp(
            self.cluster.snapshot.signer.as_deref(),
            stamp_of(template),
            namespace,
            &kind.owned(object),
            &self.configuration.cluster,
        );
        let evaluation = match self.create_pod(kind, &pod, self.configuration) {
            Ok(result) if !result.evaluated => return None,
            Ok(result) => self.evaluate_pod(kind, pod, (namespace, &found.annotations), &stamp, result),
            Err(error) => Err(error),
        };
        let evaluation = evaluation.unwrap_or_else(|error| PodEvaluation::of_error(&error));
        Some(workload(kind, object, found.path, evaluation, stamp))
    }

    /// The evaluation of a pod whose creation had this result, in a namespace, with its annotations at a path of the workload
    fn evaluate_pod(
        &self,
        kind: &WorkloadKind,
        pod: Value,
        place: (&str, &str),
        stamp: &StampStatus,
        result: OfflineResult,
    ) -> Result<PodEvaluation, OfflineError> {
        let found = if result.response.evaluation.findings.is_empty() {
            AllObstacles {
                person: stamped_person(stamp, &result),
                ..AllObstacles::default()
            }
        } else {
            self.all_obstacles(kind, pod, place, stamp)?
        };
        let route = result.response.route().unwrap_or_default();
        let (certainty, mark) = route.split_once(": ").unwrap_or_default();
        Ok(PodEvaluation {
            is_certain: certainty == "certain",
            mark: mark.to_owned(),
            outcome: outcome(result, place.1),
            found,
        })
    }

    /// All obstacles of a pod: as its controller's, and without a valid stamp also as its owner's
    fn all_obstacles(
        &self,
        kind: &WorkloadKind,
        pod: Value,
        (namespace, annotations): (&str, &str),
        stamp: &StampStatus,
    ) -> Result<AllObstacles, OfflineError> {
        let create = |pod: &Value, configuration: &Configuration| self.create_pod(kind, pod, configuration);
        let asked = Asked {
            user: kind.user(),
            namespace,
            annotations,
        };
        let made = all_obstacles(asked, pod.clone(), self.configuration, create)?;
        if stamp.claims().is_some() {
            return Ok(AllObstacles {
                person: stamped_person(stamp, &made.last),
                obstacles: made.obstacles,
                needs: Vec::new(),
            });
        }
        let reapplied = self
            .reapplication
            .evaluate(&pod, (namespace, annotations), self.now)?;
        let of_stamp = made.obstacles.into_iter().filter(|obstacle| obstacle.is_stamp);
        let of_stamp = of_stamp.map(|obstacle| Obstacle {
            message: stamp.problem().unwrap_or(obstacle.message),
            ..obstacle
        });
        Ok(AllObstacles {
            obstacles: of_stamp.chain(reapplied.obstacles).collect(),
            person: reapplied.person,
            needs: reapplied.needs,
        })
    }

    /// The result if a controller created this pod
    fn create_pod(
        &self,
        kind: &WorkloadKind,
        pod: &Value,
        configuration: &Configuration,
    ) -> Result<OfflineResult, OfflineError> {
        let request = Request {
            operation: Operation::Create(pod),
            subresource: "",
            user: kind.user(),
            groups: &[],
            extra: None,
        };
        let modes = Modes::everywhere(Mode::Enforce);
        let cluster = (self.cluster as _, &self.cluster.snapshot);
        offline::run_in(&request, configuration, cluster, &modes, self.now)
    }

    /// Whether a pod leads to ECI
    pub(crate) fn leads_to_eci(&self, pod: &Value) -> bool {
        self.create_pod(&WorkloadKind::Pod, pod, self.configuration)
            .map_or(true, |done| done.evaluated)
    }
}

/// The evaluated workload, with what the object says of itself
fn workload(
    kind: &WorkloadKind,
    object: &Value,
    template_path: Option<String>,
    evaluation: PodEvaluation,
    stamp: StampStatus,
) -> EvaluatedWorkload {
    let mut workload = EvaluatedWorkload {
        kind: kind.clone(),
        namespace: text(object, "/metadata/namespace").to_owned(),
        name: text(object, "/metadata/name").to_owned(),
        template_path,
        owner: owner(object),
        is_paused: object.pointer("/spec/paused").and_then(Value::as_bool) == Some(true),
        is_bound: *kind == WorkloadKind::Pod && !text(object, "/spec/nodeName").is_empty(),
        is_certain: evaluation.is_certain,
        mark: evaluation.mark,
        stamp,
        outcome: evaluation.outcome,
        obstacles: evaluation.found.obstacles,
        person: evaluation.found.person,
        needs: evaluation.found.needs,
        written_by: Writer::of(object),
    };
    let way = RestampPlan::of(&workload).advice(&workload);
    for obstacle in workload.obstacles.iter_mut().filter(|obstacle| obstacle.is_stamp) {
        obstacle.fix.get_or_insert_with(|| way.clone());
    }
    workload
}

/// The person in a stamp; a user who was bound to nobody then may be bound by now
fn stamped_person(stamp: &StampStatus, result: &OfflineResult) -> Option<Person> {
    let principal = result.response.evaluation.principal.as_ref();
    stamp.claims().map(|claims| Person {
        user: claims.user.clone(),
        principal: claims.principal.as_ref().or(principal).cloned(),
        is_assumed: false,
    })
}

/// The status of a stamp in an object; without keys no stamp is trusted
pub(crate) fn stamp(
    signer: Option<&Signer>,
    text: Option<&str>,
    namespace: &str,
    owned: &OwnedObject,
    settings: &ClusterSettings,
) -> StampStatus {
    let Some(text) = text else {
        return StampStatus::Missing;
    };
    let key = key_id(text);
    let Some(signer) = signer else {
        return StampStatus::Broken { reason: None, key };
    };
    match (trusted(signer, text, namespace, owned, settings), key) {
        (Ok(claims), Some(key)) => StampStatus::Good {
            claims: Box::new(claims),
            key,
        },
        (Ok(_), None) => StampStatus::Broken {
            reason: None,
            key: None,
        },
        (Err(broken), key) => StampStatus::Broken {
            reason: Some(broken),
            key,
        },
    }
}

/// A stored pod as if it were created now, with the kind that lists leave out
fn as_new(pod: &Value) -> Value {
    let mut pod = pod.clone();
    if let Some(fields) = pod.as_object_mut() {
        fields.insert("apiVersion".to_owned(), "v1".into());
        fields.insert("kind".to_owned(), "Pod".into());
        fields.remove("status");
    }
    pod
}

/// The outcome for a pod whose annotations are at this path of the workload
fn outcome(mut done: OfflineResult, annotations: &str) -> EnforceOutcome {
    for field in done.causes.iter_mut().filter_map(|cause| cause.field.as_mut()) {
        if let Some(annotation) = field.strip_prefix("metadata.annotations") {
            *field = format!("{annotations}{annotation}");
        }
    }
    let code = done.causes.first().map(|cause| cause.reason.clone());
    let sentence = done.response.denial.map(|denial| denial.sentence);
    let exception = done.response.evaluation.exception;
    let denied = Denial {
        code: code.unwrap_or_default(),
        sentence: sentence.unwrap_or_default(),
        causes: done.causes,
    };
    if let Some(exception) = exception {
        return EnforceOutcome::Excused(denied, exception);
    }
    match done.response.decision {
        Decision::NotEvaluated | Decision::Allow | Decision::Audit => EnforceOutcome::Allowed,
        // Mode enforce warns of a denial that is not certain yet
        Decision::Warn => EnforceOutcome::DeniedIfBound(denied),
        Decision::Deny => EnforceOutcome::Denied(denied),
    }
}

/// The denial of a template that ramgate cannot read
fn unreadable(error: &dyn std::fmt::Display) -> Denial {
    Denial {
        code: UNREADABLE.to_owned(),
        sentence: error.to_string(),
        causes: vec![Cause {
            reason: UNREADABLE.to_owned(),
            message: error.to_string(),
            field: None,
        }],
    }
}
