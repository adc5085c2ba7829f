//! How a workload gets the stamp of somebody who asks for it now.

use crate::admission::outcome::restart::Restart;
use crate::admission::response::message::restart::restart_command;
use crate::analysis::survey::row::{Row, Stamp};
use crate::analysis::survey::source::{Owner, Source};
use crate::kubernetes::workload::Workload;
use crate::wording::{NAME_LENGTH, clipped};

/// What to write to a workload
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RestampPlan {
    /// An annotation of its template, which rolls out: what `kubectl rollout restart` does
    Rollout,
    /// An annotation of the object itself: no pod is made by it, and the template is stamped
    Object,
    /// An annotation of its template, of which no pod is made by itself: it has a stamp, and gets a new one
    Template,
    /// Nothing helps but what somebody else does
    None(Obstacle),
}

/// Why nothing that is written to a workload helps
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It does not roll out as long as it is paused
    Paused,
    /// Its template cannot be changed
    Job,
    /// It belongs to another object, which writes it anew
    Owned(Owner),
    /// It is a pod, which is stamped when it is made
    Pod,
    /// Only its own controller knows what a change of its template does
    Foreign,
}

impl RestampPlan {
    /// The way for a workload
    pub(crate) fn of(row: &Row) -> Self {
        let workload = match &row.source {
            Source::Pod => return Self::None(Obstacle::Pod),
            Source::Listed(_) => return Self::None(Obstacle::Foreign),
            Source::Workload(workload) => *workload,
        };
        let owner = row.owner.clone();
        // A Deployment that an operator made is restarted by kubectl as well; these are written anew by their owners
        let is_made = !workload.restarts() && workload != Workload::CronJob;
        let owner = owner.filter(|_| is_made);
        match (workload, owner) {
            (_, Some(owner)) => Self::None(Obstacle::Owned(owner)),
            (Workload::Job, None) => Self::None(Obstacle::Job),
            (Workload::ControllerRevision, None) => Self::None(Obstacle::Foreign),
            (workload, None) if workload.restarts() => match row.is_paused {
                true => Self::None(Obstacle::Paused),
                false => Self::Rollout,
            },
            (_, None) => match row.stamp {
                Stamp::Good { .. } => Self::Template,
                Stamp::Missing | Stamp::Broken { .. } => Self::Object,
            },
        }
    }

    /// What a person would run or do
    pub(crate) fn advice(&self, row: &Row) -> String {
        let workload = match &row.source {
            Source::Workload(workload) => Some(*workload),
            Source::Listed(_) | Source::Pod => None,
        };
        let name = row.name.clone();
        match (self, workload) {
            (Self::Rollout, Some(workload)) => {
                restart_command(Some(&Restart::Rollout(workload, name)), &row.namespace)
            }
            (Self::Object | Self::Template, Some(workload)) => restart_command(
                Some(&Restart::Write(workload.kind().to_owned(), name)),
                &row.namespace,
            ),
            (Self::None(obstacle), _) => obstacle.advice(row),
            (Self::Rollout | Self::Object | Self::Template, None) => Obstacle::Foreign.advice(row),
        }
    }
}

impl Obstacle {
    fn advice(&self, row: &Row) -> String {
        let title = format!("{} {}", row.source.kind(), clipped(&row.name, NAME_LENGTH));
        match self {
            Self::Paused => {
                format!("resume {title} and restart it then: it is paused, so that nothing rolls out")
            }
            Self::Job => restart_command(Some(&Restart::Again(row.name.clone())), &row.namespace),
            Self::Owned(owner) => format!(
                "see to {} {}, which makes the next one: this one cannot be changed on its own",
                clipped(&owner.kind, NAME_LENGTH),
                clipped(&owner.name, NAME_LENGTH)
            ),
            Self::Pod => format!("delete {title} and create it again: a pod is stamped when it is created"),
            Self::Foreign => format!(
                "change the template of {title} and apply it, in the way that its own controller rolls out"
            ),
        }
    }
}
