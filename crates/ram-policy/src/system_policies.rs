//! The system policies that are built in.
//!
//! Their texts are those that Alibaba Cloud publishes. Of `AliyunECIContainerGroupRolePolicy` only the list of actions is
//! published, and the two administrator policies are written by their names.

use std::sync::{Arc, LazyLock};

use crate::document::{Document, DocumentKind};

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

/// The parsed documents of [`SYSTEM_POLICIES`], which all sets share
pub fn system_policy_documents() -> impl Iterator<Item = (&'static str, Arc<Document>)> {
    static DOCUMENTS: LazyLock<Vec<(&str, Arc<Document>)>> = LazyLock::new(|| {
        // A test below parses them all; one that did not parse would be unknown
        let parsed = SYSTEM_POLICIES.iter().filter_map(|(name, text)| {
            let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).ok()?;
            Some((*name, Arc::new(parsed.document)))
        });
        parsed.collect()
    });
    DOCUMENTS
        .iter()
        .map(|(name, document)| (*name, Arc::clone(document)))
}

/// Whether a built-in system policy has this name
pub fn is_system_policy(name: &str) -> bool {
    SYSTEM_POLICIES.iter().any(|(known, _)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

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
