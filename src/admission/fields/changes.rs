//! Changes of a pod's annotations.

use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::stamp::REQUESTED_BY;

/// The changes of a pod's annotations; `None` leaves an annotation as it is
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The custom tags
    pub custom_tags: Option<Change>,
    /// The resource group
    pub resource_group_id: Option<Change>,
    /// The instance role
    pub ram_role_name: Option<Change>,
    /// The stamp
    pub stamp: Option<Change>,
}

/// A change of one annotation
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The annotation gets this value
    Set(String),
    /// The annotation is removed
    Remove,
}

impl Changes {
    /// Whether nothing changes
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The changed annotations that ECI reads
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        [
            (CUSTOM_TAGS, &self.custom_tags),
            (RESOURCE_GROUP_ID, &self.resource_group_id),
            (RAM_ROLE_NAME, &self.ram_role_name),
        ]
        .into_iter()
        .filter_map(|(annotation, change)| change.as_ref().map(|change| (annotation, change)))
    }

    /// The changed annotations, the stamp among them
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        self.iter()
            .chain(self.stamp.as_ref().map(|change| (REQUESTED_BY, change)))
    }

    /// The value of an annotation after these changes, given its value before them
    pub(crate) fn applied<'c>(&'c self, annotation: &str, before: Option<&'c str>) -> Option<&'c str> {
        match self.all().find(|(changed, _)| *changed == annotation) {
            Some((_, Change::Set(value))) => Some(value),
            Some((_, Change::Remove)) => None,
            None => before,
        }
    }
}
