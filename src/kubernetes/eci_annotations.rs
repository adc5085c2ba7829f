//! The annotations of a pod that become parameters of an ECI call.

use crate::stamp::FieldTexts;

/// Tags of the container group: `key:value,key:value`
pub(crate) const CUSTOM_TAGS: &str = "k8s.aliyun.com/eci-custom-tags";
/// Resource group of the container group: one id
pub(crate) const RESOURCE_GROUP_ID: &str = "k8s.aliyun.com/eci-resource-group-id";
/// Role whose credentials the containers get: one name
pub(crate) const RAM_ROLE_NAME: &str = "k8s.aliyun.com/eci-ram-role-name";
/// Roles for pulling images as a service: role ARNs
pub(crate) const SERVICE_ARNS: &str = "k8s.aliyun.com/acr-service-arns";
/// Roles for pulling images as a user: role ARNs
pub(crate) const USER_ARNS: &str = "k8s.aliyun.com/acr-user-arns";

/// Every annotation that an ECI call depends on
pub const ECI_FIELDS: [&str; 5] = [
    CUSTOM_TAGS,
    RESOURCE_GROUP_ID,
    RAM_ROLE_NAME,
    SERVICE_ARNS,
    USER_ARNS,
];

/// The values of these annotations, by a lookup such as that of a pod or an eci-profile
pub(crate) fn texts_of<'v>(value: impl Fn(&'static str) -> Option<&'v str>) -> FieldTexts {
    let text = |annotation| value(annotation).map(str::to_owned);
    FieldTexts {
        tags: text(CUSTOM_TAGS),
        resource_group_id: text(RESOURCE_GROUP_ID),
        ram_role_name: text(RAM_ROLE_NAME),
        service_arns: text(SERVICE_ARNS),
        user_arns: text(USER_ARNS),
    }
}
