//! ECI's image caches, which cost money and start an instance of their own.

use crate::admission::evaluate::advise::image_cache_advice;
use crate::admission::evaluate::pod_update::stored_fields;
use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::fields::reading::{Fields, same_fields};
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::admission::review::Operation;
use crate::admission::routing::lookalike;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::same_spec;
use crate::kubernetes::pod_template::PodTemplate;

impl EvaluationContext<'_> {
    pub(super) fn image_cache(&self, operation: Operation) -> Option<Evaluation> {
        let reviewed = self.review.templates().first()?;
        let (new, old) = (reviewed.new.as_ref(), reviewed.old.as_ref());
        // A create has no old object, a delete no new one
        let is_unchanged = new.zip(old).is_some_and(|(new, old)| is_same(old, new));
        // A virtual node writes down what became of the image cache
        let carries_out = old.is_some() && (self.is_from_control_plane() || self.is_from_virtual_node());
        if is_unchanged || carries_out {
            return None;
        }
        let evaluation = Evaluation {
            verb: Some(match operation {
                Operation::Create => Verb::Create,
                Operation::Update => Verb::Update,
                Operation::Delete | Operation::Connect => Verb::Delete,
            }),
            principal: self.requester(),
            ..Evaluation::default()
        };
        let evaluation = with_lookalikes(evaluation, new, old);
        let requested = match new.map(|new| Fields::read(new.read())).transpose() {
            Ok(requested) => requested,
            Err(malformed) => return Some(evaluation.with_malformed(malformed)),
        };
        let requested = new.map(PodTemplate::read).zip(requested);
        self.evaluate_image_cache(evaluation, requested, old)
    }

    /// Adds RAM's decisions on the call that turns the stored fields into the requested ones; `None` if there are neither
    fn evaluate_image_cache(
        &self,
        evaluation: Evaluation,
        requested: Option<(&Pod<'_>, Fields)>,
        old: Option<&PodTemplate<'_>>,
    ) -> Option<Evaluation> {
        // An image cache is in no namespace, so it has no boundary
        let evaluate = |evaluation, call| self.evaluate_call(evaluation, &call, &Meta::default());
        let stored = old.map(|old| stored_fields(old.read()));
        let with_advice = |evaluation: Evaluation, image_cache, stored| Evaluation {
            advice: image_cache_advice(self, &evaluation, image_cache, stored),
            ..evaluation
        };
        Some(match (requested, stored) {
            (Some((image_cache, fields)), None) => {
                let call = call::create_image_cache(&fields);
                let evaluation = evaluate(Evaluation { fields, ..evaluation }, call);
                with_advice(evaluation, image_cache, None)
            }
            (Some((image_cache, fields)), Some((stored, warnings))) => {
                let (call, refusals) = call::update_image_cache(&stored, &fields, self.configuration);
                let evaluation = Evaluation { fields, ..evaluation }
                    .with_warnings(warnings)
                    .with_findings(refusals.into_iter().map(Finding::Refused));
                with_advice(evaluate(evaluation, call), image_cache, Some(&stored))
            }
            (None, Some((fields, warnings))) => {
                let call = call::image_cache_by_id(eci_calls::Operation::DeleteImageCache, &fields);
                evaluate(Evaluation { fields, ..evaluation }.with_warnings(warnings), call)
            }
            (None, None) => return None,
        })
    }
}

/// Whether an update changes nothing that ECI reads, such as a finalizer that is removed
fn is_same(old: &PodTemplate<'_>, new: &PodTemplate<'_>) -> bool {
    same_fields(old.read(), new.read()) && same_spec(old.json(), new.json())
}

/// The evaluation with a warning for each annotation of a new image cache that looks like one of ECI's
fn with_lookalikes(
    evaluation: Evaluation,
    new: Option<&PodTemplate<'_>>,
    old: Option<&PodTemplate<'_>>,
) -> Evaluation {
    let warnings = new
        .filter(|_| old.is_none())
        .map(|new| lookalike::warnings(new.read()));
    evaluation.with_warnings(warnings.into_iter().flatten().map(Warning::Lookalike))
}
