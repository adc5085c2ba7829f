//! Plans the write that gives a workload a new stamp, with the name of the person who writes.

use crate::admission::outcome::restart_step::Restart;
use crate::admission::response::message::english::restart_command;
use crate::analysis::survey::evaluated_workload::EvaluatedWorkload;
use crate::analysis::survey::objects::Owner;
use crate::analysis::survey::stamp_status::StampStatus;
use crate::analysis::survey::workload_kind::WorkloadKind;
use crate::kubernetes::workload::Workload;
use crate::wording::{NAME_LENGTH, clipped};

/// The write that gives a workload a new stamp
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RestampPlan {
    /// An annotation of the template, which rolls out, as with `kubectl rollout restart`
    Rollout,
    /// An annotation of the object: the write makes no pod, and ramgate stamps the template
    Object,
    /// An annotation of the template: the write makes no pod, and ramgate replaces the stamp
    Template,
    /// No write helps: somebody has to do something else
    Impossible(Obstacle),
}

/// The reason why no write to a workload helps
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Its rollout is paused
    Paused,
    /// It is a Job, whose template cannot be changed
    Job,
    /// Its owner writes it
    Owned(Owner),
    /// It is a pod, which is stamped when it is created
    Pod,
    /// Only its own controller knows the effect of a change to its template
    CustomController,
}

impl RestampPlan {
    /// The plan for a workload
    ///
    /// ```text
    /// Deployment                        -> Rollout
    /// Deployment, paused                -> Impossible(Paused)
    /// CronJob without a stamp           -> Object
    /// CronJob with a good stamp         -> Template
    /// ReplicaSet of a Deployment        -> Impossible(Owned)
    /// ```
    pub(crate) fn of(target: &EvaluatedWorkload) -> Self {
        let workload = match &target.kind {
            WorkloadKind::Pod => return Self::Impossible(Obstacle::Pod),
            WorkloadKind::Delegated(_) => return Self::Impossible(Obstacle::CustomController),
            WorkloadKind::BuiltIn(workload) => *workload,
        };
        if workload.restarts() {
            // Even one that an operator made: kubectl restarts it as well
            return if target.is_paused {
                Self::Impossible(Obstacle::Paused)
            } else {
                Self::Rollout
            };
        }
        match (workload, &target.owner) {
            (Workload::CronJob, _) => Self::without_rollout(&target.stamp),
            (_, Some(owner)) => Self::Impossible(Obstacle::Owned(owner.clone())),
            (Workload::Job, None) => Self::Impossible(Obstacle::Job),
            (Workload::ControllerRevision, None) => Self::Impossible(Obstacle::CustomController),
            (_, None) => Self::without_rollout(&target.stamp),
        }
    }

    fn without_rollout(stamp: &StampStatus) -> Self {
        match stamp {
            StampStatus::Good { .. } => Self::Template,
            StampStatus::Missing | StampStatus::Broken { .. } => Self::Object,
        }
    }

    /// The command to run, or what else to do
    pub(crate) fn advice(&self, target: &EvaluatedWorkload) -> String {
        let workload = match &target.kind {
            WorkloadKind::BuiltIn(workload) => Some(*workload),
            WorkloadKind::Delegated(_) | WorkloadKind::Pod => None,
        };
        let name = target.name.clone();
        let restart = match (self, workload) {
            (Self::Impossible(obstacle), _) => return obstacle.advice(target),
            (_, None) => return Obstacle::CustomController.advice(target),
            (Self::Rollout, Some(workload)) => Restart::Rollout(workload, name),
            (Self::Object | Self::Template, Some(workload)) => {
                Restart::Write(workload.kind().to_owned(), name)
            }
        };
        restart_command(Some(&restart), &target.namespace)
    }
}

impl Obstacle {
    fn advice(&self, target: &EvaluatedWorkload) -> String {
        let title = format!("{} {}", target.kind.name(), clipped(&target.name, NAME_LENGTH));
        match self {
            Self::Paused => {
                format!("resume {title} and restart it then: it is paused, so that nothing rolls out")
            }
            Self::Job => restart_command(Some(&Restart::Recreate(target.name.clone())), &target.namespace),
            Self::Owned(owner) => format!(
                "see to {} {}, which makes the next one: this one cannot be changed on its own",
                clipped(&owner.kind, NAME_LENGTH),
                clipped(&owner.name, NAME_LENGTH)
            ),
            Self::Pod => format!("delete {title} and create it again: a pod is stamped when it is created"),
            Self::CustomController => format!(
                "change the template of {title} and apply it, in the way that its own controller rolls out"
            ),
        }
    }
}
