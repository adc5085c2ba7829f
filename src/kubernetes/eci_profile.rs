//! ACK's eci-profile: the pods that the cluster's own webhook sends to ECI, and the labels and annotations that it adds.
//!
//! Its source is the ConfigMap `kube-system/eci-profile`, key `selectors`, a JSON array as text. The pod's own values win,
//! then those of the earlier selector. A selector without labels routes no pods; it decorates pods that go to ECI anyway.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::kubernetes::deserialize::null_as_default;
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

/// One selector: the labels of pods that it matches, and the values that it adds to them
///
/// A field that nobody documents may be a slip in one that is. Without it, the selector would match other pods than meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Selector {
    /// Its name, for messages
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    namespace_selector: Option<Labels>,
    #[serde(default)]
    object_selector: Option<Labels>,
    /// The values that it adds
    #[serde(default, deserialize_with = "null_as_default")]
    pub effect: Effect,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Labels {
    #[serde(default, deserialize_with = "null_as_default")]
    match_labels: BTreeMap<String, String>,
}

/// Labels and annotations that a selector adds to pods
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Annotations
    #[serde(default, deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// Labels
    #[serde(default, deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
}

/// The most selectors, since every pod is matched with each; some fifty times what a cluster has
const MAX_SELECTORS: usize = 256;
/// The longest text, as long as all annotations of a pod may be
const MAX_BYTES: usize = 256 * 1024;

/// Selectors that cannot be read; the previous ones stay in use
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// They are no JSON, or have a field that is not documented
    #[error("key `{SELECTORS}` of ConfigMap {NAMESPACE}/{NAME} is not a JSON array of selectors: {0}")]
    Shape(#[source] serde_json::Error),
    /// The text is too long
    #[error(
        "key `{SELECTORS}` of ConfigMap {NAMESPACE}/{NAME} has {0} bytes, and ramgate reads {MAX_BYTES} at most"
    )]
    TooLong(usize),
    /// There are too many selectors
    #[error(
        "key `{SELECTORS}` of ConfigMap {NAMESPACE}/{NAME} has {0} selectors, and ramgate follows {MAX_SELECTORS} at most"
    )]
    TooMany(usize),
}

/// Whether a manifest is the ConfigMap
pub(crate) fn is_manifest(object: &Value) -> bool {
    let is = |at: &str, wanted: &str| object.pointer(at).and_then(Value::as_str) == Some(wanted);
    is("/kind", "ConfigMap") && is("/metadata/namespace", NAMESPACE) && is("/metadata/name", NAME)
}

impl Profile {
    /// Parses the data of the ConfigMap; without selectors the profile is empty
    ///
    /// # Errors
    ///
    /// The selectors are not a JSON array of selectors, too long or too many.
    pub fn parse(data: &BTreeMap<String, String>) -> Result<Self, ProfileError> {
        Self::read(data.get(SELECTORS).map(String::as_str))
    }

    /// Parses the text of the selectors; without it the profile is empty
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub(crate) fn read(text: Option<&str>) -> Result<Self, ProfileError> {
        let text = text.map_or("", str::trim);
        if text.is_empty() {
            return Ok(Self::default());
        }
        if text.len() > MAX_BYTES {
            return Err(ProfileError::TooLong(text.len()));
        }
        let selectors: Vec<Selector> = serde_json::from_str(text).map_err(ProfileError::Shape)?;
        if selectors.len() > MAX_SELECTORS {
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
            .find(|selector| selector.is_selective() && selector.matches(pod, namespace))
    }

    /// A pod with the values of all selectors that match it
    ///
    /// Selectors without labels apply only if the pod goes to ECI.
    ///
    /// ```text
    /// pod {app: web; annotation y: own}, selectors [app=web: x=1, y=1], [app=web: x=2, z=2]
    ///   -> annotations x=1, y=own, z=2
    /// ```
    #[must_use]
    pub fn decorated<'a>(&'a self, pod: &Pod<'a>, namespace: &Meta, goes_to_eci: bool) -> Pod<'a> {
        let mut decorated = pod.clone();
        for selector in &self.0 {
            let applies = selector.is_selective() || goes_to_eci;
            // Matches the pod's own labels, not those that another selector added
            if applies && selector.matches(pod, namespace) {
                let Effect { annotations, labels } = &selector.effect;
                decorated = decorated.with(texts(labels), texts(annotations), OnConflict::Keep);
            }
        }
        decorated
    }

    /// The selector that gives a pod for ECI this annotation
    pub(crate) fn writer_of(&self, annotation: &str, pod: &Pod<'_>, namespace: &Meta) -> Option<&Selector> {
        let mut selectors = self.0.iter();
        selectors.find(|selector| {
            selector.effect.annotations.contains_key(annotation) && selector.matches(pod, namespace)
        })
    }

    /// ECI fields, completed by all selectors that match a pod
    pub fn completed(&self, mut texts: FieldTexts, pod: &Pod<'_>, namespace: &Meta) -> FieldTexts {
        for selector in self.0.iter().filter(|selector| selector.matches(pod, namespace)) {
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
    /// The ECI fields that it adds
    pub fn texts(&self) -> FieldTexts {
        texts_of(|annotation| self.effect.annotations.get(annotation).map(String::as_str))
    }

    /// A description of its effect, for messages and the record
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

    /// Whether it has labels, and so routes pods instead of only decorating them
    pub fn is_selective(&self) -> bool {
        self.namespace_selector.is_some() || self.object_selector.is_some()
    }

    /// Whether it matches a namespace, for pods with its labels
    pub fn matches_namespace(&self, namespace: &Meta) -> bool {
        let wanted = self
            .namespace_selector
            .iter()
            .flat_map(|labels| &labels.match_labels);
        wanted
            .into_iter()
            .all(|(key, value)| namespace.labels.get(key) == Some(value))
    }

    /// The labels that pods must have
    pub fn object_labels(&self) -> BTreeMap<String, String> {
        let selector = self.object_selector.as_ref();
        selector
            .map(|labels| labels.match_labels.clone())
            .unwrap_or_default()
    }

    fn matches(&self, pod: &Pod<'_>, namespace: &Meta) -> bool {
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
    fn a_slip_in_a_field_never_matches_every_pod() {
        for (selector, field) in [
            (
                r#"{"objectSelector": {"matchLables": {"app": "web"}}}"#,
                "matchLables",
            ),
            (
                r#"{"objectSelecter": {"matchLabels": {"app": "web"}}}"#,
                "objectSelecter",
            ),
            (
                r#"{"namespaceSelector": {"matchlabels": {"team": "a"}}}"#,
                "matchlabels",
            ),
            (
                r#"{"objectSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}"#,
                "matchExpressions",
            ),
            (r#"{"effect": {"annotation": {"x": "y"}}}"#, "annotation"),
            (r#"{"policy": {"fair": {}}}"#, "policy"),
        ] {
            let text = format!("[{selector}]");
            let error = Profile::read(Some(&text)).unwrap_err().to_string();
            assert!(error.contains(&format!("unknown field `{field}`")), "{error}");
        }
    }

    #[test]
    fn what_is_no_profile_is_refused_and_none_is_empty() {
        assert_eq!(Profile::parse(&BTreeMap::new()).unwrap(), Profile::default());
        assert_eq!(profile(" "), Profile::default());
        let null = r#"[{"name": "a", "objectSelector": {"matchLabels": null}, "effect": null}]"#;
        assert_eq!(profile(null).selectors().len(), 1);
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
