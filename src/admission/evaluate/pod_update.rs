//! An update: its two sides, and what of the stored one can still be read.

use crate::admission::fields::mapping::Scope;
use crate::admission::fields::reading::Fields;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::kubernetes::pod::Pod;

/// An update's two sides
#[derive(Clone, Copy)]
pub(crate) struct Both<'a> {
    pub(crate) old: &'a Pod<'a>,
    pub(crate) new: &'a Pod<'a>,
}

impl Both<'_> {
    /// What mapping may touch of the new side
    pub(crate) fn scope(self) -> Scope {
        let written = |annotation: &str| self.new.annotation(annotation);
        let [tags, group, role] = [CUSTOM_TAGS, RESOURCE_GROUP_ID, RAM_ROLE_NAME].map(written);
        self.scope_of(tags, group, role)
    }

    /// What mapping may touch if the new side says this: ECI gives group and role once, and of what is bound it has read
    /// everything already, so there only what the requester touches is set right again
    pub(crate) fn scope_of(self, tags: Option<&str>, group: Option<&str>, role: Option<&str>) -> Scope {
        Scope {
            tags: self.new.node().is_none() || self.old.annotation(CUSTOM_TAGS) != tags,
            resource_group: self.old.annotation(RESOURCE_GROUP_ID) != group,
            role: self.old.annotation(RAM_ROLE_NAME) != role,
        }
    }
}

/// The fields of a stored pod; what is malformed there counts as absent, because the pod must stay removable
pub(crate) fn readable(pod: &Pod<'_>, warnings: &mut Vec<String>) -> Fields {
    Fields::read(pod).unwrap_or_else(|malformed| {
        warnings.extend(
            malformed
                .iter()
                .map(|one| format!("the stored pod's {one}; all its ECI fields count as absent")),
        );
        Fields::default()
    })
}
