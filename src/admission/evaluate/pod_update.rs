//! An update of a pod: what mapping may touch, what can be read of the stored pod, and what ECI would be asked.

use crate::admission::evaluate::call;
use crate::admission::fields::mapping::Scope;
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::warning::Warning;
use crate::config::Configuration;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::kubernetes::pod::Pod;
use eci_calls::{Call, Refusal};

/// An update of a pod
#[derive(Clone, Copy)]
pub(super) struct PodUpdate<'a> {
    pub(super) old: &'a Pod<'a>,
    pub(super) new: &'a Pod<'a>,
    /// Whether the spec changes, apart from ECI's fields
    pub(super) changes_spec: bool,
}

impl PodUpdate<'_> {
    /// Whether there is no instance yet, because the pod waits for a node
    pub(super) fn is_before_instance(self) -> bool {
        self.old.node().is_none()
    }

    /// The calls that the update stands for, and what ECI would refuse about them beforehand
    ///
    /// Group and roles are what ECI makes an instance with. Until there is one, whoever changes them asks for another
    /// instance. What else they change of the pod stays a change.
    pub(super) fn calls(
        self,
        stored: &Fields,
        fields: &Fields,
        configuration: &Configuration,
        namespace: &str,
    ) -> (Vec<Call>, Vec<Refusal>) {
        let (update, refusals) = call::update(stored, fields, configuration, namespace);
        if refusals.is_empty() || !self.is_before_instance() {
            return (vec![update], refusals);
        }
        let changes_more = self.changes_spec || update.tags.is_some();
        let create = call::create(fields, configuration, namespace);
        let calls = changes_more.then_some(update).into_iter().chain([create]);
        (calls.collect(), Vec::new())
    }

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
