//! Fields that the survey reads from objects as JSON.

use serde_json::Value;

use crate::stamp::REQUESTED_BY;

/// The controller of an object, by the object's own owner reference
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner {
    /// Its API group; empty for the core group
    pub group: String,
    /// Its kind
    pub kind: String,
    /// Its name
    pub name: String,
}

/// The stamp of a pod or pod template, not yet verified
pub(crate) fn stamp_of(reviewed: &Value) -> Option<&str> {
    let annotations = reviewed.pointer("/metadata/annotations")?;
    annotations.get(REQUESTED_BY)?.as_str()
}

/// The string at a JSON pointer; empty if it is absent
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The number at a JSON pointer; 0 if it is absent
pub(crate) fn number(object: &Value, pointer: &str) -> u64 {
    object
        .pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// The group of an API version; empty for the core group
///
/// ```text
/// apps/v1 -> apps
/// v1      ->
/// ```
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The controller of an object
pub(crate) fn owner(object: &Value) -> Option<Owner> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let is_controller = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let owner = owners.iter().find(is_controller)?;
    Some(Owner {
        group: group(text(owner, "/apiVersion")).to_owned(),
        kind: text(owner, "/kind").to_owned(),
        name: text(owner, "/name").to_owned(),
    })
}

/// Whether a node is assigned to a pod
pub(crate) fn is_bound(pod: &Value) -> bool {
    !text(pod, "/spec/nodeName").is_empty()
}
