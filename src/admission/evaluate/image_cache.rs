//! ECI's image caches, which cost money and make an instance of their own.

use crate::admission::evaluate::Case;
use crate::admission::evaluate::call;
use crate::admission::fields::annotations::same_fields;
use crate::admission::fields::update::readable;
use crate::admission::outcome::evaluation::Ruling;
use crate::admission::outcome::finding::Deed;
use crate::admission::outcome::finding::Finding;
use crate::admission::review::Operation;
use crate::admission::routing::lookalike;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::pod::same_spec;

impl Case<'_> {
    pub(crate) fn image_cache(&self, operation: Operation) -> Ruling {
        let Some(bearer) = self.review.bearers().first() else {
            return Ruling::default();
        };
        let deed = match operation {
            Operation::Create => Deed::Create,
            Operation::Update => Deed::Update,
            Operation::Delete | Operation::Connect => Deed::Delete,
        };
        let mut ruling = Ruling {
            deed: Some(deed),
            principal: self.requester(),
            ..Ruling::default()
        };
        let call = match (&bearer.new, &bearer.old) {
            (Some(new), None) => {
                ruling.warnings = lookalike::warnings(new.read());
                if !ruling.read(new.read()) {
                    return ruling;
                }
                call::create_image_cache(&ruling.fields)
            }
            (Some(new), Some(old)) => {
                let is_same = same_fields(old.read(), new.read()) && same_spec(old.json(), new.json());
                // A finalizer that is taken away, say
                if is_same || self.asks_for_control_plane() {
                    return Ruling::default();
                }
                if !ruling.read(new.read()) {
                    return ruling;
                }
                let stored = readable(old.read(), &mut ruling.warnings);
                let (call, refusals) = call::update_image_cache(&stored, &ruling.fields, self.configuration);
                ruling.findings.extend(refusals.into_iter().map(Finding::Refused));
                call
            }
            (None, Some(old)) => {
                if self.asks_for_control_plane() {
                    return Ruling::default();
                }
                ruling.fields = readable(old.read(), &mut ruling.warnings);
                call::image_cache_by_id(eci_calls::Operation::DeleteImageCache, &ruling.fields)
            }
            (None, None) => return Ruling::default(),
        };
        // It belongs to no namespace, so no boundary applies
        self.judge(&mut ruling, &call, &Meta::default());
        ruling
    }
}
