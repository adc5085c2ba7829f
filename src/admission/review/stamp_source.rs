//! Where the stamp may come from that a listed controller brings: from anywhere, or only from what controls the object.
//!
//! Some controllers take metadata of pods from more than the object that ramgate reviews: from a template to which it
//! refers, from free settings, by text that they replace. Anybody could keep an old stamp there and make an object of the
//! name in it. So their presets say that a stamp must be in the owner, as it is now.

use crate::admission::review::{Operation, Resource, Review};
use crate::config::{ClusterSettings, DelegatedController};
use crate::kubernetes::metadata::{Metadata, OwnerReference};
use crate::kubernetes::pod_template::PodTemplate;

/// The source of the stamp that a listed controller may bring
#[derive(Clone, Debug)]
pub(crate) enum StampSource<'s> {
    /// Any
    Anywhere,
    /// The owner, as it is now
    Owner(StampedOwner<'s>),
    /// The object itself, as it was before: nothing controls it
    Itself(&'s str),
}

/// An owner of a listed kind, by the claim of what it owns
#[derive(Clone, Debug)]
pub(crate) struct StampedOwner<'s> {
    reference: &'s OwnerReference<'s>,
    carrier: &'s DelegatedController,
}

impl<'s> StampedOwner<'s> {
    /// API group and version
    pub(crate) fn api_version(&self) -> &str {
        &self.reference.api_version
    }

    /// The kind
    pub(crate) fn kind(&self) -> &'s str {
        &self.carrier.kind
    }

    /// The API group, and the resource name
    pub(crate) fn group_resource(&self) -> (&'s str, &'s str) {
        (&self.carrier.group, &self.carrier.resource)
    }

    /// The name
    pub(crate) fn name(&self) -> &str {
        &self.reference.name
    }

    /// The UID
    pub(crate) fn uid(&self) -> &str {
        &self.reference.uid
    }
}

impl<'a> Review<'a> {
    /// Where the stamps may come from that the requester, a listed controller, brings
    pub(crate) fn stamp_source<'s>(&'s self, settings: &'s ClusterSettings) -> StampSource<'s> {
        let mut own = settings
            .carriers
            .iter()
            .filter(|carrier| carrier.user == self.user());
        let (group, resource) = self.group_resource();
        let reference = self.owning_metadata().and_then(Metadata::controller);
        let itself = own.clone().find(|carrier| {
            carrier.verifies_owner && (&*carrier.group, &*carrier.resource) == (group, resource)
        });
        let owner = reference.and_then(|reference| {
            let carrier = own.find(|one| one.group == reference.group() && *one.kind == *reference.kind)?;
            Some(StampedOwner { reference, carrier })
        });
        match (owner, itself) {
            (Some(owner), itself) if owner.carrier.verifies_owner || itself.is_some() => {
                StampSource::Owner(owner)
            }
            (None, Some(itself)) => StampSource::Itself(&itself.kind),
            (Some(_) | None, _) => StampSource::Anywhere,
        }
    }

    /// The owner to read live, because only its stamps count in what the requester makes
    pub(crate) fn unread_owner<'s>(&'s self, settings: &'s ClusterSettings) -> Option<StampedOwner<'s>> {
        let is_write = matches!(self.operation(), Operation::Create | Operation::Update);
        if !is_write
            || !matches!(
                self.resource(),
                Resource::Pods | Resource::Workload(_) | Resource::Other
            )
        {
            return None;
        }
        let new = self
            .templates()
            .iter()
            .filter_map(|reviewed| reviewed.new.as_ref());
        let mut stamps = new.filter_map(PodTemplate::stamp);
        if !stamps.any(|stamp| !self.had_stamp(stamp)) {
            return None;
        }
        match self.stamp_source(settings) {
            StampSource::Owner(owner) => Some(owner),
            StampSource::Anywhere | StampSource::Itself(_) => None,
        }
    }

    /// Whether the object had a stamp before the request
    pub(crate) fn had_stamp(&self, stamp: &str) -> bool {
        let old = self
            .templates()
            .iter()
            .filter_map(|reviewed| reviewed.old.as_ref());
        old.filter_map(PodTemplate::stamp).any(|old| old == stamp)
    }

    /// Metadata of the object that has the owner: the workload around the templates, or the pod
    fn owning_metadata(&self) -> Option<&Metadata<'a>> {
        let pod = || {
            let reviewed = self.templates().first()?;
            reviewed.new.as_ref().map(|new| &new.read().metadata)
        };
        self.owner().or_else(pod)
    }
}
