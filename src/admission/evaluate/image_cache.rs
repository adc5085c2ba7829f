//! ECI's image caches, which cost money and start an instance of their own.

use crate::admission::evaluate::pod_update::stored_fields;
use crate::admission::evaluate::{Case, call};
use crate::admission::fields::reading::{Fields, same_fields};
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::admission::review::Operation;
use crate::admission::routing::lookalike;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::pod::same_spec;
use crate::kubernetes::pod_template::PodTemplate;
use eci_calls::Call;

impl Case<'_> {
    pub(super) fn image_cache(&self, operation: Operation) -> Option<Evaluation> {
        let reviewed = self.review.templates().first()?;
        let evaluation = Evaluation {
            verb: Some(match operation {
                Operation::Create => Verb::Create,
                Operation::Update => Verb::Update,
                Operation::Delete | Operation::Connect => Verb::Delete,
            }),
            principal: self.requester(),
            ..Evaluation::default()
        };
        let described = match (&reviewed.new, &reviewed.old) {
            (Some(new), None) => create(evaluation, new),
            (Some(new), Some(old)) => {
                let is_same = same_fields(old.read(), new.read()) && same_spec(old.json(), new.json());
                // For example a finalizer that is removed
                if is_same || self.asks_for_control_plane() {
                    return None;
                }
                self.update_image_cache(evaluation, old, new)
            }
            (None, Some(_)) if self.asks_for_control_plane() => return None,
            (None, Some(old)) => Ok(delete(evaluation, old)),
            (None, None) => return None,
        };
        Some(match described {
            // An image cache is in no namespace, so it has no boundary
            Ok((evaluation, call)) => self.evaluate_call(evaluation, &call, &Meta::default()),
            Err(evaluation) => evaluation,
        })
    }

    fn update_image_cache(
        &self,
        evaluation: Evaluation,
        old: &PodTemplate<'_>,
        new: &PodTemplate<'_>,
    ) -> Result<(Evaluation, Call), Evaluation> {
        let evaluation = with_fields(evaluation, new)?;
        let (stored, warnings) = stored_fields(old.read());
        let (call, refusals) = call::update_image_cache(&stored, &evaluation.fields, self.configuration);
        let evaluation = evaluation
            .with_warnings(warnings)
            .with_findings(refusals.into_iter().map(Finding::Refused));
        Ok((evaluation, call))
    }
}

fn create(evaluation: Evaluation, new: &PodTemplate<'_>) -> Result<(Evaluation, Call), Evaluation> {
    let warnings = lookalike::warnings(new.read());
    let evaluation = evaluation.with_warnings(warnings.into_iter().map(Warning::Lookalike));
    let evaluation = with_fields(evaluation, new)?;
    let call = call::create_image_cache(&evaluation.fields);
    Ok((evaluation, call))
}

fn delete(evaluation: Evaluation, old: &PodTemplate<'_>) -> (Evaluation, Call) {
    let (fields, warnings) = stored_fields(old.read());
    let call = call::image_cache_by_id(eci_calls::Operation::DeleteImageCache, &fields);
    (Evaluation { fields, ..evaluation }.with_warnings(warnings), call)
}

/// The evaluation with the object's fields, or with a finding for each malformed annotation
fn with_fields(evaluation: Evaluation, template: &PodTemplate<'_>) -> Result<Evaluation, Evaluation> {
    match Fields::read(template.read()) {
        Ok(fields) => Ok(Evaluation { fields, ..evaluation }),
        Err(malformed) => Err(evaluation.with_malformed(malformed)),
    }
}
