//! What wrote the fields that a requester's manifest does not have: a mapping rule, ACK's eci-profile, or a Binding.

use crate::admission::evaluate::EvaluationContext;
use crate::admission::fields::mapping::Sources;
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::origin::{Origin, Origins};
use crate::admission::review::PodBinding;
use crate::config::FieldRule;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;

impl EvaluationContext<'_> {
    /// The origins of fields that a pod has in the end
    ///
    /// Both webhooks see a pod after others may have changed it. So a value counts as that of a rule or selector if the
    /// rule or selector gives the pod this value.
    pub(super) fn origins(
        &self,
        pod: &Pod<'_>,
        fields: &Fields,
        namespace: &Meta,
        binding: Option<&PodBinding<'_>>,
    ) -> Origins {
        let account = self.service_account(pod);
        let sources = Sources {
            pod,
            namespace,
            service_account: account.as_deref(),
        };
        let by_rule = |rule: Option<&FieldRule>, value: &str| {
            let rule = rule.filter(|rule| sources.value(&rule.source) == Some(value))?;
            Some(Origin::Mapping(rule.source.clone()))
        };
        let rules = &self.configuration.mapping;
        let of_name = |annotation, rule: &Option<FieldRule>, value: &Option<String>| {
            let value = value.as_deref()?;
            let origin = by_rule(rule.as_ref(), value);
            origin.or_else(|| self.annotation_origin(annotation, value, pod, namespace, binding))
        };
        let written = fields.written_tags().unwrap_or_default();
        let of_annotation = self.annotation_origin(CUSTOM_TAGS, &written, pod, namespace, binding);
        let of_tag = |(key, value): &(String, String)| {
            let rule = rules.tags.iter().find(|tag| tag.key == *key);
            let origin = by_rule(rule.map(|tag| &tag.rule), value);
            Some((key.clone(), origin.or_else(|| of_annotation.clone())?))
        };
        Origins {
            tags: fields.tags.iter().filter_map(of_tag).collect(),
            resource_group: of_name(
                RESOURCE_GROUP_ID,
                &rules.resource_group_id,
                &fields.resource_group,
            ),
            role: of_name(RAM_ROLE_NAME, &rules.ram_role_name, &fields.role),
        }
    }

    /// What wrote an annotation with this value beside the manifest
    fn annotation_origin(
        &self,
        annotation: &str,
        value: &str,
        pod: &Pod<'_>,
        namespace: &Meta,
        binding: Option<&PodBinding<'_>>,
    ) -> Option<Origin> {
        let own = pod.annotation(annotation);
        let brought = binding.and_then(|binding| binding.metadata.annotations.value(annotation));
        if brought.is_some() && brought != own {
            return Some(Origin::Binding);
        }
        let profile = self.profile();
        let selector = profile.writer_of(annotation, pod, namespace)?;
        let is_its_value =
            selector.effect.annotations.get(annotation).map(String::as_str) == own.or(Some(value));
        (own.is_none() || is_its_value).then(|| Origin::Profile(selector.name.clone()))
    }
}
