//! The mapping rules: the fields that a pod gets by them, and the changes of its annotations.
//!
//! Both webhooks run the rules. The mutating one turns the changes into a patch. The validating one expects no changes; if
//! there are any, the pod did not come through the mutating webhook.

mod mapped_field;
mod mapping_error;
mod overruled;
mod source_name;
mod sources;

use crate::admission::fields::changes::{Change, Changes};
use crate::admission::fields::malformed_annotation::{AnnotationFault, MalformedAnnotation};
use crate::admission::fields::parse_names::{parse_resource_group, parse_role_name};
use crate::admission::fields::reading::Fields;
use crate::config::{FieldRule, MappingMode, MappingRules, TagRule};
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};

pub(crate) use crate::admission::fields::mapping::mapped_field::MappedField;
pub(crate) use crate::admission::fields::mapping::mapping_error::MappingError;
pub(crate) use crate::admission::fields::mapping::overruled::Overruled;
pub(crate) use crate::admission::fields::mapping::source_name::source_name;
pub(crate) use crate::admission::fields::mapping::sources::Sources;

/// The fields that the rules may change
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The tags
    pub tags: bool,
    /// The resource group
    pub resource_group: bool,
    /// The role
    pub role: bool,
}

impl Scope {
    /// The fields of this scope whose annotations are not malformed
    #[must_use]
    pub(crate) fn without(self, malformed: &[MalformedAnnotation]) -> Self {
        let is_readable = |annotation: &str| {
            malformed
                .iter()
                .all(|malformed| malformed.annotation != annotation)
        };
        Self {
            tags: self.tags && is_readable(CUSTOM_TAGS),
            resource_group: self.resource_group && is_readable(RESOURCE_GROUP_ID),
            role: self.role && is_readable(RAM_ROLE_NAME),
        }
    }

    /// All fields
    pub(crate) const ALL: Self = Self {
        tags: true,
        resource_group: true,
        role: true,
    };
}

/// The result of mapping a pod
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// The fields after mapping
    pub fields: Fields,
    /// The changes of the annotations
    pub changes: Changes,
    /// Values of the pod that rules replaced or removed, as warnings to the requester
    pub overruled: Vec<Overruled>,
}

/// Applies the rules to a pod's fields
///
/// ```text
/// rule: tag `team` from namespace label `team` (here `a`)
///
/// tags of the pod   mode      tags after mapping   overruled
/// env:x             either    env:x,team:a
/// team:b            default   team:b
/// team:b            enforce   team:a               team:b, replaced by team:a
/// ```
///
/// # Errors
///
/// A source holds a value that the annotation cannot hold, or the pod has more tags than it may have.
pub(crate) fn map(
    fields: &Fields,
    rules: &MappingRules,
    sources: &Sources<'_>,
    scope: Scope,
    max_custom_tags: usize,
) -> Result<Mapped, MappingError> {
    let (mapped, errors) = map_possible(fields, rules, sources, scope, max_custom_tags);
    errors.into_iter().next().map_or(Ok(mapped), Err)
}

/// Applies the rules that can be applied, and gives the errors of the others
///
/// A rule whose source does not fit is left out. If there would be too many tags, none is added.
pub(crate) fn map_possible(
    fields: &Fields,
    rules: &MappingRules,
    sources: &Sources<'_>,
    scope: Scope,
    max_custom_tags: usize,
) -> (Mapped, Vec<MappingError>) {
    let tag_rules = if scope.tags { rules.tags.as_slice() } else { &[] };
    let (mut tags, mut errors) = map_tags(&fields.tags, tag_rules, sources);
    if tags.tags.len() > max_custom_tags {
        let found = tags.tags.len();
        let added = tags.remove_added();
        errors.push(MappingError::TooMany {
            found,
            limit: max_custom_tags,
            added,
        });
    }
    let group_rule = rules.resource_group_id.as_ref();
    let group_rule = group_rule.filter(|_| scope.resource_group);
    let (group, group_error) = RESOURCE_GROUP.map(fields.resource_group.as_ref(), group_rule, sources);
    let role_rule = rules.ram_role_name.as_ref().filter(|_| scope.role);
    let (role, role_error) = ROLE.map(fields.role.as_ref(), role_rule, sources);
    errors.extend(group_error.into_iter().chain(role_error));
    let overruled = tags.overruled.into_iter();
    let overruled = overruled.chain(group.overruled).chain(role.overruled).collect();
    let after = Fields {
        tags: tags.tags,
        resource_group: group.value,
        role: role.value,
        role_arns: fields.role_arns.clone(),
    };
    let mapped = Mapped {
        changes: changes(fields, &after),
        fields: after,
        overruled,
    };
    (mapped, errors)
}

/// The fewest fields of which the rules make these fields: the inverse of [`map`]
pub(crate) fn unmapped(fields: &Fields, rules: &MappingRules, sources: &Sources<'_>) -> Fields {
    let comes_from_rule = |(key, value): &(String, String)| {
        let mut rules = rules.tags.iter().filter(|tag| tag.key == *key);
        rules.any(|tag| sources.value(&tag.rule.source) == Some(value.as_str()))
    };
    let without_mapped = |field: &Option<String>, rule: &Option<FieldRule>| {
        let mapped = rule.as_ref().and_then(|rule| sources.value(&rule.source));
        field.clone().filter(|value| mapped != Some(value.as_str()))
    };
    let tags = fields.tags.iter().filter(|tag| !comes_from_rule(tag));
    Fields {
        tags: tags.cloned().collect(),
        resource_group: without_mapped(&fields.resource_group, &rules.resource_group_id),
        role: without_mapped(&fields.role, &rules.ram_role_name),
        role_arns: fields.role_arns.clone(),
    }
}

/// The tags after mapping
#[derive(Default)]
struct MappedTags {
    tags: Vec<(String, String)>,
    /// The keys that rules added
    added: Vec<String>,
    overruled: Vec<Overruled>,
}

fn map_tags(
    tags: &[(String, String)],
    rules: &[TagRule],
    sources: &Sources<'_>,
) -> (MappedTags, Vec<MappingError>) {
    let mut mapped = MappedTags {
        tags: tags.to_vec(),
        ..MappedTags::default()
    };
    let mut errors = Vec::new();
    for rule in rules {
        match sources.tag(&rule.key, &rule.rule.source) {
            Ok(value) => mapped.apply(&rule.key, value, &rule.rule),
            Err(error) => errors.push(error),
        }
    }
    (mapped, errors)
}

impl MappedTags {
    /// Applies the rule for one tag
    fn apply(&mut self, key: &str, value: Option<&str>, rule: &FieldRule) {
        let was = self.tags.iter().find(|(known, _)| known == key);
        let was = was.map(|(_, was)| was.clone());
        match (was, value, rule.mode) {
            (None, Some(value), _) => {
                self.tags.push((key.to_owned(), value.to_owned()));
                self.added.push(key.to_owned());
            }
            (Some(was), value, MappingMode::Enforce) if value != Some(was.as_str()) => {
                self.replace(key, value);
                self.overruled.push(Overruled {
                    what: MappedField::Tag(key.to_owned()),
                    was: format!("{key}:{was}"),
                    becomes: value.map(|value| format!("{key}:{value}")),
                    by: rule.source.clone(),
                });
            }
            (Some(_), _, MappingMode::Enforce | MappingMode::Default) | (None, None, _) => {}
        }
    }

    /// Removes the tags that rules added, and returns their keys
    fn remove_added(&mut self) -> Vec<String> {
        let added = std::mem::take(&mut self.added);
        self.tags.retain(|(key, _)| !added.contains(key));
        added
    }

    /// Gives a tag another value, or removes it
    fn replace(&mut self, key: &str, value: Option<&str>) {
        match value {
            Some(value) => {
                let found = self.tags.iter_mut().find(|(known, _)| known == key);
                found.into_iter().for_each(|(_, was)| value.clone_into(was));
            }
            None => self.tags.retain(|(known, _)| known != key),
        }
    }
}

/// A field that holds one name
struct NameField {
    /// Which one it is
    what: MappedField,
    parse: fn(&str) -> Result<String, AnnotationFault>,
}

const RESOURCE_GROUP: NameField = NameField {
    what: MappedField::ResourceGroup,
    parse: parse_resource_group,
};

const ROLE: NameField = NameField {
    what: MappedField::Role,
    parse: parse_role_name,
};

/// A field that holds one name, after mapping
struct MappedName {
    value: Option<String>,
    overruled: Option<Overruled>,
}

impl NameField {
    /// Applies the rule for this field, if there is one and its source fits
    fn map(
        &self,
        was: Option<&String>,
        rule: Option<&FieldRule>,
        sources: &Sources<'_>,
    ) -> (MappedName, Option<MappingError>) {
        let unchanged = MappedName {
            value: was.cloned(),
            overruled: None,
        };
        let Some(rule) = rule else {
            return (unchanged, None);
        };
        let value = match sources.name(&rule.source, &self.what, self.parse) {
            Ok(value) => value,
            Err(error) => return (unchanged, Some(error)),
        };
        if rule.mode == MappingMode::Default && was.is_some() {
            return (unchanged, None);
        }
        let overruled = was
            .filter(|was| value.as_ref() != Some(was))
            .map(|was| Overruled {
                what: self.what.clone(),
                was: was.clone(),
                becomes: value.clone(),
                by: rule.source.clone(),
            });
        (MappedName { value, overruled }, None)
    }
}

/// The changes of the annotations that make one set of fields the other
fn changes(before: &Fields, after: &Fields) -> Changes {
    Changes {
        custom_tags: change(before.written_tags().as_ref(), after.written_tags().as_ref()),
        resource_group_id: change(before.resource_group.as_ref(), after.resource_group.as_ref()),
        ram_role_name: change(before.role.as_ref(), after.role.as_ref()),
        stamp: None,
    }
}

fn change(before: Option<&String>, after: Option<&String>) -> Option<Change> {
    (before != after).then(|| after.map_or(Change::Remove, |value| Change::Set(value.clone())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::admission::fields::patch::Patch;
    use crate::config::MappingSource;
    use crate::kubernetes::field_path::FieldPath;
    use crate::kubernetes::meta::Meta;
    use crate::kubernetes::pod::Pod;
    use crate::kubernetes::pod_template::PodTemplate;

    fn rule(source: MappingSource, mode: MappingMode) -> FieldRule {
        FieldRule { source, mode }
    }

    fn tag(key: &str, source: MappingSource, mode: MappingMode) -> TagRule {
        TagRule {
            key: key.to_owned(),
            rule: rule(source, mode),
        }
    }

    fn label(key: &str) -> MappingSource {
        MappingSource::NamespaceLabel(key.to_owned())
    }

    fn rules() -> MappingRules {
        MappingRules {
            tags: vec![
                tag("env", label("env"), MappingMode::Enforce),
                tag(
                    "team",
                    MappingSource::PodLabel("team".to_owned()),
                    MappingMode::Default,
                ),
                tag(
                    "origin",
                    MappingSource::Value("k8s".to_owned()),
                    MappingMode::Default,
                ),
            ],
            resource_group_id: Some(rule(
                MappingSource::NamespaceAnnotation("rg".to_owned()),
                MappingMode::Default,
            )),
            ram_role_name: Some(rule(
                MappingSource::ServiceAccountAnnotation("role".to_owned()),
                MappingMode::Enforce,
            )),
        }
    }

    fn meta(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> Meta {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        Meta {
            labels: map(labels),
            annotations: map(annotations),
        }
    }

    fn mapped(
        pod: &Value,
        namespace: &Meta,
        account: &Meta,
        limit: usize,
    ) -> Result<(Value, Vec<String>), String> {
        let text = pod.to_string();
        let parsed = Pod::parse(&text).unwrap();
        let sources = Sources {
            pod: &parsed,
            namespace,
            service_account: Some(account),
        };
        let fields = Fields::read(&parsed).unwrap();
        let mapped =
            map(&fields, &rules(), &sources, Scope::ALL, limit).map_err(|error| error.to_string())?;
        let mut pod = pod.clone();
        let patch = Patch::new(
            &mapped.changes,
            &FieldPath::default(),
            &PodTemplate::pod(&text).unwrap(),
        );
        if let Some(steps) = patch.to_json() {
            let steps: json_patch::Patch = serde_json::from_slice(&steps).unwrap();
            json_patch::patch(&mut pod, &steps).unwrap();
        }
        Ok((pod, mapped.overruled.iter().map(ToString::to_string).collect()))
    }

    fn annotations(pod: &Value) -> Value {
        pod["metadata"]["annotations"].clone()
    }

    #[test]
    fn what_is_absent_is_filled_in_the_order_of_the_rules() {
        let pod = json!({"metadata": {"labels": {"team": "pay"}}});
        let (pod, overruled) = mapped(
            &pod,
            &meta(&[("env", "test")], &[("rg", "rg-a")]),
            &meta(&[], &[("role", "R")]),
            3,
        )
        .unwrap();
        assert_eq!(
            annotations(&pod),
            json!({
                CUSTOM_TAGS: "env:test,team:pay,origin:k8s",
                RESOURCE_GROUP_ID: "rg-a",
                RAM_ROLE_NAME: "R",
            })
        );
        assert_eq!(overruled, [""; 0]);
    }

    #[test]
    fn what_is_there_keeps_its_place_and_only_enforced_values_replace_it() {
        let pod = json!({"metadata": {"labels": {"team": "pay"}, "annotations": {
            CUSTOM_TAGS: "team:own,env:prod,origin:",
            RESOURCE_GROUP_ID: "rg-own",
            RAM_ROLE_NAME: "Own",
            "other": "kept",
        }}});
        let (pod, overruled) = mapped(
            &pod,
            &meta(&[("env", "test")], &[("rg", "rg-a")]),
            &meta(&[], &[("role", "R")]),
            3,
        )
        .unwrap();
        assert_eq!(
            annotations(&pod),
            json!({
                CUSTOM_TAGS: "team:own,env:test,origin:",
                RESOURCE_GROUP_ID: "rg-own",
                RAM_ROLE_NAME: "R",
                "other": "kept",
            })
        );
        insta::assert_snapshot!(overruled.join("\n"), @r"
        tag `env:prod` was replaced by `env:test`: it is set by namespace label `env`
        role `Own` was replaced by `R`: it is set by service account annotation `role`
        ");
    }

    #[test]
    fn an_enforced_value_without_a_source_goes_away() {
        let pod = json!({"metadata": {"annotations": {
            CUSTOM_TAGS: "env:prod", RESOURCE_GROUP_ID: "rg-own", RAM_ROLE_NAME: "Own",
        }}});
        let (pod, overruled) = mapped(&pod, &Meta::default(), &Meta::default(), 3).unwrap();
        assert_eq!(
            annotations(&pod),
            json!({CUSTOM_TAGS: "origin:k8s", RESOURCE_GROUP_ID: "rg-own"})
        );
        insta::assert_snapshot!(overruled.join("\n"), @r"
        tag `env:prod` was taken away: it is set by namespace label `env`
        role `Own` was taken away: it is set by service account annotation `role`
        ");
    }

    #[test]
    fn refusals_name_what_is_wrong() {
        let refused =
            |pod: Value, namespace: Meta, account: Meta| mapped(&pod, &namespace, &account, 3).unwrap_err();
        let own = json!({"metadata": {"annotations": {CUSTOM_TAGS: "a:1,b:2,c:3"}}});
        let messages = [
            refused(own, meta(&[("env", "test")], &[]), Meta::default()),
            refused(
                json!({"metadata": {}}),
                meta(&[("env", "a,b")], &[]),
                Meta::default(),
            ),
            refused(json!({"metadata": {}}), meta(&[], &[("rg", "")]), Meta::default()),
            refused(
                json!({"metadata": {}}),
                meta(&[], &[("rg", "rg-a,rg-b")]),
                Meta::default(),
            ),
            refused(
                json!({"metadata": {}}),
                Meta::default(),
                meta(&[], &[("role", "acs:ram::1:role/R")]),
            ),
        ];
        insta::assert_snapshot!(messages.join("\n"), @r"
        annotation k8s.aliyun.com/eci-custom-tags would have 5 tags with `env` and `origin` from mapping rules, and a pod may have 3: leave some out
        namespace label `env` holds `a,b`, which cannot be tag `env`: ask whoever owns it to correct it
        namespace annotation `rg` holds ``, which cannot be a resource group id: ask whoever owns it to correct it
        namespace annotation `rg` holds `rg-a,rg-b`, which cannot be a resource group id: ask whoever owns it to correct it
        service account annotation `role` holds `acs:ram::1:role/R`, which cannot be a role name: ask whoever owns it to correct it
        ");
    }

    proptest! {
        #[test]
        fn mapping_twice_changes_nothing_and_only_three_annotations_ever_change(
            tags in prop::collection::btree_map("[a-e]|env|team|origin", "[a-z]{0,3}", 0..4),
            group in prop::option::of("rg-[a-z]{1,3}"),
            role in prop::option::of("[A-Z]{1,3}"),
            env in prop::option::of("[a-z]{0,3}"),
            team in prop::option::of("[a-z]{0,3}"),
            rg in prop::option::of("rg-[a-z]{1,3}"),
            with_annotations in any::<bool>(),
        ) {
            let mut pod = json!({"kind": "Pod", "metadata": {"name": "p", "labels": {}}, "spec": {"containers": [{"name": "c"}]}});
            if let Some(team) = team {
                pod["metadata"]["labels"]["team"] = json!(team);
            }
            if with_annotations {
                pod["metadata"]["annotations"] = json!({"a/b~c": "d"});
            }
            if !tags.is_empty() {
                let written: Vec<String> = tags.iter().map(|(k, v)| format!("{k}:{v}")).collect();
                pod["metadata"]["annotations"][CUSTOM_TAGS] = json!(written.join(","));
            }
            if let Some(group) = group {
                pod["metadata"]["annotations"][RESOURCE_GROUP_ID] = json!(group);
            }
            if let Some(role) = role {
                pod["metadata"]["annotations"][RAM_ROLE_NAME] = json!(role);
            }
            let namespace = meta(
                &env.iter().map(|env| ("env", env.as_str())).collect::<Vec<_>>(),
                &rg.iter().map(|rg| ("rg", rg.as_str())).collect::<Vec<_>>(),
            );
            let (once, _) = mapped(&pod, &namespace, &Meta::default(), 20).unwrap();
            let (twice, overruled) = mapped(&once, &namespace, &Meta::default(), 20).unwrap();
            prop_assert_eq!(&once, &twice);
            prop_assert!(overruled.is_empty());
            let without = |mut pod: Value| {
                let metadata = pod["metadata"].as_object_mut().unwrap();
                if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                    for key in [CUSTOM_TAGS, RESOURCE_GROUP_ID, RAM_ROLE_NAME] {
                        annotations.remove(key);
                    }
                    if annotations.is_empty() {
                        metadata.remove("annotations");
                    }
                }
                pod
            };
            prop_assert_eq!(without(pod), without(once));
        }
    }
}
