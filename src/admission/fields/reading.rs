//! The annotations that become parameters of an ECI call.
//!
//! How the provider reads a malformed value is not known. So whatever could be read in two ways is refused here, with
//! words of its own, and nothing is trimmed or guessed.

use crate::admission::fields::changes::Changes;
use crate::admission::fields::malformed::{MalformedAnnotation, Problem, Slip};
use crate::kubernetes::eci_annotations::{
    CUSTOM_TAGS, ECI_FIELDS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS, texts_of,
};
use crate::kubernetes::pod::Pod;
use crate::stamp::FieldTexts;
use eci_calls::{MAX_TAGS, RoleArn, RoleNameError, TagError, check_role_name, check_tag};

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
pub(crate) const MAX_ENTRIES: usize = MAX_TAGS;

/// The longest id of a resource group; no limit is published, and real ones have 18 characters
const LONGEST_GROUP: usize = 64;

/// The ECI fields of a pod, in its own order of tags
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Custom tags; keys are unique
    pub tags: Vec<(String, String)>,
    /// Resource group id; absent means the account's default group
    pub resource_group: Option<String>,
    /// Name of the instance role
    pub role: Option<String>,
    /// Roles for pulling images, services' first
    pub role_arns: Vec<RoleArn>,
}

impl Fields {
    /// Reads the ECI fields of a pod
    ///
    /// # Errors
    ///
    /// Every annotation that is malformed, with the first thing that is wrong with it.
    pub fn read(pod: &Pod<'_>) -> Result<Self, Vec<MalformedAnnotation>> {
        Self::of(&texts(pod, &Changes::default()))
    }

    /// Reads the ECI fields out of the annotations' values
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn of(texts: &FieldTexts) -> Result<Self, Vec<MalformedAnnotation>> {
        let mut malformed = Vec::new();
        let tags = value(&texts.tags, CUSTOM_TAGS, tags, &mut malformed).unwrap_or_default();
        let resource_group = value(
            &texts.resource_group_id,
            RESOURCE_GROUP_ID,
            resource_group,
            &mut malformed,
        );
        let role = value(&texts.ram_role_name, RAM_ROLE_NAME, role_name, &mut malformed);
        let mut role_arns = value(
            &texts.service_arns,
            SERVICE_ARNS,
            crate::admission::fields::reading::role_arns,
            &mut malformed,
        )
        .unwrap_or_default();
        role_arns.extend(
            value(
                &texts.user_arns,
                USER_ARNS,
                crate::admission::fields::reading::role_arns,
                &mut malformed,
            )
            .unwrap_or_default(),
        );
        let fields = Self {
            tags,
            resource_group,
            role,
            role_arns,
        };
        if malformed.is_empty() {
            Ok(fields)
        } else {
            Err(malformed)
        }
    }

    /// Whether two ask ECI for the same; the order of tags does not count
    pub(crate) fn means(&self, other: &Self) -> bool {
        let tags = |fields: &Self| {
            let mut tags = fields.tags.clone();
            tags.sort_unstable();
            tags
        };
        tags(self) == tags(other)
            && self.resource_group == other.resource_group
            && self.role == other.role
            && self.role_arns == other.role_arns
    }

    /// The tags as the annotation writes them, or nothing where there are none
    pub fn written_tags(&self) -> Option<String> {
        let entries: Vec<String> = self
            .tags
            .iter()
            .map(|(key, value)| format!("{key}:{value}"))
            .collect();
        (!entries.is_empty()).then(|| entries.join(","))
    }
}

/// Whether two pods carry the same text in every annotation that matters to ECI
pub(crate) fn same_fields(one: &Pod<'_>, other: &Pod<'_>) -> bool {
    ECI_FIELDS
        .iter()
        .all(|key| one.annotation(key) == other.annotation(key))
}

/// The values of the annotations that matter to ECI, as a pod has them after these changes
pub(crate) fn texts(pod: &Pod<'_>, changes: &Changes) -> FieldTexts {
    texts_of(|annotation| changes.applied(annotation, pod.annotation(annotation)))
}

fn value<T>(
    text: &Option<String>,
    annotation: &'static str,
    read: impl Fn(&str) -> Result<T, Problem>,
    malformed: &mut Vec<MalformedAnnotation>,
) -> Option<T> {
    let text = text.as_deref()?;
    let read = if text.is_empty() {
        Err(Problem::Empty)
    } else {
        read(text)
    };
    read.map_err(|problem| malformed.push(MalformedAnnotation { annotation, problem }))
        .ok()
}

/// Reads `key:value,key:value`
///
/// # Errors
///
/// The first entry that could be read in two ways or is not allowed.
pub fn tags(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for (number, text) in entries(text)? {
        let refuse = |slip| Problem::Entry {
            number,
            text: text.to_owned(),
            slip,
        };
        let (key, value) = tag(text).map_err(refuse)?;
        if let Some(first) = tags.iter().position(|(known, _)| known == key) {
            let (key, first) = (key.to_owned(), first.saturating_add(1));
            return Err(Problem::RepeatedKey {
                key,
                first,
                second: number,
            });
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

/// Reads one `key:value`
fn tag(text: &str) -> Result<(&str, &str), Slip> {
    if text.chars().any(char::is_control) {
        return Err(Slip::Control);
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains("http://") || lower.contains("https://") {
        return Err(Slip::Address);
    }
    let (key, value) = text.split_once(':').ok_or(Slip::NoColon)?;
    if key == "acs" || value.starts_with("acs:") {
        return Err(Slip::Reserved("acs:"));
    }
    if value.contains(':') {
        return Err(Slip::SecondColon);
    }
    if let Some(path) = blank(key, ["before the key", "after the key"]) {
        return Err(Slip::Blank(path));
    }
    if let Some(path) = blank(value, ["before the value", "after the value"]) {
        return Err(Slip::Blank(path));
    }
    if let Some(key) = OWN_KEYS.iter().find(|own| **own == key) {
        return Err(Slip::OwnKey(key));
    }
    match check_tag(key, value) {
        Ok(()) => Ok((key, value)),
        Err(TagError::LongKey { found, .. }) => Err(Slip::LongKey(found)),
        Err(TagError::LongValue { found, .. }) => Err(Slip::LongValue(found)),
        Err(TagError::ReservedKey { prefix, .. }) => Err(Slip::Reserved(prefix)),
        Err(TagError::ReservedValue { .. }) => Err(Slip::Reserved("acs:")),
        Err(TagError::Url { .. }) => Err(Slip::Address),
        Err(TagError::EmptyKey { .. } | TagError::TooMany { .. } | TagError::Repeated { .. }) => {
            Err(Slip::EmptyKey)
        }
    }
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
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_id = (1..=LONGEST_GROUP).contains(&text.len()) && text.bytes().all(letter);
    is_id
        .then(|| text.to_owned())
        .ok_or_else(|| Problem::Group(text.to_owned()))
}

/// Reads one role name
///
/// # Errors
///
/// The text is not one name, or is a whole ARN.
pub fn role_name(text: &str) -> Result<String, Problem> {
    match check_role_name(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(RoleNameError::Arn { text, name }) => Err(Problem::RoleArn { arn: text, name }),
        Err(RoleNameError::Empty) => Err(Problem::Empty),
        Err(RoleNameError::Malformed { text }) => Err(Problem::Role(text)),
    }
}

/// Reads role ARNs with commas between them
fn role_arns(text: &str) -> Result<Vec<RoleArn>, Problem> {
    let arn = |(number, text): (usize, &str)| {
        role_arn(text).map_err(|slip| Problem::Entry {
            number,
            text: text.to_owned(),
            slip,
        })
    };
    entries(text)?.map(arn).collect()
}

fn role_arn(text: &str) -> Result<RoleArn, Slip> {
    if let Some(path) = blank(text, ["before the ARN", "after the ARN"]) {
        return Err(Slip::Blank(path));
    }
    RoleArn::parse(text).map_err(|_| Slip::Arn)
}

fn entries(text: &str) -> Result<impl Iterator<Item = (usize, &str)>, Problem> {
    if text.split(',').count() > MAX_ENTRIES {
        return Err(Problem::TooMany);
    }
    let entries = || {
        text.split(',')
            .enumerate()
            .map(|(at, entry)| (at.saturating_add(1), entry))
    };
    match entries().find(|(_, entry)| entry.is_empty()) {
        Some((number, _)) => Err(Problem::EmptyEntry(number)),
        None => Ok(entries()),
    }
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
            ["acs:ram::1:role/A", "acs:ram::2:role/B"].map(|arn| RoleArn::parse(arn).unwrap())
        );
        assert_eq!(read("other", "a,,b"), Ok(Fields::default()));
    }

    #[test]
    fn every_slip_has_its_own_words() {
        let long = "r".repeat(65);
        let many = "k:v,".repeat(21);
        let (long_key, long_value) = (format!("{long}:v"), format!("k:{}", "v".repeat(129)));
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
            (CUSTOM_TAGS, "aliyun-x:y"),
            (CUSTOM_TAGS, &long_key),
            (CUSTOM_TAGS, &long_value),
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
    fn limits_hold_at_their_edge() {
        assert!(tags(&format!("{}:{}", "k".repeat(64), "v".repeat(128))).is_ok());
        assert!(tags(&(0..20).map(|n| format!("k{n}:v")).collect::<Vec<_>>().join(",")).is_ok());
        assert!(role_name(&"r".repeat(64)).is_ok() && role_name(&"r".repeat(65)).is_err());
        assert!(resource_group(&"g".repeat(64)).is_ok() && resource_group(&"g".repeat(65)).is_err());
    }

    proptest! {
        #[test]
        fn accepted_tags_can_be_written_again(text in "[a-zA-Z:, \u{e9}./=-]{0,30}") {
            if let Ok(tags) = tags(&text) {
                let fields = Fields { tags, ..Fields::default() };
                prop_assert_eq!(fields.written_tags(), Some(text));
            }
        }
    }
}
