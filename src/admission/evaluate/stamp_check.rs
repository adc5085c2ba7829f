//! Checks the stamp of a template: the claims that a controller copied, and the stamp that the mutating webhook should have written.

use crate::admission::attribution::{
    Delegation, NoValidStamp, contents, own_claims, restart, unchecked, verified,
};
use crate::admission::evaluate::EvaluationContext;
use crate::admission::evaluate::evaluation_builder::StampedUser;
use crate::admission::fields::changes::Changes;
use crate::admission::outcome::container_difference::ContainerDifference;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::review::complete::OwnerRead;
use crate::admission::review::stamp_source::StampSource;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::requester::Requester;
use crate::kubernetes::reviewed_template::ReviewedTemplate;
use crate::kubernetes::template_place::TemplatePlace;
use crate::stamp::Claims;

impl EvaluationContext<'_> {
    /// The claims of the stamp that a controller copied
    ///
    /// # Errors
    ///
    /// The reason why the stamp is missing or not trusted.
    pub(super) fn delegated_claims(
        &self,
        reviewed: &ReviewedTemplate<'_>,
        template: &PodTemplate<'_>,
        delegation: &Delegation,
    ) -> Result<Claims, StampFault> {
        if let Delegation::Unsent(kind) = delegation {
            return Err(StampFault::NotSent(kind.clone()));
        }
        let owner = self.review.owner().unwrap_or(&template.read().metadata);
        let claims = self.trusted_claims(template, &self.owned(reviewed), owner)?;
        match self.source_fault(template, delegation) {
            Some(fault) => Err(fault),
            None => Ok(claims),
        }
    }

    /// The fault of a valid stamp that a listed controller has from elsewhere than it may
    fn source_fault(&self, template: &PodTemplate<'_>, delegation: &Delegation) -> Option<StampFault> {
        let stamp = template.stamp()?;
        if *delegation != Delegation::Listed || self.review.had_stamp(stamp) {
            return None;
        }
        let settings = &self.configuration.cluster;
        let owner = match self.review.stamp_source(settings) {
            StampSource::Anywhere => return None,
            StampSource::Itself(kind) => return Some(StampFault::NotOfOwner(kind.to_owned())),
            StampSource::Owner(owner) => owner,
        };
        let (group, resource) = owner.group_resource();
        match self.review.owner_read() {
            OwnerRead::Assumed => None,
            OwnerRead::Found(json)
                if has_stamp(json, owner.uid(), &settings.places(group, resource), stamp) =>
            {
                None
            }
            OwnerRead::Found(_) | OwnerRead::Absent => Some(StampFault::NotOfOwner(owner.kind().to_owned())),
            OwnerRead::Unread | OwnerRead::NotNeeded => {
                Some(StampFault::OwnerUnread(owner.kind().to_owned()))
            }
        }
    }

    /// The claims of a stamp in an object; `owner` tells how the object gets another stamp
    ///
    /// # Errors
    ///
    /// The reason why the stamp is missing or not trusted.
    pub(super) fn trusted_claims(
        &self,
        template: &PodTemplate<'_>,
        owned: &OwnedObject,
        owner: &Metadata<'_>,
    ) -> Result<Claims, StampFault> {
        let settings = &self.configuration.cluster;
        let namespace = self.review.namespace();
        let fault = |unstamped| match unstamped {
            NoValidStamp::Missing => StampFault::Missing(restart(owner)),
            NoValidStamp::Broken(broken) if broken.is_forged() => StampFault::Forged(broken, restart(owner)),
            NoValidStamp::Broken(broken) => StampFault::NoKey(broken, restart(owner)),
        };
        let claims = verified(template.stamp(), namespace, owned, settings, self.cluster).map_err(fault)?;
        match unchecked(&claims, owned, settings, self.cluster) {
            Some(fault) => Err(fault),
            None => Ok(claims),
        }
    }

    /// The user that a trusted stamp names
    pub(super) fn stamped_user(&self, claims: &Claims) -> StampedUser {
        // A user who was bound to nobody when the stamp was written may be bound by now, as far as the name alone tells
        let bound = || Requester::named(&claims.user).principal(self.configuration);
        let principal = claims.principal.clone();
        let workload = claims.object.clone().filter(|object| object.kind != "Pod");
        StampedUser {
            object: workload,
            name: claims.user.clone(),
            principal: principal.or_else(bound),
        }
    }

    /// The differences between the containers of a controller's pod and its stamp
    ///
    /// A stamp of the first form names no containers, nor does one of a template that leaves them to its controller.
    pub(super) fn container_differences(
        &self,
        claims: &Claims,
        template: &PodTemplate<'_>,
    ) -> Vec<ContainerDifference> {
        let (Some(stamped), Some(running)) = (&claims.containers, contents::running(template)) else {
            return Vec::new();
        };
        contents::differences(stamped, &running, &self.configuration.cluster.injectors)
    }

    /// The fault of a stamp that is not the one that the mutating webhook writes for this requester
    pub(super) fn unexpected_stamp(
        &self,
        leads_to_eci: bool,
        reviewed: &ReviewedTemplate<'_>,
        new: &PodTemplate<'_>,
    ) -> Option<StampFault> {
        let old = reviewed.old.as_ref().and_then(PodTemplate::stamp);
        let owned = self.owned(reviewed);
        let own = || {
            let (signer, author) = self.cluster.signer().zip(self.author())?;
            let own = own_claims(self.review, new, &owned, &Changes::default(), author, &signer);
            Some((signer, own))
        };
        let Some(found) = new.stamp() else {
            let is_wanted = leads_to_eci || old.is_some() || self.is_revision();
            return is_wanted.then(|| match own() {
                Some((signer, own)) if signer.sign(&own).is_none() => StampFault::TooLong,
                _ => StampFault::NotApplied(None),
            });
        };
        let own = own();
        if let Some((signer, own)) = &own {
            match signer.signed(own, found) {
                // As nearly every stamp is, and then nothing of it has to be parsed
                Some(true) => return None,
                None => return Some(StampFault::TooLong),
                Some(false) => {}
            }
        }
        let settings = &self.configuration.cluster;
        match verified(
            Some(found),
            self.review.namespace(),
            &owned,
            settings,
            self.cluster,
        ) {
            Err(NoValidStamp::Broken(broken)) if broken.is_forged() => Some(StampFault::Forged(broken, None)),
            Err(NoValidStamp::Broken(_) | NoValidStamp::Missing) => Some(StampFault::Unexpected),
            Ok(claims) if !self.is_author(&claims) => Some(StampFault::Changed),
            Ok(claims) => {
                let is_own = own.is_some_and(|(_, own)| is_own(own, &claims));
                (!is_own).then_some(StampFault::Unexpected)
            }
        }
    }
}

/// Whether these are a requester's own claims, as the mutating webhook writes them
///
/// They differ if another webhook, or the configuration, changed the fields since. A replica of another version writes
/// the first form, which says less and nothing else.
fn is_own(own: Claims, claims: &Claims) -> bool {
    own == *claims || claims.object.is_none() && own.of_first_form() == *claims
}

/// Whether an object is the one of this UID and has the stamp at one of the places of pod metadata
fn has_stamp(json: &str, uid: &str, places: &[TemplatePlace], stamp: &str) -> bool {
    let metadata = Metadata::of_object(json).unwrap_or_default();
    let is_at = |place: &TemplatePlace| {
        let found = place.fields().all(json).unwrap_or_default();
        let mut templates = found
            .into_iter()
            .filter_map(|(_, text)| PodTemplate::of_shape(text, place.shape).ok());
        templates.any(|template| template.stamp() == Some(stamp))
    };
    metadata.uid.as_deref().unwrap_or_default() == uid && places.iter().any(is_at)
}
