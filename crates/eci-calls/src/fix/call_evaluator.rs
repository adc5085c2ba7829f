//! The evaluator of a call by itself, whose fields are its tags, its group and its role.

use jiff::Timestamp;

use crate::account::Account;
use crate::call::Call;
use crate::evaluate::evaluate;
use crate::evaluation::Failure;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::{Blocker, Evaluator};
use crate::operation::OperationKind;
use crate::tag::{TagError, Tags, check_tag};
use ram_policy::{PolicySet, Principal};

/// Evaluates one caller's call with other tags, another group or another role
#[derive(Clone, Debug)]
pub struct CallEvaluator<'a> {
    set: &'a PolicySet,
    account: &'a Account,
    principal: &'a Principal,
    call: &'a Call,
    now: Timestamp,
    before: Option<DesiredFields>,
}

impl<'a> CallEvaluator<'a> {
    /// An evaluator for a create or an update; other calls leave nothing to choose
    pub fn new(
        set: &'a PolicySet,
        account: &'a Account,
        principal: &'a Principal,
        call: &'a Call,
        now: Timestamp,
    ) -> Option<Self> {
        let before = match call.operation.kind() {
            OperationKind::Create => None,
            OperationKind::Update => Some(call.instance.as_ref().map_or_else(
                DesiredFields::default,
                |instance| DesiredFields {
                    tags: pairs(&instance.tags),
                    resource_group: instance.resource_group.clone(),
                    role: instance.role.clone(),
                },
            )),
            OperationKind::Query | OperationKind::ById => return None,
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

    /// The fields of the call as it is
    pub fn desired(&self) -> DesiredFields {
        let before = self.before.clone().unwrap_or_default();
        let Call {
            tags,
            resource_group,
            role,
            ..
        } = self.call;
        DesiredFields {
            tags: tags.as_ref().map_or(before.tags, pairs),
            resource_group: resource_group.clone().or(before.resource_group),
            role: role.clone().or(before.role),
        }
    }
}

impl Evaluator for CallEvaluator<'_> {
    fn evaluate(&self, desired: &DesiredFields) -> Vec<Blocker> {
        let tags = match Tags::from_pairs(desired.tags.clone()) {
            Ok(tags) => tags,
            Err(TagError::TooMany { .. }) => return vec![Blocker::TooManyTags],
            Err(_) => return vec![Blocker::Final],
        };
        let mut call = self.call.clone();
        match &self.before {
            None => {
                call.tags = (!tags.is_empty()).then_some(tags);
                call.resource_group.clone_from(&desired.resource_group);
                call.role.clone_from(&desired.role);
            }
            Some(before) => {
                // The call's own tags stay as they are sent; the instance's need not be sent
                if !call.tags.as_ref().is_some_and(|own| own.equals_unordered(&tags)) {
                    let is_as_before = Tags::existing(before.tags.clone()).equals_unordered(&tags);
                    call.tags = (!is_as_before).then_some(tags);
                }
                let group = desired.resource_group.clone();
                call.resource_group = group.filter(|_| desired.resource_group != before.resource_group);
                call.role = desired.role.clone().filter(|_| desired.role != before.role);
            }
        }
        let evaluation = evaluate(self.set, self.account, self.principal, &call, self.now);
        let blocker = |failure| match failure {
            Failure::Refused(refusal) => Blocker::Refused(refusal),
            Failure::Denied(denial) => Blocker::Denied(self.principal.clone(), denial),
        };
        evaluation.failures.into_iter().map(blocker).collect()
    }

    fn can_apply(&self, change: &Change) -> bool {
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

    fn default_tag(&self, key: &str) -> Option<String> {
        self.call.extra_tags.value(key).map(str::to_owned)
    }

    fn is_key_fixed(&self, key: &str) -> bool {
        !self.call.context.values(key).is_empty()
    }

    fn stored(&self) -> Option<&DesiredFields> {
        self.before.as_ref()
    }

    fn is_role_fixed(&self, role: &str) -> bool {
        self.call.role_arns.iter().any(|arn| arn.as_str() == role)
    }

    fn resource_groups(&self) -> Vec<(&str, bool)> {
        let groups = self.account.resource_groups.iter();
        groups.map(|group| (group.id.as_str(), group.default)).collect()
    }
}

fn pairs(tags: &Tags) -> Vec<(String, String)> {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    tags.iter().map(owned).collect()
}
