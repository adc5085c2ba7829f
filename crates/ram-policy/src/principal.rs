//! The caller of a request.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How the names of service-linked roles begin
const SERVICE_LINKED: &str = "AliyunServiceRoleFor";

/// The caller of a request; prints and parses as `account`, `user/NAME`, `role/NAME` or `service/NAME`.
///
/// ```
/// use ram_policy::Principal;
///
/// let alice: Principal = "user/alice".parse()?;
/// assert_eq!(alice, Principal::User("alice".into()));
/// assert_eq!(alice.arn("1234567890123456").unwrap(), "acs:ram::1234567890123456:user/alice");
/// # Ok::<(), ram_policy::PrincipalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// The Alibaba Cloud account itself, which no policy restricts
    Account,
    /// A RAM user
    User(Arc<str>),
    /// A RAM role, or a session of it; names compare without ASCII case
    Role(Arc<str>),
    /// A cloud service, such as `ecs.aliyuncs.com`, which only trust policies know
    Service(Arc<str>),
}

/// A text that names no principal
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a principal: write `account`, `user/NAME` or `role/NAME`")]
pub struct PrincipalError(String);

impl Principal {
    /// The value of `acs:PrincipalARN`; `None` for the account itself and for services, which have none
    pub fn arn(&self, account: &str) -> Option<String> {
        match self {
            Self::User(name) => Some(format!("acs:ram::{account}:user/{name}")),
            Self::Role(name) => Some(format!("acs:ram::{account}:role/{name}")),
            Self::Account | Self::Service(_) => None,
        }
    }

    /// Whether this is a service-linked role, which control policies do not apply to
    pub fn is_service_linked(&self) -> bool {
        matches!(self, Self::Role(name) if name.starts_with(SERVICE_LINKED))
    }

    /// The kind of caller, in the word of RAM's error messages
    pub fn auth_type(&self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::User(_) => "SubUser",
            Self::Role(_) => "AssumedRoleUser",
            Self::Service(_) => "Service",
        }
    }
}

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        let named = |kind: fn(Arc<str>) -> Self, name: &str| match name {
            "" => Err(PrincipalError(text.to_owned())),
            name => Ok(kind(name.into())),
        };
        match text.split_once('/') {
            Some(("user", name)) => named(Self::User, name),
            Some(("role", name)) => named(Self::Role, name),
            Some(("service", name)) => named(Self::Service, name),
            None if text == "account" => Ok(Self::Account),
            _ => Err(PrincipalError(text.to_owned())),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("account"),
            Self::User(name) => write!(f, "user/{name}"),
            Self::Role(name) => write!(f, "role/{name}"),
            Self::Service(name) => write!(f, "service/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_read_as_they_print() {
        for text in ["account", "user/alice", "role/App", "service/ecs.aliyuncs.com"] {
            assert_eq!(text.parse::<Principal>().unwrap().to_string(), text);
        }
        for bad in ["", "alice", "user/", "group/x", "root", "Account"] {
            assert!(bad.parse::<Principal>().unwrap_err().to_string().contains(bad));
        }
    }
}
