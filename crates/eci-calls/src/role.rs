//! RAM roles as ECI accepts them: the name of the instance's role, and ARNs of roles for image registries.

use std::fmt;

/// The longest name of a role in RAM
const MAX_NAME: usize = 64;
/// The longest number of an account that a role's ARN may have; real ones have 16 digits
const MAX_ACCOUNT: usize = 32;

/// The error of a text that is no name of a role
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleNameError {
    /// An empty text
    #[error("role name is empty")]
    Empty,
    /// An ARN
    #[error("`{text}` is an ARN: write the role's name alone, `{name}`")]
    Arn {
        /// The text
        text: String,
        /// The name in it
        name: String,
    },
    /// Other characters than names of roles have, or too many
    #[error("`{text}` is not a role name: 1 to {MAX_NAME} letters, digits, `.`, `-` or `_`")]
    Malformed {
        /// The text
        text: String,
    },
}

/// Checks that a text can be the name of a RAM role.
///
/// # Errors
/// The text is empty, an ARN, too long, or has other characters than names of roles.
pub fn check_role_name(text: &str) -> Result<(), RoleNameError> {
    if text.is_empty() {
        return Err(RoleNameError::Empty);
    }
    if let Ok(arn) = RoleArn::parse(text) {
        return Err(RoleNameError::Arn {
            text: text.to_owned(),
            name: arn.name().to_owned(),
        });
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if text.len() <= MAX_NAME && text.bytes().all(letter) {
        return Ok(());
    }
    Err(RoleNameError::Malformed {
        text: text.to_owned(),
    })
}

/// The ARN of a role, perhaps of another account; prints as it is written
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn {
    text: String,
    name_at: usize,
}

/// The error of a text that is no ARN of a role
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role ARN such as `acs:ram::1234567890123456:role/NAME`")]
pub struct RoleArnError(String);

impl RoleArn {
    /// Parses `acs:ram::ACCOUNT:role/NAME`.
    ///
    /// # Errors
    /// The text is anything else.
    pub fn parse(text: &str) -> Result<Self, RoleArnError> {
        let name = text
            .strip_prefix("acs:ram::")
            .and_then(|rest| rest.split_once(":role/"))
            .filter(|(account, _)| {
                (1..=MAX_ACCOUNT).contains(&account.len())
                    && account.bytes().all(|byte| byte.is_ascii_digit())
            })
            .map(|(_, name)| name)
            .filter(|name| !name.contains(':') && check_role_name(name).is_ok());
        match name {
            Some(name) => Ok(Self {
                text: text.to_owned(),
                name_at: text.len().saturating_sub(name.len()),
            }),
            None => Err(RoleArnError(text.to_owned())),
        }
    }

    /// The name of the role
    pub fn name(&self) -> &str {
        self.text.get(self.name_at..).unwrap_or_default()
    }

    /// The whole ARN
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_names_are_short_and_plain() {
        for good in ["ECIRamRoleTest", "a", "a.b-c_d", &"r".repeat(64)] {
            assert_eq!(check_role_name(good), Ok(()), "{good}");
        }
        for bad in ["a b", "a/b", "rôle", &"r".repeat(65), "*"] {
            assert!(
                matches!(check_role_name(bad), Err(RoleNameError::Malformed { .. })),
                "{bad}"
            );
        }
        assert_eq!(check_role_name(""), Err(RoleNameError::Empty));
        assert!(
            check_role_name("acs:ram::12:role/App")
                .unwrap_err()
                .to_string()
                .contains("alone, `App`")
        );
    }

    #[test]
    fn role_arns_are_whole() {
        let arn = RoleArn::parse("acs:ram::12:role/App").unwrap();
        assert_eq!((arn.name(), arn.as_str()), ("App", "acs:ram::12:role/App"));
        for bad in [
            "",
            "App",
            "acs:ram:*:12:role/App",
            "acs:ram::*:role/App",
            "acs:ram::12:user/App",
            "acs:ram::12:role/",
            &format!("acs:ram::{}:role/App", "0".repeat(33)),
        ] {
            assert!(RoleArn::parse(bad).is_err(), "{bad}");
        }
    }
}
