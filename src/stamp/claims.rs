//! What a stamp says.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::stamp::Form;
use crate::stamp::contents::Contents;
use crate::stamp::object::{ObjectName, StampedObject};
use ram_policy::Principal;

/// Who asked for a pod, for which RAM principal, where, in which object, with which ECI fields and containers
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
    /// The object that it was written into; nothing in a stamp of the first form
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<StampedObject>,
    /// The ECI fields as they were asked for
    pub fields: FieldTexts,
    /// The service account, with `default` where none is named; nothing where the template leaves it to its controller
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// What runs in it; nothing in a stamp of the first form, and where a template leaves it to its controller
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containers: Option<Contents>,
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
    /// What a stamp of the first form said: no object, no containers
    #[must_use]
    pub fn of_first_form(self) -> Self {
        Self {
            object: None,
            containers: None,
            ..self
        }
    }

    /// What is signed: every claim with its length before it, so that no two lists of claims read the same
    pub(super) fn canonical(&self, form: Form, key: &str) -> Vec<u8> {
        let principal = self.principal.as_ref().map(ToString::to_string);
        let FieldTexts {
            tags,
            resource_group_id,
            ram_role_name,
            service_arns,
            user_arns,
        } = &self.fields;
        let parts = [
            Some(crate::stamp::REQUESTED_BY),
            Some(form.version()),
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
        parts.into_iter().for_each(|part| extend(&mut bytes, part));
        if form == Form::Second {
            self.extend_by_second_form(&mut bytes);
        }
        bytes
    }

    fn extend_by_second_form(&self, bytes: &mut Vec<u8>) {
        let object = self.object.as_ref();
        let name = object.map(|object| &object.name);
        let whole = name.and_then(|name| match name {
            ObjectName::Whole(whole) => Some(whole.as_str()),
            ObjectName::Prefix(_) => None,
        });
        let prefix = name.and_then(|name| match name {
            ObjectName::Prefix(prefix) => Some(prefix.as_str()),
            ObjectName::Whole(_) => None,
        });
        for part in [
            object.map(|object| object.group.as_str()),
            object.map(|object| object.kind.as_str()),
            whole,
            prefix,
        ] {
            extend(bytes, part);
        }
        let count = self.containers.as_ref().map(|all| all.iter().len().to_string());
        extend(bytes, count.as_deref());
        for (name, digest) in self.containers.iter().flat_map(Contents::iter) {
            extend(bytes, Some(name));
            extend(bytes, Some(&digest.to_string()));
        }
    }
}

/// Adds a part with its length before it
fn extend(bytes: &mut Vec<u8>, part: Option<&str>) {
    // An absent part has a mark of its own, unlike an empty one
    bytes.push(u8::from(part.is_some()));
    let part = part.unwrap_or_default().as_bytes();
    bytes.extend(part.len().to_be_bytes());
    bytes.extend(part);
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
