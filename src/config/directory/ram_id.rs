//! The numbers by which RAM knows users and roles, and which ACK puts into the names of Kubernetes users.

use serde::{Deserialize, Deserializer, de};

use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules;
use ram_policy::source::Position;

/// The id of a RAM user or role (`UserId`, `RoleId`), with its position
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RamId {
    /// Where it is written
    pub(crate) at: Position,
    digits: Box<str>,
}

impl RamId {
    /// The digits
    pub(crate) fn as_str(&self) -> &str {
        &self.digits
    }
}

/// The id in the name of a Kubernetes user of ACK: `ID`, or `ID-DIGITS` with the second in which the certificate was made
///
/// ```text
/// id_of("201234567890123456")              201234567890123456
/// id_of("201234567890123456-1676970192")   201234567890123456
/// id_of("alice"), id_of("2012-"), id_of("2012-1-2")   None
/// ```
pub(crate) fn id_of(user: &str) -> Option<&str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (id, second) = match user.split_once('-') {
        Some((id, second)) => (id, Some(second)),
        None => (user, None),
    };
    (is_number(id) && second.is_none_or(is_number)).then_some(id)
}

impl<'de> Deserialize<'de> for RamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = LocatedText::deserialize(deserializer)?;
        match name_rules::RAM_ID.refusal(&text) {
            Some(message) => Err(de::Error::custom(message)),
            None => Ok(Self {
                at: text.at,
                digits: text.as_str().into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_with_at_most_one_second_has_an_id() {
        for user in ["7", "7-1", "7-0", "007-12"] {
            assert_eq!(id_of(user), user.split('-').next(), "{user}");
        }
        for user in [
            "",
            "-",
            "7-",
            "-7",
            "7-1-2",
            "7-1a",
            "7a-1",
            " 7",
            "7 ",
            "7\n",
            "+7",
            "٧",
            "7-٧",
            "system:node:7-1",
            "system:serviceaccount:shop:7-1",
            "7@corp.example",
            "7--1",
        ] {
            assert_eq!(id_of(user), None, "{user}");
        }
    }
}
