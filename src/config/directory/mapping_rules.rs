//! The `mapping` section: rules that set a pod's ECI fields from labels, annotations or constants.

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::{check_key, shortened};
use eci_calls::check_tag;
use ram_policy::source::{Fault, Node};

/// All mapping rules; new tags are appended in the order of theirs
///
/// ```text
/// tags: [{key: env, from: {namespaceLabel: stage}, mode: enforce}]
///   pod in a namespace with the label stage=prod   gets the tag env=prod, whatever it had
///   pod in a namespace without the label           loses the tag env
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MappingRules {
    /// The rules for tags; their keys are unique
    pub(crate) tags: Vec<TagRule>,
    /// The rule for the resource group
    pub(crate) resource_group_id: Option<FieldRule>,
    /// The rule for the instance role
    pub(crate) ram_role_name: Option<FieldRule>,
}

/// The rule for one tag
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagRule {
    /// The tag's key
    pub(crate) key: String,
    /// Its source and mode
    pub(crate) rule: FieldRule,
}

/// The rule for one field
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldRule {
    /// The source of the value
    pub(crate) source: MappingSource,
    /// What happens to a value that the pod already has
    pub(crate) mode: MappingMode,
}

/// The source of a mapped value
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MappingSource {
    /// A constant
    Value(String),
    /// A label of the pod's namespace
    NamespaceLabel(String),
    /// An annotation of the pod's namespace
    NamespaceAnnotation(String),
    /// A label of the pod
    PodLabel(String),
    /// An annotation of the pod
    PodAnnotation(String),
    /// A label of the pod's service account
    ServiceAccountLabel(String),
    /// An annotation of the pod's service account
    ServiceAccountAnnotation(String),
}

/// What happens to a value that the pod already has
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MappingMode {
    /// It is overwritten, and removed if the source is absent
    Enforce,
    /// It stays; only an absent value is filled in
    Default,
}

impl MappingRules {
    /// The sources of all rules
    pub(crate) fn sources(&self) -> impl Iterator<Item = &MappingSource> {
        let fields = self.resource_group_id.iter().chain(&self.ram_role_name);
        self.tags
            .iter()
            .map(|tag| &tag.rule)
            .chain(fields)
            .map(|rule| &rule.source)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    tags: Vec<Node>,
    resource_group_id: Option<Node>,
    ram_role_name: Option<Node>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagWire {
    key: LocatedText,
    from: SourceWire,
    mode: MappingMode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldWire {
    from: SourceWire,
    mode: MappingMode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum SourceWire {
    Value(LocatedText),
    NamespaceLabel(LocatedText),
    NamespaceAnnotation(LocatedText),
    PodLabel(LocatedText),
    PodAnnotation(LocatedText),
    ServiceAccountLabel(LocatedText),
    ServiceAccountAnnotation(LocatedText),
}

/// Reads the `mapping` section
///
/// # Errors
/// Every fault in it: of its shape, of keys, and of tags that are mapped twice or that ECI would refuse
pub(crate) fn read(node: &Node) -> Result<MappingRules, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    let tags = faults.handle(tag_rules(&wire.tags)).unwrap_or_default();
    let mut field = |node: Option<Node>| faults.handle(field_rule(&node?));
    let rules = MappingRules {
        tags,
        resource_group_id: field(wire.resource_group_id),
        ram_role_name: field(wire.ram_role_name),
    };
    faults.finish(rules)
}

fn tag_rules(nodes: &[Node]) -> Result<Vec<TagRule>, Faults> {
    let mut faults = Faults::default();
    let mut keys: Vec<LocatedText> = Vec::new();
    let mut rules = Vec::new();
    for node in nodes {
        let Some(TagWire { key, from, mode }) = faults.handle(node.read()) else {
            continue;
        };
        faults.handle(check_tag_rule(&key, &from));
        if let Some(first) = keys.iter().find(|first| ***first == *key) {
            faults.push(key.fault(format!(
                "tag `{}` is mapped twice, first at {}",
                shortened(&key),
                first.at
            )));
        }
        if let Some(source) = faults.handle(from.into_source()) {
            rules.push(TagRule {
                key: key.to_string(),
                rule: FieldRule { source, mode },
            });
        }
        keys.push(key);
    }
    faults.finish(rules)
}

fn field_rule(node: &Node) -> Result<FieldRule, Faults> {
    let FieldWire { from, mode } = node.read()?;
    if let SourceWire::Value(value) = &from
        && value.is_empty()
    {
        let message = "an empty value maps nothing: leave the rule out";
        return Err(value.fault(message).into());
    }
    let source = from.into_source()?;
    Ok(FieldRule { source, mode })
}

/// Refuses a tag here that would otherwise be refused in every pod, because its annotation cannot carry it
fn check_tag_rule(key: &LocatedText, from: &SourceWire) -> Result<(), Fault> {
    let value = match from {
        SourceWire::Value(value) => value.as_str(),
        _ => "",
    };
    check_tag(key, value).map_err(|error| key.fault(error.to_string()))?;
    let is_ambiguous = |text: &&str| text.contains([':', ',']) || text.trim() != *text;
    match [key.as_str(), value].into_iter().find(is_ambiguous) {
        Some(text) => Err(key.fault(format!(
            "`{}` holds a colon, a comma or an outer blank, which k8s.aliyun.com/eci-custom-tags cannot carry",
            shortened(text)
        ))),
        None => Ok(()),
    }
}

impl SourceWire {
    fn into_source(self) -> Result<MappingSource, Fault> {
        let key = |text: LocatedText| {
            check_key(text.at, &text)?;
            Ok(text.into())
        };
        Ok(match self {
            Self::Value(value) => MappingSource::Value(value.into()),
            Self::NamespaceLabel(text) => MappingSource::NamespaceLabel(key(text)?),
            Self::NamespaceAnnotation(text) => MappingSource::NamespaceAnnotation(key(text)?),
            Self::PodLabel(text) => MappingSource::PodLabel(key(text)?),
            Self::PodAnnotation(text) => MappingSource::PodAnnotation(key(text)?),
            Self::ServiceAccountLabel(text) => MappingSource::ServiceAccountLabel(key(text)?),
            Self::ServiceAccountAnnotation(text) => MappingSource::ServiceAccountAnnotation(key(text)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn every_source_and_mode_is_read() {
        let text = "
tags:
- {key: a, from: {namespaceLabel: env}, mode: enforce}
- {key: b, from: {podLabel: team}, mode: default}
- {key: c, from: {value: kubernetes}, mode: enforce}
- {key: d, from: {podAnnotation: x/y}, mode: default}
- {key: e, from: {serviceAccountLabel: l}, mode: default}
- {key: f, from: {value: ''}, mode: default}
resourceGroupId: {from: {namespaceAnnotation: ramgate.io/resource-group-id}, mode: default}
ramRoleName: {from: {serviceAccountAnnotation: ramgate.io/ram-role-name}, mode: enforce}
";
        let rules = parsed(text, read).unwrap();
        let sources: Vec<&MappingSource> = rules.sources().collect();
        assert_eq!(sources.len(), 8);
        assert_eq!(sources[0], &MappingSource::NamespaceLabel("env".into()));
        assert_eq!(
            sources[7],
            &MappingSource::ServiceAccountAnnotation("ramgate.io/ram-role-name".into())
        );
        assert_eq!(rules.tags[1].rule.mode, MappingMode::Default);
        assert_eq!(rules.ram_role_name.unwrap().mode, MappingMode::Enforce);
    }

    #[test]
    fn every_fault_is_found_with_its_position() {
        let text = "
tags:
- {key: a, from: {namespaceLabel: env, podLabel: env}, mode: enforce}
- {key: a, from: {value: x}, mode: enforce}
- {key: a, from: {value: y}, mode: sometimes}
- {key: b, from: {nodeLabel: y}, mode: default}
- {key: c, from: {podLabel: 'a b'}, mode: default}
- {key: a, from: {podLabel: a}, mode: default}
- {key: d, from: {podLabel: a}}
- {key: 'e:f', from: {podLabel: a}, mode: default}
resourceGroupId: {from: {value: ''}, mode: default}
";
        let faults = parsed(text, read).unwrap_err();
        for expected in [
            "3:18: expected an object with exactly one key",
            "5:36: unknown variant `sometimes`, expected `enforce` or `default`",
            "6:19: unknown variant `nodeLabel`",
            "7:29: `a b` is not a label or annotation key",
            "8:9: tag `a` is mapped twice, first at 4:9",
            "9:3: missing field `mode`",
            "10:9: `e:f` holds a colon, a comma or an outer blank",
            "11:33: an empty value maps nothing",
        ] {
            assert!(faults.contains(expected), "{expected} is not among\n{faults}");
        }
        assert_eq!(faults.lines().count(), 8, "{faults}");
    }
}
