//! Searches the label selector with which a denied list would be allowed.

use jiff::Timestamp;

use crate::authorization::filter::Filter;
use crate::config::Configuration;
use eci_calls::fix::{Blocker, Change, DesiredFields, Evaluator, Search, search};
use eci_calls::{Failure, evaluate};
use ram_policy::Principal;

/// The result of the search
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Select these labels with these values; possibly none at all
    Select(Vec<(String, String)>),
    /// No label selector would be allowed
    Nothing,
    /// There were too many selectors to try
    GaveUp,
}

/// Evaluates a list with other labels selected
pub(super) struct ListEvaluator<'a> {
    pub(super) configuration: &'a Configuration,
    pub(super) filter: &'a Filter<'a>,
    pub(super) principals: &'a [Principal],
    pub(super) now: Timestamp,
}

impl ListEvaluator<'_> {
    /// Searches from the selector of the request; it tries to drop a label before it tries other values
    ///
    /// ```text
    /// a statement allows env=test, selector app=web             -> Select(app=web, env=test)
    /// a statement denies env=secret, selector env=secret        -> Select()
    /// a statement allows another value of the namespace's tag   -> Nothing
    /// ```
    pub(super) fn advice(&self) -> Advice {
        let requested = DesiredFields {
            tags: self.filter.chosen.clone(),
            ..DesiredFields::default()
        };
        let mut keys = requested.tags.iter().map(|(key, _)| key.clone());
        let found = keys.find_map(|key| {
            let without = requested.with(&Change::Tag(key, None));
            self.evaluate(&without)
                .is_empty()
                .then_some(Search::Found(without))
        });
        let policies = &self.configuration.policies;
        match found.unwrap_or_else(|| search(self, policies, self.principals, requested.clone())) {
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
        let blockers = self.principals.iter().flat_map(|principal| {
            let evaluation = evaluate(policies, account, principal, &call, self.now);
            evaluation.failures.into_iter().map(|failure| match failure {
                Failure::Refused(refusal) => Blocker::Refused(refusal),
                Failure::Denied(denial) => Blocker::Denied(principal.clone(), denial),
            })
        });
        blockers.collect()
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
