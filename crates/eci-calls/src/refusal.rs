//! What ECI refuses by its own rules, whatever RAM decides.

use std::fmt;

use crate::tag::TagError;

/// A parameter that ECI refuses
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// ECI's error code if it is known, or else one of ramgate's own
    pub code: &'static str,
    /// What is wrong, and what would be accepted
    pub message: String,
    /// The same as data
    pub reason: RefusalReason,
}

/// The reason of a refusal; prints as its message
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// There is no role of this name
    UnknownRole(String),
    /// There is no resource group of this id
    UnknownGroup(String),
    /// The role of an instance is fixed
    RoleChange {
        /// The role that it has
        current: Option<String>,
        /// The role that is asked for
        wanted: Option<String>,
    },
    /// The resource group of an instance is fixed
    GroupChange {
        /// The group that it is in
        current: Option<String>,
        /// The group that is asked for
        wanted: Option<String>,
    },
    /// The roles for pulling images are fixed
    RegistryRoleChange,
    /// The addressed instance is in another resource group
    OtherGroup {
        /// The group that it is in
        current: Option<String>,
        /// The group that the call names
        given: String,
    },
    /// ECI does not accept the tags
    Tags(TagError),
}

impl Refusal {
    /// A role that does not exist
    pub(crate) fn unknown_role(name: &str) -> Self {
        RefusalReason::UnknownRole(name.to_owned()).into()
    }

    /// A resource group that does not exist
    pub(crate) fn unknown_group(id: &str) -> Self {
        RefusalReason::UnknownGroup(id.to_owned()).into()
    }

    /// A change of an instance's role, which ECI sets only when it creates the instance
    pub fn role_change(current: Option<&str>, wanted: Option<&str>) -> Self {
        let (current, wanted) = (current.map(str::to_owned), wanted.map(str::to_owned));
        RefusalReason::RoleChange { current, wanted }.into()
    }

    /// A change of an instance's resource group
    pub fn group_change(current: Option<&str>, wanted: Option<&str>) -> Self {
        let (current, wanted) = (current.map(str::to_owned), wanted.map(str::to_owned));
        RefusalReason::GroupChange { current, wanted }.into()
    }

    /// A change of the roles for pulling images
    pub fn registry_role_change() -> Self {
        RefusalReason::RegistryRoleChange.into()
    }

    /// A resource group that the addressed instance is not in
    pub(crate) fn other_group(current: Option<&str>, given: &str) -> Self {
        let (current, given) = (current.map(str::to_owned), given.to_owned());
        RefusalReason::OtherGroup { current, given }.into()
    }
}

impl RefusalReason {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownRole(_) => "Forbidden.RamRoleNotExist",
            Self::UnknownGroup(_) => "UnknownResourceGroup",
            Self::RoleChange { .. } => "RoleChange",
            Self::GroupChange { .. } => "ResourceGroupChange",
            Self::RegistryRoleChange => "RegistryRoleChange",
            Self::OtherGroup { .. } => "OtherResourceGroup",
            Self::Tags(_) => "InvalidTag",
        }
    }
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self {
            code: reason.code(),
            message: reason.to_string(),
            reason,
        }
    }
}

impl From<TagError> for Refusal {
    fn from(error: TagError) -> Self {
        RefusalReason::Tags(error).into()
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRole(name) => write!(f, "RAM role `{name}` is not in the directory"),
            Self::UnknownGroup(id) => write!(f, "resource group `{id}` is not in the directory"),
            Self::RoleChange { current, wanted } => write_change(f, "RAM role", current, wanted),
            Self::GroupChange { current, wanted } => write_change(f, "resource group", current, wanted),
            Self::RegistryRoleChange => f.write_str(
                "the roles for pulling images cannot be changed: ECI takes them when it makes the instance",
            ),
            Self::OtherGroup { current, given } => {
                let current = named("resource group", current);
                write!(f, "the instance is in {current}, not in resource group `{given}`")
            }
            Self::Tags(error) => error.fmt(f),
        }
    }
}

fn write_change(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    current: &Option<String>,
    wanted: &Option<String>,
) -> fmt::Result {
    let wanted = match wanted {
        Some(name) => format!("changed to `{name}`"),
        None => "taken away".to_owned(),
    };
    let current = named(what, current);
    write!(
        f,
        "the {what} of an instance cannot be {wanted}: it has {current}"
    )
}

fn named(what: &str, name: &Option<String>) -> String {
    match name {
        Some(name) => format!("{what} `{name}`"),
        None => format!("no {what}"),
    }
}
