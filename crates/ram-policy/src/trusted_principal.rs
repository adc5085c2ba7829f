//! Whom a trust policy trusts: the entries of its `Principal` element.

use std::fmt;

use crate::principal::Principal;

/// One entry of a trust policy's `Principal`; prints as it is written
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TrustedPrincipal {
    /// `acs:ram::ACCOUNT:root`: every RAM user and role of that account, and the account itself
    Account(Box<str>),
    /// `acs:ram::ACCOUNT:user/NAME`
    User(Box<str>, Box<str>),
    /// `acs:ram::ACCOUNT:role/NAME`
    Role(Box<str>, Box<str>),
    /// A cloud service
    Service(Box<str>),
    /// `ACCOUNT@SERVICE`: a cloud service when it acts for that account
    ServiceOf(Box<str>, Box<str>),
    /// An identity provider; no [`Principal`] comes from one
    Federated(Box<str>),
}

impl TrustedPrincipal {
    /// Parses an entry of the `RAM` list
    ///
    /// # Errors
    /// A message if it is malformed.
    pub(super) fn parse_ram(text: &str) -> Result<Self, String> {
        let region_and_rest = text
            .strip_prefix("acs:ram:")
            .and_then(|rest| rest.split_once(':'));
        let (region, rest) = region_and_rest.unwrap_or_default();
        let (account, relative) = rest.split_once(':').unwrap_or_default();
        let named = |name: &str| !name.is_empty() && !name.contains(['*', '?', ':', ' ']);
        if is_number(account) && (region.is_empty() || region == "*") {
            match relative.split_once('/') {
                None if relative == "root" => return Ok(Self::Account(account.into())),
                Some(("user", name)) if named(name) => return Ok(Self::User(account.into(), name.into())),
                Some(("role", name)) if named(name) => return Ok(Self::Role(account.into(), name.into())),
                _ => {}
            }
        }
        Err(format!(
            "principal `{text}` is not `acs:ram::<account>:root`, `:user/<name>` or `:role/<name>`"
        ))
    }

    /// Parses an entry of the `Service` list
    ///
    /// # Errors
    /// A message if it is malformed.
    pub(super) fn parse_service(text: &str) -> Result<Self, String> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        let is_service = |name: &str| name.contains('.') && name.bytes().all(letter);
        match text.split_once('@') {
            None if is_service(text) => Ok(Self::Service(text.into())),
            Some((account, name)) if is_number(account) && is_service(name) => {
                Ok(Self::ServiceOf(account.into(), name.into()))
            }
            _ => Err(format!(
                "service `{text}` is not a service name such as `ecs.aliyuncs.com`, nor `<account>@<service>`"
            )),
        }
    }

    /// Parses an entry of the `Federated` list
    ///
    /// # Errors
    /// A message if it is malformed.
    pub(super) fn parse_federated(text: &str) -> Result<Self, String> {
        if text.starts_with("acs:ram:") && text.contains("-provider/") {
            return Ok(Self::Federated(text.into()));
        }
        Err(format!(
            "identity provider `{text}` is not `acs:ram::<account>:saml-provider/<name>`"
        ))
    }

    /// Whether this entry covers a caller, who belongs to this account
    pub fn covers(&self, caller: &Principal, account: &str) -> bool {
        match (self, caller) {
            (
                Self::Account(trusted),
                Principal::Account | Principal::User(_) | Principal::Role(_) | Principal::Group(_),
            ) => **trusted == *account,
            (Self::User(trusted, name), Principal::User(caller)) => {
                **trusted == *account && **name == **caller
            }
            (Self::Role(trusted, name), Principal::Role(caller)) => {
                **trusted == *account && name.eq_ignore_ascii_case(caller)
            }
            (Self::Service(trusted), Principal::Service(caller)) => **trusted == **caller,
            (Self::ServiceOf(owner, trusted), Principal::Service(caller)) => {
                **owner == *account && **trusted == **caller
            }
            _ => false,
        }
    }
}

impl fmt::Display for TrustedPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "acs:ram::{account}:root"),
            Self::User(account, name) => write!(f, "acs:ram::{account}:user/{name}"),
            Self::Role(account, name) => write!(f, "acs:ram::{account}:role/{name}"),
            Self::Service(name) | Self::Federated(name) => f.write_str(name),
            Self::ServiceOf(account, name) => write!(f, "{account}@{name}"),
        }
    }
}

/// Whether a text can be the number of an account
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_covers_exactly_whom_it_names() {
        let covers = |text: &str, caller: &str| {
            TrustedPrincipal::parse_ram(text)
                .unwrap()
                .covers(&caller.parse().unwrap(), "123")
        };
        assert!(covers("acs:ram::123:root", "user/a"));
        assert!(covers("acs:ram:*:123:root", "role/a"));
        assert!(!covers("acs:ram::124:root", "user/a"));
        assert!(covers("acs:ram::123:root", "group/a"));
        assert!(!covers("acs:ram::123:user/a", "group/a"));
        assert!(!covers("acs:ram::123:root", "service/ecs.aliyuncs.com"));
        assert!(covers("acs:ram::123:user/a", "user/a"));
        assert!(!covers("acs:ram::123:user/a", "user/A"));
        assert!(!covers("acs:ram::124:user/a", "user/a"));
        assert!(covers("acs:ram::123:role/A", "role/a"));
        assert!(!covers("acs:ram::123:role/a", "user/a"));
        let ecs = TrustedPrincipal::parse_service("ecs.aliyuncs.com").unwrap();
        assert!(ecs.covers(&"service/ecs.aliyuncs.com".parse().unwrap(), "123"));
        assert!(!ecs.covers(&"service/eci.aliyuncs.com".parse().unwrap(), "123"));
        let own = TrustedPrincipal::parse_service("123@ecs.aliyuncs.com").unwrap();
        assert_eq!(own.to_string(), "123@ecs.aliyuncs.com");
        assert!(own.covers(&"service/ecs.aliyuncs.com".parse().unwrap(), "123"));
        assert!(!own.covers(&"service/eci.aliyuncs.com".parse().unwrap(), "123"));
        assert!(!own.covers(&"service/ecs.aliyuncs.com".parse().unwrap(), "124"));
        assert!(!own.covers(&"user/ecs.aliyuncs.com".parse().unwrap(), "123"));
    }

    #[test]
    fn malformed_trust_is_refused() {
        for bad in [
            "*",
            "acs:ram::*:root",
            "acs:ram::123:group/x",
            "acs:ram::123:user/",
            "acs:ram::123:user/*",
            "123",
        ] {
            assert!(TrustedPrincipal::parse_ram(bad).is_err(), "{bad}");
        }
        for bad in [
            "ecs",
            "*.aliyuncs.com",
            "@ecs.aliyuncs.com",
            "123@",
            "123@ecs",
            "1x@ecs.aliyuncs.com",
            "*@ecs.aliyuncs.com",
            "1@2@ecs.aliyuncs.com",
        ] {
            assert!(TrustedPrincipal::parse_service(bad).is_err(), "{bad}");
        }
        assert!(TrustedPrincipal::parse_federated("x").is_err());
        assert!(TrustedPrincipal::parse_federated("acs:ram::1:saml-provider/x").is_ok());
    }
}
