//! The parser of the tag annotation, `key:value,key:value`.

use crate::admission::fields::list_entries::{entries, outer_blank};
use crate::admission::fields::malformed_annotation::{AnnotationFault, EntryFault};
use crate::wording::is_invisible;
use eci_calls::{TagError, check_tag};

/// Tag keys that ACK or the provider sets on container groups and looks them up by
const PROVIDER_KEYS: [&str; 10] = [
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

/// Parses the tag annotation
///
/// ```text
/// "env:test,team:a" -> [("env", "test"), ("team", "a")]
/// "env:test,env:b"  -> RepeatedKey { key: "env", first: 1, second: 2 }
/// "env:a:b"         -> Entry { number: 1, text: "env:a:b", fault: SecondColon }
/// ```
///
/// # Errors
///
/// The first entry that can be read in two ways or that ECI does not take.
pub fn parse_tags(text: &str) -> Result<Vec<(String, String)>, AnnotationFault> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for (number, text) in entries(text)? {
        let (key, value) = parse_tag(text).map_err(|fault| AnnotationFault::Entry {
            number,
            text: text.to_owned(),
            fault,
        })?;
        if let Some(first) = tags.iter().position(|(known, _)| known == key) {
            return Err(AnnotationFault::RepeatedKey {
                key: key.to_owned(),
                first: first.saturating_add(1),
                second: number,
            });
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

fn parse_tag(text: &str) -> Result<(&str, &str), EntryFault> {
    let (key, value) = split_tag(text)?;
    let blank = outer_blank(key, ["before the key", "after the key"])
        .or_else(|| outer_blank(value, ["before the value", "after the value"]));
    if let Some(position) = blank {
        return Err(EntryFault::Blank(position));
    }
    if let Some(key) = PROVIDER_KEYS.iter().find(|own| **own == key) {
        return Err(EntryFault::ProviderKey(key));
    }
    check_tag(key, value).map_err(entry_fault)?;
    Ok((key, value))
}

/// Splits `key:value` at its only colon
fn split_tag(text: &str) -> Result<(&str, &str), EntryFault> {
    if text.chars().any(char::is_control) {
        return Err(EntryFault::ControlCharacter);
    }
    if let Some(found) = text.chars().find(|c| is_invisible(*c)) {
        return Err(EntryFault::InvisibleCharacter(found.into()));
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains("http://") || lower.contains("https://") {
        return Err(EntryFault::Url);
    }
    let (key, value) = text.split_once(':').ok_or(EntryFault::NoColon)?;
    if key == "acs" || value.starts_with("acs:") {
        return Err(EntryFault::Reserved("acs:"));
    }
    if value.contains(':') {
        return Err(EntryFault::SecondColon);
    }
    Ok((key, value))
}

fn entry_fault(error: TagError) -> EntryFault {
    match error {
        TagError::LongKey { found, .. } => EntryFault::LongKey(found),
        TagError::LongValue { found, .. } => EntryFault::LongValue(found),
        TagError::ReservedKey { prefix, .. } => EntryFault::Reserved(prefix),
        TagError::ReservedValue { .. } => EntryFault::Reserved("acs:"),
        TagError::Url { .. } => EntryFault::Url,
        TagError::EmptyKey { .. } | TagError::TooMany { .. } | TagError::Repeated { .. } => {
            EntryFault::EmptyKey
        }
    }
}
