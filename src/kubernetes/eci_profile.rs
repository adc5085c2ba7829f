//! ACK's eci-profile: which pods a cluster's own webhook sends to ECI, and what it writes on them.
//!
//! Its source is the ConfigMap `kube-system/eci-profile`, key `selectors`, a JSON array in a text. What a pod says itself
//! stands; then the earlier selector wins. A selector that names no labels decorates what goes to ECI anyway and routes
//! nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::kubernetes::eci_annotations::{
    CUSTOM_TAGS, ECI_FIELDS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS, texts_of,
};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::string_map::OnConflict;
use crate::stamp::FieldTexts;
use crate::wording::quoted;

/// Namespace of the ConfigMap
pub(crate) const NAMESPACE: &str = "kube-system";
/// Name of the ConfigMap
pub(crate) const NAME: &str = "eci-profile";
/// The key of the ConfigMap that holds the selectors
pub(crate) const SELECTORS: &str = "selectors";

/// The selectors of an eci-profile, in their order
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile(Vec<Selector>);

/// One selector: which pods it fits, and what it writes on them
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    /// Its name, for messages
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    namespace_selector: Option<Labels>,
    #[serde(default)]
    object_selector: Option<Labels>,
    /// What it writes
    #[serde(default)]
    pub effect: Effect,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Labels {
    #[serde(default)]
    match_labels: BTreeMap<String, String>,
}

/// What a selector writes on pods
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Effect {
    /// Annotations
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Labels
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Every pod is held against every selector: some fifty times what a cluster has
const MOST_SELECTORS: usize = 256;
/// And as much text as an annotation may hold, so that reading it costs no more than reading a pod
const MOST_BYTES: usize = 256 * 1024;

/// Selectors that cannot be read; the ones before stay in use
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not what ACK reads
    #[error("key `{SELECTORS}` of ConfigMap {NAMESPACE}/{NAME} is not a JSON array of selectors: {0}")]
    Shape(#[source] serde_json::Error),
    /// More text than is read
    #[error(
        "key `{SELECTORS}` of ConfigMap {NAMESPACE}/{NAME} has {0} bytes, and ramgate reads {MOST_BYTES} at most"
    )]
    TooLong(usize),
    /// More selectors than are followed
    #[error(
        "key `{SELECTORS}` of ConfigMap {NAMESPACE}/{NAME} has {0} selectors, and ramgate follows {MOST_SELECTORS} at most"
    )]
    TooMany(usize),
}

/// Whether a manifest is the ConfigMap
pub(crate) fn is_manifest(object: &Value) -> bool {
    let is = |at: &str, wanted: &str| object.pointer(at).and_then(Value::as_str) == Some(wanted);
    is("/kind", "ConfigMap") && is("/metadata/namespace", NAMESPACE) && is("/metadata/name", NAME)
}

impl Profile {
    /// Reads the data of the ConfigMap; without selectors nothing is routed or written
    ///
    /// # Errors
    ///
    /// The selectors are not JSON, not of the shape of selectors, or too many.
    pub fn parse(data: &BTreeMap<String, String>) -> Result<Self, ProfileError> {
        Self::read(data.get(SELECTORS).map(String::as_str))
    }

    /// Reads the text of the selectors, if there is one
    pub(crate) fn read(text: Option<&str>) -> Result<Self, ProfileError> {
        let text = text.map_or("", str::trim);
        if text.is_empty() {
            return Ok(Self::default());
        }
        if text.len() > MOST_BYTES {
            return Err(ProfileError::TooLong(text.len()));
        }
        let selectors: Vec<Selector> = serde_json::from_str(text).map_err(ProfileError::Shape)?;
        if selectors.len() > MOST_SELECTORS {
            return Err(ProfileError::TooMany(selectors.len()));
        }
        Ok(Self(selectors))
    }

    /// All selectors
    pub fn selectors(&self) -> &[Selector] {
        &self.0
    }

    /// The first selector that sends a pod to ECI
    pub fn route(&self, pod: &Pod<'_>, namespace: &Meta) -> Option<&Selector> {
        self.0
            .iter()
            .find(|selector| selector.is_selective() && selector.fits(pod, namespace))
    }

    /// A pod as the selectors that fit it leave it; those without labels count where it goes to ECI
    #[must_use]
    pub fn decorated<'a>(&'a self, pod: &Pod<'a>, namespace: &Meta, goes_to_eci: bool) -> Pod<'a> {
        let mut decorated = pod.clone();
        for selector in &self.0 {
            let applies = selector.is_selective() || goes_to_eci;
            // Held against what the pod says itself, not against what another selector wrote
            if applies && selector.fits(pod, namespace) {
                let Effect { annotations, labels } = &selector.effect;
                decorated = decorated.with(texts(labels), texts(annotations), OnConflict::Keep);
            }
        }
        decorated
    }

    /// ECI fields as the selectors that fit a pod leave them
    pub fn completed(&self, mut texts: FieldTexts, pod: &Pod<'_>, namespace: &Meta) -> FieldTexts {
        for selector in self.0.iter().filter(|selector| selector.fits(pod, namespace)) {
            let slots = [
                (CUSTOM_TAGS, &mut texts.tags),
                (RESOURCE_GROUP_ID, &mut texts.resource_group_id),
                (RAM_ROLE_NAME, &mut texts.ram_role_name),
                (SERVICE_ARNS, &mut texts.service_arns),
                (USER_ARNS, &mut texts.user_arns),
            ];
            for (annotation, slot) in slots {
                if slot.is_none() {
                    *slot = selector.effect.annotations.get(annotation).cloned();
                }
            }
        }
        texts
    }
}

impl Selector {
    /// The ECI fields that it writes
    pub fn texts(&self) -> FieldTexts {
        texts_of(|annotation| self.effect.annotations.get(annotation).map(String::as_str))
    }

    /// What it does to pods, for whoever writes it and for the record
    pub fn described(&self) -> String {
        let routes = if self.is_selective() {
            "sends the pods that it fits to ECI"
        } else {
            "changes the pods that go to ECI"
        };
        let fields = ECI_FIELDS.iter().filter_map(|key| {
            Some(format!(
                " with {key}: {}",
                quoted(self.effect.annotations.get(*key)?, 64)
            ))
        });
        format!(
            "eci-profile selector {} {routes}{}",
            quoted(&self.name, 64),
            fields.collect::<String>()
        )
    }

    /// Whether it names labels, so that it routes pods and does not only decorate them
    pub fn is_selective(&self) -> bool {
        self.namespace_selector.is_some() || self.object_selector.is_some()
    }

    /// Whether it fits pods of a namespace, if they have the labels that it wants of them
    pub fn fits_namespace(&self, namespace: &Meta) -> bool {
        let wanted = self
            .namespace_selector
            .iter()
            .flat_map(|labels| &labels.match_labels);
        wanted
            .into_iter()
            .all(|(key, value)| namespace.labels.get(key) == Some(value))
    }

    /// The labels that it wants of pods
    pub fn object_labels(&self) -> BTreeMap<String, String> {
        let selector = self.object_selector.as_ref();
        selector
            .map(|labels| labels.match_labels.clone())
            .unwrap_or_default()
    }

    fn fits(&self, pod: &Pod<'_>, namespace: &Meta) -> bool {
        let all = |labels: &Option<Labels>, find: &dyn Fn(&str) -> Option<String>| {
            labels
                .iter()
                .flat_map(|labels| &labels.match_labels)
                .all(|(key, value)| find(key).as_ref() == Some(value))
        };
        all(&self.namespace_selector, &|key| {
            namespace.labels.get(key).cloned()
        }) && all(&self.object_selector, &|key| {
            pod.metadata.labels.value(key).map(str::to_owned)
        })
    }
}

fn texts(map: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    map.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(selectors: &str) -> Profile {
        Profile::parse(&BTreeMap::from([("selectors".to_owned(), selectors.to_owned())])).unwrap()
    }

    fn namespace(labels: &[(&str, &str)]) -> Meta {
        let labels = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Meta {
            labels: labels.collect(),
            ..Meta::default()
        }
    }

    const BOTH: &str = r#"[
        {"name": "first", "namespaceSelector": {"matchLabels": {"team": "a"}}, "objectSelector": {"matchLabels": {"app": "web", "tier": "1"}},
         "effect": {"annotations": {"x": "first", "y": "first"}, "labels": {"l": "first"}}},
        {"name": "second", "objectSelector": {"matchLabels": {"app": "web"}}, "effect": {"annotations": {"x": "second", "z": "second"}}},
        {"name": "all", "effect": {"annotations": {"x": "all", "w": "all"}}}]"#;

    const WEB: &str = r#"{"metadata": {"labels": {"app": "web", "tier": "1"}, "annotations": {"y": "own"}}}"#;

    #[test]
    fn a_profile_beyond_its_bounds_is_not_followed() {
        let parse = |text: String| Profile::parse(&[("selectors".to_owned(), text)].into());
        let many = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        let long = |length: usize| format!("[{}]", " ".repeat(length - 2));
        assert_eq!(parse(many(256)).unwrap().selectors().len(), 256);
        assert!(
            parse(many(257))
                .unwrap_err()
                .to_string()
                .contains("has 257 selectors")
        );
        assert!(parse(long(256 * 1024)).is_ok());
        assert!(
            parse(long(256 * 1024 + 1))
                .unwrap_err()
                .to_string()
                .contains("262145 bytes")
        );
    }

    #[test]
    fn both_selectors_and_all_their_labels_must_fit() {
        let profile = profile(BOTH);
        let name = |pod: &str, labels: &[(&str, &str)]| {
            let pod = Pod::parse(pod).unwrap();
            let selector = profile.route(&pod, &namespace(labels));
            selector.map(|selector| selector.name.clone())
        };
        assert_eq!(name(WEB, &[("team", "a")]).as_deref(), Some("first"));
        assert_eq!(name(WEB, &[("team", "b")]).as_deref(), Some("second"));
        let other = r#"{"metadata": {"labels": {"app": "db"}}}"#;
        assert_eq!(name(other, &[("team", "a")]), None);
        let half = r#"{"metadata": {"labels": {"app": "web"}}}"#;
        assert_eq!(name(half, &[("team", "a")]).as_deref(), Some("second"));
    }

    #[test]
    fn the_pod_wins_and_then_the_earlier_selector() {
        let profile = profile(BOTH);
        let pod = Pod::parse(WEB).unwrap();
        let namespace = namespace(&[("team", "a")]);
        let values = |goes_to_eci| {
            let decorated = profile.decorated(&pod, &namespace, goes_to_eci);
            ["x", "y", "z", "w"].map(|key| decorated.annotation(key).unwrap_or("-").to_owned())
        };
        assert_eq!(values(false), ["first", "own", "second", "-"]);
        assert_eq!(values(true), ["first", "own", "second", "all"]);
        let decorated = profile.decorated(&pod, &namespace, false);
        assert_eq!(decorated.metadata.labels.value("l"), Some("first"));
    }

    #[test]
    fn a_selector_without_labels_decorates_and_does_not_route() {
        let profile = profile(r#"[{"name": "all", "effect": {"annotations": {"x": "all"}}}]"#);
        let pod = Pod::parse(r#"{"metadata": {}}"#).unwrap();
        assert_eq!(profile.route(&pod, &Meta::default()), None);
        assert_eq!(
            profile.decorated(&pod, &Meta::default(), false).annotation("x"),
            None
        );
        let decorated = profile.decorated(&pod, &Meta::default(), true);
        assert_eq!(decorated.annotation("x"), Some("all"));
    }

    #[test]
    fn what_is_no_profile_is_refused_and_none_is_empty() {
        assert_eq!(Profile::parse(&BTreeMap::new()).unwrap(), Profile::default());
        assert_eq!(profile(" "), Profile::default());
        for text in ["{", "{}", "[1]", r#"[{"effect": {"labels": {"a": 1}}}]"#] {
            let data = BTreeMap::from([("selectors".to_owned(), text.to_owned())]);
            let error = Profile::parse(&data).unwrap_err().to_string();
            assert!(
                error.starts_with("key `selectors` of ConfigMap kube-system/eci-profile"),
                "{error}"
            );
        }
    }
}
