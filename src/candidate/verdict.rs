//! What of an answer is compared.

use crate::admission::Decision;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::Mode;
use crate::admission::outcome::stamp_fault::StampFault;
use ram_policy::{Outcome, StatementId};

/// The part of an answer that a candidate may change
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) decision: Decision,
    /// The principal that is denied, or else the one for whom the review was evaluated
    pub(super) principal: Option<String>,
    /// The code of the first reason against the request
    pub(super) code: Option<&'static str>,
    /// The question that RAM denies, with the Deny statement that decides it, if one does
    pub(super) denied: Option<(&'static str, Option<StatementId>)>,
    /// The questions that RAM allows, with the statements that allow them
    pub(super) allowed: Vec<(&'static str, StatementId)>,
    pub(super) leads_to_eci: bool,
    /// Whether a stamp is not the one that the mutating webhook writes
    has_unexpected_stamp: bool,
}

/// How much stands against a request
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Nothing,
    /// A reason that is told or recorded
    Noted,
    Denied,
}

impl Verdict {
    /// The verdict of an evaluation in a mode
    pub(super) fn of(evaluation: &Evaluation, mode: Mode) -> Self {
        let first = evaluation.findings.first();
        let denied_principal = match first {
            Some(Finding::Denied { principal, .. }) => Some(principal),
            _ => evaluation.principal.as_ref(),
        };
        let denied = match first {
            Some(Finding::Denied { denial, .. }) => {
                let decides = denial.decision.outcome == Outcome::ExplicitDeny;
                let statement = denial.decision.statement().filter(|_| decides);
                Some((denial.question.action, statement.cloned()))
            }
            _ => None,
        };
        let allowed = evaluation.allowed.iter();
        Self {
            decision: evaluation.decision(mode),
            principal: denied_principal.map(ToString::to_string),
            code: first.map(Finding::code),
            denied,
            allowed: allowed
                .filter_map(|allowed| Some((allowed.action, allowed.statement.clone()?)))
                .collect(),
            leads_to_eci: evaluation.leads_to_eci(),
            has_unexpected_stamp: evaluation.findings.iter().any(is_unexpected_stamp),
        }
    }

    /// The verdict of a candidate on an object that the live mutating webhook has been at
    ///
    /// The stamp in it is the one that the live configuration writes. The candidate's would name the candidate's principal,
    /// so a stamp that only the candidate does not expect is no reason against the request. `None` if what is left cannot be
    /// told: an exception may cover it.
    pub(super) fn of_candidate(
        mut evaluation: Evaluation,
        mode: Mode,
        live: &Self,
        has_exceptions: bool,
    ) -> Option<Self> {
        if !live.has_unexpected_stamp && evaluation.findings.iter().any(is_unexpected_stamp) {
            evaluation
                .findings
                .retain(|finding| !is_unexpected_stamp(finding));
            if has_exceptions && !evaluation.findings.is_empty() {
                return None;
            }
        }
        Some(Self::of(&evaluation, mode))
    }

    pub(super) fn severity(&self) -> Severity {
        match self.decision {
            Decision::NotEvaluated | Decision::Allow => Severity::Nothing,
            Decision::Warn | Decision::Audit => Severity::Noted,
            Decision::Deny => Severity::Denied,
        }
    }

    /// The statement that allows an action
    pub(super) fn allowing(&self, action: &str) -> Option<&StatementId> {
        let mut allowed = self.allowed.iter();
        let found = allowed.find(|(allowed, _)| *allowed == action);
        found.map(|(_, statement)| statement)
    }
}

/// Whether the finding is that a stamp is not the one of the mutating webhook
fn is_unexpected_stamp(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::Stamp(StampFault::Changed | StampFault::NotApplied(_) | StampFault::Unexpected)
    )
}
