//! The evaluation of a request, and the decision on it in a mode.

use crate::admission::fields::patch::Patch;
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::advice::Advice;
use crate::admission::outcome::container_difference::ContainerDifference;
use crate::admission::outcome::decision::Decision;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::Mode;
use crate::admission::outcome::origin::Origins;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::admission::routing::route::Route;
use crate::config::Exception;
use crate::kubernetes::field_path::FieldPath;
use crate::stamp::StampedObject;
use std::sync::Arc;

use eci_calls::{self, Allowed, Question};
use ram_policy::Principal;

/// The evaluation of a request, before any mode softens it
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    /// The pod's route, if it was evaluated
    pub route: Option<Route>,
    /// The verb on the pod, if the request was evaluated
    pub verb: Option<Verb>,
    /// The person in the stamp, for whom a controller acts
    pub stamped: Option<String>,
    /// The object whose stamp names that person, if it is another than that of the request
    pub stamped_object: Option<StampedObject>,
    /// The RAM principal of the requester, or of the person in the stamp
    pub principal: Option<Principal>,
    /// The ECI operation that was evaluated
    pub operation: Option<eci_calls::Operation>,
    /// The path of the pod or template that was evaluated, in the object of the request
    pub path: FieldPath,
    /// The ECI fields of the pod
    pub fields: Fields,
    /// What wrote those of them that the manifest does not have, if there are findings
    pub origins: Origins,
    /// The reasons against the request, the most important one first
    pub findings: Vec<Finding>,
    /// The questions that RAM allowed
    pub allowed: Vec<Allowed>,
    /// The exception that covers every finding, if one does
    pub exception: Option<Arc<Exception>>,
    /// Whether somebody else is denied as well, whose findings are not among these
    pub is_denied_besides: bool,
    /// The annotations that RAM allows instead, if the pod is created or changed
    pub advice: Option<Advice>,
    /// The questions to RAM, by principal
    pub questions: Vec<PrincipalQuestions>,
    /// Warnings to the requester, whatever the decision
    pub warnings: Vec<Warning>,
    /// The differences between a controller's pod and its stamp
    pub container_differences: Vec<ContainerDifference>,
    /// The changes by mapping and stamping
    pub patch: Patch,
    /// Whether the pod's route is only possible, so that a denial is a warning for now
    pub is_tentative: bool,
}

/// The questions of a call about one principal
#[derive(Clone, Debug)]
pub(crate) struct PrincipalQuestions {
    /// The principal
    pub principal: Principal,
    /// Whether it is a boundary of the namespace and not the requester
    pub is_boundary: bool,
    /// The questions
    pub questions: Vec<Question>,
}

/// How much stands against a part of a request
///
/// What an exception covers is graver than what is only possible: with another exception's part it is a denial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gravity {
    /// It has no findings
    Nothing,
    /// A denial if its pod reaches ECI
    Possible,
    /// A denial that an exception covers
    Excused,
    Denied,
}

impl Evaluation {
    /// The decision in a mode; only mode enforce denies
    ///
    /// ```text
    /// findings                 route      enforce   warn    audit
    /// none                     any        allow     allow   allow
    /// a denial by RAM          certain    deny      warn    audit
    /// a denial by RAM          possible   warn      warn    audit
    /// covered by an exception  any        warn      warn    audit
    /// a malformed annotation   possible   deny      warn    audit
    /// a forged stamp           possible   deny      warn    audit
    /// ```
    pub(crate) fn decision(&self, mode: Mode) -> Decision {
        // Requests that neither call ECI nor are mapped or stamped do not concern it
        let is_evaluated = self.operation.is_some() || !self.patch.is_empty();
        match (self.findings.is_empty(), mode) {
            (true, _) if is_evaluated => Decision::Allow,
            (true, _) => Decision::NotEvaluated,
            (false, Mode::Audit) => Decision::Audit,
            (false, Mode::Warn) => Decision::Warn,
            (false, Mode::Enforce) if self.is_only_possible() || self.exception.is_some() => Decision::Warn,
            (false, Mode::Enforce) => Decision::Deny,
        }
    }

    /// Whether nothing is denied yet, since the pod only may reach ECI
    pub(crate) fn is_only_possible(&self) -> bool {
        self.is_tentative && !self.findings.iter().any(Finding::holds_on_every_route)
    }

    /// Whether the object has a stamp that must not be stored, wherever the pod goes
    fn is_forged(&self) -> bool {
        self.findings.iter().any(Finding::is_forged)
    }

    /// Whether the pod may become a container group
    pub(crate) fn leads_to_eci(&self) -> bool {
        matches!(self.route, Some(Route::Certain(_) | Route::Possible(_)))
    }

    /// Both evaluations in one, with the findings of the graver one, or of the first
    #[must_use]
    pub(crate) fn with(self, other: Self) -> Self {
        let (own, others) = (self.gravity(), other.gravity());
        let is_other_first = others > own || others == own && self.route.is_none();
        let (mut first, second) = if is_other_first {
            (other, self)
        } else {
            (self, other)
        };
        let are_excused = first.gravity() == Gravity::Excused && second.gravity() == Gravity::Excused;
        if are_excused && first.exception != second.exception {
            // Each would pass by an exception of its own, and no exception passes both
            first.exception = None;
        }
        first.operation = first.operation.or(second.operation);
        first
            .findings
            .extend(second.findings.into_iter().filter(Finding::holds_on_every_route));
        if first.findings.iter().any(Finding::holds_on_every_route) {
            first.exception = None;
        }
        first.container_differences.extend(second.container_differences);
        first.allowed.extend(second.allowed);
        first.questions.extend(second.questions);
        first.warnings.extend(second.warnings);
        first.patch.append(second.patch);
        first
    }

    fn gravity(&self) -> Gravity {
        match self.findings.is_empty() {
            true => Gravity::Nothing,
            false if self.is_tentative && !self.is_forged() => Gravity::Possible,
            false if self.exception.is_some() => Gravity::Excused,
            false => Gravity::Denied,
        }
    }

    /// This evaluation with the most important finding first
    pub(crate) fn sorted(mut self) -> Self {
        self.findings.sort_by_key(Finding::rank);
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::admission::routing::route::NoRouteReason;

    /// A part of a request: without findings, only possible, denied, or covered by an exception of this name
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Part {
        Allowed,
        Possible,
        Denied,
        Excused(&'static str),
    }

    fn evaluation(part: Part, has_route: bool) -> Evaluation {
        let exception = |name: &str| {
            Arc::new(Exception {
                name: name.to_owned(),
                users: Vec::new(),
                principals: Vec::new(),
                namespaces: Vec::new(),
                codes: Vec::new(),
                statements: Vec::new(),
                actions: Vec::new(),
                until: jiff::Timestamp::UNIX_EPOCH,
                reason: String::new(),
                owner: String::new(),
            })
        };
        Evaluation {
            route: has_route.then_some(Route::No(NoRouteReason::Unmarked)),
            operation: Some(eci_calls::Operation::CreateContainerGroup),
            findings: (part != Part::Allowed)
                .then_some(Finding::Unbound)
                .into_iter()
                .collect(),
            is_tentative: part == Part::Possible,
            exception: match part {
                Part::Excused(name) => Some(exception(name)),
                _ => None,
            },
            ..Evaluation::default()
        }
    }

    proptest! {
        #[test]
        fn a_request_of_several_parts_is_as_its_gravest_part_and_no_two_exceptions_share_it(
            parts in prop::collection::vec((select(vec![
                Part::Allowed, Part::Possible, Part::Denied, Part::Excused("one"), Part::Excused("two"),
            ]), any::<bool>()), 1..6),
        ) {
            let has = |wanted: Part| parts.iter().any(|(part, _)| *part == wanted);
            let (one, two) = (has(Part::Excused("one")), has(Part::Excused("two")));
            let expected = match () {
                () if has(Part::Denied) || one && two => Decision::Deny,
                () if has(Part::Possible) || one || two => Decision::Warn,
                () => Decision::Allow,
            };
            let whole = parts.iter().map(|(part, has_route)| evaluation(*part, *has_route));
            let whole = whole.reduce(Evaluation::with).unwrap();
            prop_assert_eq!(whole.decision(Mode::Enforce), expected);
            prop_assert!(expected != Decision::Deny || whole.exception.is_none());
        }
    }
}
