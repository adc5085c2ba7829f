//! The results of all steps, for people and for programs.

use serde_json::{Value, json};

use crate::analysis::survey::live::WriteMode;
use crate::cli::stamp::restart::step::Step;
use crate::wording::{clipped, quoted};

/// The longest user name that is shown
pub(super) const USER: usize = 256;

/// The longest warning that is shown
const WARNING: usize = 1024;

/// The result of one step
pub(super) struct StepResult {
    pub(super) step: Step,
    pub(super) outcome: Outcome,
    pub(super) warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It has a good stamp, which names this user
    Stamped(String),
    /// It was written, and has no good stamp, for this reason
    Unstamped(String),
    /// The API server or a webhook refused, with this message
    Refused(String),
    /// It cannot be written; this is what to do
    Left(String),
}

impl StepResult {
    pub(super) fn human(&self, mode: WriteMode) -> String {
        let title = self.step.workload.full_title();
        let would = would(mode);
        let outcome = match &self.outcome {
            Outcome::Stamped(user) => format!("{would}stamped for {}", quoted(user, USER)),
            Outcome::Unstamped(problem) => format!(
                "{would}written, and yet {problem}: see whether the mutating webhook is installed and this namespace is not \
                 exempt"
            ),
            Outcome::Refused(message) => format!("refused: {message}"),
            Outcome::Left(advice) => format!("left as it is: {advice}"),
        };
        let warnings = self.warnings.iter();
        let warnings = warnings.map(|warning| format!("  warning: {}\n", clipped(warning, WARNING)));
        format!("{title}: {outcome}\n{}", warnings.collect::<String>())
    }

    pub(super) fn as_json(&self) -> Value {
        let workload = &self.step.workload;
        let (outcome, user, message) = match &self.outcome {
            Outcome::Stamped(user) => ("stamped", Some(user), None),
            Outcome::Unstamped(problem) => ("unstamped", None, Some(problem)),
            Outcome::Refused(message) => ("refused", None, Some(message)),
            Outcome::Left(advice) => ("left", None, Some(advice)),
        };
        json!({
            "kind": workload.kind.name(),
            "namespace": workload.namespace,
            "name": workload.name,
            "outcome": outcome,
            "requester": user,
            "message": message,
            "warnings": self.warnings,
        })
    }

    pub(super) fn is_stamped(&self) -> bool {
        matches!(self.outcome, Outcome::Stamped(_))
    }
}

/// The last line: how many results there are of each outcome
pub(super) fn summary(results: &[StepResult], mode: WriteMode) -> String {
    let stamped = results.iter().filter(|result| result.is_stamped()).count();
    let refused = results.iter();
    let refused = refused
        .filter(|result| matches!(result.outcome, Outcome::Refused(_)))
        .count();
    let left = results.len().saturating_sub(stamped).saturating_sub(refused);
    let would = would(mode);
    format!("{stamped} {would}stamped, {refused} refused, {left} left without a stamp\n")
}

fn would(mode: WriteMode) -> &'static str {
    match mode {
        WriteMode::DryRun => "would be ",
        WriteMode::Store => "",
    }
}
