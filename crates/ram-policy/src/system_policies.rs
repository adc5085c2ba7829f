//! The system policies that are built in.
//!
//! Their texts are those that Alibaba Cloud publishes. Of `AliyunECIContainerGroupRolePolicy` only the list of actions is
//! published, and the two administrator policies are written by their names.

/// Name and text of each built-in system policy
pub static SYSTEM_POLICIES: &[(&str, &str)] = &[
    (
        "AliyunECIFullAccess",
        include_str!("system_policies/AliyunECIFullAccess.json"),
    ),
    (
        "AliyunECIReadOnlyAccess",
        include_str!("system_policies/AliyunECIReadOnlyAccess.json"),
    ),
    (
        "AliyunServiceRolePolicyForECI",
        include_str!("system_policies/AliyunServiceRolePolicyForECI.json"),
    ),
    (
        "AliyunECIContainerGroupRolePolicy",
        include_str!("system_policies/AliyunECIContainerGroupRolePolicy.json"),
    ),
    (
        "AdministratorAccess",
        include_str!("system_policies/AllowEverything.json"),
    ),
    (
        "FullAliyunAccess",
        include_str!("system_policies/AllowEverything.json"),
    ),
];

/// Whether a built-in system policy has this name
pub fn is_system_policy(name: &str) -> bool {
    SYSTEM_POLICIES.iter().any(|(known, _)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, DocumentKind};

    #[test]
    fn every_built_in_policy_is_a_clean_document() {
        for (name, text) in SYSTEM_POLICIES {
            let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
            assert!(
                parsed.warnings.is_empty() && !parsed.document.statements.is_empty(),
                "{name}"
            );
        }
    }
}
