//! The mutating half: maps and stamps a pod or template.

use super::{Case, deed};
use crate::admission::bearer::{Bearer, Side};
use crate::admission::call;
use crate::admission::cluster::Meta;
use crate::admission::identity::{Standing, is_same, own_claims, restamp, standing};
use crate::admission::mapping::Scope;
use crate::admission::patch::{Change, Changes, Patch};
use crate::admission::ruling::Ruling;
use crate::admission::update::Both;

impl Case<'_> {
    pub(super) fn mutate_bearer(&self, bearer: &Bearer<'_>) -> Ruling {
        let (Some(new), Some(namespace)) = (&bearer.new, self.namespace()) else {
            return Ruling::default();
        };
        let settings = &self.configuration.cluster;
        match standing(self.review, bearer, settings, self.cluster) {
            Standing::Kept => self.kept(bearer, new),
            Standing::Beside => self.beside(bearer, new, &namespace),
            Standing::Carried(_) if !bearer.place.is_whole() => {
                // A controller compares what it made with what it made it of: mapping again would be a change to it
                Ruling::default()
            }
            Standing::Carried(_) => {
                let (mut ruling, changes) = self.mapped_bearer(bearer, new, &namespace, scope(bearer, new));
                ruling.patch = Patch::new(&changes, &bearer.place, new);
                ruling
            }
            Standing::Requester => self.stamped(bearer, new, &namespace),
            Standing::Late => self.stamped_late(bearer, new, &namespace),
        }
    }

    /// The stamp as it was, whatever the request makes of it
    fn kept(&self, bearer: &Bearer<'_>, new: &Side<'_>) -> Ruling {
        let mut ruling = Ruling::default();
        let changes = Changes {
            stamp: restamp(new, bearer.old.as_ref().and_then(Side::stamp)),
            ..Changes::default()
        };
        if changes.stamp.is_some() && new.stamp().is_some() {
            ruling.warnings.push(STAYS.to_owned());
        }
        ruling.patch = Patch::new(&changes, &bearer.place, new);
        ruling
    }

    /// Mapped, and the stamp as it was
    fn beside(&self, bearer: &Bearer<'_>, new: &Side<'_>, namespace: &Meta) -> Ruling {
        if !matches!(self.review.subresource(), "" | "status") {
            // Nothing but the spec is stored
            return Ruling::default();
        }
        let scope = scope(bearer, new);
        let (mut ruling, mut changes) = self.mapped_bearer(bearer, new, namespace, scope);
        changes.stamp = restamp(new, bearer.old.as_ref().and_then(Side::stamp));
        if changes.stamp.is_some() && new.stamp().is_some() {
            ruling.warnings.push(STAYS.to_owned());
        }
        ruling.patch = Patch::new(&changes, &bearer.place, new);
        ruling
    }

    /// Mapped, and the requester's stamp, unless mapping leaves nothing changed
    fn stamped(&self, bearer: &Bearer<'_>, new: &Side<'_>, namespace: &Meta) -> Ruling {
        let scope = scope(bearer, new);
        let (mut ruling, mut changes) = self.mapped_bearer(bearer, new, namespace, scope);
        let old_stamp = bearer.old.as_ref().and_then(Side::stamp);
        // What cannot lead to ECI needs no stamp; one that is there may not stay, for it could come to count later
        let is_ours = ruling.leads_to_eci() || new.stamp().is_some() || old_stamp.is_some();
        if !ruling.findings.is_empty() || !is_ours {
            return ruling;
        }
        let is_unchanged =
            bearer.old.is_some() && !changes.is_empty() && is_same(self.review, bearer, &changes);
        if is_unchanged {
            changes.stamp = restamp(new, old_stamp);
        } else if let Some(seal) = self.cluster.seal() {
            let claims = own_claims(self.review, new, &changes, self.configuration, &seal);
            let stamp = seal.sign(&claims);
            let was_written = new
                .stamp()
                .is_some_and(|found| found != stamp && Some(found) != old_stamp);
            if was_written {
                ruling.warnings.push(OVERWRITTEN.to_owned());
            }
            changes.stamp = (new.stamp() != Some(&stamp)).then_some(Change::Set(stamp));
        }
        ruling.patch = Patch::new(&changes, &bearer.place, new);
        ruling
    }

    /// The requester's stamp, if they may have such pods; else nothing is done to what they hardly meant to change
    fn stamped_late(&self, bearer: &Bearer<'_>, new: &Side<'_>, namespace: &Meta) -> Ruling {
        let stamped = self.stamped(bearer, new, namespace);
        if stamped.patch.is_empty() || !stamped.leads_to_eci() {
            return Ruling::default();
        }
        let call = call::create(&stamped.fields, self.configuration, self.review.namespace());
        let mut asked = Ruling {
            principal: stamped.principal.clone(),
            ..Ruling::default()
        };
        self.judge(&mut asked, &call, namespace);
        if asked.findings.is_empty() && stamped.findings.is_empty() {
            return stamped;
        }
        Ruling {
            warnings: vec![UNSTAMPED.to_owned()],
            ..Ruling::default()
        }
    }

    /// A ruling with the fields after mapping, and what mapping changes
    fn mapped_bearer(
        &self,
        bearer: &Bearer<'_>,
        new: &Side<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> (Ruling, Changes) {
        let profile = self.cluster.profile();
        let pod = self.decorated(bearer, new, namespace, &profile);
        let route = self.route_both(&pod, bearer.old.as_ref(), namespace);
        let mut ruling = self.routed(route, deed(bearer));
        let changes = match ruling.leads_to_eci() {
            true => self.map_into(&mut ruling, &pod, namespace, scope),
            false => Changes::default(),
        };
        (ruling, changes)
    }
}

/// Told to whoever writes a stamp where it is overwritten with their own
const OVERWRITTEN: &str = "annotation ramgate.io/requested-by is written by ramgate alone, it names you now";
/// Told to whoever writes to a workload without a stamp, for whose pods they have no right
const UNSTAMPED: &str = "nobody stands behind the pods of this workload yet, and you may not create such pods on ECI: they are \
                         denied until somebody who may writes to it";
/// Told to whoever writes a stamp where the one before stays
const STAYS: &str = "annotation ramgate.io/requested-by is written by ramgate alone, it stays as it was";

/// What mapping may touch
pub(super) fn scope(bearer: &Bearer<'_>, new: &Side<'_>) -> Scope {
    match &bearer.old {
        // A template is mapped as a whole, since its pods are yet to be made
        Some(old) if bearer.place.is_whole() => Both {
            old: old.read(),
            new: new.read(),
        }
        .scope(),
        _ => Scope::ALL,
    }
}
