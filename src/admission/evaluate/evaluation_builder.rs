//! Builds an evaluation: each method takes it, adds one part, and returns it.

use crate::admission::fields::malformed_annotation::MalformedAnnotation;
use crate::admission::outcome::container_difference::ContainerDifference;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::OnDifference;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::stamp::StampedObject;

impl Evaluation {
    /// An evaluation with one finding and no route
    pub(super) fn of_finding(verb: Verb, finding: Finding) -> Self {
        Self {
            verb: Some(verb),
            findings: vec![finding],
            ..Self::default()
        }
    }

    #[must_use]
    pub(super) fn with_findings(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.findings.extend(findings);
        self
    }

    #[must_use]
    pub(super) fn with_malformed(self, malformed: impl IntoIterator<Item = MalformedAnnotation>) -> Self {
        self.with_findings(malformed.into_iter().map(Finding::Malformed))
    }

    #[must_use]
    pub(super) fn with_stamp_fault(self, fault: impl IntoIterator<Item = StampFault>) -> Self {
        self.with_findings(fault.into_iter().map(Finding::Stamp))
    }

    #[must_use]
    pub(super) fn with_warnings(mut self, warnings: impl IntoIterator<Item = Warning>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Adds the differences between a pod's containers and its stamp; they are a finding if the setting refuses them
    #[must_use]
    pub(super) fn with_differences(
        mut self,
        differences: Vec<ContainerDifference>,
        on_difference: OnDifference,
    ) -> Self {
        if on_difference == OnDifference::Refuse && !differences.is_empty() {
            let fault = StampFault::ContainersDiffer(differences.clone());
            self.findings.push(Finding::Stamp(fault));
        }
        self.container_differences = differences;
        self
    }

    /// Makes the evaluation one for the user of a stamp, for whom the requester acts
    #[must_use]
    pub(super) fn on_behalf_of(self, user: StampedUser) -> Self {
        Self {
            stamped: Some(user.name),
            stamped_object: user.object,
            principal: user.principal,
            ..self
        }
    }
}

/// The user that a trusted stamp names
pub(super) struct StampedUser {
    /// The workload that the stamp was written for; `None` for a pod
    pub(super) object: Option<StampedObject>,
    pub(super) name: String,
    /// The RAM principal from the stamp, or the one that the user is bound to by now
    pub(super) principal: Option<ram_policy::Principal>,
}
