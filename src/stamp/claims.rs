//! What a stamp says.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ram::Principal;

/// Who asked for a pod, for which RAM principal, where, and with which ECI fields
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The Kubernetes user
    pub user: String,
    /// The RAM principal that the user was bound to; nothing where there was none
    #[serde(default, skip_serializing_if = "Option::is_none", with = "principal")]
    pub principal: Option<Principal>,
    /// The namespace that it is good for
    pub namespace: String,
    /// The cluster that it is good for: the UID of its namespace kube-system
    pub cluster: String,
    /// The ECI fields as they were asked for
    pub fields: FieldTexts,
    /// The service account, with `default` where none is named; nothing where the template leaves it to its controller
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
}

/// The values of the annotations that an ECI call depends on; nothing where one is absent
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FieldTexts {
    /// Tags
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Resource group
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group_id: Option<String>,
    /// Instance role
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ram_role_name: Option<String>,
    /// Roles for pulling images as a service
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_arns: Option<String>,
    /// Roles for pulling images as a user
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_arns: Option<String>,
}

impl Claims {
    /// What is signed: every claim with its length before it, so that no two lists of claims read the same
    pub(super) fn canonical(&self, key: &str) -> Vec<u8> {
        let principal = self.principal.as_ref().map(ToString::to_string);
        let FieldTexts {
            tags,
            resource_group_id,
            ram_role_name,
            service_arns,
            user_arns,
        } = &self.fields;
        let parts = [
            Some(super::REQUESTED_BY),
            Some("1"),
            Some(key),
            Some(&self.user),
            principal.as_deref(),
            Some(&self.namespace),
            Some(&self.cluster),
            tags.as_deref(),
            resource_group_id.as_deref(),
            ram_role_name.as_deref(),
            service_arns.as_deref(),
            user_arns.as_deref(),
            self.service_account.as_deref(),
        ];
        let mut bytes = Vec::new();
        for part in parts {
            // An absent part has a mark of its own, unlike an empty one
            bytes.push(u8::from(part.is_some()));
            let part = part.unwrap_or_default().as_bytes();
            bytes.extend(part.len().to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }
}

mod principal {
    use super::{Deserialize, Deserializer, Principal, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        principal: &Option<Principal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match principal {
            Some(principal) => serializer.collect_str(principal),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Principal>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(de::Error::custom)
    }
}
