//! The caller of a request.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How the names of service-linked roles begin
const SERVICE_LINKED: &str = "AliyunServiceRoleFor";

/// The caller of a request; prints and parses as `account`, `user/NAME`, `role/NAME`, `group/NAME` or
/// `service/NAME`.
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
    /// Whoever holds what a group of RAM users holds, without being one of them; RAM itself has no such caller
    Group(Arc<str>),
    /// A cloud service, such as `ecs.aliyuncs.com`, which only trust policies know
    Service(Arc<str>),
}

/// A text that names no principal
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a principal: write `account`, `user/NAME`, `role/NAME` or `group/NAME`")]
pub struct PrincipalError(String);

impl Principal {
    /// The value of `acs:PrincipalARN`; `None` for the account itself, groups and services, which have none
    pub fn arn(&self, account: &str) -> Option<String> {
        match self {
            Self::User(name) => Some(format!("acs:ram::{account}:user/{name}")),
            Self::Role(name) => Some(format!("acs:ram::{account}:role/{name}")),
            Self::Account | Self::Group(_) | Self::Service(_) => None,
        }
    }

    /// The RAM user or role of this account that an ARN names
    ///
    /// `None` for every other ARN: of another account, of the account itself, of a session (`assumed-role/…`).
    ///
    /// ```
    /// use ram_policy::Principal;
    ///
    /// let alice = Principal::of_arn("acs:ram::1234567890123456:user/alice", "1234567890123456");
    /// assert_eq!(alice, Some(Principal::User("alice".into())));
    /// assert_eq!(Principal::of_arn("acs:ram::1234567890123456:user/alice", "1"), None);
    /// ```
    pub fn of_arn(arn: &str, account: &str) -> Option<Self> {
        let (owner, relative) = arn.strip_prefix("acs:ram::")?.split_once(':')?;
        let principal: Self = relative.parse().ok()?;
        let is_caller = matches!(principal, Self::User(_) | Self::Role(_));
        (is_caller && owner == account).then_some(principal)
    }

    /// Whether this is a service-linked role, which control policies do not apply to
    pub fn is_service_linked(&self) -> bool {
        matches!(self, Self::Role(name) if name.starts_with(SERVICE_LINKED))
    }

    /// The kind of caller, in the word of RAM's error messages
    pub fn auth_type(&self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::User(_) | Self::Group(_) => "SubUser",
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
            Some(("group", name)) => named(Self::Group, name),
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
            Self::Group(name) => write!(f, "group/{name}"),
            Self::Service(name) => write!(f, "service/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_read_as_they_print() {
        for text in [
            "account",
            "user/alice",
            "role/App",
            "group/dev",
            "service/ecs.aliyuncs.com",
        ] {
            assert_eq!(text.parse::<Principal>().unwrap().to_string(), text);
        }
        for foreign in [
            "",
            "user/a",
            "acs:ram::123:root",
            "acs:ram::123:account",
            "acs:ram::123:group/a",
            "acs:ram::123:user/",
            "acs:ram::123:assumed-role/R/session",
            "acs:ram::1234:user/a",
            "acs:ram:cn:123:user/a",
            "acs:sts::123:user/a",
            " acs:ram::123:user/a",
        ] {
            assert_eq!(Principal::of_arn(foreign, "123"), None, "{foreign}");
        }
        let role = Principal::of_arn("acs:ram::123:role/R", "123");
        assert_eq!(role, Some(Principal::Role("R".into())));
        for bad in ["", "alice", "user/", "group/", "groups/x", "root", "Account"] {
            assert!(bad.parse::<Principal>().unwrap_err().to_string().contains(bad));
        }
    }
}
