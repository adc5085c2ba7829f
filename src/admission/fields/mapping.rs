//! The mapping rules at work: what a pod's ECI fields become, and what that changes in its annotations.
//!
//! Both webhooks run the same function: the mutating one turns the changes into a patch, the validating one finds none
//! to be made, or else the pod is not as the rules want it.

use crate::admission::fields::changes::{Change, Changes};
use crate::admission::fields::malformed::Problem;
use crate::admission::fields::reading;
use crate::admission::fields::reading::Fields;
use crate::config::{FieldRule, MappingMode, MappingRules, MappingSource};
use crate::kubernetes::eci_annotations::CUSTOM_TAGS;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use crate::wording::{NAME_LENGTH, listed, quoted};

/// What rules may read
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    /// The pod
    pub pod: &'a Pod<'a>,
    /// Its namespace
    pub namespace: &'a Meta,
    /// Its service account; nothing where it is not known, which counts as having no labels and annotations
    pub service_account: Option<&'a Meta>,
}

/// Which fields the rules may change
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
    /// All of them
    pub(crate) const ALL: Self = Self {
        tags: true,
        resource_group: true,
        role: true,
    };
}

/// What mapping makes of a pod
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// The fields as they shall be
    pub fields: Fields,
    /// What that changes in the annotations
    pub changes: Changes,
    /// Values that the pod set and that do not stand, for whoever set them
    pub overruled: Vec<Overruled>,
}

/// A value that the pod set and that a rule replaces or takes away
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} {} was {}: it is set by {}",
    quoted(was, NAME_LENGTH),
    becomes.as_ref().map_or_else(|| "taken away".to_owned(), |value| format!("replaced by {}", quoted(value, NAME_LENGTH))),
    described(by)
)]
pub(crate) struct Overruled {
    /// `tag`, `resource group` or `role`
    what: &'static str,
    was: String,
    becomes: Option<String>,
    by: MappingSource,
}

/// Why a pod cannot be mapped
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MappingError {
    /// A source holds what the annotation cannot hold
    #[error(
        "{} holds {}, which cannot be {what}: ask whoever owns it to correct it",
        described(from),
        quoted(value, NAME_LENGTH)
    )]
    Value {
        /// The field that it was to become
        what: String,
        /// Where the value stands
        from: MappingSource,
        /// The value
        value: String,
    },
    /// More tags than a pod may have
    #[error(
        "annotation {CUSTOM_TAGS} {} {found} tags{}, and a pod may have {limit}: leave some out",
        has(added),
        among(added)
    )]
    TooMany {
        /// How many there are after mapping
        found: usize,
        /// How many there may be
        limit: usize,
        /// Those that rules added
        added: Vec<String>,
    },
}

fn has(added: &[String]) -> &'static str {
    if added.is_empty() { "has" } else { "would have" }
}

fn among(added: &[String]) -> String {
    match added {
        [] => String::new(),
        added => format!(" with {} from mapping rules", listed(added, "and")),
    }
}

/// Where a value comes from, for messages
pub(crate) fn described(source: &MappingSource) -> String {
    let named = |what: &str, key: &str| format!("{what} {}", quoted(key, NAME_LENGTH));
    match source {
        MappingSource::Value(_) => "a mapping rule".to_owned(),
        MappingSource::NamespaceLabel(key) => named("namespace label", key),
        MappingSource::NamespaceAnnotation(key) => named("namespace annotation", key),
        MappingSource::PodLabel(key) => named("pod label", key),
        MappingSource::PodAnnotation(key) => named("pod annotation", key),
        MappingSource::ServiceAccountLabel(key) => named("service account label", key),
        MappingSource::ServiceAccountAnnotation(key) => named("service account annotation", key),
    }
}

/// Applies the rules to a pod's fields
///
/// # Errors
///
/// A source holds what cannot be written, or there are more tags than a pod may have.
pub(crate) fn map(
    fields: &Fields,
    rules: &MappingRules,
    sources: &Sources<'_>,
    scope: Scope,
    max_custom_tags: usize,
) -> Result<Mapped, MappingError> {
    let mut mapped = Mapped {
        fields: fields.clone(),
        ..Mapped::default()
    };
    let mut added = Vec::new();
    if scope.tags {
        for tag in &rules.tags {
            let value = sources.tag(&tag.key, &tag.rule.source)?;
            if mapped.set_tag(&tag.key, value, &tag.rule) {
                added.push(tag.key.clone());
            }
        }
    }
    let found = mapped.fields.tags.len();
    if found > max_custom_tags {
        return Err(MappingError::TooMany {
            found,
            limit: max_custom_tags,
            added,
        });
    }
    if let (true, Some(rule)) = (scope.resource_group, &rules.resource_group_id) {
        let value = sources.name(rule, "a resource group id", reading::resource_group)?;
        let overruled = set("resource group", &mut mapped.fields.resource_group, value, rule);
        mapped.overruled.extend(overruled);
    }
    if let (true, Some(rule)) = (scope.role, &rules.ram_role_name) {
        let value = sources.name(rule, "a role name", reading::role_name)?;
        mapped
            .overruled
            .extend(set("role", &mut mapped.fields.role, value, rule));
    }
    mapped.changes = Changes {
        custom_tags: change(fields.written_tags(), mapped.fields.written_tags()),
        resource_group_id: change(
            fields.resource_group.clone(),
            mapped.fields.resource_group.clone(),
        ),
        ram_role_name: change(fields.role.clone(), mapped.fields.role.clone()),
        stamp: None,
    };
    Ok(mapped)
}

/// The least that a pod may say so that the rules make these fields of it
pub(crate) fn unmapped(fields: &Fields, rules: &MappingRules, sources: &Sources<'_>) -> Fields {
    let is_said_by_a_rule = |(key, value): &(String, String)| {
        let mut rules = rules.tags.iter().filter(|tag| tag.key == *key);
        rules.any(|tag| sources.value(&tag.rule.source) == Some(value.as_str()))
    };
    let unless_said = |field: &Option<String>, rule: &Option<FieldRule>| {
        let said = rule.as_ref().and_then(|rule| sources.value(&rule.source));
        field.clone().filter(|value| said != Some(value.as_str()))
    };
    Fields {
        tags: fields
            .tags
            .iter()
            .filter(|tag| !is_said_by_a_rule(tag))
            .cloned()
            .collect(),
        resource_group: unless_said(&fields.resource_group, &rules.resource_group_id),
        role: unless_said(&fields.role, &rules.ram_role_name),
        role_arns: fields.role_arns.clone(),
    }
}

impl Mapped {
    /// Applies a rule to a tag; says whether the tag is new
    fn set_tag(&mut self, key: &str, value: Option<&str>, rule: &FieldRule) -> bool {
        let tags = &mut self.fields.tags;
        let at = tags.iter().position(|(known, _)| known == key);
        let there = at.and_then(|at| tags.get_mut(at));
        match (there, value, rule.mode) {
            (None, Some(value), _) => {
                tags.push((key.to_owned(), value.to_owned()));
                return true;
            }
            (Some((_, was)), Some(value), MappingMode::Enforce) if was != value => {
                let was = std::mem::replace(was, value.to_owned());
                self.overruled.push(Overruled {
                    what: "tag",
                    was: format!("{key}:{was}"),
                    becomes: Some(format!("{key}:{value}")),
                    by: rule.source.clone(),
                });
            }
            (Some((_, was)), None, MappingMode::Enforce) => {
                let was = format!("{key}:{was}");
                tags.retain(|(known, _)| known != key);
                self.overruled.push(Overruled {
                    what: "tag",
                    was,
                    becomes: None,
                    by: rule.source.clone(),
                });
            }
            (Some(_), _, MappingMode::Enforce | MappingMode::Default) | (None, None, _) => {}
        }
        false
    }
}

/// Applies a rule to a field; gives the value that does not stand
fn set(
    what: &'static str,
    field: &mut Option<String>,
    value: Option<String>,
    rule: &FieldRule,
) -> Option<Overruled> {
    let stays = rule.mode == MappingMode::Default && field.is_some();
    if stays || *field == value {
        return None;
    }
    let was = std::mem::replace(field, value.clone())?;
    Some(Overruled {
        what,
        was,
        becomes: value,
        by: rule.source.clone(),
    })
}

fn refused(what: String, from: &MappingSource, value: &str) -> MappingError {
    MappingError::Value {
        what,
        from: from.clone(),
        value: value.to_owned(),
    }
}

fn change(was: Option<String>, becomes: Option<String>) -> Option<Change> {
    (was != becomes).then(|| becomes.map_or(Change::Remove, Change::Set))
}

impl<'a> Sources<'a> {
    /// The value of a tag, if its source is there
    fn tag(&self, key: &str, source: &'a MappingSource) -> Result<Option<&'a str>, MappingError> {
        let Some(value) = self.value(source) else {
            return Ok(None);
        };
        // Read back as the validating webhook will: a comma in a value must not become a second tag
        match reading::tags(&format!("{key}:{value}")) {
            Ok(tags) if tags.len() == 1 => Ok(Some(value)),
            _ => Err(refused(
                format!("tag {}", quoted(key, NAME_LENGTH)),
                source,
                value,
            )),
        }
    }

    /// The value of a resource group or role, if its source is there
    fn name(
        &self,
        rule: &'a FieldRule,
        what: &str,
        read: fn(&str) -> Result<String, Problem>,
    ) -> Result<Option<String>, MappingError> {
        let Some(value) = self.value(&rule.source) else {
            return Ok(None);
        };
        read(value)
            .map(Some)
            .map_err(|_| refused(what.to_owned(), &rule.source, value))
    }

    /// What stands at a source
    pub(crate) fn value(&self, source: &'a MappingSource) -> Option<&'a str> {
        match source {
            MappingSource::Value(value) => Some(value),
            MappingSource::NamespaceLabel(key) => self.namespace.labels.get(key).map(String::as_str),
            MappingSource::NamespaceAnnotation(key) => {
                self.namespace.annotations.get(key).map(String::as_str)
            }
            MappingSource::PodLabel(key) => self.pod.metadata.labels.value(key),
            MappingSource::PodAnnotation(key) => self.pod.annotation(key),
            MappingSource::ServiceAccountLabel(key) => {
                self.service_account?.labels.get(key).map(String::as_str)
            }
            MappingSource::ServiceAccountAnnotation(key) => {
                self.service_account?.annotations.get(key).map(String::as_str)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kubernetes::eci_annotations::{RAM_ROLE_NAME, RESOURCE_GROUP_ID};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::admission::fields::patch::Patch;
    use crate::config::TagRule;
    use crate::kubernetes::field_path::FieldPath;
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
