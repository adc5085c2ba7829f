//! Which label selector would be allowed, where a list is denied.

use jiff::Timestamp;

use crate::authorization::filter::Filter;
use crate::config::Configuration;
use eci_calls::fix::{Blocker, Change, DesiredFields, Evaluator, Search, search};
use eci_calls::{Failure, evaluate};
use ram_policy::Principal;

/// What came of looking for a selector
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// These labels with these values; none at all is one way too
    Select(Vec<(String, String)>),
    /// No label selector would be allowed
    Nothing,
    /// There were too many to try
    GaveUp,
}

/// Evaluates lists with other labels selected
pub(super) struct ListEvaluator<'a> {
    pub(super) configuration: &'a Configuration,
    pub(super) filter: &'a Filter<'a>,
    pub(super) principals: &'a [Principal],
    pub(super) now: Timestamp,
}

impl ListEvaluator<'_> {
    /// Searches from what was asked for; a label less goes before any other value of it
    pub(super) fn advice(&self) -> Advice {
        let asked = DesiredFields {
            tags: self.filter.chosen.clone(),
            ..DesiredFields::default()
        };
        let mut keys = asked.tags.iter().map(|(key, _)| key.clone());
        let found = keys.find_map(|key| {
            let less = asked.with(&Change::Tag(key, None));
            self.evaluate(&less).is_empty().then_some(Search::Found(less))
        });
        let policies = &self.configuration.policies;
        match found.unwrap_or_else(|| search(self, policies, self.principals, asked.clone())) {
            Search::Found(desired) => {
                let labels = desired.tags.into_iter().map(|(key, value)| {
                    let label = self.filter.label_of(&key, &value);
                    (label.unwrap_or(key), value)
                });
                Advice::Select(labels.collect())
            }
            Search::Nothing => Advice::Nothing,
            Search::GaveUp => Advice::GaveUp,
        }
    }
}

impl Evaluator for ListEvaluator<'_> {
    fn evaluate(&self, desired: &DesiredFields) -> Vec<Blocker> {
        let Configuration {
            policies, account, ..
        } = self.configuration;
        let call = self.filter.call(&desired.tags);
        let of_each = self.principals.iter().flat_map(|principal| {
            let evaluation = evaluate(policies, account, principal, &call, self.now);
            evaluation.failures.into_iter().map(|failure| match failure {
                Failure::Refused(refusal) => Blocker::Refused(refusal),
                Failure::Denied(denial) => Blocker::Denied(principal.clone(), denial),
            })
        });
        of_each.collect()
    }

    fn can_apply(&self, change: &Change) -> bool {
        match change {
            Change::Tag(key, Some(value)) => {
                self.filter.decided(key).is_none() && self.filter.label_of(key, value).is_some()
            }
            Change::Tag(_, None) => true,
            Change::ResourceGroup(_) | Change::Role(_) => false,
        }
    }

    fn default_tag(&self, key: &str) -> Option<String> {
        self.filter.decided(key).map(str::to_owned)
    }

    fn stored(&self) -> Option<&DesiredFields> {
        None
    }

    fn is_role_fixed(&self, _role: &str) -> bool {
        true
    }

    fn resource_groups(&self) -> Vec<(&str, bool)> {
        let groups = self.configuration.account.resource_groups.iter();
        groups.map(|group| (group.id.as_str(), group.default)).collect()
    }
}
