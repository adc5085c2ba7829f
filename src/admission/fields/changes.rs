//! Changes of a pod's annotations.

use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::kubernetes::string_map::StringMap;
use crate::stamp::REQUESTED_BY;

/// The most bytes of all annotations of an object, keys and values; the API server refuses an object with more
const MAX_ANNOTATION_BYTES: usize = 256 * 1024;

/// Whether annotations are longer than the API server accepts
pub(crate) fn is_over_limit(annotations: Option<&StringMap<'_>>) -> bool {
    total_bytes(annotations) > MAX_ANNOTATION_BYTES
}

fn total_bytes(annotations: Option<&StringMap<'_>>) -> usize {
    let pairs = annotations.into_iter().flat_map(StringMap::iter);
    pairs.fold(0, |sum, (key, value)| sum.saturating_add(bytes(key, Some(value))))
}

fn bytes(key: &str, value: Option<&str>) -> usize {
    value.map_or(0, |value| key.len().saturating_add(value.len()))
}

/// The changes of a pod's annotations; `None` leaves an annotation as it is
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The custom tags
    pub custom_tags: Option<Change>,
    /// The resource group
    pub resource_group_id: Option<Change>,
    /// The instance role
    pub ram_role_name: Option<Change>,
    /// The stamp
    pub stamp: Option<Change>,
}

/// A change of one annotation
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The annotation gets this value
    Set(String),
    /// The annotation is removed
    Remove,
}

impl Changes {
    /// Whether nothing changes
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The changed annotations that ECI reads
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        [
            (CUSTOM_TAGS, &self.custom_tags),
            (RESOURCE_GROUP_ID, &self.resource_group_id),
            (RAM_ROLE_NAME, &self.ram_role_name),
        ]
        .into_iter()
        .filter_map(|(annotation, change)| change.as_ref().map(|change| (annotation, change)))
    }

    /// The changed annotations, the stamp among them
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        self.iter()
            .chain(self.stamp.as_ref().map(|change| (REQUESTED_BY, change)))
    }

    /// Whether these changes make annotations longer, and longer than the API server accepts
    pub(crate) fn exceed_limit(&self, annotations: Option<&StringMap<'_>>) -> bool {
        let before = total_bytes(annotations);
        let value = |key: &str| annotations.and_then(|all| all.value(key));
        let after = self.all().fold(before, |sum, (key, _)| {
            let (was, becomes) = (value(key), self.applied(key, value(key)));
            sum.saturating_sub(bytes(key, was))
                .saturating_add(bytes(key, becomes))
        });
        after > before && after > MAX_ANNOTATION_BYTES
    }

    /// The value of an annotation after these changes, given its value before them
    pub(crate) fn applied<'c>(&'c self, annotation: &str, before: Option<&'c str>) -> Option<&'c str> {
        match self.all().find(|(changed, _)| *changed == annotation) {
            Some((_, Change::Set(value))) => Some(value),
            Some((_, Change::Remove)) => None,
            None => before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_the_api_server_holds_at_its_edge() {
        let changes = |value: &str| Changes {
            stamp: Some(Change::Set(value.to_owned())),
            ..Changes::default()
        };
        let json = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 1));
        let room = MAX_ANNOTATION_BYTES - REQUESTED_BY.len() - 1;
        for (held, exceeds) in [(room, false), (room + 1, true)] {
            let text = json(held);
            let annotations: StringMap<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(changes("s").exceed_limit(Some(&annotations)), exceeds, "{held}");
            assert!(!Changes::default().exceed_limit(Some(&annotations)));
        }
        for (held, is_over) in [(MAX_ANNOTATION_BYTES, false), (MAX_ANNOTATION_BYTES + 1, true)] {
            let text = json(held);
            let annotations: StringMap<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(is_over_limit(Some(&annotations)), is_over, "{held}");
        }
        assert!(!changes("s").exceed_limit(None) && !is_over_limit(None));
    }
}
