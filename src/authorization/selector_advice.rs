//! Which label selector would be allowed, where a list is denied.

use jiff::Timestamp;

use crate::authorization::filter::Filter;
use crate::config::directory::Configuration;
use eci_calls::fix::{Change, Court, Objection, Search, Wish, search};
use eci_calls::{Failure, judge};
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

/// Judges lists with other labels selected
pub(crate) struct ListCourt<'a> {
    pub(crate) configuration: &'a Configuration,
    pub(crate) filter: &'a Filter<'a>,
    pub(crate) principals: &'a [Principal],
    pub(crate) now: Timestamp,
}

impl ListCourt<'_> {
    /// Searches from what was asked for; a label less goes before any other value of it
    pub(crate) fn advice(&self) -> Advice {
        let asked = Wish {
            tags: self.filter.chosen.clone(),
            ..Wish::default()
        };
        let mut keys = asked.tags.iter().map(|(key, _)| key.clone());
        let found = keys.find_map(|key| {
            let less = asked.with(&Change::Tag(key, None));
            self.hear(&less).is_empty().then_some(Search::Found(less))
        });
        let policies = &self.configuration.policies;
        match found.unwrap_or_else(|| search(self, policies, self.principals, asked.clone())) {
            Search::Found(wish) => {
                let labels = wish.tags.into_iter().map(|(key, value)| {
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

impl Court for ListCourt<'_> {
    fn hear(&self, wish: &Wish) -> Vec<Objection> {
        let Configuration {
            policies, account, ..
        } = self.configuration;
        let call = self.filter.call(&wish.tags);
        let of_each = self.principals.iter().flat_map(|principal| {
            let judged = judge(policies, account, principal, &call, self.now);
            judged.failures.into_iter().map(|failure| match failure {
                Failure::Refused(refusal) => Objection::Refused(refusal),
                Failure::Denied(denial) => Objection::Denied(principal.clone(), denial),
            })
        });
        of_each.collect()
    }

    fn admits(&self, change: &Change) -> bool {
        match change {
            Change::Tag(key, Some(value)) => {
                self.filter.decided(key).is_none() && self.filter.label_of(key, value).is_some()
            }
            Change::Tag(_, None) => true,
            Change::ResourceGroup(_) | Change::Role(_) => false,
        }
    }

    fn filled(&self, key: &str) -> Option<String> {
        self.filter.decided(key).map(str::to_owned)
    }

    fn before(&self) -> Option<&Wish> {
        None
    }

    fn is_fixed(&self, _role: &str) -> bool {
        true
    }

    fn groups(&self) -> Vec<(&str, bool)> {
        let groups = self.configuration.account.resource_groups.iter();
        groups.map(|group| (group.id.as_str(), group.default)).collect()
    }
}
