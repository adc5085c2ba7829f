//! The judgement of a workload or pod, shared by all that have the same one.

use crate::analysis::audit::state::AuditState;
use crate::analysis::survey::EvaluatedWorkload;
use ram_policy::Principal;

/// The judgement of a workload or pod
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Verdict {
    /// The state
    pub state: AuditState,
    /// The status of the stamp: `good`, `missing` or `broken`
    pub stamp: &'static str,
    /// The Kubernetes user in a good stamp
    pub user: Option<Box<str>>,
    /// The RAM principal for whom it was judged
    pub principal: Option<Principal>,
    /// The reasons against it, those of the stamp first, also if an exception covers them; none if it is allowed
    pub reasons: Box<[Reason]>,
}

/// One reason against a workload or pod
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reason {
    /// The code of a denial for this reason
    pub code: &'static str,
    /// The reason in one sentence
    pub message: Box<str>,
    /// The lines to write or the command to run; `None` if only the message says what to do
    pub fix: Option<Box<str>>,
}

impl Verdict {
    /// The verdict on an evaluated workload
    pub(super) fn of(workload: &EvaluatedWorkload) -> Self {
        let state = AuditState::of(workload);
        let (user, principal) = judged_for(workload);
        let exception = workload.exception();
        let exception = exception.map_or_else(String::new, |one| format!("allowed by exception {one}: "));
        let reasons = workload.obstacles.iter().map(|obstacle| Reason {
            code: obstacle.code,
            message: format!("{exception}{}", obstacle.message).into(),
            fix: obstacle.fix.as_deref().map(Into::into),
        });
        Self {
            state,
            stamp: workload.stamp.name(),
            user: user.map(Into::into),
            principal: principal.cloned(),
            reasons: if state != AuditState::Allowed {
                reasons.collect()
            } else {
                Box::default()
            },
        }
    }

    /// Whether a pod that was evaluated like this needs no row beside a workload with this verdict
    ///
    /// Words may differ: a fix names the object to change.
    pub(super) fn covers(&self, pod: &EvaluatedWorkload) -> bool {
        let state = AuditState::of(pod);
        let (user, principal) = judged_for(pod);
        let codes = self.reasons.iter().map(|reason| reason.code);
        // A pod that has its node is certain where its template was not
        self.state.is_denied() == state.is_denied()
            && self.stamp == pod.stamp.name()
            && self.user.as_deref() == user
            && self.principal.as_ref() == principal
            && (!state.is_denied() || codes.eq(pod.obstacles.iter().map(|one| one.code)))
    }
}

/// The user in a good stamp, and the RAM principal that was asked
fn judged_for(workload: &EvaluatedWorkload) -> (Option<&str>, Option<&Principal>) {
    let user = workload.stamp.claims().map(|claims| claims.user.as_str());
    let person = workload.person.as_ref().filter(|person| !person.is_assumed);
    (user, person.and_then(|person| person.principal.as_ref()))
}

impl Reason {
    /// The message, with the fix behind it unless the message has it
    pub(crate) fn with_fix(&self) -> String {
        let fix = self.fix.as_deref().filter(|fix| !self.message.contains(fix));
        fix.map_or_else(
            || self.message.to_string(),
            |fix| format!("{}: {fix}", self.message),
        )
    }
}
