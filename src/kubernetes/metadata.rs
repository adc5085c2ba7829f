//! The metadata of an object: its name, labels, annotations and owners.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::{bounded_list, null_as_default};
use crate::kubernetes::limits::MAX_OWNERS;
use crate::kubernetes::string_map::StringMap;

/// The metadata of an object, as far as ramgate reads it
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata<'a> {
    /// The name; absent if the API server has yet to generate it
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// The prefix of a generated name
    #[serde(borrow)]
    pub generate_name: Option<Text<'a>>,
    /// The UID; absent until the object is stored
    #[serde(borrow)]
    pub uid: Option<Text<'a>>,
    /// The version of the object; absent until it is stored
    #[serde(borrow)]
    pub resource_version: Option<Text<'a>>,
    /// When the object's deletion began; the API server alone writes it
    #[serde(borrow)]
    pub deletion_timestamp: Option<Text<'a>>,
    /// The namespace
    #[serde(borrow)]
    pub namespace: Option<Text<'a>>,
    /// All labels
    #[serde(borrow, default)]
    pub labels: StringMap<'a>,
    /// All annotations; `None` if the object has no such field, or `null`
    #[serde(borrow)]
    pub annotations: Option<StringMap<'a>>,
    /// The owners, by the object's own claim; nobody checks it, so it may cost a stamp its trust and never earns it any
    #[serde(borrow, default, deserialize_with = "bounded_list::<MAX_OWNERS, _, _>")]
    pub owner_references: Vec<OwnerReference<'a>>,
}

/// A claim that another object owns this one
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnerReference<'a> {
    /// The owner's API group and version
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub api_version: Text<'a>,
    /// The owner's UID
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub uid: Text<'a>,
    /// The owner's kind
    #[serde(borrow)]
    pub kind: Text<'a>,
    /// The owner's name
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Whether the owner is the controller of the object
    #[serde(default)]
    pub controller: Option<bool>,
}

impl OwnerReference<'_> {
    /// The owner's API group; empty for the core group
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl<'a> Metadata<'a> {
    /// Parses the metadata of an object and skips everything else
    ///
    /// # Errors
    ///
    /// The text is not a JSON object, or a field of its metadata has another type or is given twice.
    pub(crate) fn of_object(json: &'a str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Object<'a> {
            #[serde(borrow, default, deserialize_with = "null_as_default")]
            metadata: Metadata<'a>,
        }
        Object::deserialize(&mut serde_json::Deserializer::from_str(json)).map(|object| object.metadata)
    }

    /// How many elements of it are kept in memory
    pub(super) fn element_count(&self) -> usize {
        let annotations = self.annotations.as_ref().map_or(0, StringMap::len);
        self.labels
            .len()
            .saturating_add(annotations)
            .saturating_add(self.owner_references.len())
    }

    /// The name for messages, if there is one; `*` follows the prefix of a name that has yet to be generated
    pub fn display_name(&self) -> Option<String> {
        let text =
            |name: &Option<Text<'a>>| name.as_deref().filter(|name| !name.is_empty()).map(str::to_owned);
        text(&self.name).or_else(|| text(&self.generate_name).map(|prefix| prefix + "*"))
    }

    /// Whether the deletion of the object has begun
    pub fn is_being_deleted(&self) -> bool {
        self.deletion_timestamp
            .as_deref()
            .is_some_and(|time| !time.is_empty())
    }

    /// Whether the object has owners and they differ from those before
    ///
    /// The garbage collector deletes an object when all its owners are gone. It keeps an object without owners.
    pub fn changes_owners(&self, before: &Metadata<'_>) -> bool {
        fn set<'o>(metadata: &'o Metadata<'_>) -> BTreeSet<[&'o str; 4]> {
            let owners = metadata.owner_references.iter();
            let texts = |one: &'o OwnerReference<'_>| [&*one.api_version, &*one.kind, &*one.name, &*one.uid];
            owners.map(texts).collect()
        }
        !self.owner_references.is_empty() && set(self) != set(before)
    }

    /// The controller of the object, by the object's own claim
    pub fn controller(&self) -> Option<&OwnerReference<'a>> {
        self.owner_references
            .iter()
            .find(|owner| owner.controller == Some(true))
    }
}

#[cfg(test)]
mod tests {
    use crate::kubernetes::pod::Pod;

    #[test]
    fn owners_are_compared_as_the_garbage_collector_does() {
        let pod = |owners: &str| format!(r#"{{"metadata": {{"ownerReferences": {owners}}}}}"#);
        let changed = |now: &str, was: &str| {
            let (now, was) = (pod(now), pod(was));
            let (now, was) = (Pod::parse(&now).unwrap(), Pod::parse(&was).unwrap());
            now.metadata.changes_owners(&was.metadata)
        };
        let a = r#"{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1"}"#;
        let b = r#"{"apiVersion": "v1", "kind": "ConfigMap", "name": "b", "uid": "2"}"#;
        let controlled = r#"{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1", "controller": true, "blockOwnerDeletion": true}"#;
        for (now, was, wanted) in [
            ("null".to_owned(), format!("[{a}]"), false),
            ("[]".to_owned(), format!("[{a}]"), false),
            (format!("[{a}]"), format!("[{a}]"), false),
            (format!("[{a}, {b}]"), format!("[{b}, {a}]"), false),
            (format!("[{controlled}]"), format!("[{a}]"), false),
            (format!("[{a}]"), "null".to_owned(), true),
            (format!("[{a}, {b}]"), format!("[{a}]"), true),
            (format!("[{a}]"), format!("[{a}, {b}]"), true),
        ] {
            assert_eq!(changed(&now, &was), wanted, "{now} {was}");
        }
        for (field, other) in [
            ("v1", "v2"),
            ("ConfigMap", "Secret"),
            ("\"a\"", "\"c\""),
            ("\"1\"", "\"3\""),
        ] {
            assert!(
                changed(&format!("[{}]", a.replace(field, other)), &format!("[{a}]")),
                "{field}"
            );
        }
    }
}
