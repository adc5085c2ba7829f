//! What came of judging a request, and what a mode makes of it.

use crate::admission::fields::patch::Patch;
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::advice::Advice;
use crate::admission::outcome::container_difference::ContainerDifference;
use crate::admission::outcome::decision::Decision;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::Mode;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::admission::routing::route::Route;
use eci_calls::{self, Allowed, Question};
use ram_policy::Principal;

/// What came of judging a request, before any mode softens it
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    /// Where the pod goes, if that was asked
    pub route: Option<Route>,
    /// What is done to the pod, if it was judged
    pub verb: Option<Verb>,
    /// Whom a controller acts for, where the stamp tells
    pub stamped: Option<String>,
    /// The RAM principal of the requester, or of whom a controller acts for
    pub principal: Option<Principal>,
    /// The ECI operation that was judged
    pub operation: Option<eci_calls::Operation>,
    /// The ECI fields as they are asked for
    pub fields: Fields,
    /// What speaks against it, the first to show in front
    pub findings: Vec<Finding>,
    /// What RAM allowed
    pub allowed: Vec<Allowed>,
    /// What the pod would have to be like to be allowed, where it is created or changed
    pub advice: Option<Advice>,
    /// What was asked, for whom
    pub asked: Vec<Asked>,
    /// What the requester should know in any case
    pub warnings: Vec<Warning>,
    /// How a controller's pod is unlike what its stamp was written for
    pub unlike: Vec<ContainerDifference>,
    /// What mapping and stamping change
    pub patch: Patch,
    /// Whether the pod only may reach ECI, so that nothing is denied yet
    pub is_tentative: bool,
}

/// The questions of a call, asked about one principal
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// About whom
    pub principal: Principal,
    /// Whether that is a boundary of the namespace and not the requester
    pub boundary: bool,
    /// The questions
    pub questions: Vec<Question>,
}

impl Evaluation {
    /// What comes of it in a mode
    pub(crate) fn decision(&self, mode: Mode) -> Decision {
        // Something was asked of ECI, or something was mapped or stamped
        let is_judged = self.operation.is_some() || !self.patch.is_empty();
        if self.findings.iter().any(Finding::holds_in_every_mode) {
            return Decision::Deny;
        }
        match (self.findings.is_empty(), mode) {
            (true, _) if is_judged => Decision::Allow,
            (true, _) => Decision::NotEvaluated,
            (false, Mode::Audit) => Decision::Audit,
            (false, Mode::Warn) => Decision::Warn,
            (false, Mode::Enforce) if self.is_tentative && !self.is_forged() => Decision::Warn,
            (false, Mode::Enforce) => Decision::Deny,
        }
    }

    /// Whether something speaks against it that may not be stored, wherever the pod goes
    fn is_forged(&self) -> bool {
        self.findings.iter().any(Finding::is_forged)
    }

    /// Whether the pod may become a container group
    pub(crate) fn leads_to_eci(&self) -> bool {
        matches!(self.route, Some(Route::Certain(_) | Route::Possible(_)))
    }

    /// Both rulings in one: what speaks against either is told in the words of the first of them
    #[must_use]
    pub(crate) fn with(self, other: Self) -> Self {
        let (mut first, second) = match (self.weight(), other.weight()) {
            (own, others) if others > own => (other, self),
            _ if self.route.is_none() => (other, self),
            _ => (self, other),
        };
        first.operation = first.operation.or(second.operation);
        first.findings.extend(
            second
                .findings
                .into_iter()
                .filter(|finding| finding.holds_in_every_mode() || finding.is_forged()),
        );
        first.unlike.extend(second.unlike);
        first.allowed.extend(second.allowed);
        first.asked.extend(second.asked);
        first.warnings.extend(second.warnings);
        first.patch.append(second.patch);
        first
    }

    /// How much it speaks against the request: what is denied for certain before what only may be
    fn weight(&self) -> u8 {
        match (self.findings.is_empty(), self.is_tentative && !self.is_forged()) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    }

    /// With the finding to show in front
    pub(crate) fn sorted(mut self) -> Self {
        self.findings.sort_by_key(Finding::rank);
        self
    }
}
