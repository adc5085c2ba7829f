//! The name of a stamped object, or the prefix of a name that the API server has yet to generate.

use serde::{Deserialize, Serialize};

/// How many characters of a prefix the API server keeps in a generated name
const LONGEST_PREFIX: usize = 58;
/// How many random characters it appends
const RANDOM: usize = 5;

/// The name of an object, or the prefix of its generated name
///
/// A stamp may be written before the API server has generated the name, so it holds the prefix instead.
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
    /// The name to sign, from `name` and `generateName` of an object
    ///
    /// The mutating webhook sees the object before its name is generated, the validating webhook sees it afterwards. Both
    /// take the prefix, so they agree.
    ///
    /// ```text
    /// of("web", "")             -> Whole("web")
    /// of("", "run-")            -> Prefix("run-")
    /// of("run-x7k2p", "run-")   -> Prefix("run-")
    /// of("run-mine", "run-")    -> Whole("run-mine"): no generated name
    /// ```
    pub fn of(name: &str, generate_name: &str) -> Self {
        let prefix = Self::Prefix(generate_name.to_owned());
        if !generate_name.is_empty() && (name.is_empty() || prefix.matches(name)) {
            prefix
        } else {
            Self::Whole(name.to_owned())
        }
    }

    /// Whether an object of this name has this name, or one that was generated from this prefix
    pub fn matches(&self, name: &str) -> bool {
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

    /// The name or the prefix
    pub fn text(&self) -> &str {
        match self {
            Self::Whole(text) | Self::Prefix(text) => text,
        }
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
        assert_eq!(ObjectName::of("", "run-"), prefix, "before the name is generated");
        assert_eq!(
            ObjectName::of("run-x7k2p", "run-"),
            prefix,
            "after it is generated"
        );
        // The client chose this name itself
        assert_eq!(
            ObjectName::of("run-mine", "run-"),
            ObjectName::Whole("run-mine".to_owned())
        );
        assert_eq!(ObjectName::of("web", "run-"), given);
    }

    #[test]
    fn a_prefix_matches_generated_names_alone() {
        let prefix = ObjectName::Prefix("run-".to_owned());
        assert!(prefix.matches("run-x7k2p"));
        for other in [
            "run-",
            "run-x7k2",
            "run-x7k2pp",
            "run-X7k2p",
            "ran-x7k2p",
            "run-x-k2p",
        ] {
            assert!(!prefix.matches(other), "{other}");
        }
        let long = "a".repeat(70);
        let generated = format!("{}x7k2p", "a".repeat(58));
        assert!(ObjectName::Prefix(long).matches(&generated));
    }
}
