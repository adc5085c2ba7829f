//! An object as a list or a watch shows it: its name, its labels and its annotations, and of them no more than is used.
//!
//! Tenants write annotations, and with them field managers, of hundreds of kilobytes an object, and a page holds many
//! objects; so what is not used is passed over while it is read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// How much of a value is kept. Nothing that is mapped may have more than 128 characters, so that what is cut off is refused
/// with the same words as the whole
const LONGEST: usize = 256;

/// How many annotations of an object are kept; those who may write so many may also leave out the rest
const MOST_ANNOTATIONS: usize = 4_096;

/// An object without its content
#[derive(Clone, Debug)]
pub(crate) struct Listed<K> {
    metadata: ObjectMeta,
    kind: PhantomData<fn() -> K>,
}

impl<K: Resource> Resource for Listed<K> {
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

impl<'de, K> Deserialize<'de> for Listed<K> {
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
            labels: Short<{ usize::MAX }>,
            annotations: Short<MOST_ANNOTATIONS>,
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

/// Labels or annotations, each value cut
#[derive(Default)]
struct Short<const MOST: usize>(BTreeMap<String, String>);

impl<'de, const MOST: usize> Deserialize<'de> for Short<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<const MOST: usize>;
        impl<'de, const MOST: usize> Visitor<'de> for Pairs<MOST> {
            type Value = Short<MOST>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Short::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = BTreeMap::new();
                while pairs.len() < MOST {
                    let Some((key, Cut(value))) = map.next_entry::<String, Cut>()? else {
                        return Ok(Short(pairs));
                    };
                    pairs.insert(key, value);
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Short(pairs))
            }
        }
        deserializer.deserialize_any(Pairs)
    }
}

/// The start of a text
struct Cut(String);

impl<'de> Deserialize<'de> for Cut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Cut;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Cut, E> {
                let end = text.char_indices().nth(LONGEST).map(|(end, _)| end);
                let start = end.and_then(|end| text.get(..end)).unwrap_or(text);
                Ok(Cut(start.to_owned()))
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
        let listed: Listed<ServiceAccount> = serde_json::from_str(&text).unwrap();
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
