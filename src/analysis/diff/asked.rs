//! Which condition keys a request can have, as far as that is known: the gate's own questions (docs/policies.md,
//! condition keys), and actions of ECI that it does not ask about, read by their names.

use eci_calls::{Kind, Operation};

const REQUEST_TAG: &str = "acs:RequestTag/";
const RESOURCE_TAG: &str = "acs:ResourceTag/";
const ECI_TAG: &str = "eci:tag/";

/// The actions about roles, which have no tags, each with the key that only it knows
const ABOUT_ROLES: [(&str, &str); 3] = [
    ("ram:PassRole", "acs:Service"),
    ("ram:CreateServiceLinkedRole", "ram:ServiceName"),
    ("sts:AssumeRole", ""),
];

/// What is known of the requests of an action
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// A call of ECI
    Eci {
        /// Whether it can send tags
        sends_tags: bool,
        /// Whether it can address something that has tags
        finds_tags: bool,
    },
    /// One about a role, with a key that no other action knows
    Role(&'static str),
    /// Nothing
    Unknown,
}

impl Asked {
    pub(crate) fn of(action: &str) -> Self {
        let same = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(action);
        if let Some((_, own)) = ABOUT_ROLES.iter().find(same) {
            return Self::Role(own);
        }
        let Some((code, name)) = action.split_once(':') else {
            return Self::Unknown;
        };
        if !code.eq_ignore_ascii_case("eci") {
            return Self::Unknown;
        }
        let known = Operation::ALL
            .iter()
            .find(|operation| operation.name().eq_ignore_ascii_case(name));
        let kind = known.map_or_else(|| by_name(name), |operation| operation.kind());
        // They have tags as a parameter, whatever they address
        let tagging = matches!(known, Some(Operation::TagResources | Operation::UntagResources));
        Self::Eci {
            sends_tags: kind != Kind::ById || tagging,
            finds_tags: kind != Kind::Create,
        }
    }

    /// Whether a request can have a value for a condition key
    pub(crate) fn can_have(self, key: &str) -> bool {
        let of_a_role = ABOUT_ROLES.iter().any(|(_, own)| *own == key);
        match self {
            Self::Eci { sends_tags, .. } if key.starts_with(REQUEST_TAG) => sends_tags,
            Self::Eci { finds_tags, .. } if key.starts_with(RESOURCE_TAG) => finds_tags,
            Self::Eci { .. } => !of_a_role,
            Self::Role(own) if of_a_role => own == key,
            Self::Role(_) => ![REQUEST_TAG, RESOURCE_TAG, ECI_TAG]
                .iter()
                .any(|tag| key.starts_with(tag)),
            Self::Unknown => true,
        }
    }
}

/// What an operation does that ECI has not, or not yet
fn by_name(name: &str) -> Kind {
    let starts = |word: &str| {
        name.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    if starts("Create") || starts("BatchCreate") {
        Kind::Create
    } else if starts("Update") {
        Kind::Update
    } else if starts("Describe") || starts("List") {
        Kind::Query
    } else {
        Kind::ById
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_the_keys_of_their_kind() {
        for (action, key, can) in [
            ("eci:CreateContainerGroup", "acs:RequestTag/env", true),
            ("eci:CreateContainerGroup", "acs:ResourceTag/env", false),
            ("ECI:createAny", "acs:ResourceTag/env", false),
            ("eci:DeleteContainerGroup", "acs:RequestTag/env", false),
            ("eci:DeleteContainerGroup", "eci:tag/env", true),
            ("eci:TagResources", "acs:RequestTag/env", true),
            ("eci:UpdateContainerGroup", "acs:RequestTag/env", true),
            ("eci:DescribeContainerLog", "acs:RequestTag/env", false),
            ("eci:CreateContainerGroup", "acs:Service", false),
            ("eci:CreateContainerGroup", "acs:SourceIp", true),
            ("ram:PassRole", "acs:Service", true),
            ("ram:passrole", "ram:ServiceName", false),
            ("ram:PassRole", "acs:RequestTag/env", false),
            ("sts:AssumeRole", "acs:SourceIp", true),
            ("ecs:RunInstances", "acs:ResourceTag/env", true),
        ] {
            assert_eq!(Asked::of(action).can_have(key), can, "{action} {key}");
        }
    }
}
