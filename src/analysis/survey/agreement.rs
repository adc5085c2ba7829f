//! Whether what a stamp was written for is what the pod or template asks for now.

use serde_json::Value;

use crate::admission::fields::changes::Changes;
use crate::admission::fields::reading::texts;
use crate::kubernetes::eci_annotations::{
    CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS,
};
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::{Claims, FieldTexts};

/// One field that is another one than the stamp says
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The annotation, or what else it is
    pub field: &'static str,
    /// As the stamp has it
    pub stamped: Option<String>,
    /// As it is
    pub found: Option<String>,
}

/// The fields of a stamp, each with its annotation
pub(crate) fn fields(fields: &FieldTexts) -> [(&'static str, Option<&str>); 5] {
    [
        (CUSTOM_TAGS, fields.tags.as_deref()),
        (RESOURCE_GROUP_ID, fields.resource_group_id.as_deref()),
        (RAM_ROLE_NAME, fields.ram_role_name.as_deref()),
        (SERVICE_ARNS, fields.service_arns.as_deref()),
        (USER_ARNS, fields.user_arns.as_deref()),
    ]
}

/// Everything in which a pod or template is not as its stamp says
pub(crate) fn differences(
    claims: &Claims,
    found: &FieldTexts,
    service_account: Option<&str>,
) -> Vec<Difference> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let pairs = fields(&claims.fields).into_iter().zip(fields(found));
    let account = (claims.service_account.as_deref(), service_account);
    let accounts = match account {
        // A template may leave it to its controller
        (Some(stamped), Some(found)) if stamped != found => Some(Difference {
            field: "service account",
            stamped: owned(Some(stamped)),
            found: owned(Some(found)),
        }),
        _ => None,
    };
    pairs
        .filter(|((_, stamped), (_, found))| stamped != found)
        .map(|((field, stamped), (_, found))| Difference {
            field,
            stamped: owned(stamped),
            found: owned(found),
        })
        .chain(accounts)
        .collect()
}

/// What a pod or pod template asks for, and its service account
///
/// # Errors
///
/// It is neither.
pub(crate) fn asked(reviewed: &Value) -> Result<(FieldTexts, Option<String>), serde_json::Error> {
    let json = reviewed.to_string();
    let template = PodTemplate::template(&json)?;
    let account = template.service_account().map(str::to_owned);
    Ok((texts(template.read(), &Changes::default()), account))
}
