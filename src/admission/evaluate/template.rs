//! The validating webhook on a pod or pod template: attribution, route, and RAM's decision.

use crate::admission::attribution::{Attribution, attribution};
use crate::admission::evaluate::mutate::scope;
use crate::admission::evaluate::{EvaluationContext, verb};
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::outcome::warning::Warning;
use crate::admission::routing::route::Route;
use crate::admission::routing::{lookalike, placement};
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::reviewed_template::ReviewedTemplate;
use crate::stamp::Claims;

impl EvaluationContext<'_> {
    pub(super) fn validate_template(&self, reviewed: &ReviewedTemplate<'_>) -> Option<Evaluation> {
        let new = reviewed.new.as_ref()?;
        let attribution = attribution(self.review, reviewed, &self.configuration.cluster, self.cluster);
        // If nobody became the requester, nobody is evaluated
        let is_left = attribution == Attribution::LateStamp
            && new.stamp() == reviewed.old.as_ref().and_then(PodTemplate::stamp);
        if attribution == Attribution::KeepsStamp || is_left {
            return Some(self.validate_kept(reviewed, new));
        }
        let Some(namespace) = self.namespace() else {
            return Some(self.namespace_missing(new.read(), verb(reviewed)));
        };
        let profile = self.profile();
        let pod = self.decorated(reviewed, new, &namespace, &profile);
        let route = self.route_of_update(&pod, reviewed.old.as_ref(), &namespace);
        let evaluation = self.new_evaluation(route, verb(reviewed));
        let (evaluation, claims) = self.attributed(evaluation, reviewed, new, &attribution);
        let evaluation = evaluation.with_warnings(self.placement(reviewed, new, &attribution));
        if !evaluation.leads_to_eci() {
            return Some(evaluation);
        }
        let warnings = lookalike::warnings(&pod);
        let evaluation = evaluation.with_warnings(warnings.into_iter().map(Warning::Lookalike));
        let (evaluation, fields) = match self.fields(reviewed, new, &pod, &namespace, &attribution) {
            Ok((fields, findings)) => (evaluation.with_findings(findings), fields),
            Err(findings) => return Some(evaluation.with_findings(findings)),
        };
        let evaluation = Evaluation { fields, ..evaluation };
        let evaluation = match claims {
            Some(claims) => self.compared_with_claims(evaluation, &claims, reviewed, new, &namespace),
            None => evaluation,
        };
        Some(match &reviewed.old {
            Some(old) if reviewed.path.is_whole() => self.update_pod(evaluation, old, &pod, new, &namespace),
            _ => self.create_pod(evaluation, &pod, &namespace),
        })
    }

    /// Evaluates nobody, unless the request makes more pods; the stamp must be the one from before
    fn validate_kept(&self, reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>) -> Evaluation {
        let evaluation = if self.asks_for_more() {
            self.scale_up(new)
        } else {
            Evaluation {
                verb: Some(verb(reviewed)),
                ..Evaluation::default()
            }
        };
        evaluation.with_stamp_fault(touched_stamp(reviewed, new))
    }

    /// The evaluation for the person to whom the template is attributed, and the claims of a stamp that a controller copied
    fn attributed(
        &self,
        evaluation: Evaluation,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        attribution: &Attribution,
    ) -> (Evaluation, Option<Claims>) {
        let Attribution::Delegated(delegation) = attribution else {
            let fault = match attribution {
                Attribution::RequesterKeepsStamp => touched_stamp(reviewed, new),
                _ => self.unexpected_stamp(evaluation.leads_to_eci(), reviewed, new),
            };
            let mark = evaluation.route.as_ref().and_then(Route::mark).cloned();
            let fault = fault.map(|fault| match fault {
                StampFault::NotApplied(None) => StampFault::NotApplied(mark),
                fault => fault,
            });
            return (evaluation.with_stamp_fault(fault), None);
        };
        match self.delegated_claims(reviewed, new, delegation) {
            Ok(claims) => (evaluation.on_behalf_of(self.stamped_user(&claims)), Some(claims)),
            Err(fault) => {
                let evaluation = Evaluation {
                    stamped: None,
                    principal: None,
                    ..evaluation
                };
                // A pod that does not go to ECI needs no stamp, but must not have a forged one, or one that may be
                let is_unknown = matches!(fault, StampFault::OwnerUnread(_));
                let counts = evaluation.leads_to_eci() || fault.is_forged() || is_unknown;
                (evaluation.with_stamp_fault(counts.then_some(fault)), None)
            }
        }
    }

    /// The warnings about marks in the wrong place; a controller cannot move them
    fn placement(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        attribution: &Attribution,
    ) -> Vec<Warning> {
        if matches!(attribution, Attribution::Delegated(_)) {
            return Vec::new();
        }
        // Metadata of a workload with several templates are compared with the first one
        let first = self.review.templates().first();
        let is_first = first.is_some_and(|first| first.path == reviewed.path);
        let is_around = is_first && !reviewed.path.is_whole();
        let owner = self.review.owner().filter(|_| is_around);
        // The pointer is empty if the template is metadata itself
        let is_metadata = new.metadata_pointer("").is_empty();
        let metadata = if is_metadata { "" } else { "metadata." };
        let path = format!("{}{metadata}", reviewed.path);
        let warnings = placement::warnings(&new.read().metadata, &path, owner);
        warnings.into_iter().map(Warning::Placement).collect()
    }

    /// The fields of the pod, with a finding for each that differs from the mapping rules
    fn fields(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        pod: &Pod<'_>,
        namespace: &Meta,
        attribution: &Attribution,
    ) -> Result<(Fields, Vec<Finding>), Vec<Finding>> {
        let is_copy = matches!(attribution, Attribution::Delegated(_)) && !reviewed.path.is_whole();
        if !is_copy {
            return self.read_mapped(pod, namespace, scope(reviewed, new));
        }
        // The source of a copied template was mapped, and its pods will be
        match Fields::read(pod) {
            Ok(fields) => Ok((fields, Vec::new())),
            Err(malformed) => Err(malformed.into_iter().map(Finding::Malformed).collect()),
        }
    }

    /// Compares a controller's pod or template with its stamp
    fn compared_with_claims(
        &self,
        evaluation: Evaluation,
        claims: &Claims,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> Evaluation {
        let differs = self.differs_from_stamp(claims, new, &evaluation.fields, namespace);
        let evaluation = evaluation.with_stamp_fault(differs.then_some(StampFault::FieldsDiffer));
        if reviewed.path.is_whole() && reviewed.old.is_none() {
            evaluation.with_differences(self.container_differences(claims, new), self.on_difference)
        } else {
            evaluation
        }
    }

    /// The pod as ACK's eci-profile will leave it; a stored pod has been through it already
    pub(super) fn decorated<'p>(
        &self,
        reviewed: &ReviewedTemplate<'p>,
        template: &PodTemplate<'p>,
        namespace: &Meta,
        profile: &'p Profile,
    ) -> Pod<'p> {
        let pod = template.read();
        let is_stored = reviewed.path.is_whole() && reviewed.old.is_some();
        if is_stored || pod.node().is_some() {
            return pod.clone();
        }
        let routed = profile.decorated(pod, namespace, false);
        let goes_to_eci = !matches!(self.route(&routed, namespace), Route::No(_));
        profile.decorated(pod, namespace, goes_to_eci)
    }
}

/// The fault of a stamp that should be the one from before the request
fn touched_stamp(reviewed: &ReviewedTemplate<'_>, new: &PodTemplate<'_>) -> Option<StampFault> {
    let old = reviewed.old.as_ref().and_then(PodTemplate::stamp);
    let fault = match new.stamp() {
        None => StampFault::NotApplied(None),
        Some(_) => StampFault::Changed,
    };
    (new.stamp() != old).then_some(fault)
}
