//! The fields of a pod's spec that decide where it runs, and the comparison of whole specs.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::canonical_json;
use crate::kubernetes::canonical_json::Rule;
use crate::kubernetes::deserialize::{bounded_list, bounded_value, null_as_default};
use crate::kubernetes::limits::MAX_TOLERATIONS;
use crate::kubernetes::string_map::StringMap;

/// The spec of a pod, as far as it decides where the pod runs
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec<'a> {
    /// The node; empty until the pod is bound
    #[serde(borrow)]
    pub node_name: Option<Text<'a>>,
    /// Labels that the node must have
    #[serde(borrow, default)]
    pub node_selector: StringMap<'a>,
    /// Required and preferred nodes
    #[serde(borrow)]
    pub affinity: Option<Affinity<'a>>,
    /// Tolerated taints
    #[serde(borrow, default, deserialize_with = "bounded_list::<MAX_TOLERATIONS, _, _>")]
    pub tolerations: Vec<Toleration<'a>>,
    /// The RuntimeClass; the API server adds its scheduling to pods, and never to templates
    #[serde(borrow)]
    pub runtime_class_name: Option<Text<'a>>,
    /// The service account; absent or empty means `default`
    #[serde(borrow)]
    pub service_account_name: Option<Text<'a>>,
    /// The containers as text, and below it all else that requests resources
    #[serde(borrow)]
    pub(super) containers: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) init_containers: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) resources: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) overhead: Option<&'a RawValue>,
}

/// The containers of a pod as text, but for ephemeral ones
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContainerLists<'a> {
    #[serde(borrow)]
    pub(crate) init_containers: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) containers: Option<&'a RawValue>,
}

/// The affinity of a pod to nodes; its affinity to other pods is not read
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Affinity<'a> {
    /// Affinity to nodes
    #[serde(borrow, default, deserialize_with = "bounded_value")]
    pub node_affinity: Option<NodeAffinity<'a>>,
}

/// Affinity to nodes
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NodeAffinity<'a> {
    /// Terms of which a node must meet one
    #[serde(borrow, rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector<'a>>,
    /// Terms that a node should meet
    #[serde(
        borrow,
        default,
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        deserialize_with = "null_as_default"
    )]
    pub preferred: Vec<Preference<'a>>,
}

/// Terms of which a node must meet one
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelector<'a> {
    /// The terms
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub node_selector_terms: Vec<Term<'a>>,
}

/// A term that a node should meet
#[derive(Clone, Debug, Deserialize)]
pub struct Preference<'a> {
    /// The term
    #[serde(borrow)]
    pub preference: Term<'a>,
}

/// Requirements that a node must all meet; no node meets a term without requirements
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Term<'a> {
    /// Requirements on a node's labels
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub match_expressions: Vec<Expression<'a>>,
    /// Requirements on a node's fields; `metadata.name` is the only one that Kubernetes knows
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub match_fields: Vec<Expression<'a>>,
}

/// One requirement on a node
#[derive(Clone, Debug, Deserialize)]
pub struct Expression<'a> {
    /// The label or field
    #[serde(borrow)]
    pub key: Text<'a>,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`
    #[serde(borrow)]
    pub operator: Text<'a>,
    /// The values that the operator compares with
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub values: Vec<Text<'a>>,
}

/// A taint that the pod tolerates
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Toleration<'a> {
    /// The taint's key; absent or empty with `Exists` tolerates every taint
    #[serde(borrow)]
    pub key: Option<Text<'a>>,
    /// `Exists` or `Equal`
    #[serde(borrow)]
    pub operator: Option<Text<'a>>,
    /// The taint's effect; absent or empty means every effect
    #[serde(borrow)]
    pub effect: Option<Text<'a>>,
}

impl<'a> Spec<'a> {
    /// The texts of its containers
    pub(super) fn container_lists(&self) -> ContainerLists<'a> {
        ContainerLists {
            init_containers: self.init_containers,
            containers: self.containers,
        }
    }
}

impl Spec<'_> {
    /// How many elements of it are kept in memory
    pub(super) fn element_count(&self) -> usize {
        let affinity = self.affinity.iter();
        let nodes = affinity.filter_map(|affinity| affinity.node_affinity.as_ref());
        let terms = nodes.flat_map(NodeAffinity::terms).map(Term::element_count);
        [self.node_selector.len(), self.tolerations.len()]
            .into_iter()
            .chain(terms)
            .fold(0, usize::saturating_add)
    }
}

impl<'a> NodeAffinity<'a> {
    fn terms(&self) -> impl Iterator<Item = &Term<'a>> {
        let required = self.required.iter().flat_map(|one| &one.node_selector_terms);
        required.chain(self.preferred.iter().map(|one| &one.preference))
    }
}

impl Term<'_> {
    fn element_count(&self) -> usize {
        let expressions = self.match_expressions.iter().chain(&self.match_fields);
        expressions.fold(1, |count: usize, one| {
            count.saturating_add(1).saturating_add(one.values.len())
        })
    }
}

/// Whether the specs of two pods are equivalent JSON; `false` if a pod is not JSON
pub(crate) fn same_spec(one: &str, other: &str) -> bool {
    match (spec_text(one), spec_text(other)) {
        (Some(one), Some(other)) => canonical_json::equivalent(one, other, &Rule::Whole),
        _ => false,
    }
}

/// The text of the spec of a pod or pod template; `null` if it has none
pub(crate) fn spec_text(pod: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        spec: Option<&'a RawValue>,
    }
    let object: Object<'_> = serde_json::from_str(pod).ok()?;
    Some(object.spec.map_or("null", RawValue::get))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_compared_as_canonical_json() {
        let same = |one, other| same_spec(one, other);
        assert!(same(
            r#"{"spec": {"a": 1, "b": 2}}"#,
            r#"{"metadata": {}, "spec": {"b": 2, "a": 1}}"#
        ));
        assert!(same(r#"{"spec": null}"#, "{}"));
        assert!(!same(r#"{"spec": {"a": 1}}"#, r#"{"spec": {"a": 2}}"#));
        assert!(!same("[", "["));
    }
}
