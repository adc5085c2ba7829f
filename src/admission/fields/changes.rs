//! Changes of a pod's annotations.

use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::stamp::REQUESTED_BY;

/// What the annotations shall be; an unchanged one is not there
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

/// What happens to one annotation
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It gets this value
    Set(String),
    /// It goes away
    Remove,
}

impl Changes {
    /// Whether everything stays as it is
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The changes of what ECI reads, with the annotations that they are about
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        [
            (CUSTOM_TAGS, &self.custom_tags),
            (RESOURCE_GROUP_ID, &self.resource_group_id),
            (RAM_ROLE_NAME, &self.ram_role_name),
        ]
        .into_iter()
        .filter_map(|(annotation, change)| change.as_ref().map(|change| (annotation, change)))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        self.iter()
            .chain(self.stamp.as_ref().map(|change| (REQUESTED_BY, change)))
    }

    /// The value that an annotation has after these changes, of which this is the value before
    pub(crate) fn applied<'c>(&'c self, annotation: &str, before: Option<&'c str>) -> Option<&'c str> {
        match self.all().find(|(changed, _)| *changed == annotation) {
            Some((_, Change::Set(value))) => Some(value),
            Some((_, Change::Remove)) => None,
            None => before,
        }
    }
}
