//! The mapping rules: what a pod's ECI fields become where the pod says nothing, or is not free to choose.

use serde::Deserialize;

use crate::config::directory::name::{check_key, shortened};
use crate::config::directory::text::Text;
use eci_calls::check_tag;
use ram_policy::source::{Fault, Node};

/// The rules of one directory, in the order in which new tags are appended
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingRules {
    /// Rules for single tags; no key twice
    pub tags: Vec<TagRule>,
    /// The rule for the resource group
    pub resource_group_id: Option<FieldRule>,
    /// The rule for the instance role
    pub ram_role_name: Option<FieldRule>,
}

/// The rule for one tag
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRule {
    /// The tag's key
    pub key: String,
    /// Where the value comes from, and what it does to a value that is there
    pub rule: FieldRule,
}

/// Where a value comes from, and what it does to a value that is there
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// Where the value comes from
    pub source: MappingSource,
    /// What it does to a value that is there
    pub mode: MappingMode,
}

/// Where a mapped value comes from
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingSource {
    /// This very value
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

/// What a mapped value does to a value that the pod already has
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MappingMode {
    /// Overwrites it; an absent source removes it
    Enforce,
    /// Leaves it, and fills only what is absent
    Default,
}

impl MappingRules {
    /// Whether any rule reads the pod's service account
    pub fn reads_service_accounts(&self) -> bool {
        let reads = |source: &MappingSource| {
            matches!(
                source,
                MappingSource::ServiceAccountLabel(_) | MappingSource::ServiceAccountAnnotation(_)
            )
        };
        self.sources().any(reads)
    }

    /// Every source that a rule reads
    pub fn sources(&self) -> impl Iterator<Item = &MappingSource> {
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
    key: Text,
    from: Origin,
    mode: MappingMode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldWire {
    from: Origin,
    mode: MappingMode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Origin {
    Value(Text),
    NamespaceLabel(Text),
    NamespaceAnnotation(Text),
    PodLabel(Text),
    PodAnnotation(Text),
    ServiceAccountLabel(Text),
    ServiceAccountAnnotation(Text),
}

/// Reads the `mapping` section
pub(crate) fn read(node: &Node, faults: &mut Vec<Fault>) -> MappingRules {
    let wire: Wire = match node.read() {
        Ok(wire) => wire,
        Err(fault) => {
            faults.push(fault);
            return MappingRules::default();
        }
    };
    let mut seen: Vec<Text> = Vec::new();
    let mut tags = Vec::new();
    for node in &wire.tags {
        let TagWire { key, from, mode } = match node.read() {
            Ok(tag) => tag,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        check_tag_rule(&key, &from, faults);
        if let Some(first) = seen.iter().find(|first| ***first == *key) {
            faults.push(key.fault(format!(
                "tag `{}` is mapped twice, first at {}",
                shortened(&key),
                first.at
            )));
        }
        let rule = FieldRule {
            source: from.checked(faults),
            mode,
        };
        tags.push(TagRule {
            key: key.as_str().to_owned(),
            rule,
        });
        seen.push(key);
    }
    MappingRules {
        tags,
        resource_group_id: wire.resource_group_id.and_then(|node| field(&node, faults)),
        ram_role_name: wire.ram_role_name.and_then(|node| field(&node, faults)),
    }
}

fn field(node: &Node, faults: &mut Vec<Fault>) -> Option<FieldRule> {
    match node.read::<FieldWire>() {
        Ok(FieldWire { from, mode }) => {
            if let Origin::Value(value) = &from
                && value.is_empty()
            {
                faults.push(value.fault("an empty value maps nothing: leave the rule out"));
            }
            Some(FieldRule {
                source: from.checked(faults),
                mode,
            })
        }
        Err(fault) => {
            faults.push(fault);
            None
        }
    }
}

/// A tag that the annotation cannot carry would be refused at every pod, so it is refused here
fn check_tag_rule(key: &Text, from: &Origin, faults: &mut Vec<Fault>) {
    let value = match from {
        Origin::Value(value) => value.as_str(),
        _ => "",
    };
    if let Err(error) = check_tag(key, value) {
        faults.push(key.fault(error.to_string()));
    } else if let Some(part) = [key.as_str(), value]
        .into_iter()
        .find(|part| part.contains([':', ',']) || part.trim() != *part)
    {
        faults.push(key.fault(format!(
            "`{}` holds a colon, a comma or an outer blank, which k8s.aliyun.com/eci-custom-tags cannot carry",
            shortened(part)
        )));
    }
}

impl Origin {
    fn checked(self, faults: &mut Vec<Fault>) -> MappingSource {
        let mut key = |text: Text| {
            check_key(text.at, &text, faults);
            text.as_str().to_owned()
        };
        match self {
            Self::Value(value) => MappingSource::Value(value.as_str().to_owned()),
            Self::NamespaceLabel(text) => MappingSource::NamespaceLabel(key(text)),
            Self::NamespaceAnnotation(text) => MappingSource::NamespaceAnnotation(key(text)),
            Self::PodLabel(text) => MappingSource::PodLabel(key(text)),
            Self::PodAnnotation(text) => MappingSource::PodAnnotation(key(text)),
            Self::ServiceAccountLabel(text) => MappingSource::ServiceAccountLabel(key(text)),
            Self::ServiceAccountAnnotation(text) => MappingSource::ServiceAccountAnnotation(key(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn rules(text: &str) -> Result<MappingRules, Vec<String>> {
        let mut faults = Vec::new();
        let rules = read(&yaml::parse(text).unwrap()[0], &mut faults);
        if faults.is_empty() {
            Ok(rules)
        } else {
            Err(faults.iter().map(ToString::to_string).collect())
        }
    }

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
        let rules = rules(text).unwrap();
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
    fn all_faults_are_told_with_their_places() {
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
        let faults = rules(text).unwrap_err().join("\n");
        for wanted in [
            "3:18: expected an object with exactly one key",
            "5:36: unknown variant `sometimes`, expected `enforce` or `default`",
            "6:19: unknown variant `nodeLabel`",
            "7:29: `a b` is not a label or annotation key",
            "8:9: tag `a` is mapped twice, first at 4:9",
            "9:3: missing field `mode`",
            "10:9: `e:f` holds a colon, a comma or an outer blank",
            "11:33: an empty value maps nothing",
        ] {
            assert!(faults.contains(wanted), "{wanted} is not among\n{faults}");
        }
        assert_eq!(faults.lines().count(), 8, "{faults}");
    }
}
