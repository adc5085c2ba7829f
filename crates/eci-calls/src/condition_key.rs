//! The condition keys of ECI calls, and which questions to RAM have which.
//!
//! ```
//! use eci_calls::Operation;
//! use eci_calls::condition_key::{QuestionKind, TagKey, TagSource};
//!
//! let key = TagKey::parse("acs:RequestTag/env").unwrap();
//! assert_eq!((key.source, key.tag), (TagSource::Request, "env"));
//!
//! assert_eq!(Operation::CreateContainerGroup.supports_key("acs:RequestTag/env"), Some(true));
//! assert_eq!(Operation::DeleteContainerGroup.supports_key("acs:RequestTag/env"), Some(false));
//! assert_eq!(QuestionKind::PassRole.supports_key("acs:Service"), Some(true));
//! assert_eq!(QuestionKind::PassRole.supports_key("acs:SourceIp"), None);
//! ```

use std::fmt;

use crate::operation::{Operation, OperationKind};
use crate::ram_question::{ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, PASS_ROLE};

pub use ram_policy::{PRINCIPAL_ARN, RESOURCE_GROUP_ID};

/// The time of the request, in UTC
pub const CURRENT_TIME: &str = "acs:CurrentTime";
/// The service that a role is passed to
pub const SERVICE: &str = "acs:Service";
/// The service that a service-linked role belongs to
pub const SERVICE_NAME: &str = "ram:ServiceName";

/// The owner of the tag that a condition key names
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagSource {
    /// The request
    Request,
    /// The addressed resource
    Resource,
    /// ECI's older key for both: the request on a create, the resource on a call with an id
    Eci,
}

/// A condition key that names a tag; prints as the key
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagKey<'a> {
    /// The owner of the tag
    pub source: TagSource,
    /// The tag's key
    pub tag: &'a str,
}

impl TagSource {
    /// All sources
    pub const ALL: [Self; 3] = [Self::Request, Self::Resource, Self::Eci];

    /// The condition key without the tag's key
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Request => "acs:RequestTag/",
            Self::Resource => "acs:ResourceTag/",
            Self::Eci => "eci:tag/",
        }
    }
}

impl<'a> TagKey<'a> {
    /// Parses a condition key; `None` if it names no tag
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

/// Whether a condition key, in any case, depends on the resource
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

/// The kind of a question to RAM, which decides its condition keys
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionKind {
    /// A call of ECI
    Call {
        /// Whether the request can have tags
        has_request_tags: bool,
        /// Whether it can address a resource with tags
        has_resource_tags: bool,
    },
    /// Passing a role
    PassRole,
    /// Creating ECI's service-linked role
    CreateServiceLinkedRole,
    /// An instance assuming its role
    AssumeRole,
}

impl QuestionKind {
    /// The kind for an action, in any case; `None` for actions that no ECI call asks about.
    ///
    /// For an unknown operation of ECI, the beginning of its name decides.
    pub fn of_action(action: &str) -> Option<Self> {
        let about_roles = [
            (PASS_ROLE, Self::PassRole),
            (CREATE_SERVICE_LINKED_ROLE, Self::CreateServiceLinkedRole),
            (ASSUME_ROLE, Self::AssumeRole),
        ];
        let mut about_roles = about_roles.into_iter();
        if let Some((_, kind)) = about_roles.find(|(name, _)| name.eq_ignore_ascii_case(action)) {
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

    /// The kind for an operation
    pub fn of_operation(operation: Operation) -> Self {
        match operation {
            // Tags are a parameter of these, whatever they address.
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

    /// Whether the question can have a value for a condition key; `None` for keys that do not come from ECI
    pub fn supports_key(self, key: &str) -> Option<bool> {
        if let Some(TagKey { source, .. }) = TagKey::parse(key) {
            return Some(self.supports_tags_of(source));
        }
        match key {
            CURRENT_TIME => Some(true),
            // A service assumes the role, and services have no ARN.
            PRINCIPAL_ARN => Some(self != Self::AssumeRole),
            RESOURCE_GROUP_ID => Some(matches!(self, Self::Call { .. })),
            SERVICE => Some(self == Self::PassRole),
            SERVICE_NAME => Some(self == Self::CreateServiceLinkedRole),
            _ => None,
        }
    }

    fn supports_tags_of(self, source: TagSource) -> bool {
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
    /// Whether this operation can have a value for a condition key; see [`QuestionKind::supports_key`]
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
    fn questions_support_the_keys_of_their_kind() {
        for (action, key, expected) in [
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
            assert_eq!(kind.supports_key(key), expected, "{action} {key}");
        }
        assert_eq!(QuestionKind::of_action("ecs:RunInstances"), None);
        let price = Operation::DescribeContainerGroupPrice;
        assert_eq!(price.supports_key(RESOURCE_GROUP_ID), Some(false));
    }
}
