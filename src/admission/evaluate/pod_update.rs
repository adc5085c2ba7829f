//! An update of a pod: what mapping may touch, and what can be read of the stored pod.

use crate::admission::fields::mapping::Scope;
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::warning::Warning;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::kubernetes::pod::Pod;

/// An update of a pod
#[derive(Clone, Copy)]
pub(super) struct PodUpdate<'a> {
    pub(super) old: &'a Pod<'a>,
    pub(super) new: &'a Pod<'a>,
}

impl PodUpdate<'_> {
    /// The fields of the new pod that mapping may touch
    pub(super) fn scope(self) -> Scope {
        let written = |annotation: &str| self.new.annotation(annotation);
        let [tags, group, role] = [CUSTOM_TAGS, RESOURCE_GROUP_ID, RAM_ROLE_NAME].map(written);
        self.scope_of(tags, group, role)
    }

    /// The fields that mapping may touch if the new pod had these annotations
    ///
    /// ECI sets group and role once, when it creates the instance. After a pod is bound, ECI has read its tags too.
    /// Mapping therefore corrects only what the requester changes.
    pub(super) fn scope_of(self, tags: Option<&str>, group: Option<&str>, role: Option<&str>) -> Scope {
        Scope {
            tags: self.new.node().is_none() || self.old.annotation(CUSTOM_TAGS) != tags,
            resource_group: self.old.annotation(RESOURCE_GROUP_ID) != group,
            role: self.old.annotation(RAM_ROLE_NAME) != role,
        }
    }
}

/// The fields of a stored pod; malformed ones count as absent, because the pod must stay removable
pub(super) fn stored_fields(pod: &Pod<'_>) -> (Fields, Vec<Warning>) {
    match Fields::read(pod) {
        Ok(fields) => (fields, Vec::new()),
        Err(malformed) => {
            let warnings = malformed.into_iter().map(Warning::StoredAnnotation);
            (Fields::default(), warnings.collect())
        }
    }
}
