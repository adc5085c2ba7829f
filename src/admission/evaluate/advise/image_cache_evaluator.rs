//! The evaluator of an image cache: fields become a call, which is evaluated for the requester alone.
//!
//! Mapping rules and boundaries leave image caches alone, since they are in no namespace. They have no role.

use crate::admission::evaluate::advise::evaluator::{
    blocker, groups_to_try, is_one_tag, respelled, unquoted,
};
use crate::admission::evaluate::advise::{advice_of, desired, fields};
use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::fields::parse_names::parse_resource_group;
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::advice::Advice;
use crate::kubernetes::pod::Pod;
use eci_calls::evaluate;
use eci_calls::fix::{Blocker, Change, DesiredFields, Evaluator, search};
use ram_policy::Principal;

/// Evaluates an image cache with other fields
pub(super) struct ImageCacheEvaluator<'a> {
    context: &'a EvaluationContext<'a>,
    principal: &'a Principal,
    /// The fields that the image cache asks for
    requested: &'a Fields,
    /// The fields of the stored image cache, for an update
    stored: Option<(&'a Fields, DesiredFields)>,
}

impl<'a> ImageCacheEvaluator<'a> {
    pub(super) fn new(
        context: &'a EvaluationContext<'a>,
        principal: &'a Principal,
        requested: &'a Fields,
        stored: Option<&'a Fields>,
    ) -> Self {
        Self {
            context,
            principal,
            requested,
            stored: stored.map(|stored| {
                // The call does not change the role, whatever its annotation says
                let kept = DesiredFields {
                    role: requested.role.clone(),
                    ..desired(stored)
                };
                (stored, kept)
            }),
        }
    }

    /// Searches for the smallest change of what the author of the image cache wrote
    pub(super) fn advice(&self, image_cache: &Pod<'_>, wanted: &[&str]) -> Advice {
        let policies = &self.context.configuration.policies;
        let before = desired(self.requested);
        let principals = std::slice::from_ref(self.principal);
        let start = respelled(&unquoted(&before, image_cache), wanted);
        advice_of(search(self, policies, principals, start), &before)
    }
}

impl Evaluator for ImageCacheEvaluator<'_> {
    fn evaluate(&self, desired: &DesiredFields) -> Vec<Blocker> {
        let configuration = self.context.configuration;
        let fields = fields(desired, self.requested);
        let (call, refusals) = match &self.stored {
            None => (call::create_image_cache(&fields), Vec::new()),
            Some((stored, _)) => call::update_image_cache(stored, &fields, configuration),
        };
        let evaluation = evaluate(
            &configuration.policies,
            &configuration.account,
            self.principal,
            &call,
            self.context.now,
        );
        let refusals = refusals.into_iter().map(Blocker::Refused);
        let failures = evaluation.failures.into_iter();
        refusals
            .chain(failures.map(|failure| blocker(self.principal, failure)))
            .collect()
    }

    fn can_apply(&self, change: &Change) -> bool {
        match (change, &self.stored) {
            (Change::Tag(key, Some(value)), _) => is_one_tag(key, value),
            (Change::Tag(_, None), _) => true,
            (Change::ResourceGroup(group), None) => group
                .as_ref()
                .is_none_or(|group| parse_resource_group(group).is_ok()),
            (Change::ResourceGroup(group), Some((stored, _))) => stored.resource_group == *group,
            (Change::Role(_), _) => false,
        }
    }

    fn default_tag(&self, _key: &str) -> Option<String> {
        None
    }

    fn stored(&self) -> Option<&DesiredFields> {
        self.stored.as_ref().map(|(_, kept)| kept)
    }

    fn is_role_fixed(&self, _role: &str) -> bool {
        false
    }

    fn resource_groups(&self) -> Vec<(&str, bool)> {
        groups_to_try(self.context.configuration, self.requested)
    }
}
