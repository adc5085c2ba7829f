//! The call of a list: the tags and the resource group that all selected pods have in common.
//!
//! RAM decides a list by the parameters of its call alone, so constraints on the selected pods must become tags. The
//! namespace is one of the tags that ACK sets. A label becomes the tag of its name. The mapping rules apply if they
//! decide a tag or the group.

use crate::admission::evaluate::call::SET_BY_ACK;
use crate::authorization::pod_read::PodRead;
use crate::config::{Configuration, MappingMode, MappingRules, MappingSource, is_label};
use crate::kubernetes::meta::Meta;
use eci_calls::{Call, Instance, MAX_TAGS, Operation, Tags};

/// The parameters of a list: those that the label selector chooses, and those that it cannot change
///
/// ```text
/// list pods in namespace shop with the label selector env=test
///   chosen   [(env, test)]
///   decided  [(<cluster id tag>, c0ffee), (<namespace tag>, shop)] and tags that mapping rules enforce
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Filter<'a> {
    sources: Sources<'a>,
    /// Tags that the namespace or a mapping rule decides
    decided: Vec<(String, String)>,
    /// Tags that the label selector chooses
    pub(crate) chosen: Vec<(String, String)>,
    group: Option<String>,
}

/// The mapping rules, with the namespace that some of them take values from
#[derive(Clone, Copy, Debug)]
struct Sources<'a> {
    rules: &'a MappingRules,
    namespace: Option<&'a Meta>,
}

/// The value of a mapping source, as far as it is the same for all selected pods
enum SourceValue<'a> {
    /// This value, or none
    Known(Option<&'a str>),
    /// The value of this label of each pod
    Label(&'a str),
    /// Another property of each pod, or of a namespace that is not known
    Unknown,
}

impl<'a> Filter<'a> {
    /// The filter of a read; `namespace` is `None` if it is not known, or the read is about all of them
    pub(crate) fn new(
        read: &PodRead<'_>,
        namespace: Option<&'a Meta>,
        configuration: &'a Configuration,
    ) -> Self {
        let labels = &read.selection.labels;
        let sources = Sources {
            rules: &configuration.mapping,
            namespace,
        };
        let mut decided = sources.enforced_tags();
        // No rule overrides the tags that ACK sets
        if let Some(cluster) = &configuration.cluster_id {
            let values = std::iter::once(cluster.as_str()).chain(read.namespace);
            decided.extend(SET_BY_ACK.into_iter().zip(values).map(owned));
        }
        let chosen = sources.chosen_tags(labels);
        Self {
            sources,
            decided,
            // ECI accepts no call with more tags; RAM then decides the broadest list, as if none were chosen
            chosen: if chosen.len() <= MAX_TAGS {
                chosen
            } else {
                Vec::new()
            },
            group: sources.resource_group(labels),
        }
    }

    /// The call, with these tags chosen
    pub(crate) fn call(&self, chosen: &[(String, String)]) -> Call {
        let mut call = Call::new(Operation::DescribeContainerGroups);
        // Of two values of a key the last one counts
        let tags = Tags::existing(chosen.iter().chain(&self.decided).cloned());
        call.tags = (!tags.is_empty()).then_some(tags);
        call.resource_group.clone_from(&self.group);
        call
    }

    /// The chosen tags that an instance has
    ///
    /// The others are dropped: for one known pod, its tags are known, and a label alone is no tag.
    pub(crate) fn tags_of_instance(&self, instance: &Instance) -> Option<Tags> {
        let has = |(key, value): &&(String, String)| instance.tags.value(key) == Some(value);
        let tags = Tags::existing(self.chosen.iter().filter(has).cloned());
        (!tags.is_empty()).then_some(tags)
    }

    /// The value of a tag that no selector changes
    pub(crate) fn decided(&self, key: &str) -> Option<&str> {
        let tag = self.decided.iter().rev().find(|(known, _)| known == key);
        tag.map(|(_, value)| value.as_str())
    }

    /// The label that chooses a tag in a selector, if there is one and it can have this value
    pub(crate) fn label_of(&self, key: &str, value: &str) -> Option<String> {
        let mut rules = self.sources.rules.tags.iter().filter(|tag| tag.key == key);
        let label = rules.find_map(|tag| match self.sources.value(&tag.rule.source) {
            SourceValue::Label(label) => Some(label),
            SourceValue::Known(_) | SourceValue::Unknown => None,
        });
        let label = label.unwrap_or(key);
        let chooses = self.sources.tags_of(label).iter().any(|tag| tag == key);
        (chooses && is_label(label, value)).then(|| label.to_owned())
    }
}

impl<'a> Sources<'a> {
    /// Tags with a known value that a rule enforces on every pod
    fn enforced_tags(&self) -> Vec<(String, String)> {
        let rules = self.rules.tags.iter();
        let enforced = rules.filter(|tag| tag.rule.mode == MappingMode::Enforce);
        enforced
            .filter_map(|tag| match self.value(&tag.rule.source) {
                SourceValue::Known(Some(value)) => Some((tag.key.clone(), value.to_owned())),
                SourceValue::Known(None) | SourceValue::Label(_) | SourceValue::Unknown => None,
            })
            .collect()
    }

    /// Tags that the labels of a selector choose
    fn chosen_tags(&self, labels: &[(&str, &str)]) -> Vec<(String, String)> {
        let tags = |(label, value): &(&str, &str)| {
            let keys = self.tags_of(label).into_iter();
            keys.map(|key| (key, (*value).to_owned())).collect::<Vec<_>>()
        };
        labels.iter().flat_map(tags).collect()
    }

    /// The resource group of all pods with these labels, if a rule decides it
    fn resource_group(&self, labels: &[(&str, &str)]) -> Option<String> {
        let rule = self.rules.resource_group_id.as_ref()?;
        match (rule.mode, self.value(&rule.source)) {
            (MappingMode::Enforce, SourceValue::Known(value)) => value.map(str::to_owned),
            (_, SourceValue::Label(key)) => {
                let label = labels.iter().find(|(label, _)| *label == key);
                label.map(|(_, value)| (*value).to_owned())
            }
            (MappingMode::Default, SourceValue::Known(_)) | (_, SourceValue::Unknown) => None,
        }
    }

    /// The tags that a label chooses: those that rules take from it, and the one of its name unless a rule enforces that
    fn tags_of(&self, label: &str) -> Vec<String> {
        let is_from_label =
            |source: &MappingSource| matches!(self.value(source), SourceValue::Label(from) if from == label);
        let rules = self.rules.tags.iter();
        let from_label = rules.filter(|tag| is_from_label(&tag.rule.source));
        let mut keys: Vec<String> = from_label.map(|tag| tag.key.clone()).collect();
        let mut rules = self.rules.tags.iter().filter(|tag| tag.key == label);
        let is_enforced = rules.any(|tag| tag.rule.mode == MappingMode::Enforce);
        if !is_enforced && !keys.iter().any(|key| key == label) {
            keys.push(label.to_owned());
        }
        keys
    }

    fn value(&self, source: &'a MappingSource) -> SourceValue<'a> {
        let of_namespace = |value: fn(&'a Meta, &str) -> Option<&'a String>, key: &str| match self.namespace {
            Some(meta) => SourceValue::Known(value(meta, key).map(String::as_str)),
            None => SourceValue::Unknown,
        };
        match source {
            MappingSource::Value(value) => SourceValue::Known(Some(value)),
            MappingSource::NamespaceLabel(key) => of_namespace(|meta, key| meta.labels.get(key), key),
            MappingSource::NamespaceAnnotation(key) => {
                of_namespace(|meta, key| meta.annotations.get(key), key)
            }
            MappingSource::PodLabel(key) => SourceValue::Label(key),
            MappingSource::PodAnnotation(_)
            | MappingSource::ServiceAccountLabel(_)
            | MappingSource::ServiceAccountAnnotation(_) => SourceValue::Unknown,
        }
    }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
