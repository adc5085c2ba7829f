//! The metadata of a listed or watched object, within bounds: name, labels and annotations.
//!
//! Tenants may write hundreds of kilobytes of annotations and field managers into each object, and a page holds many
//! objects. So the parser skips what is not used.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// How many characters of a value are kept
///
/// No mapped value may have more than 128 characters, so a cut value is refused as the whole one would be.
const MAX_VALUE_CHARS: usize = 256;

/// How many annotations of an object are kept; a user who writes more could as well leave out the rest
const MAX_ANNOTATIONS: usize = 4_096;

/// An object of which only the metadata is kept
///
/// ```text
/// {metadata: {name: a, annotations: {k: <100,000 characters>}, managedFields: […]}, spec: …}
///   -> name a, annotations {k: <the first 256 characters>}
/// ```
#[derive(Clone, Debug)]
pub(crate) struct BoundedMetadata<K> {
    metadata: ObjectMeta,
    kind: PhantomData<fn() -> K>,
}

impl<K: Resource> Resource for BoundedMetadata<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn metadata_api() -> bool {
        true
    }

    fn kind(kind: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(kind)
    }

    fn group(kind: &Self::DynamicType) -> Cow<'_, str> {
        K::group(kind)
    }

    fn version(kind: &Self::DynamicType) -> Cow<'_, str> {
        K::version(kind)
    }

    fn plural(kind: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(kind)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl<'de, K> Deserialize<'de> for BoundedMetadata<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Object {
            #[serde(default)]
            metadata: Metadata,
        }
        #[derive(Default, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Metadata {
            name: Option<String>,
            namespace: Option<String>,
            resource_version: Option<String>,
            labels: BoundedMap<{ usize::MAX }>,
            annotations: BoundedMap<MAX_ANNOTATIONS>,
        }
        let Object { metadata } = Object::deserialize(deserializer)?;
        Ok(Self {
            metadata: ObjectMeta {
                name: metadata.name,
                namespace: metadata.namespace,
                resource_version: metadata.resource_version,
                labels: Some(metadata.labels.0),
                annotations: Some(metadata.annotations.0),
                ..ObjectMeta::default()
            },
            kind: PhantomData,
        })
    }
}

/// The first `MAX` labels or annotations, with bounded values
#[derive(Default)]
struct BoundedMap<const MAX: usize>(BTreeMap<String, String>);

impl<'de, const MAX: usize> Deserialize<'de> for BoundedMap<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<const MAX: usize>;
        impl<'de, const MAX: usize> Visitor<'de> for Pairs<MAX> {
            type Value = BoundedMap<MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(BoundedMap::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = BTreeMap::new();
                while pairs.len() < MAX {
                    let Some((key, BoundedText(value))) = map.next_entry::<String, BoundedText>()? else {
                        return Ok(BoundedMap(pairs));
                    };
                    pairs.insert(key, value);
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(BoundedMap(pairs))
            }
        }
        deserializer.deserialize_any(Pairs)
    }
}

/// The first [`MAX_VALUE_CHARS`] characters of a text
struct BoundedText(String);

impl<'de> Deserialize<'de> for BoundedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = BoundedText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<BoundedText, E> {
                let end = text.char_indices().nth(MAX_VALUE_CHARS).map(|(end, _)| end);
                let start = end.and_then(|end| text.get(..end)).unwrap_or(text);
                Ok(BoundedText(start.to_owned()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ServiceAccount;
    use serde_json::json;

    use super::*;

    fn listed(metadata: serde_json::Value) -> ObjectMeta {
        let text = json!({"metadata": metadata, "secrets": []}).to_string();
        let listed: BoundedMetadata<ServiceAccount> = serde_json::from_str(&text).unwrap();
        listed.metadata
    }

    #[test]
    fn only_what_is_used_is_kept() {
        let meta = listed(
            json!({"name": "a", "namespace": "b", "uid": "c", "resourceVersion": "7", "labels": {"x": "y"},
            "annotations": {"short": "é", "long": "é".repeat(100_000)}, "managedFields": [{"manager": "m", "fieldsV1": {}}]}),
        );
        assert_eq!(
            (meta.name.as_deref(), meta.namespace.as_deref()),
            (Some("a"), Some("b"))
        );
        assert_eq!(meta.resource_version.as_deref(), Some("7"));
        assert_eq!(meta.labels.unwrap()["x"], "y");
        let annotations = meta.annotations.unwrap();
        assert_eq!(
            (annotations["short"].as_str(), annotations["long"].len()),
            ("é", 512)
        );
        assert!(meta.managed_fields.is_none());
        assert!(
            listed(json!({"name": "a", "annotations": null}))
                .annotations
                .unwrap()
                .is_empty()
        );
        let many: BTreeMap<String, &str> = (0..10_000).map(|at| (format!("{at:05}"), "")).collect();
        let kept = listed(json!({"annotations": many, "name": "after"}));
        assert_eq!(
            (kept.annotations.unwrap().len(), kept.name.as_deref()),
            (4_096, Some("after"))
        );
    }

    #[test]
    fn what_is_cut_off_is_refused_as_the_whole_is() {
        let long = "a".repeat(100_000);
        let annotations = listed(json!({"annotations": {"k": long}})).annotations.unwrap();
        let cut = annotations["k"].as_str();
        assert!(
            crate::admission::fields::parse_tags::parse_tags(&format!("t:{cut}")).is_err()
                && crate::admission::fields::parse_tags::parse_tags(&format!("t:{long}")).is_err()
        );
        assert!(
            crate::admission::fields::parse_names::parse_resource_group(cut).is_err()
                && crate::admission::fields::parse_names::parse_role_name(cut).is_err()
        );
    }
}
