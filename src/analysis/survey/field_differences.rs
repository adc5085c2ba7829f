//! Compares the fields of a stamp with those of the pod or template that carries it.

use serde_json::Value;

use crate::admission::fields::changes::Changes;
use crate::admission::fields::reading::texts;
use crate::kubernetes::eci_annotations::{
    CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS,
};
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::{Claims, FieldTexts};

/// A field whose value differs from the stamped one
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldDifference {
    /// The annotation, or `service account`
    pub field: &'static str,
    /// The value in the stamp
    pub stamped: Option<String>,
    /// The value in the pod or template
    pub found: Option<String>,
}

/// The fields of a stamp, each with its annotation
pub(crate) fn by_annotation(fields: &FieldTexts) -> [(&'static str, Option<&str>); 5] {
    [
        (CUSTOM_TAGS, fields.tags.as_deref()),
        (RESOURCE_GROUP_ID, fields.resource_group_id.as_deref()),
        (RAM_ROLE_NAME, fields.ram_role_name.as_deref()),
        (SERVICE_ARNS, fields.service_arns.as_deref()),
        (USER_ARNS, fields.user_arns.as_deref()),
    ]
}

/// All fields that differ, the service account included
///
/// ```text
/// stamp: tags env:test   template: tags env:prod
///   -> [k8s.aliyun.com/eci-custom-tags: stamped env:test, found env:prod]
/// ```
pub(crate) fn field_differences(
    claims: &Claims,
    found: &FieldTexts,
    service_account: Option<&str>,
) -> Vec<FieldDifference> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let difference = |(field, stamped, found): (&'static str, Option<&str>, Option<&str>)| FieldDifference {
        field,
        stamped: owned(stamped),
        found: owned(found),
    };
    let annotations = by_annotation(&claims.fields)
        .into_iter()
        .zip(by_annotation(found))
        .map(|((field, stamped), (_, found))| (field, stamped, found));
    let account = (
        "service account",
        claims.service_account.as_deref(),
        service_account,
    );
    // A template may leave the service account to its controller
    let account = (account.1.is_some() && account.2.is_some()).then_some(account);
    annotations
        .chain(account)
        .filter(|(_, stamped, found)| stamped != found)
        .map(difference)
        .collect()
}

/// The fields and the service account of a pod or pod template
///
/// # Errors
///
/// The value is neither.
pub(crate) fn current_fields(reviewed: &Value) -> Result<(FieldTexts, Option<String>), serde_json::Error> {
    let json = reviewed.to_string();
    let template = PodTemplate::template(&json)?;
    let account = template.service_account().map(str::to_owned);
    Ok((texts(template.read(), &Changes::default()), account))
}
