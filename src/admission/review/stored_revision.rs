//! A ControllerRevision in a review: whether a workload may adopt it, and the template in it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::admission::outcome::revision_fault::RevisionFault;
use crate::config::ClusterSettings;
use crate::kubernetes::controller_revision;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::metadata::{Metadata, OwnerReference};
use crate::kubernetes::owned_object::{OwnedObject, is_listed};
use crate::kubernetes::pod_template::PodTemplate;

/// A revision that a workload with attributed pods may adopt
#[derive(Clone, Debug)]
pub struct Revision {
    /// The revision itself
    pub owned: OwnedObject,
    /// Whether an update changes neither its data nor who may adopt it
    pub is_same: bool,
    /// The reason why its data is not exactly one whole template
    pub fault: Option<RevisionFault>,
}

/// A revision as the API server stores it
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

    /// Whether a workload with attributed pods is its controller, or could adopt it
    ///
    /// The owner reference of a revision is only a claim. So ramgate accepts another controller only together with
    /// [`Self::foreign_fault`].
    pub(crate) fn may_be_adopted(&self, settings: &ClusterSettings) -> bool {
        self.metadata.controller().is_none_or(|owner| {
            let (group, kind) = (owner.group(), &*owner.kind);
            group == "apps" && matches!(kind, "StatefulSet" | "DaemonSet") || is_listed(group, kind, settings)
        })
    }

    /// Whether another version has the same data, and the same workloads own or may adopt it
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

    /// The template that its controller reads from it
    pub(crate) fn template(&self) -> Result<PodTemplate<'a>, RevisionFault> {
        let text = controller_revision::template(self.data()).map_err(RevisionFault::NotWhole)?;
        PodTemplate::template(text).map_err(|error| RevisionFault::Unreadable(error.to_string()))
    }

    /// The reason why its data may become pods of an attributed workload, although it claims another controller
    pub(crate) fn foreign_fault(&self) -> Option<RevisionFault> {
        controller_revision::foreign::check(self.data())
            .err()
            .map(RevisionFault::NotWhole)
    }

    fn data(&self) -> &'a str {
        self.data.map_or("null", RawValue::get)
    }
}
