//! ECI's image caches, which cost money and make an instance of their own.

use crate::admission::evaluate::pod_update::readable;
use crate::admission::evaluate::{Case, call};
use crate::admission::fields::reading::same_fields;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::review::Operation;
use crate::admission::routing::lookalike;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod_spec::same_spec;

impl Case<'_> {
    pub(crate) fn image_cache(&self, operation: Operation) -> Evaluation {
        let Some(reviewed) = self.review.templates().first() else {
            return Evaluation::default();
        };
        let verb = match operation {
            Operation::Create => Verb::Create,
            Operation::Update => Verb::Update,
            Operation::Delete | Operation::Connect => Verb::Delete,
        };
        let mut evaluation = Evaluation {
            verb: Some(verb),
            principal: self.requester(),
            ..Evaluation::default()
        };
        let call = match (&reviewed.new, &reviewed.old) {
            (Some(new), None) => {
                evaluation.warnings = lookalike::warnings(new.read());
                if !evaluation.read(new.read()) {
                    return evaluation;
                }
                call::create_image_cache(&evaluation.fields)
            }
            (Some(new), Some(old)) => {
                let is_same = same_fields(old.read(), new.read()) && same_spec(old.json(), new.json());
                // A finalizer that is taken away, say
                if is_same || self.asks_for_control_plane() {
                    return Evaluation::default();
                }
                if !evaluation.read(new.read()) {
                    return evaluation;
                }
                let stored = readable(old.read(), &mut evaluation.warnings);
                let (call, refusals) =
                    call::update_image_cache(&stored, &evaluation.fields, self.configuration);
                evaluation
                    .findings
                    .extend(refusals.into_iter().map(Finding::Refused));
                call
            }
            (None, Some(old)) => {
                if self.asks_for_control_plane() {
                    return Evaluation::default();
                }
                evaluation.fields = readable(old.read(), &mut evaluation.warnings);
                call::image_cache_by_id(eci_calls::Operation::DeleteImageCache, &evaluation.fields)
            }
            (None, None) => return Evaluation::default(),
        };
        // It belongs to no namespace, so no boundary applies
        self.judge(&mut evaluation, &call, &Meta::default());
        evaluation
    }
}
