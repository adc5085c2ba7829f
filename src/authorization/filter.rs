//! What a list of pods asks ECI for: the tags and the resource group that all selected pods are known by.
//!
//! RAM hears of a list only what stands in the call, so what pods are selected by must become tags. The namespace is
//! one of ACK's own tags; a label stands for the tag of its name; and where the mapping rules decide a tag or the group,
//! they do so here as well.

use crate::admission::evaluate::call::SET_BY_ACK;
use crate::config::{Configuration, MappingMode, MappingRules, MappingSource, is_label};
use crate::kubernetes::cluster::Meta;
use eci_calls::{Call, Instance, MAX_TAGS, Operation, Tags};

use crate::authorization::question::Question;

/// The parameters of a list, as far as a selector chooses them and as far as it does not
#[derive(Clone, Debug)]
pub(crate) struct Filter<'a> {
    rules: &'a MappingRules,
    namespace: Option<&'a Meta>,
    /// Tags that the namespace or a rule decides
    decided: Vec<(String, String)>,
    /// Tags that the label selector chooses
    pub(crate) chosen: Vec<(String, String)>,
    group: Option<String>,
}

/// Where a rule takes a value from, as far as a list can tell
enum Origin<'a> {
    /// It is this value, or there is none
    Known(Option<&'a str>),
    /// A label of each pod
    Label(&'a str),
    /// Something else of each pod
    Unseen,
}

impl<'a> Filter<'a> {
    /// The filter of a question; the namespace is none where it is not known, or where all are asked for
    pub(crate) fn new(
        question: &Question<'_>,
        namespace: Option<&'a Meta>,
        configuration: &'a Configuration,
    ) -> Self {
        let rules = &configuration.mapping;
        let mut filter = Self {
            rules,
            namespace,
            decided: Vec::new(),
            chosen: Vec::new(),
            group: None,
        };
        let labels = &question.selected.labels;
        for tag in rules
            .tags
            .iter()
            .filter(|tag| tag.rule.mode == MappingMode::Enforce)
        {
            if let Origin::Known(Some(value)) = filter.origin(&tag.rule.source) {
                filter.decided.push((tag.key.clone(), value.to_owned()));
            }
        }
        // Nothing overrules what ACK sets itself
        if let Some(cluster) = &configuration.cluster_id {
            let own = std::iter::once(cluster.as_str()).chain(question.namespace);
            filter.decided.extend(SET_BY_ACK.into_iter().zip(own).map(owned));
        }
        let plays = |(label, value): &(&str, &str)| {
            let keys = filter.tags_of(label).into_iter();
            keys.map(|key| (key, (*value).to_owned())).collect::<Vec<_>>()
        };
        let chosen: Vec<(String, String)> = labels.iter().flat_map(plays).collect();
        // ECI takes no call with more tags; as if none were chosen, RAM is asked for the most
        if chosen.len() <= MAX_TAGS {
            filter.chosen = chosen;
        }
        filter.group = rules.resource_group_id.as_ref().and_then(|rule| {
            match (rule.mode, filter.origin(&rule.source)) {
                (MappingMode::Enforce, Origin::Known(value)) => value.map(str::to_owned),
                (_, Origin::Label(key)) => {
                    let label = labels.iter().find(|(label, _)| *label == key);
                    label.map(|(_, value)| (*value).to_owned())
                }
                (MappingMode::Default, Origin::Known(_)) | (_, Origin::Unseen) => None,
            }
        });
        filter
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

    /// The tags that a selector asks for beside an instance, of which only those count that the instance has: a label
    /// alone is no tag, and of this one pod more is known than its labels
    pub(crate) fn of(&self, instance: Option<&Instance>) -> Option<Tags> {
        let tags = &instance?.tags;
        let has = |(key, value): &&(String, String)| tags.value(key) == Some(value);
        let asked = Tags::existing(self.chosen.iter().filter(has).cloned());
        (!asked.is_empty()).then_some(asked)
    }

    /// The value of a tag that no selector changes
    pub(crate) fn decided(&self, key: &str) -> Option<&str> {
        let tag = self.decided.iter().rev().find(|(known, _)| known == key);
        tag.map(|(_, value)| value.as_str())
    }

    /// The label by which a tag can be chosen, if both can stand in a selector
    pub(crate) fn label_of(&self, key: &str, value: &str) -> Option<String> {
        let mut tags = self.rules.tags.iter().filter(|tag| tag.key == key);
        let label = tags.find_map(|tag| match self.origin(&tag.rule.source) {
            Origin::Label(label) => Some(label),
            Origin::Known(_) | Origin::Unseen => None,
        });
        let label = label.unwrap_or(key);
        let is_playing = self.tags_of(label).iter().any(|played| played == key);
        (is_playing && is_label(label, value)).then(|| label.to_owned())
    }

    /// The tags that a label stands for: the one of its name, unless a rule decides that otherwise, and those that
    /// rules take from it
    fn tags_of(&self, label: &str) -> Vec<String> {
        let takes =
            |source: &MappingSource| matches!(self.origin(source), Origin::Label(from) if from == label);
        let mut keys: Vec<String> = self
            .rules
            .tags
            .iter()
            .filter(|tag| takes(&tag.rule.source))
            .map(|tag| tag.key.clone())
            .collect();
        let mut rules = self.rules.tags.iter().filter(|tag| tag.key == label);
        let is_decided = rules.any(|tag| tag.rule.mode == MappingMode::Enforce);
        if !is_decided && !keys.iter().any(|key| key == label) {
            keys.push(label.to_owned());
        }
        keys
    }

    fn origin(&self, source: &'a MappingSource) -> Origin<'a> {
        let of =
            |meta: Option<&'a Meta>, value: fn(&'a Meta, &str) -> Option<&'a String>, key: &str| match meta {
                Some(meta) => Origin::Known(value(meta, key).map(String::as_str)),
                None => Origin::Unseen,
            };
        match source {
            MappingSource::Value(value) => Origin::Known(Some(value)),
            MappingSource::NamespaceLabel(key) => of(self.namespace, |meta, key| meta.labels.get(key), key),
            MappingSource::NamespaceAnnotation(key) => {
                of(self.namespace, |meta, key| meta.annotations.get(key), key)
            }
            MappingSource::PodLabel(key) => Origin::Label(key),
            MappingSource::PodAnnotation(_)
            | MappingSource::ServiceAccountLabel(_)
            | MappingSource::ServiceAccountAnnotation(_) => Origin::Unseen,
        }
    }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
