//! Objects besides the eci-profile that send pods to ECI and write annotations on them: ACK's ResourcePolicy, and the
//! Selector of the open-source eci-profile for VNodes.
//!
//! ```text
//! ResourcePolicy  spec.units: [{resource: eci, podAnnotations, podLabels}]
//! Selector        spec.effect: {annotations, labels}
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::kubernetes::eci_annotations::{ECI_FIELDS, texts_of};
use crate::stamp::FieldTexts;
use crate::wording::quoted;

/// The group and the resource of ResourcePolicies
pub(crate) const RESOURCE_POLICIES: (&str, &str) = ("scheduling.alibabacloud.com", "resourcepolicies");
/// The group and the resource of Selectors
pub(crate) const SELECTORS: (&str, &str) = ("eci.aliyun.com", "selectors");

/// The most units of a ResourcePolicy that are read: it has one for each kind of node
const MAX_UNITS: usize = 64;

/// A part of such an object that sends pods to ECI, with everything that says which pods, and what it writes on them
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PodRoute {
    kind: &'static str,
    /// The object without its name
    scope: Value,
    annotations: BTreeMap<String, String>,
}

/// Metadata that pods get
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Unit {
    #[serde(default)]
    resource: String,
    #[serde(default)]
    pod_annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pod_labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
struct Effect {
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl PodRoute {
    /// All routes to ECI in an object of this group
    ///
    /// # Errors
    ///
    /// The object is not what its kind says, or it has too many units.
    pub(crate) fn all(group: &str, json: &str) -> Result<Vec<Self>, String> {
        if group == SELECTORS.0 {
            Self::of_selector(json)
                .map(|route| vec![route])
                .map_err(|error| error.to_string())
        } else {
            Self::of_resource_policy(json)
        }
    }

    fn of_resource_policy(json: &str) -> Result<Vec<Self>, String> {
        #[derive(Deserialize)]
        struct Object {
            spec: Spec,
        }
        #[derive(Deserialize)]
        struct Spec {
            #[serde(default)]
            selector: Value,
            #[serde(default)]
            units: Vec<Unit>,
        }
        let Object { spec } = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if spec.units.len() > MAX_UNITS {
            return Err(format!(
                "it has {} units, and ramgate reads {MAX_UNITS} at most",
                spec.units.len()
            ));
        }
        let units = spec.units.into_iter().filter(|unit| unit.resource == "eci");
        let route = |unit: Unit| Self {
            kind: "ResourcePolicy",
            scope: serde_json::json!([spec.selector, unit.pod_labels]),
            annotations: unit.pod_annotations.unwrap_or_default(),
        };
        Ok(units.map(route).collect())
    }

    fn of_selector(json: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Object {
            spec: Spec,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Spec {
            #[serde(default)]
            namespace_labels: Value,
            #[serde(default)]
            object_labels: Value,
            #[serde(default)]
            policy: Value,
            #[serde(default)]
            effect: Option<Effect>,
        }
        let Object { spec } = serde_json::from_str(json)?;
        let effect = spec.effect.unwrap_or_default();
        Ok(Self {
            kind: "Selector",
            scope: serde_json::json!([
                spec.namespace_labels,
                spec.object_labels,
                spec.policy,
                effect.labels
            ]),
            annotations: effect.annotations.unwrap_or_default(),
        })
    }

    /// The ECI fields that it writes
    pub(crate) fn texts(&self) -> FieldTexts {
        texts_of(|annotation| self.annotations.get(annotation).map(String::as_str))
    }

    /// The kind of its object
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// The ECI annotations that it writes
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let field = |key: &&'static str| Some((*key, self.annotations.get(*key)?.as_str()));
        ECI_FIELDS.iter().filter_map(field)
    }

    /// A description of its effect, for warnings and the record
    pub(crate) fn described(&self) -> String {
        let fields = self.fields();
        let fields = fields.map(|(key, value)| format!(" with {key}: {}", quoted(value, 64)));
        format!(
            "this {} sends the pods that it fits to ECI{}",
            self.kind,
            fields.collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_eci_are_routes() {
        let policy = r#"{"spec": {"selector": {"app": "web"}, "units": [{"resource": "ecs", "nodeSelector": {"a": "b"}},
            {"resource": "eci", "podAnnotations": {"k8s.aliyun.com/eci-ram-role-name": "Reader"}}, {"resource": "eci"}]}}"#;
        let routes = PodRoute::all(RESOURCE_POLICIES.0, policy).unwrap();
        let described: Vec<String> = routes.iter().map(PodRoute::described).collect();
        assert_eq!(
            described,
            [
                "this ResourcePolicy sends the pods that it fits to ECI with k8s.aliyun.com/eci-ram-role-name: `Reader`",
                "this ResourcePolicy sends the pods that it fits to ECI"
            ]
        );
        assert_eq!(routes[0].texts().ram_role_name.as_deref(), Some("Reader"));
        let other = policy.replace("web", "api");
        assert_ne!(PodRoute::all(RESOURCE_POLICIES.0, &other).unwrap()[0], routes[0]);
        let many = format!(r#"{{"spec": {{"units": [{}]}}}}"#, vec!["{}"; 65].join(","));
        assert!(
            PodRoute::all(RESOURCE_POLICIES.0, &many)
                .unwrap_err()
                .contains("65 units")
        );
        assert!(PodRoute::all(RESOURCE_POLICIES.0, "{}").is_err());
    }

    #[test]
    fn a_selector_is_a_route() {
        let selector = r#"{"spec": {"objectLabels": {"matchLabels": {"a": "b"}}, "effect": {"annotations": {"k8s.aliyun.com/eci-custom-tags": "a:b"}}}}"#;
        let routes = PodRoute::all(SELECTORS.0, selector).unwrap();
        assert_eq!(routes[0].texts().tags.as_deref(), Some("a:b"));
        assert!(routes[0].described().starts_with("this Selector sends"));
        assert!(PodRoute::all(SELECTORS.0, r#"{"spec": {"effect": null}}"#).is_ok());
        assert!(PodRoute::all(SELECTORS.0, r#"{"spec": {"effect": {"annotations": {"a": 1}}}}"#).is_err());
    }
}
