//! The stamp that ramgate writes for a requester, and the change that puts it into an object or removes it.

use crate::admission::attribution::contents;
use crate::admission::attribution::creator::Person;
use crate::admission::fields::changes::{Change, Changes};
use crate::admission::fields::reading::texts;
use crate::admission::review::Review;
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::{Claims, Form, Signer};

/// The claims of a person's stamp on a pod or template, after these changes by mapping
pub(crate) fn own_claims(
    review: &Review<'_>,
    template: &PodTemplate<'_>,
    owned: &OwnedObject,
    changes: &Changes,
    person: Person,
    signer: &Signer,
) -> Claims {
    let claims = Claims {
        user: person.user,
        principal: person.principal,
        namespace: review.namespace().to_owned(),
        cluster: signer.cluster().to_owned(),
        object: Some(owned.object().clone()),
        fields: texts(template.read(), changes),
        service_account: template.service_account().map(str::to_owned),
        containers: contents::running(template).map(|running| contents::digests(&running)),
    };
    match signer.form() {
        Form::First => claims.of_first_form(),
        Form::Second => claims,
    }
}

/// The change that overwrites or removes a stamp; `None` if the pod or template has the wanted one
pub(crate) fn restamp(template: &PodTemplate<'_>, wanted: Option<&str>) -> Option<Change> {
    (template.stamp() != wanted).then(|| wanted.map_or(Change::Remove, |stamp| Change::Set(stamp.to_owned())))
}
