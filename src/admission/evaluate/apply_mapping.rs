//! Mapping rules and a pod: the mutating webhook applies them, the validating webhook expects that they were applied.

use crate::admission::evaluate::EvaluationContext;
use crate::admission::fields::changes::{Change, Changes};
use crate::admission::fields::mapping::{Mapped, MappingError, Scope, Sources, map, map_possible};
use crate::admission::fields::reading::{Fields, texts};
use crate::admission::outcome::finding::Finding;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::{Claims, FieldTexts};

impl EvaluationContext<'_> {
    /// Applies the rules to fields of a pod
    fn map(
        &self,
        fields: &Fields,
        pod: &Pod<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> Result<Mapped, MappingError> {
        let account = self.service_account(pod);
        let sources = sources(pod, namespace, account.as_deref());
        let limit = self.configuration.cluster.max_custom_tags;
        map(fields, &self.configuration.mapping, &sources, scope, limit)
    }

    /// Reads the fields of a pod and applies the rules to them, as far as both can be done, with a finding for the rest
    pub(super) fn read_and_map(
        &self,
        pod: &Pod<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> (Mapped, Vec<Finding>) {
        let (fields, malformed) = Fields::readable(&texts(pod, &Changes::default()));
        let scope = scope.without(&malformed);
        let account = self.service_account(pod);
        let sources = sources(pod, namespace, account.as_deref());
        let limit = self.configuration.cluster.max_custom_tags;
        let (mapped, errors) = map_possible(&fields, &self.configuration.mapping, &sources, scope, limit);
        let findings = if malformed.is_empty() {
            // As for the validating webhook, the first one counts
            errors.into_iter().take(1).map(Finding::Unmappable).collect()
        } else {
            malformed.into_iter().map(Finding::Malformed).collect()
        };
        (mapped, findings)
    }

    /// Reads the fields of a pod that the rules were applied to, with a finding for each annotation that differs from them
    ///
    /// # Errors
    ///
    /// A finding for each malformed annotation, or for the rule that cannot be applied.
    pub(super) fn read_mapped(
        &self,
        pod: &Pod<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> Result<(Fields, Vec<Finding>), Vec<Finding>> {
        let fields = read(pod)?;
        let mapped = self.map(&fields, pod, namespace, scope).map_err(unmappable)?;
        let not_mapped = |(annotation, change): (&'static str, &Change)| Finding::NotMapped {
            annotation,
            wanted: match change {
                Change::Set(value) => Some(value.clone()),
                Change::Remove => None,
            },
            found: pod.annotation(annotation).map(str::to_owned),
        };
        Ok((fields, mapped.changes.iter().map(not_mapped).collect()))
    }

    /// Whether a pod differs from its stamp by more than mapping and eci-profile do to it today
    pub(super) fn differs_from_stamp(
        &self,
        claims: &Claims,
        template: &PodTemplate<'_>,
        fields: &Fields,
        namespace: &Meta,
    ) -> bool {
        let is_other_account = match (&claims.service_account, template.service_account()) {
            (Some(stamped), Some(found)) => stamped != found,
            _ => false,
        };
        is_other_account || !self.may_become(&claims.fields, fields, template.read(), namespace)
    }

    /// Whether mapping and eci-profile, in any order, may turn the ECI fields that were written into those found
    pub(super) fn may_become(
        &self,
        written: &FieldTexts,
        found: &Fields,
        pod: &Pod<'_>,
        namespace: &Meta,
    ) -> bool {
        let Ok(own) = Fields::from_texts(written) else {
            return false;
        };
        let profile = self.profile();
        let complete = |fields: &Fields| {
            let texts = FieldTexts {
                tags: fields.written_tags(),
                resource_group_id: fields.resource_group.clone(),
                ram_role_name: fields.role.clone(),
                ..written.clone()
            };
            Fields::from_texts(&profile.completed(texts, pod, namespace)).ok()
        };
        let map = |fields: &Fields| {
            let mapped = self.map(fields, pod, namespace, Scope::ALL);
            mapped.ok().map(|mapped| mapped.fields)
        };
        let accepted = [
            map(&own),
            complete(&own),
            map(&own).and_then(|fields| complete(&fields)),
            complete(&own).and_then(|fields| map(&fields)),
            Some(own),
        ];
        accepted
            .iter()
            .flatten()
            .any(|accepted| accepted.is_equivalent(found))
    }
}

fn sources<'a>(pod: &'a Pod<'a>, namespace: &'a Meta, service_account: Option<&'a Meta>) -> Sources<'a> {
    Sources {
        pod,
        namespace,
        service_account,
    }
}

fn read(pod: &Pod<'_>) -> Result<Fields, Vec<Finding>> {
    Fields::read(pod).map_err(|malformed| malformed.into_iter().map(Finding::Malformed).collect())
}

fn unmappable(error: MappingError) -> Vec<Finding> {
    vec![Finding::Unmappable(error)]
}
