//! A ControllerRevision in a review: whether a workload may take it up, and the template that would come of it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::admission::attribution::{OwnedObject, is_listed};
use crate::admission::outcome::revision_fault::RevisionFault;
use crate::config::ClusterSettings;
use crate::kubernetes::controller_revision;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::metadata::{Metadata, OwnerReference};
use crate::kubernetes::pod_template::PodTemplate;

/// A revision that a workload whose pods ramgate attributes may take up
#[derive(Clone, Debug)]
pub struct Revision {
    /// The revision itself
    pub owned: OwnedObject,
    /// Whether an update changes neither its data nor what may take it up
    pub is_same: bool,
    /// Why its data is not exactly one whole template, if it is not
    pub fault: Option<RevisionFault>,
}

/// A revision as an object
#[derive(Debug, Deserialize)]
pub(crate) struct StoredRevision<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub metadata: Metadata<'a>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl<'a> StoredRevision<'a> {
    pub(crate) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        Self::deserialize(&mut serde_json::Deserializer::from_str(json))
    }

    /// Whether a workload whose pods ramgate attributes is its controller, or could become that by adopting it
    ///
    /// The revisions of other operators are theirs, if they are what such operators write: that a revision belongs to one is
    /// only its own claim.
    pub(crate) fn may_be_taken_up(&self, settings: &ClusterSettings) -> bool {
        self.metadata.controller().is_none_or(|owner| {
            let (group, kind) = (owner.group(), &*owner.kind);
            group == "apps" && matches!(kind, "StatefulSet" | "DaemonSet") || is_listed(group, kind, settings)
        })
    }

    /// Whether another version has the same data and belongs to the same workload, or may be adopted by the same ones
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let key = |owner: &OwnerReference<'a>| {
            (
                owner.api_version.to_string(),
                owner.kind.to_string(),
                owner.name.to_string(),
                owner.uid.to_string(),
            )
        };
        let owner = |revision: &Self| revision.metadata.controller().map(key);
        let same_owner = owner(self) == owner(other);
        let same_labels = self.metadata.labels == other.metadata.labels;
        self.data() == other.data() && same_owner && (same_labels || self.metadata.controller().is_some())
    }

    /// The template that its controller makes of it
    pub(crate) fn template(&self) -> Result<PodTemplate<'a>, RevisionFault> {
        let text = controller_revision::template(self.data()).map_err(RevisionFault::NotWhole)?;
        PodTemplate::template(text).map_err(|error| RevisionFault::Unreadable(error.to_string()))
    }

    /// Why pods under a stamp may come of it, though it claims a controller whose pods ramgate does not attribute
    pub(crate) fn disguise(&self) -> Option<RevisionFault> {
        controller_revision::foreign::check(self.data())
            .err()
            .map(RevisionFault::NotWhole)
    }

    fn data(&self) -> &'a str {
        self.data.map_or("null", RawValue::get)
    }
}
