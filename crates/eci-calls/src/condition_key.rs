//! The condition keys of ECI's questions to RAM, and which question supports_key which.
//!
//! This is the table of docs/policies.md, condition keys. The linter and the comparison of configurations read it here.

use std::fmt;

use crate::operation::{Operation, OperationKind};
use crate::ram_question::{ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, PASS_ROLE};

pub use ram_policy::{PRINCIPAL_ARN, RESOURCE_GROUP_ID};

/// The time of the request, in UTC
pub const CURRENT_TIME: &str = "acs:CurrentTime";
/// The service that receives a role
pub const SERVICE: &str = "acs:Service";
/// The service in whose name a service-linked role is made
pub const SERVICE_NAME: &str = "ram:ServiceName";

/// Whose tag a condition key means
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagSource {
    /// A tag that the call sends
    Request,
    /// A tag that the addressed resource has
    Resource,
    /// ECI's older key for either: the request's on a create, the resource's on a call with an id
    Eci,
}

/// A condition key that names a tag; prints as the key
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagKey<'a> {
    /// Whose tag
    pub source: TagSource,
    /// The tag's key
    pub tag: &'a str,
}

impl TagSource {
    /// All of them
    pub const ALL: [Self; 3] = [Self::Request, Self::Resource, Self::Eci];

    /// What stands before the tag's key
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Request => "acs:RequestTag/",
            Self::Resource => "acs:ResourceTag/",
            Self::Eci => "eci:tag/",
        }
    }
}

impl<'a> TagKey<'a> {
    /// The tag that a condition key names, if it names one
    pub fn parse(key: &'a str) -> Option<Self> {
        let named = |source: TagSource| {
            let tag = key.strip_prefix(source.prefix())?;
            Some(Self { source, tag })
        };
        TagSource::ALL.into_iter().find_map(named)
    }
}

impl fmt::Display for TagKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.source.prefix(), self.tag)
    }
}

/// Whether a condition key tells one resource from another, in whatever case it is written
pub(crate) fn depends_on_resource(key: &str) -> bool {
    let begins_with = |prefix: &str| {
        key.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    TagSource::ALL
        .into_iter()
        .any(|source| begins_with(source.prefix()))
        || key.eq_ignore_ascii_case(RESOURCE_GROUP_ID)
}

/// A question to RAM, as far as that decides which condition keys it supports_key
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionKind {
    /// A call of ECI
    Call {
        /// Whether it can send tags
        has_request_tags: bool,
        /// Whether it can address something that has tags
        has_resource_tags: bool,
    },
    /// Handing a role over
    PassRole,
    /// Making ECI's service-linked role
    CreateServiceLinkedRole,
    /// An instance assuming its role
    AssumeRole,
}

impl QuestionKind {
    /// The question that an action stands for, in whatever case; none for actions that ECI never asks about
    ///
    /// An operation that ECI does not have, or not yet, is read by its name.
    pub fn of_action(action: &str) -> Option<Self> {
        let about_roles = [
            (PASS_ROLE, Self::PassRole),
            (CREATE_SERVICE_LINKED_ROLE, Self::CreateServiceLinkedRole),
            (ASSUME_ROLE, Self::AssumeRole),
        ];
        let known = about_roles
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(action));
        if let Some((_, kind)) = known {
            return Some(kind);
        }
        let (code, name) = action.split_once(':')?;
        if !code.eq_ignore_ascii_case("eci") {
            return None;
        }
        let mut operations = Operation::ALL.iter();
        let known = operations.find(|operation| operation.name().eq_ignore_ascii_case(name));
        Some(known.map_or_else(
            || Self::of_kind(OperationKind::by_name(name)),
            |operation| Self::of_operation(*operation),
        ))
    }

    /// The question about an operation
    pub fn of_operation(operation: Operation) -> Self {
        match operation {
            // They have tags as a parameter, whatever they address
            Operation::TagResources | Operation::UntagResources => Self::Call {
                has_request_tags: true,
                has_resource_tags: true,
            },
            _ => Self::of_kind(operation.kind()),
        }
    }

    fn of_kind(kind: OperationKind) -> Self {
        Self::Call {
            has_request_tags: kind != OperationKind::ById,
            has_resource_tags: kind != OperationKind::Create,
        }
    }

    /// Whether the question can have a value for a condition key; none for keys that are not ECI's to fill in
    pub fn supports_key(self, key: &str) -> Option<bool> {
        if let Some(TagKey { source, .. }) = TagKey::parse(key) {
            return Some(self.knows_tags(source));
        }
        match key {
            CURRENT_TIME => Some(true),
            // A service assumes the role, and services have no ARN
            PRINCIPAL_ARN => Some(self != Self::AssumeRole),
            RESOURCE_GROUP_ID => Some(matches!(self, Self::Call { .. })),
            SERVICE => Some(self == Self::PassRole),
            SERVICE_NAME => Some(self == Self::CreateServiceLinkedRole),
            _ => None,
        }
    }

    fn knows_tags(self, source: TagSource) -> bool {
        match (self, source) {
            (Self::Call { has_request_tags, .. }, TagSource::Request) => has_request_tags,
            (
                Self::Call {
                    has_resource_tags, ..
                },
                TagSource::Resource,
            ) => has_resource_tags,
            (Self::Call { .. }, TagSource::Eci) => true,
            (Self::PassRole | Self::CreateServiceLinkedRole | Self::AssumeRole, _) => false,
        }
    }
}

impl Operation {
    /// Whether the question about this operation can have a value for a condition key, as [`QuestionKind::supports_key`] says
    pub fn supports_key(self, key: &str) -> Option<bool> {
        match key {
            RESOURCE_GROUP_ID => Some(self.supports_resource_groups()),
            _ => QuestionKind::of_operation(self).supports_key(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_keys_print_as_they_are_read() {
        for key in ["acs:RequestTag/env", "acs:ResourceTag/a/b", "eci:tag/"] {
            assert_eq!(TagKey::parse(key).unwrap().to_string(), key);
        }
        for key in ["acs:RequestTag", "acs:requesttag/env", "acs:SourceIp", "env"] {
            assert_eq!(TagKey::parse(key), None, "{key}");
        }
    }

    #[test]
    fn calls_know_the_keys_of_their_kind() {
        for (action, key, supports_key) in [
            ("eci:CreateContainerGroup", "acs:RequestTag/env", Some(true)),
            ("eci:CreateContainerGroup", "acs:ResourceTag/env", Some(false)),
            ("ECI:createAny", "acs:ResourceTag/env", Some(false)),
            ("eci:DeleteContainerGroup", "acs:RequestTag/env", Some(false)),
            ("eci:DeleteContainerGroup", "eci:tag/env", Some(true)),
            ("eci:TagResources", "acs:RequestTag/env", Some(true)),
            ("eci:UpdateContainerGroup", "acs:RequestTag/env", Some(true)),
            ("eci:DescribeContainerLog", "acs:RequestTag/env", Some(false)),
            ("eci:CreateContainerGroup", "acs:Service", Some(false)),
            ("eci:CreateContainerGroup", "acs:SourceIp", None),
            ("ram:PassRole", "acs:Service", Some(true)),
            ("ram:passrole", "ram:ServiceName", Some(false)),
            ("ram:PassRole", "acs:RequestTag/env", Some(false)),
            ("ram:PassRole", "acs:ResourceGroupId", Some(false)),
            ("sts:AssumeRole", "acs:PrincipalARN", Some(false)),
            ("sts:AssumeRole", "acs:CurrentTime", Some(true)),
        ] {
            let kind = QuestionKind::of_action(action).unwrap();
            assert_eq!(kind.supports_key(key), supports_key, "{action} {key}");
        }
        assert_eq!(QuestionKind::of_action("ecs:RunInstances"), None);
        let price = Operation::DescribeContainerGroupPrice;
        assert_eq!(price.supports_key(RESOURCE_GROUP_ID), Some(false));
    }
}
