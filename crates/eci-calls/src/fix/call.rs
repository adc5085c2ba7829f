//! The court of a call by itself: the wish is its tags, its group and its role.

use jiff::Timestamp;

use super::{Change, Court, Objection, Wish};
use crate::{Account, Call, Failure, Kind, TagError, Tags, check_tag, judge};
use ram_policy::{PolicySet, Principal};

/// Judges one caller's call with other tags, another group or another role
#[derive(Clone, Debug)]
pub struct CallCourt<'a> {
    set: &'a PolicySet,
    account: &'a Account,
    principal: &'a Principal,
    call: &'a Call,
    now: Timestamp,
    before: Option<Wish>,
}

impl<'a> CallCourt<'a> {
    /// A court for a create or an update; other calls leave nothing to wish for
    pub fn new(
        set: &'a PolicySet,
        account: &'a Account,
        principal: &'a Principal,
        call: &'a Call,
        now: Timestamp,
    ) -> Option<Self> {
        let before = match call.operation.kind() {
            Kind::Create => None,
            Kind::Update => Some(
                call.instance
                    .as_ref()
                    .map_or_else(Wish::default, |instance| Wish {
                        tags: pairs(&instance.tags),
                        resource_group: instance.resource_group.clone(),
                        role: instance.role.clone(),
                    }),
            ),
            Kind::Query | Kind::ById => return None,
        };
        Some(Self {
            set,
            account,
            principal,
            call,
            now,
            before,
        })
    }

    /// What the call wishes for as it is
    pub fn wish(&self) -> Wish {
        let before = self.before.clone().unwrap_or_default();
        let Call {
            tags,
            resource_group,
            role,
            ..
        } = self.call;
        Wish {
            tags: tags.as_ref().map_or(before.tags, pairs),
            resource_group: resource_group.clone().or(before.resource_group),
            role: role.clone().or(before.role),
        }
    }
}

impl Court for CallCourt<'_> {
    fn hear(&self, wish: &Wish) -> Vec<Objection> {
        let tags = match Tags::from_pairs(wish.tags.clone()) {
            Ok(tags) => tags,
            Err(TagError::TooMany { .. }) => return vec![Objection::TooManyTags],
            Err(_) => return vec![Objection::Final],
        };
        let mut call = self.call.clone();
        match &self.before {
            None => {
                call.tags = (!tags.is_empty()).then_some(tags);
                call.resource_group.clone_from(&wish.resource_group);
                call.role.clone_from(&wish.role);
            }
            Some(before) => {
                // The call's own tags stay as they are sent; the instance's need not be sent
                if !call.tags.as_ref().is_some_and(|own| own.same_as(&tags)) {
                    let is_as_before = Tags::existing(before.tags.clone()).same_as(&tags);
                    call.tags = (!is_as_before).then_some(tags);
                }
                let group = wish.resource_group.clone();
                call.resource_group = group.filter(|_| wish.resource_group != before.resource_group);
                call.role = wish.role.clone().filter(|_| wish.role != before.role);
            }
        }
        let judged = judge(self.set, self.account, self.principal, &call, self.now);
        let objection = |failure| match failure {
            Failure::Refused(refusal) => Objection::Refused(refusal),
            Failure::Denied(denial) => Objection::Denied(self.principal.clone(), denial),
        };
        judged.failures.into_iter().map(objection).collect()
    }

    fn admits(&self, change: &Change) -> bool {
        match (change, &self.before) {
            (Change::Tag(key, value), _) => {
                self.call.extra_tags.value(key).is_none()
                    && value.as_ref().is_none_or(|value| check_tag(key, value).is_ok())
            }
            (Change::ResourceGroup(group), Some(before)) => before.resource_group == *group,
            (Change::Role(role), Some(before)) => before.role == *role,
            (Change::ResourceGroup(_) | Change::Role(_), None) => true,
        }
    }

    fn filled(&self, key: &str) -> Option<String> {
        self.call.extra_tags.value(key).map(str::to_owned)
    }

    fn is_given(&self, key: &str) -> bool {
        !self.call.context.values(key).is_empty()
    }

    fn before(&self) -> Option<&Wish> {
        self.before.as_ref()
    }

    fn is_fixed(&self, role: &str) -> bool {
        self.call.role_arns.iter().any(|arn| arn.as_str() == role)
    }

    fn groups(&self) -> Vec<(&str, bool)> {
        let groups = self.account.resource_groups.iter();
        groups.map(|group| (group.id.as_str(), group.default)).collect()
    }
}

fn pairs(tags: &Tags) -> Vec<(String, String)> {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    tags.iter().map(owned).collect()
}
