//! The mapping rules held against a pod or template: applied by the mutating half, expected by the validating one.

use crate::admission::evaluate::Case;
use crate::admission::fields::changes::{Change, Changes};
use crate::admission::fields::mapping;
use crate::admission::fields::mapping::{Mapped, MappingError, Scope, Sources};
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::{Claims, FieldTexts};

impl Case<'_> {
    /// What the rules make of fields on a pod
    pub(crate) fn mapped(
        &self,
        fields: &Fields,
        pod: &Pod<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> Result<Mapped, MappingError> {
        let account = self.service_account(pod);
        let sources = Sources {
            pod,
            namespace,
            service_account: account.as_deref(),
        };
        mapping::map(
            fields,
            &self.configuration.mapping,
            &sources,
            scope,
            self.configuration.cluster.max_custom_tags,
        )
    }

    /// Reads the fields and maps them; gives what that changes
    pub(crate) fn map_into(
        &self,
        evaluation: &mut Evaluation,
        pod: &Pod<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> Changes {
        if !evaluation.read(pod) {
            return Changes::default();
        }
        match self.mapped(&evaluation.fields, pod, namespace, scope) {
            Ok(mapped) => {
                evaluation
                    .warnings
                    .extend(mapped.overruled.iter().map(ToString::to_string));
                evaluation.fields = mapped.fields;
                mapped.changes
            }
            Err(error) => {
                evaluation.findings.push(Finding::Unmappable(error));
                Changes::default()
            }
        }
    }

    /// Reads the fields and holds them against the mapping rules; says whether they can be judged
    pub(crate) fn expect_mapped(
        &self,
        evaluation: &mut Evaluation,
        pod: &Pod<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> bool {
        if !evaluation.read(pod) {
            return false;
        }
        match self.mapped(&evaluation.fields, pod, namespace, scope) {
            Ok(mapped) => {
                let not_mapped = |(annotation, change): (&'static str, &Change)| Finding::NotMapped {
                    annotation,
                    wanted: match change {
                        Change::Set(value) => Some(value.clone()),
                        Change::Remove => None,
                    },
                    found: pod.annotation(annotation).map(str::to_owned),
                };
                evaluation.findings.extend(mapped.changes.iter().map(not_mapped));
                true
            }
            Err(error) => {
                evaluation.findings.push(Finding::Unmappable(error));
                false
            }
        }
    }

    /// Whether a pod asks for something else than its stamp says, apart from what mapping and eci-profile make of it
    /// today
    pub(crate) fn differs_from_stamp(
        &self,
        claims: &Claims,
        template: &PodTemplate<'_>,
        fields: &Fields,
        namespace: &Meta,
    ) -> bool {
        let pod = template.read();
        let is_other_account = match (&claims.service_account, template.service_account()) {
            (Some(stamped), Some(found)) => stamped != found,
            _ => false,
        };
        is_other_account || !self.may_become(&claims.fields, fields, pod, namespace)
    }

    /// Whether a pod that was written with these ECI fields may have those by now, by the work of mapping and eci-profile
    pub(crate) fn may_become(
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
        let decorate = |fields: &Fields| {
            let texts = FieldTexts {
                tags: fields.written_tags(),
                resource_group_id: fields.resource_group.clone(),
                ram_role_name: fields.role.clone(),
                ..written.clone()
            };
            Fields::from_texts(&profile.completed(texts, pod, namespace)).ok()
        };
        let map = |fields: &Fields| {
            let mapped = self.mapped(fields, pod, namespace, Scope::ALL);
            mapped.ok().map(|mapped| mapped.fields)
        };
        let accepted = [
            map(&own),
            decorate(&own),
            map(&own).and_then(|fields| decorate(&fields)),
            decorate(&own).and_then(|fields| map(&fields)),
            Some(own),
        ];
        accepted
            .iter()
            .flatten()
            .any(|accepted| accepted.is_equivalent(found))
    }
}
