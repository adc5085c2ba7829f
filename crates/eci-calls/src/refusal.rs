//! What ECI refuses by its own rules, whatever RAM decides.

use crate::tag::TagError;

/// A parameter that ECI refuses
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// ECI's error code if it is known, or else one of ramgate's own
    pub code: &'static str,
    /// What is wrong, and what would be accepted
    pub message: String,
}

impl Refusal {
    /// A role that does not exist
    pub(crate) fn unknown_role(name: &str) -> Self {
        Self {
            code: "Forbidden.RamRoleNotExist",
            message: format!("RAM role `{name}` is not in the directory"),
        }
    }

    /// A resource group that does not exist
    pub(crate) fn unknown_group(id: &str) -> Self {
        Self {
            code: "UnknownResourceGroup",
            message: format!("resource group `{id}` is not in the directory"),
        }
    }

    /// A change of an instance's role, which ECI sets only when it creates the instance
    pub fn role_change(current: Option<&str>, wanted: Option<&str>) -> Self {
        Self {
            code: "RoleChange",
            message: change("RAM role", current, wanted),
        }
    }

    /// A change of an instance's resource group
    pub fn group_change(current: Option<&str>, wanted: Option<&str>) -> Self {
        Self {
            code: "ResourceGroupChange",
            message: change("resource group", current, wanted),
        }
    }

    /// A resource group that the addressed instance is not in
    pub(crate) fn other_group(current: Option<&str>, given: &str) -> Self {
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
