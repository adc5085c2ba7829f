//! Evaluates a call with other tags, another resource group or another role.

use jiff::Timestamp;

use crate::account::Account;
use crate::call::{Call, Instance};
use crate::evaluate::evaluate;
use crate::evaluation::Failure;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::{Blocker, Evaluator};
use crate::operation::OperationKind;
use crate::tag::{TagError, Tags, check_tag};
use ram_policy::{PolicySet, Principal};

/// The evaluator for one caller's create or update
#[derive(Clone, Debug)]
pub struct CallEvaluator<'a> {
    set: &'a PolicySet,
    account: &'a Account,
    principal: &'a Principal,
    call: &'a Call,
    now: Timestamp,
    stored: Option<DesiredFields>,
}

impl<'a> CallEvaluator<'a> {
    /// An evaluator for a create or an update; `None` for other calls, which have no fields to choose
    pub fn new(
        set: &'a PolicySet,
        account: &'a Account,
        principal: &'a Principal,
        call: &'a Call,
        now: Timestamp,
    ) -> Option<Self> {
        let instance = call.instance.as_ref();
        let stored = match call.operation.kind() {
            OperationKind::Create => None,
            OperationKind::Update => Some(instance.map(stored_fields).unwrap_or_default()),
            OperationKind::Query | OperationKind::ById => return None,
        };
        Some(Self {
            set,
            account,
            principal,
            call,
            now,
            stored,
        })
    }

    /// The fields of the call as it is
    pub fn desired(&self) -> DesiredFields {
        let stored = self.stored.clone().unwrap_or_default();
        let Call {
            tags,
            resource_group,
            role,
            ..
        } = self.call;
        DesiredFields {
            tags: tags.as_ref().map_or(stored.tags, pairs),
            resource_group: resource_group.clone().or(stored.resource_group),
            role: role.clone().or(stored.role),
        }
    }

    /// The call with these tags and the other fields
    fn call_with(&self, tags: Tags, desired: &DesiredFields) -> Call {
        let mut call = self.call.clone();
        let Some(stored) = &self.stored else {
            call.tags = (!tags.is_empty()).then_some(tags);
            call.resource_group.clone_from(&desired.resource_group);
            call.role.clone_from(&desired.role);
            return call;
        };
        // An update that sends these tags already stays as it is. Otherwise it sends them only if they change.
        let sends_them = call.tags.as_ref().is_some_and(|own| own.equals_unordered(&tags));
        if !sends_them {
            let is_unchanged = Tags::existing(stored.tags.clone()).equals_unordered(&tags);
            call.tags = (!is_unchanged).then_some(tags);
        }
        let group = desired.resource_group.clone();
        call.resource_group = group.filter(|_| desired.resource_group != stored.resource_group);
        call.role = desired.role.clone().filter(|_| desired.role != stored.role);
        call
    }
}

impl Evaluator for CallEvaluator<'_> {
    fn evaluate(&self, desired: &DesiredFields) -> Vec<Blocker> {
        let tags = match Tags::from_pairs(desired.tags.clone()) {
            Ok(tags) => tags,
            Err(TagError::TooMany { .. }) => return vec![Blocker::TooManyTags],
            Err(_) => return vec![Blocker::Final],
        };
        let call = self.call_with(tags, desired);
        let evaluation = evaluate(self.set, self.account, self.principal, &call, self.now);
        let blocker = |failure| match failure {
            Failure::Refused(refusal) => Blocker::Refused(refusal),
            Failure::Denied(denial) => Blocker::Denied(self.principal.clone(), denial),
        };
        evaluation.failures.into_iter().map(blocker).collect()
    }

    fn can_apply(&self, change: &Change) -> bool {
        match (change, &self.stored) {
            (Change::Tag(key, value), _) => {
                self.call.extra_tags.value(key).is_none()
                    && value.as_ref().is_none_or(|value| check_tag(key, value).is_ok())
            }
            (Change::ResourceGroup(group), Some(stored)) => stored.resource_group == *group,
            (Change::Role(role), Some(stored)) => stored.role == *role,
            (Change::ResourceGroup(_) | Change::Role(_), None) => true,
        }
    }

    fn default_tag(&self, key: &str) -> Option<String> {
        self.call.extra_tags.value(key).map(str::to_owned)
    }

    fn is_key_fixed(&self, key: &str) -> bool {
        !self.call.context.values(key).is_empty()
    }

    fn stored(&self) -> Option<&DesiredFields> {
        self.stored.as_ref()
    }

    fn is_role_fixed(&self, role: &str) -> bool {
        self.call.role_arns.iter().any(|arn| arn.as_str() == role)
    }

    fn resource_groups(&self) -> Vec<(&str, bool)> {
        let groups = self.account.resource_groups.iter();
        groups.map(|group| (group.id.as_str(), group.default)).collect()
    }
}

fn stored_fields(instance: &Instance) -> DesiredFields {
    DesiredFields {
        tags: pairs(&instance.tags),
        resource_group: instance.resource_group.clone(),
        role: instance.role.clone(),
    }
}

fn pairs(tags: &Tags) -> Vec<(String, String)> {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    tags.iter().map(owned).collect()
}
