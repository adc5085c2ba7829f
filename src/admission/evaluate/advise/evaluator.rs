//! The evaluator of a pod: fields are mapped, become a call, and are evaluated for everybody who must be allowed.

use crate::admission::evaluate::advise::misplaced_tags::with_misplaced_tags;
use crate::admission::evaluate::advise::{advice_of, desired, fields};
use crate::admission::evaluate::pod_update::PodUpdate;
use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::fields::look_alike::look_alike;
use crate::admission::fields::mapping;
use crate::admission::fields::mapping::{MappingError, Scope, Sources};
use crate::admission::fields::parse_names::{parse_resource_group, parse_role_name};
use crate::admission::fields::parse_tags::parse_tags;
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::advice::Advice;
use crate::admission::routing::placement::is_json;
use crate::config::{Configuration, FieldRule, MappingMode};
use crate::kubernetes::eci_annotations::CUSTOM_TAGS;
use crate::kubernetes::pod::Pod;
use eci_calls::fix::{Blocker, Change, DesiredFields, Evaluator, search};
use eci_calls::{Failure, evaluate};
use ram_policy::Principal;

/// Evaluates a pod with other fields: applies the mapping rules, makes the call, and asks for everybody who must be allowed
pub(super) struct PodEvaluator<'a> {
    context: &'a EvaluationContext<'a>,
    sources: Sources<'a>,
    principals: &'a [Principal],
    /// The fields that the pod asks for after mapping
    requested: &'a Fields,
    /// The update, and the fields of the stored pod
    update: Option<(PodUpdate<'a>, &'a Fields)>,
    stored: Option<DesiredFields>,
}

impl<'a> PodEvaluator<'a> {
    pub(super) fn new(
        context: &'a EvaluationContext<'a>,
        sources: Sources<'a>,
        principals: &'a [Principal],
        requested: &'a Fields,
        update: Option<(PodUpdate<'a>, &'a Fields)>,
    ) -> Self {
        Self {
            context,
            sources,
            principals,
            requested,
            update,
            // Before there is an instance, nothing is fixed for whoever asks for another one
            stored: update
                .filter(|(update, stored)| {
                    let same_instance = stored.resource_group == requested.resource_group
                        && stored.role == requested.role
                        && stored.role_arns == requested.role_arns;
                    same_instance || !update.is_before_instance()
                })
                .map(|(_, stored)| desired(stored)),
        }
    }

    /// Searches for the smallest change of what the author of the pod must have written
    ///
    /// Tags in the wrong place or in the form of JSON, and a key that only looks like one of the wanted tags, are written right
    /// first, so that no second tag comes beside them.
    pub(super) fn advice(&self, wanted: &[&str]) -> Advice {
        let configuration = self.context.configuration;
        let written = match self.update {
            None => mapping::unmapped(self.requested, &configuration.mapping, &self.sources),
            // What is stored is mapped already, and what an update repeats of it stays
            Some(_) => self.requested.clone(),
        };
        let before = desired(&written);
        let mut start = unquoted(&before, self.sources.pod);
        if self.update.is_none() && !wanted.is_empty() {
            start = with_misplaced_tags(start, self.sources.pod, self.context.review.owner());
        }
        let start = respelled(&start, wanted);
        let found = search(self, &configuration.policies, self.principals, start);
        advice_of(found, &before)
    }

    fn scope(&self, fields: &Fields) -> Scope {
        self.update.map_or(Scope::ALL, |(update, _)| {
            let tags = fields.written_tags();
            update.scope_of(
                tags.as_deref(),
                fields.resource_group.as_deref(),
                fields.role.as_deref(),
            )
        })
    }

    fn rule(&self, change: &Change) -> Option<&FieldRule> {
        let rules = &self.context.configuration.mapping;
        match change {
            Change::Tag(key, _) => {
                let mut tags = rules.tags.iter();
                tags.find(|tag| tag.key == *key).map(|tag| &tag.rule)
            }
            Change::ResourceGroup(_) => rules.resource_group_id.as_ref(),
            Change::Role(_) => rules.ram_role_name.as_ref(),
        }
    }
}

/// The fields, with the tags that JSON in their annotation means
pub(super) fn unquoted(desired: &DesiredFields, pod: &Pod<'_>) -> DesiredFields {
    let annotation = pod.annotation(CUSTOM_TAGS).unwrap_or_default();
    if !is_json(annotation) {
        return desired.clone();
    }
    let plain = |text: &str| text.trim_matches(['{', '}', '[', ']', '"']).to_owned();
    let mut tags: Vec<(String, String)> = Vec::new();
    for (key, value) in &desired.tags {
        let (key, value) = (plain(key), plain(value));
        let is_new = tags.iter().all(|(other, _)| *other != key);
        if is_new && is_one_tag(&key, &value) {
            tags.push((key, value));
        }
    }
    DesiredFields {
        tags,
        ..desired.clone()
    }
}

/// Whether the annotation can hold this tag
pub(super) fn is_one_tag(key: &str, value: &str) -> bool {
    parse_tags(&format!("{key}:{value}")).is_ok_and(|tags| tags.len() == 1)
}

/// The fields, with the keys of tags that look like a wanted one that is absent written as that
pub(super) fn respelled(desired: &DesiredFields, wanted: &[&str]) -> DesiredFields {
    let mut desired = desired.clone();
    for wanted in wanted {
        let is_there = desired.tag(wanted).is_some();
        let mut tags = desired.tags.iter_mut().filter(|_| !is_there);
        if let Some((key, _)) = tags.find(|(key, _)| look_alike(key, wanted).is_some()) {
            (*wanted).clone_into(key);
        }
    }
    desired
}

impl Evaluator for PodEvaluator<'_> {
    fn evaluate(&self, desired: &DesiredFields) -> Vec<Blocker> {
        let EvaluationContext {
            configuration,
            review,
            now,
            ..
        } = *self.context;
        let fields = fields(desired, self.requested);
        let mapped = mapping::map(
            &fields,
            &configuration.mapping,
            &self.sources,
            self.scope(&fields),
            configuration.cluster.max_custom_tags,
        );
        let mapped = match mapped {
            Ok(mapped) => mapped.fields,
            Err(MappingError::TooMany { .. }) => return vec![Blocker::TooManyTags],
            Err(MappingError::Value { .. }) => return vec![Blocker::Final],
        };
        let namespace = review.namespace();
        let (calls, refusals) = match self.update {
            None => (vec![call::create(&mapped, configuration, namespace)], Vec::new()),
            Some((update, stored)) => update.calls(stored, &mapped, configuration, namespace),
        };
        let mut blockers: Vec<Blocker> = refusals.into_iter().map(Blocker::Refused).collect();
        let questions = calls
            .iter()
            .flat_map(|call| self.principals.iter().map(move |principal| (call, principal)));
        for (call, principal) in questions {
            let evaluation = evaluate(
                &configuration.policies,
                &configuration.account,
                principal,
                call,
                now,
            );
            let failures = evaluation.failures.into_iter();
            blockers.extend(failures.map(|failure| blocker(principal, failure)));
        }
        blockers
    }

    fn can_apply(&self, change: &Change) -> bool {
        let is_enforced = self
            .rule(change)
            .is_some_and(|rule| rule.mode == MappingMode::Enforce);
        let is_writable = match (change, &self.stored) {
            (Change::Tag(key, Some(value)), _) => is_one_tag(key, value),
            (Change::Tag(_, None), _) => true,
            (Change::ResourceGroup(group), None) => group
                .as_ref()
                .is_none_or(|group| parse_resource_group(group).is_ok()),
            (Change::Role(role), None) => role.as_ref().is_none_or(|role| parse_role_name(role).is_ok()),
            (Change::ResourceGroup(group), Some(before)) => before.resource_group == *group,
            (Change::Role(role), Some(before)) => before.role == *role,
        };
        !is_enforced && is_writable
    }

    fn default_tag(&self, key: &str) -> Option<String> {
        let rule = self.rule(&Change::Tag(key.to_owned(), None))?;
        self.sources.value(&rule.source).map(str::to_owned)
    }

    fn stored(&self) -> Option<&DesiredFields> {
        self.stored.as_ref()
    }

    fn is_role_fixed(&self, role: &str) -> bool {
        self.requested.role_arns.iter().any(|arn| arn.as_str() == role)
    }

    fn resource_groups(&self) -> Vec<(&str, bool)> {
        groups_to_try(self.context.configuration, self.requested)
    }
}

pub(super) fn blocker(principal: &Principal, failure: Failure) -> Blocker {
    match failure {
        Failure::Refused(refusal) => Blocker::Refused(refusal),
        Failure::Denied(denial) => Blocker::Denied(principal.clone(), denial),
    }
}

/// The ids of the account's groups; the one whose name was written in place of its id comes first
pub(super) fn groups_to_try<'c>(
    configuration: &'c Configuration,
    requested: &Fields,
) -> Vec<(&'c str, bool)> {
    let written = requested.resource_group.as_deref();
    let mut groups: Vec<_> = configuration.account.resource_groups.iter().collect();
    groups.sort_by_key(|group| written.is_none() || group.name.as_deref() != written);
    groups
        .into_iter()
        .map(|group| (group.id.as_str(), group.default))
        .collect()
}
