//! The claims of a stamp.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::stamp::container_digests::ContainerDigests;
use crate::stamp::form::{Form, REQUESTED_BY};
use crate::stamp::object_name::ObjectName;
use crate::stamp::stamped_object::StampedObject;
use ram_policy::Principal;

/// The requester of a pod, and the properties of the pod that the requester may have
///
/// Pods of the stamp may have exactly these ECI fields, this service account and these containers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The Kubernetes user
    pub user: String,
    /// The RAM principal that the user was bound to, if any
    #[serde(default, skip_serializing_if = "Option::is_none", with = "principal")]
    pub principal: Option<Principal>,
    /// The namespace of the object
    pub namespace: String,
    /// The cluster, by the UID of its namespace kube-system
    pub cluster: String,
    /// The object that the stamp was written into; `None` in the first form
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<StampedObject>,
    /// The ECI fields of the request
    pub fields: FieldTexts,
    /// The service account, `default` if the pod names none; `None` if the template leaves it to its controller
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// The containers; `None` in the first form, and if the template leaves them to its controller
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containers: Option<ContainerDigests>,
}

/// The values of the annotations that an ECI call depends on; `None` for an absent one
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
    /// The claims of a stamp of the first form: without object and containers
    #[must_use]
    pub fn of_first_form(self) -> Self {
        Self {
            object: None,
            containers: None,
            ..self
        }
    }

    /// The bytes that are signed: every claim after its length, so no two different lists of claims give the same bytes
    pub(super) fn signed_bytes(&self, form: Form, key: &str) -> Vec<u8> {
        let principal = self.principal.as_ref().map(ToString::to_string);
        let FieldTexts {
            tags,
            resource_group_id,
            ram_role_name,
            service_arns,
            user_arns,
        } = &self.fields;
        let claims = [
            Some(REQUESTED_BY),
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
        let mut bytes = SignedBytes::default();
        claims.into_iter().for_each(|claim| bytes.append(claim));
        if form == Form::Second {
            self.append_second_form(&mut bytes);
        }
        bytes.0
    }

    fn append_second_form(&self, bytes: &mut SignedBytes) {
        let object = self.object.as_ref();
        let (name, generate_name) = match object.map(|object| &object.name) {
            Some(ObjectName::Whole(name)) => (Some(name.as_str()), None),
            Some(ObjectName::Prefix(prefix)) => (None, Some(prefix.as_str())),
            None => (None, None),
        };
        let count = self.containers.as_ref().map(|all| all.iter().len().to_string());
        let claims = [
            object.map(|object| object.group.as_str()),
            object.map(|object| object.kind.as_str()),
            name,
            generate_name,
            count.as_deref(),
        ];
        claims.into_iter().for_each(|claim| bytes.append(claim));
        for (name, digest) in self.containers.iter().flat_map(ContainerDigests::iter) {
            bytes.append(Some(name));
            bytes.append(Some(&digest.to_string()));
        }
    }
}

/// Claims, each after its length
#[derive(Default)]
struct SignedBytes(Vec<u8>);

impl SignedBytes {
    /// Appends a claim; its first byte tells an absent claim from an empty one
    fn append(&mut self, claim: Option<&str>) {
        let text = claim.unwrap_or_default().as_bytes();
        self.0.push(u8::from(claim.is_some()));
        self.0.extend(text.len().to_be_bytes());
        self.0.extend(text);
    }
}

/// A principal as text, such as `user/alice`
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
