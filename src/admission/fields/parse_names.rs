//! The parsers of the annotations for the resource group, the instance role and the registry roles.

use crate::admission::fields::list_entries::{entries, outer_blank};
use crate::admission::fields::malformed_annotation::{AnnotationFault, EntryFault};
use eci_calls::{RoleArn, RoleNameError, check_role_name};

/// The longest resource group id; no limit is published, and real ones have 18 characters
const MAX_RESOURCE_GROUP: usize = 64;

/// Parses a resource group id
///
/// # Errors
///
/// The text is not exactly one id.
pub fn parse_resource_group(text: &str) -> Result<String, AnnotationFault> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_id = (1..=MAX_RESOURCE_GROUP).contains(&text.len()) && text.bytes().all(is_allowed);
    is_id
        .then(|| text.to_owned())
        .ok_or_else(|| AnnotationFault::ResourceGroup(text.to_owned()))
}

/// Parses a role name
///
/// # Errors
///
/// The text is not exactly one name, or is a whole ARN.
pub fn parse_role_name(text: &str) -> Result<String, AnnotationFault> {
    match check_role_name(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(RoleNameError::Arn { text, name }) => Err(AnnotationFault::RoleArn { arn: text, name }),
        Err(RoleNameError::Empty) => Err(AnnotationFault::Empty),
        Err(RoleNameError::Malformed { text }) => Err(AnnotationFault::RoleName(text)),
    }
}

/// Parses a comma-separated list of role ARNs
///
/// # Errors
///
/// The first entry that is no role ARN.
pub(super) fn parse_role_arns(text: &str) -> Result<Vec<RoleArn>, AnnotationFault> {
    let arn = |(number, text): (usize, &str)| {
        parse_role_arn(text).map_err(|fault| AnnotationFault::Entry {
            number,
            text: text.to_owned(),
            fault,
        })
    };
    entries(text)?.into_iter().map(arn).collect()
}

fn parse_role_arn(text: &str) -> Result<RoleArn, EntryFault> {
    if let Some(position) = outer_blank(text, ["before the ARN", "after the ARN"]) {
        return Err(EntryFault::Blank(position));
    }
    RoleArn::parse(text).map_err(|_| EntryFault::NoRoleArn)
}
