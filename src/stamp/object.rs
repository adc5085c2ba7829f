//! The object that a stamp was written into.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many characters of a prefix the API server keeps when it makes a name of it, and how many it adds
const LONGEST_PREFIX: usize = 58;
const RANDOM: usize = 5;

/// A pod, or an object that makes pods
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StampedObject {
    /// The API group; empty for the core group
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The kind
    pub kind: String,
    /// The name
    #[serde(flatten)]
    pub name: ObjectName,
}

/// The name of an object, or the prefix that the API server makes one of
///
/// A stamp is written before the API server has made the name, so that it can hold the prefix alone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum ObjectName {
    /// The name itself
    #[serde(rename = "name")]
    Whole(String),
    /// The prefix
    #[serde(rename = "generateName")]
    Prefix(String),
}

impl ObjectName {
    /// The name that is signed, from `name` and `generateName` of an object
    ///
    /// The mutating webhook sees an object without its name, the validating one sees the name that was made of the
    /// prefix: for both the prefix counts.
    pub fn of(name: &str, generate_name: &str) -> Self {
        let prefix = Self::Prefix(generate_name.to_owned());
        if !generate_name.is_empty() && (name.is_empty() || prefix.fits(name)) {
            prefix
        } else {
            Self::Whole(name.to_owned())
        }
    }

    /// Whether an object of this name is meant
    pub fn fits(&self, name: &str) -> bool {
        match self {
            Self::Whole(whole) => whole == name,
            Self::Prefix(prefix) => {
                let kept = prefix.get(..LONGEST_PREFIX).unwrap_or(prefix);
                name.strip_prefix(kept).is_some_and(|random| {
                    random.len() == RANDOM
                        && random
                            .bytes()
                            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                })
            }
        }
    }

    /// The name, or as much of it as is known
    pub fn text(&self) -> &str {
        match self {
            Self::Whole(text) | Self::Prefix(text) => text,
        }
    }
}

impl StampedObject {
    /// Whether this object is meant
    pub fn is(&self, group: &str, kind: &str, name: &str) -> bool {
        self.group == group && self.kind == kind && self.name.fits(name)
    }
}

impl fmt::Display for StampedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = match self.name {
            ObjectName::Whole(_) => "",
            ObjectName::Prefix(_) => "*",
        };
        write!(f, "{} {}{star}", self.kind, self.name.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_webhooks_find_the_same_name() {
        let given = ObjectName::of("web", "");
        assert_eq!(given, ObjectName::Whole("web".to_owned()));
        let prefix = ObjectName::Prefix("run-".to_owned());
        assert_eq!(ObjectName::of("", "run-"), prefix, "before the name is made");
        assert_eq!(ObjectName::of("run-x7k2p", "run-"), prefix, "after it was made");
        // Whoever writes both has chosen the name
        assert_eq!(
            ObjectName::of("run-mine", "run-"),
            ObjectName::Whole("run-mine".to_owned())
        );
        assert_eq!(ObjectName::of("web", "run-"), given);
    }

    #[test]
    fn a_prefix_fits_what_the_api_server_makes_of_it_and_nothing_else() {
        let prefix = ObjectName::Prefix("run-".to_owned());
        assert!(prefix.fits("run-x7k2p"));
        for other in [
            "run-",
            "run-x7k2",
            "run-x7k2pp",
            "run-X7k2p",
            "ran-x7k2p",
            "run-x-k2p",
        ] {
            assert!(!prefix.fits(other), "{other}");
        }
        let long = "a".repeat(70);
        let made = format!("{}x7k2p", "a".repeat(58));
        assert!(ObjectName::Prefix(long).fits(&made));
    }

    #[test]
    fn it_reads_as_it_is_written() {
        for (object, text) in [
            (
                StampedObject {
                    group: "apps".to_owned(),
                    kind: "Deployment".to_owned(),
                    name: ObjectName::Whole("web".to_owned()),
                },
                r#"{"group":"apps","kind":"Deployment","name":"web"}"#,
            ),
            (
                StampedObject {
                    group: String::new(),
                    kind: "Pod".to_owned(),
                    name: ObjectName::Prefix("run-".to_owned()),
                },
                r#"{"kind":"Pod","generateName":"run-"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&object).unwrap(), text);
            assert_eq!(serde_json::from_str::<StampedObject>(text).unwrap(), object);
        }
        for refused in [
            r#"{"kind":"Pod"}"#,
            r#"{"kind":"Pod","name":"a","generateName":"a-"}"#,
            r#"{"kind":"Pod","name":"a","more":1}"#,
        ] {
            assert!(
                serde_json::from_str::<StampedObject>(refused).is_err(),
                "{refused}"
            );
        }
    }
}
