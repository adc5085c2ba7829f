//! Searches all reasons against a pod: what stops an evaluation is taken out, and the pod evaluated again.

use serde_json::Value;

use crate::admission::fields::mapping::MappingError;
use crate::admission::offline::{OfflineError, OfflineResult};
use crate::admission::outcome::advice::Line;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::analysis::survey::obstacle::{Asked, Obstacle};
use crate::analysis::survey::relaxation::relax;
use crate::analysis::survey::repair::{Repair, repair};
use crate::config::Configuration;

/// More than the entries of all annotations and the mapping rules that can be wrong
const MAX_ROUNDS: usize = 200;

/// All reasons against a pod
#[derive(Debug)]
pub(super) struct FoundObstacles {
    pub(super) obstacles: Vec<Obstacle>,
    /// The evaluation in which nothing was left to take out
    pub(super) last: OfflineResult,
}

/// A pod that somebody creates, and the configuration that it is evaluated by
struct ObstacleSearch<'a> {
    asked: Asked<'a>,
    pod: Value,
    configuration: &'a Configuration,
    /// The configuration without what stopped an evaluation
    relaxed: Option<Configuration>,
    obstacles: Vec<Obstacle>,
}

/// Evaluates a pod of a user until nothing stops the evaluation any more
///
/// ```text
/// tags "env:prod, team:a", and RAM wants env:test
///   first evaluation                           MalformedAnnotation
///   second one, with tags "env:prod,team:a"    ImplicitDeny
/// ```
///
/// # Errors
///
/// The pod cannot be read.
pub(super) fn all_obstacles(
    asked: Asked<'_>,
    pod: Value,
    configuration: &Configuration,
    evaluate: impl Fn(&Value, &Configuration) -> Result<OfflineResult, OfflineError>,
) -> Result<FoundObstacles, OfflineError> {
    let mut search = ObstacleSearch {
        asked,
        pod,
        configuration,
        relaxed: None,
        obstacles: Vec::new(),
    };
    for _ in 0..MAX_ROUNDS {
        let done = evaluate(&search.pod, search.configuration())?;
        if !search.take_out(&done) {
            return Ok(search.finish(done));
        }
    }
    let last = evaluate(&search.pod, search.configuration())?;
    Ok(search.finish(last))
}

impl ObstacleSearch<'_> {
    fn configuration(&self) -> &Configuration {
        self.relaxed.as_ref().unwrap_or(self.configuration)
    }

    /// Takes everything that stopped this evaluation out of the pod or the configuration; false if there was nothing
    fn take_out(&mut self, done: &OfflineResult) -> bool {
        let mut is_changed = false;
        for finding in &done.response.evaluation.findings {
            let obstacle = self.obstacle(finding, done);
            let taken = match finding {
                Finding::Malformed(malformed) => match repair(&mut self.pod, malformed) {
                    Repair::Same(text) => Some(self.asked.instruction(&[Line {
                        annotation: malformed.annotation,
                        value: Some(text),
                    }])),
                    Repair::Lost => Some(None),
                    Repair::Impossible => None,
                },
                Finding::Unmappable(error) => self.relax(error).then_some(None),
                _ => None,
            };
            if let Some(fix) = taken {
                is_changed = true;
                self.obstacles.push(Obstacle { fix, ..obstacle });
            }
        }
        is_changed
    }

    fn relax(&mut self, error: &MappingError) -> bool {
        let configuration = self.configuration;
        relax(self.relaxed.get_or_insert_with(|| configuration.clone()), error)
    }

    fn obstacle(&self, finding: &Finding, done: &OfflineResult) -> Obstacle {
        Obstacle::of(finding, &done.response, self.configuration(), self.asked)
    }

    /// Everything found, with the findings of the last evaluation
    fn finish(mut self, last: OfflineResult) -> FoundObstacles {
        // What was taken out differs from the stamp, or left the pod without a new one
        let is_altered = !self.obstacles.is_empty();
        let follows = |finding: &&Finding| {
            let fault = match finding {
                Finding::Stamp(fault) => fault,
                _ => return false,
            };
            matches!(
                fault,
                StampFault::FieldsDiffer | StampFault::NotApplied(_) | StampFault::Unexpected
            )
        };
        let findings = last.response.evaluation.findings.iter();
        let others = findings.filter(|finding| !(is_altered && follows(finding)));
        let others: Vec<Obstacle> = others.map(|finding| self.obstacle(finding, &last)).collect();
        self.obstacles.extend(others);
        FoundObstacles {
            obstacles: self.obstacles,
            last,
        }
    }
}
