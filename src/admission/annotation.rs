//! The annotations that become parameters of an ECI call.
//!
//! How the provider reads a malformed value is not known. So whatever could be read in two ways is refused here, with
//! words of its own, and nothing is trimmed or guessed.

use super::phrase::{NAME_LENGTH, clipped, quoted};
use super::pod::Pod;

/// Tags of the container group: `key:value,key:value`
pub const CUSTOM_TAGS: &str = "k8s.aliyun.com/eci-custom-tags";
/// Resource group of the container group: one id
pub const RESOURCE_GROUP_ID: &str = "k8s.aliyun.com/eci-resource-group-id";
/// Role whose credentials the containers get: one name
pub const RAM_ROLE_NAME: &str = "k8s.aliyun.com/eci-ram-role-name";
/// Roles for pulling images as a service: role ARNs
pub const SERVICE_ARNS: &str = "k8s.aliyun.com/acr-service-arns";
/// Roles for pulling images as a user: role ARNs
pub const USER_ARNS: &str = "k8s.aliyun.com/acr-user-arns";

/// Tag keys that ACK or the provider puts on container groups itself and looks them up by
const OWN_KEYS: [&str; 10] = [
    "ManagedBy",
    "ClusterId",
    "NameSpace",
    "OwnerReferenceKind",
    "OwnerReferenceName",
    "PodName",
    "ClusterName",
    "NodeName",
    "UID",
    "CreationTimestamp",
];

/// How many entries one annotation may have: ECI's limit of tags, and far more roles than anybody hands over
const MAX_ENTRIES: usize = 20;

/// The longest name of a role or resource group, in characters: CreateRole's limit
const LONGEST_NAME: usize = 64;

/// The ECI fields of a pod, in its own order of tags
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Custom tags; keys are unique
    pub tags: Vec<(String, String)>,
    /// Resource group id; absent means the account's default group
    pub resource_group: Option<String>,
    /// Name of the instance role
    pub role: Option<String>,
    /// Account and name of the roles for pulling images, services' first
    pub role_arns: Vec<(String, String)>,
}

/// An annotation that is not accepted, and why
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("annotation {annotation} {problem}")]
pub struct Malformed {
    /// The annotation's key
    pub annotation: &'static str,
    /// What is wrong with its value
    #[source]
    pub problem: Problem,
}

/// What is wrong with a value; entries are counted from 1
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing at all
    #[error("is empty: write a value or leave the annotation out")]
    Empty,
    /// Two commas in a row, or one at either end
    #[error("has an empty entry {entry}: remove the comma too many")]
    EmptyEntry {
        /// The entry
        entry: usize,
    },
    /// More entries than ECI could ever take
    #[error("has more than {MAX_ENTRIES} entries: no container group takes so many")]
    TooMany,
    /// A tag without a value
    #[error(
        "has no colon in entry {entry}, {}: write it as `key:value`",
        quoted(text, NAME_LENGTH)
    )]
    NoColon {
        /// The entry
        entry: usize,
        /// Its text
        text: String,
    },
    /// A tag that could be split in two ways
    #[error(
        "has more than one colon in entry {entry}, {}: write it as `key:value`, neither of which can hold a colon",
        quoted(text, NAME_LENGTH)
    )]
    SecondColon {
        /// The entry
        entry: usize,
        /// Its text
        text: String,
    },
    /// A tag without a name
    #[error("has no key before the colon in entry {entry}, {}", quoted(text, NAME_LENGTH))]
    EmptyKey {
        /// The entry
        entry: usize,
        /// Its text
        text: String,
    },
    /// A blank that the provider might or might not cut off
    #[error(
        "has a blank {place} in entry {entry}, {}: remove it",
        quoted(text, NAME_LENGTH)
    )]
    Blank {
        /// Where in the entry
        place: &'static str,
        /// The entry
        entry: usize,
        /// Its text
        text: String,
    },
    /// A line break or the like
    #[error(
        "has a control character in entry {entry}, {}: remove it",
        quoted(text, NAME_LENGTH)
    )]
    Control {
        /// The entry
        entry: usize,
        /// Its text
        text: String,
    },
    /// An address, which tags may not hold
    #[error(
        "holds `http://` or `https://` in entry {entry}, {}: tags may not",
        quoted(text, NAME_LENGTH)
    )]
    Address {
        /// The entry
        entry: usize,
        /// Its text
        text: String,
    },
    /// A key or value in Alibaba Cloud's own space
    #[error(
        "has the reserved prefix `acs:` in entry {entry}, {}: choose another",
        quoted(text, NAME_LENGTH)
    )]
    Reserved {
        /// The entry
        entry: usize,
        /// Its text
        text: String,
    },
    /// A key that other software relies on
    #[error("sets `{key}` in entry {entry}, a tag that ACK or the provider sets itself: choose another key")]
    OwnKey {
        /// The key
        key: &'static str,
        /// The entry
        entry: usize,
    },
    /// The same key in two entries
    #[error(
        "sets {} in entry {first} and again in entry {second}: keep one of them",
        quoted(key, NAME_LENGTH)
    )]
    RepeatedKey {
        /// The key
        key: String,
        /// Where it stands first
        first: usize,
        /// Where it stands again
        second: usize,
    },
    /// Against a limit of ECI's tags
    #[error("breaks a limit of tags: {0}")]
    Limit(String),
    /// Not an id of a resource group
    #[error(
        "holds {}, which is not a resource group id: write one id such as `rg-acfmxyz123`, of letters, digits, `-`, `_` and `.`",
        quoted(.0, NAME_LENGTH)
    )]
    Group(String),
    /// A whole ARN where a name belongs
    #[error(
        "holds the ARN {}: write the role's name alone{}",
        quoted(arn, 100),
        hint(name)
    )]
    RoleArn {
        /// The ARN
        arn: String,
        /// The role's name in it, if there is one
        name: Option<String>,
    },
    /// Not a name of a role
    #[error(
        "holds {}, which is not a role name: write one name of 1 to 64 letters, digits, `-`, `_` and `.`",
        quoted(.0, NAME_LENGTH)
    )]
    Role(String),
    /// Not an ARN of a role
    #[error(
        "has {} in entry {entry}, which is not a role ARN: write `acs:ram::ACCOUNT:role/NAME`",
        quoted(text, 100)
    )]
    Arn {
        /// The entry
        entry: usize,
        /// Its text
        text: String,
    },
}

fn hint(name: &Option<String>) -> String {
    name.as_ref()
        .map_or_else(String::new, |name| format!(", {}", quoted(name, NAME_LENGTH)))
}

impl Fields {
    /// Reads the ECI fields of a pod
    ///
    /// # Errors
    ///
    /// Every annotation that is malformed, with the first thing that is wrong with it.
    pub fn read(pod: &Pod<'_>) -> Result<Self, Vec<Malformed>> {
        let mut malformed = Vec::new();
        let tags = value(pod, CUSTOM_TAGS, tags, &mut malformed).unwrap_or_default();
        let resource_group = value(pod, RESOURCE_GROUP_ID, resource_group, &mut malformed);
        let role = value(pod, RAM_ROLE_NAME, role_name, &mut malformed);
        let mut role_arns = value(pod, SERVICE_ARNS, self::role_arns, &mut malformed).unwrap_or_default();
        role_arns.extend(value(pod, USER_ARNS, self::role_arns, &mut malformed).unwrap_or_default());
        if malformed.is_empty() {
            Ok(Self {
                tags,
                resource_group,
                role,
                role_arns,
            })
        } else {
            Err(malformed)
        }
    }
}

/// Whether two pods carry the same text in every annotation that matters to ECI
pub fn same_fields(one: &Pod<'_>, other: &Pod<'_>) -> bool {
    [
        CUSTOM_TAGS,
        RESOURCE_GROUP_ID,
        RAM_ROLE_NAME,
        SERVICE_ARNS,
        USER_ARNS,
    ]
    .iter()
    .all(|key| one.annotation(key) == other.annotation(key))
}

fn value<T>(
    pod: &Pod<'_>,
    annotation: &'static str,
    read: impl Fn(&str) -> Result<T, Problem>,
    malformed: &mut Vec<Malformed>,
) -> Option<T> {
    let text = pod.annotation(annotation)?;
    let read = if text.is_empty() {
        Err(Problem::Empty)
    } else {
        read(text)
    };
    read.map_err(|problem| malformed.push(Malformed { annotation, problem }))
        .ok()
}

/// Reads `key:value,key:value`
///
/// # Errors
///
/// The first entry that could be read in two ways or is not allowed.
pub fn tags(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for (entry, text) in entries(text)? {
        let (key, value) = tag(entry, text)?;
        if let Some(first) = tags.iter().position(|(known, _)| known == key) {
            return Err(Problem::RepeatedKey {
                key: key.to_owned(),
                first: first.saturating_add(1),
                second: entry,
            });
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

fn tag(entry: usize, whole: &str) -> Result<(&str, &str), Problem> {
    let text = || whole.to_owned();
    if whole.is_empty() {
        return Err(Problem::EmptyEntry { entry });
    }
    if whole.chars().any(char::is_control) {
        return Err(Problem::Control { entry, text: text() });
    }
    let lower = whole.to_ascii_lowercase();
    if lower.contains("http://") || lower.contains("https://") {
        return Err(Problem::Address { entry, text: text() });
    }
    let (key, value) = whole
        .split_once(':')
        .ok_or_else(|| Problem::NoColon { entry, text: text() })?;
    if key == "acs" || value.starts_with("acs:") {
        return Err(Problem::Reserved { entry, text: text() });
    }
    if value.contains(':') {
        return Err(Problem::SecondColon { entry, text: text() });
    }
    if key.is_empty() {
        return Err(Problem::EmptyKey { entry, text: text() });
    }
    if let Some(place) = blank(key, ["before the key", "after the key"])
        .or_else(|| blank(value, ["before the value", "after the value"]))
    {
        return Err(Problem::Blank {
            place,
            entry,
            text: text(),
        });
    }
    if let Some(key) = OWN_KEYS.iter().find(|own| **own == key) {
        return Err(Problem::OwnKey { key, entry });
    }
    Ok((key, value))
}

fn blank(text: &str, [before, after]: [&'static str; 2]) -> Option<&'static str> {
    if text.starts_with(char::is_whitespace) {
        Some(before)
    } else {
        text.ends_with(char::is_whitespace).then_some(after)
    }
}

/// Reads one resource group id
///
/// # Errors
///
/// The text is not one id.
pub fn resource_group(text: &str) -> Result<String, Problem> {
    if is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(Problem::Group(text.to_owned()))
    }
}

/// Reads one role name
///
/// # Errors
///
/// The text is not one name, or is a whole ARN.
pub fn role_name(text: &str) -> Result<String, Problem> {
    if is_name(text) {
        Ok(text.to_owned())
    } else if text.starts_with("acs:") {
        let name = text
            .rsplit_once(":role/")
            .map(|(_, name)| name)
            .filter(|name| is_name(name));
        Err(Problem::RoleArn {
            arn: text.to_owned(),
            name: name.map(str::to_owned),
        })
    } else {
        Err(Problem::Role(text.to_owned()))
    }
}

/// Reads role ARNs with commas between them
fn role_arns(text: &str) -> Result<Vec<(String, String)>, Problem> {
    entries(text)?
        .map(|(entry, text)| role_arn(entry, text))
        .collect()
}

fn role_arn(entry: usize, text: &str) -> Result<(String, String), Problem> {
    if text.is_empty() {
        return Err(Problem::EmptyEntry { entry });
    }
    if let Some(place) = blank(text, ["before the ARN", "after the ARN"]) {
        return Err(Problem::Blank {
            place,
            entry,
            text: text.to_owned(),
        });
    }
    text.strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(":role/"))
        .filter(|(account, name)| {
            !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit()) && is_name(name)
        })
        .map(|(account, name)| (account.to_owned(), name.to_owned()))
        .ok_or_else(|| Problem::Arn {
            entry,
            text: clipped(text, 200),
        })
}

fn entries(text: &str) -> Result<impl Iterator<Item = (usize, &str)>, Problem> {
    if text.split(',').count() > MAX_ENTRIES {
        return Err(Problem::TooMany);
    }
    Ok(text
        .split(',')
        .enumerate()
        .map(|(at, entry)| (at.saturating_add(1), entry)))
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(annotation: &str, value: &str) -> Result<Fields, String> {
        let json = json!({"metadata": {"annotations": {annotation: value}}}).to_string();
        let fields = Fields::read(&Pod::parse(&json).unwrap());
        fields.map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn good_values_are_read_as_they_stand() {
        assert_eq!(
            read(CUSTOM_TAGS, "env:test,团队:a b,empty:").unwrap().tags,
            [("env", "test"), ("团队", "a b"), ("empty", "")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
        assert_eq!(
            read(RESOURCE_GROUP_ID, "rg-acfm")
                .unwrap()
                .resource_group
                .as_deref(),
            Some("rg-acfm")
        );
        assert_eq!(
            read(RAM_ROLE_NAME, "ECI.Role_1-x").unwrap().role.as_deref(),
            Some("ECI.Role_1-x")
        );
        assert_eq!(
            read(USER_ARNS, "acs:ram::1:role/A,acs:ram::2:role/B")
                .unwrap()
                .role_arns,
            [("1", "A"), ("2", "B")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
        assert_eq!(read("other", "a,,b"), Ok(Fields::default()));
    }

    #[test]
    fn every_slip_has_its_own_words() {
        let long = "r".repeat(65);
        let many = "k:v,".repeat(21);
        let slips = [
            (CUSTOM_TAGS, ""),
            (CUSTOM_TAGS, "env"),
            (CUSTOM_TAGS, "env:test,name"),
            (CUSTOM_TAGS, "env:test:x"),
            (CUSTOM_TAGS, "env:test,"),
            (CUSTOM_TAGS, ",env:test"),
            (CUSTOM_TAGS, ":test"),
            (CUSTOM_TAGS, "env:a,team:b,env:c"),
            (CUSTOM_TAGS, "env:test, team:b"),
            (CUSTOM_TAGS, "env :test"),
            (CUSTOM_TAGS, "env: test"),
            (CUSTOM_TAGS, "env:test "),
            (CUSTOM_TAGS, "env:a\nb"),
            (CUSTOM_TAGS, "site:https://example.com"),
            (CUSTOM_TAGS, "acs:x"),
            (CUSTOM_TAGS, "env:acs:x"),
            (CUSTOM_TAGS, "PodName:other"),
            (CUSTOM_TAGS, &many),
            (RESOURCE_GROUP_ID, ""),
            (RESOURCE_GROUP_ID, "rg-a,rg-b"),
            (RESOURCE_GROUP_ID, " rg-a"),
            (RAM_ROLE_NAME, ""),
            (RAM_ROLE_NAME, "acs:ram::123:role/Reader"),
            (RAM_ROLE_NAME, "acs:oss:*:*:*"),
            (RAM_ROLE_NAME, "my role"),
            (RAM_ROLE_NAME, &long),
            (SERVICE_ARNS, ""),
            (SERVICE_ARNS, "Reader"),
            (SERVICE_ARNS, "acs:ram::1:role/A, acs:ram::1:role/B"),
            (USER_ARNS, "acs:ram::1:role/A,"),
            (USER_ARNS, "acs:ram::x:role/A"),
            (USER_ARNS, "acs:ram:cn-hangzhou:1:role/A"),
        ];
        let messages: Vec<String> = slips
            .iter()
            .map(|(annotation, value)| {
                read(annotation, value)
                    .unwrap_err()
                    .replace("k8s.aliyun.com/", "")
            })
            .collect();
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn all_malformed_annotations_are_told_at_once() {
        let json =
            json!({"metadata": {"annotations": {CUSTOM_TAGS: "a", RAM_ROLE_NAME: "", USER_ARNS: "x"}}})
                .to_string();
        let malformed = Fields::read(&Pod::parse(&json).unwrap()).unwrap_err();
        assert_eq!(
            malformed.iter().map(|one| one.annotation).collect::<Vec<_>>(),
            [CUSTOM_TAGS, RAM_ROLE_NAME, USER_ARNS]
        );
    }

    #[test]
    fn names_hold_their_limit() {
        assert!(role_name(&"r".repeat(64)).is_ok() && role_name(&"r".repeat(65)).is_err());
        assert!(resource_group(&"g".repeat(64)).is_ok() && resource_group(&"g".repeat(65)).is_err());
    }

    proptest! {
        #[test]
        fn accepted_tags_can_be_written_again(text in "[a-zA-Z:, \u{e9}./=-]{0,30}") {
            if let Ok(tags) = tags(&text) {
                let again: Vec<String> = tags.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                prop_assert_eq!(again.join(","), text);
            }
        }
    }
}
