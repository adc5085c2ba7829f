//! What ECI itself does not accept, whatever RAM says.

use crate::tag::TagError;

/// A parameter that ECI does not accept
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// ECI's code where it is known, else one of ramgate's own
    pub code: &'static str,
    /// What was found, what is wanted
    pub message: String,
}

impl Refusal {
    /// A role that the directory does not have
    pub(super) fn unknown_role(name: &str) -> Self {
        Self {
            code: "Forbidden.RamRoleNotExist",
            message: format!("RAM role `{name}` is not in the directory"),
        }
    }

    /// A resource group that the directory does not have
    pub(super) fn unknown_group(id: &str) -> Self {
        Self {
            code: "UnknownResourceGroup",
            message: format!("resource group `{id}` is not in the directory"),
        }
    }

    /// Another role than the instance has; ECI gives an instance one role, once
    pub fn role_change(current: Option<&str>, wanted: Option<&str>) -> Self {
        Self {
            code: "RoleChange",
            message: change("RAM role", current, wanted),
        }
    }

    /// Another resource group than the instance is in
    pub fn group_change(current: Option<&str>, wanted: Option<&str>) -> Self {
        Self {
            code: "ResourceGroupChange",
            message: change("resource group", current, wanted),
        }
    }

    /// A group given beside an instance that is in another one
    pub(super) fn other_group(current: Option<&str>, given: &str) -> Self {
        Self {
            code: "OtherResourceGroup",
            message: format!(
                "the instance is in {}, not in resource group `{given}`",
                named("resource group", current)
            ),
        }
    }
}

impl From<TagError> for Refusal {
    fn from(error: TagError) -> Self {
        Self {
            code: "InvalidTag",
            message: error.to_string(),
        }
    }
}

fn change(what: &str, current: Option<&str>, wanted: Option<&str>) -> String {
    let wanted = wanted.map_or_else(|| "taken away".to_owned(), |name| format!("changed to `{name}`"));
    format!(
        "the {what} of an instance cannot be {wanted}: it has {}",
        named(what, current)
    )
}

fn named(what: &str, name: Option<&str>) -> String {
    name.map_or_else(|| format!("no {what}"), |name| format!("{what} `{name}`"))
}
