//! What ramgate reads of a pod: the marks that route it, the ECI fields, and nothing else.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::kubernetes::bounds::{OWNERS, TOLERATIONS, few, modest};
use crate::kubernetes::canonical_json;
use crate::kubernetes::canonical_json::Rule;
use crate::kubernetes::strings::{Pairs, Text};

/// A pod as far as ramgate reads it, borrowed from the review
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Pod<'a> {
    /// Who the pod is, and its labels and annotations; every pod has it, and a patch could not stand without it
    #[serde(borrow)]
    pub metadata: Metadata<'a>,
    /// Where the pod may run
    #[serde(borrow, default, deserialize_with = "present")]
    pub spec: Spec<'a>,
}

/// The metadata of a pod as far as ramgate reads it
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata<'a> {
    /// The name; absent where the API server still has to make one
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// The prefix of the name that the API server makes
    #[serde(borrow)]
    pub generate_name: Option<Text<'a>>,
    /// Which of all objects ever of that name it is; absent until it is stored
    #[serde(borrow)]
    pub uid: Option<Text<'a>>,
    /// Which version of the object it is; absent until it is stored
    #[serde(borrow)]
    pub resource_version: Option<Text<'a>>,
    /// The namespace that the object itself names
    #[serde(borrow)]
    pub namespace: Option<Text<'a>>,
    /// All labels
    #[serde(borrow, default)]
    pub labels: Pairs<'a>,
    /// All annotations, or nothing where the object has none or `null`
    #[serde(borrow)]
    pub annotations: Option<Pairs<'a>>,
    /// Claims about who made the pod; nobody checks them, so they take belief in a stamp away and never give any
    #[serde(borrow, default, deserialize_with = "few::<OWNERS, _, _>")]
    pub owner_references: Vec<OwnerReference<'a>>,
}

/// A claim that another object made the pod
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnerReference<'a> {
    /// The owner's API group and version
    #[serde(borrow, default, deserialize_with = "present")]
    pub api_version: Text<'a>,
    /// Which of all objects ever of that name it is
    #[serde(borrow, default, deserialize_with = "present")]
    pub uid: Text<'a>,
    /// The owner's kind
    #[serde(borrow)]
    pub kind: Text<'a>,
    /// The owner's name
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Whether the owner is the one that controls the pod
    #[serde(default)]
    pub controller: Option<bool>,
}

/// The part of a pod's spec that decides where it may run
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec<'a> {
    /// The node; empty until the pod is bound
    #[serde(borrow)]
    pub node_name: Option<Text<'a>>,
    /// Labels that the node must have
    #[serde(borrow, default)]
    pub node_selector: Pairs<'a>,
    /// Which nodes are demanded or preferred
    #[serde(borrow)]
    pub affinity: Option<Affinity<'a>>,
    /// Which taints are tolerated
    #[serde(borrow, default, deserialize_with = "few::<TOLERATIONS, _, _>")]
    pub tolerations: Vec<Toleration<'a>>,
    /// The RuntimeClass, whose scheduling the API server adds to a pod, and never to a template
    #[serde(borrow)]
    pub runtime_class_name: Option<Text<'a>>,
    /// The service account; absent or empty means `default`
    #[serde(borrow)]
    pub service_account_name: Option<Text<'a>>,
}

/// The affinity of a pod, without what concerns other pods
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Affinity<'a> {
    /// Affinity to nodes
    #[serde(borrow, default, deserialize_with = "modest")]
    pub node_affinity: Option<NodeAffinity<'a>>,
}

/// Affinity to nodes
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NodeAffinity<'a> {
    /// What a node must have
    #[serde(borrow, rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector<'a>>,
    /// What a node should have
    #[serde(
        borrow,
        default,
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        deserialize_with = "present"
    )]
    pub preferred: Vec<Preference<'a>>,
}

/// Terms of which one must hold
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelector<'a> {
    /// The terms
    #[serde(borrow, default, deserialize_with = "present")]
    pub node_selector_terms: Vec<Term<'a>>,
}

/// A term that should hold
#[derive(Clone, Debug, Deserialize)]
pub struct Preference<'a> {
    /// The term
    #[serde(borrow)]
    pub preference: Term<'a>,
}

/// Requirements that must all hold; a term without any holds for no node
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Term<'a> {
    /// Requirements on a node's labels
    #[serde(borrow, default, deserialize_with = "present")]
    pub match_expressions: Vec<Expression<'a>>,
    /// Requirements on a node's fields, of which Kubernetes knows `metadata.name` alone
    #[serde(borrow, default, deserialize_with = "present")]
    pub match_fields: Vec<Expression<'a>>,
}

/// One requirement on a node
#[derive(Clone, Debug, Deserialize)]
pub struct Expression<'a> {
    /// The label or field
    #[serde(borrow)]
    pub key: Text<'a>,
    /// In, NotIn, Exists, DoesNotExist, Gt or Lt
    #[serde(borrow)]
    pub operator: Text<'a>,
    /// The values compared with
    #[serde(borrow, default, deserialize_with = "present")]
    pub values: Vec<Text<'a>>,
}

/// A taint that the pod puts up with
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Toleration<'a> {
    /// The taint's key; absent or empty with `Exists` tolerates every taint
    #[serde(borrow)]
    pub key: Option<Text<'a>>,
    /// Exists or Equal
    #[serde(borrow)]
    pub operator: Option<Text<'a>>,
    /// The taint's effect; absent or empty means every effect
    #[serde(borrow)]
    pub effect: Option<Text<'a>>,
}

impl OwnerReference<'_> {
    /// The owner's API group; empty for the core group
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl<'a> Metadata<'a> {
    /// The name for messages, if there is one; ends with `*` where the API server still has to complete it
    pub fn display_name(&self) -> Option<String> {
        let text =
            |part: &Option<Text<'a>>| part.as_deref().filter(|name| !name.is_empty()).map(str::to_owned);
        text(&self.name).or_else(|| text(&self.generate_name).map(|prefix| prefix + "*"))
    }

    /// Whether the owners are others than these, and there are any: an object whose owners are all gone is deleted by the
    /// garbage collector, while one that has none stays
    pub fn changes_owners(&self, before: &Metadata<'_>) -> bool {
        fn set<'o>(metadata: &'o Metadata<'_>) -> BTreeSet<[&'o str; 4]> {
            let owners = metadata.owner_references.iter();
            let texts = |one: &'o OwnerReference<'_>| [&*one.api_version, &*one.kind, &*one.name, &*one.uid];
            owners.map(texts).collect()
        }
        !self.owner_references.is_empty() && set(self) != set(before)
    }

    /// The owner that controls the object, by the object's own claim
    pub fn controller(&self) -> Option<&OwnerReference<'a>> {
        self.owner_references
            .iter()
            .find(|owner| owner.controller == Some(true))
    }
}

impl<'a> Pod<'a> {
    /// Reads a pod
    ///
    /// # Errors
    ///
    /// What is read has another type, or a key that is read stands there twice.
    pub fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// How many parts of it are kept in memory
    pub fn parts(&self) -> usize {
        let Metadata {
            labels,
            annotations,
            owner_references,
            ..
        } = &self.metadata;
        let Spec {
            node_selector,
            affinity,
            tolerations,
            ..
        } = &self.spec;
        let affinity = affinity
            .iter()
            .filter_map(|affinity| affinity.node_affinity.as_ref());
        let terms = affinity.flat_map(|nodes| {
            let required = nodes.required.iter().flat_map(|one| &one.node_selector_terms);
            required.chain(nodes.preferred.iter().map(|one| &one.preference))
        });
        let in_term = |term: &Term<'_>| {
            let expressions = term.match_expressions.iter().chain(&term.match_fields);
            expressions.fold(1_usize, |parts, one| {
                parts.saturating_add(1).saturating_add(one.values.len())
            })
        };
        [
            labels.len(),
            annotations.as_ref().map_or(0, Pairs::len),
            owner_references.len(),
            node_selector.len(),
            tolerations.len(),
        ]
        .into_iter()
        .chain(terms.map(in_term))
        .fold(0, usize::saturating_add)
    }

    /// The value of an annotation
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.value(key)
    }

    /// The pod with more labels and annotations, which replace what has the same key or else stand back
    #[must_use]
    pub fn with(
        &self,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        annotations: impl IntoIterator<Item = (&'a str, &'a str)>,
        replace: bool,
    ) -> Self {
        let mut pod = self.clone();
        let metadata = &mut pod.metadata;
        metadata.labels = metadata.labels.with(labels, replace);
        let own = metadata.annotations.take();
        let all = own.clone().unwrap_or_default().with(annotations, replace);
        metadata.annotations = (own.is_some() || !all.is_empty()).then_some(all);
        pod
    }

    /// The pod as it is once it is bound to a node
    #[must_use]
    pub fn on_node(mut self, node: Text<'a>) -> Self {
        self.spec.node_name = Some(node);
        self
    }

    /// The node that the pod is bound to
    pub fn node(&self) -> Option<&str> {
        self.spec.node_name.as_deref().filter(|name| !name.is_empty())
    }

    /// The service account, by the name that the API server fills in
    pub fn service_account(&self) -> &str {
        self.spec
            .service_account_name
            .as_deref()
            .filter(|name| !name.is_empty())
            .unwrap_or("default")
    }

    /// The name for messages; ends with `*` where the API server still has to complete it
    pub fn display_name(&self) -> String {
        self.metadata
            .display_name()
            .unwrap_or_else(|| "(unnamed)".to_owned())
    }
}

/// Whether the specs of two pods, given as JSON, mean the same
pub(crate) fn same_spec(one: &str, other: &str) -> bool {
    match (spec(one), spec(other)) {
        (Some(one), Some(other)) => canonical_json::same(one, other, &Rule::Whole),
        _ => false,
    }
}

/// The spec of a pod or pod template as it stands in the text, `null` where there is none
pub(crate) fn spec(pod: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Whole<'a> {
        #[serde(borrow)]
        spec: Option<&'a RawValue>,
    }
    let whole: Whole<'_> = serde_json::from_str(pod).ok()?;
    Some(whole.spec.map_or("null", RawValue::get))
}

/// Reads `null` as what an absent value means
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_read() {
        let pod = Pod::parse(
            r#"{"metadata": {"name": "web", "creationTimestamp": null, "labels": {"app": "web"},
                "annotations": {"k8s.aliyun.com/eci-custom-tags": "env:\u0074est"}},
                "spec": {"nodeName": "", "containers": [{"name": "c", "env": [{"name": "A"}]}],
                "nodeSelector": null, "tolerations": null, "affinity": {"podAffinity": {}}}}"#,
        )
        .unwrap();
        assert_eq!(pod.annotation("k8s.aliyun.com/eci-custom-tags"), Some("env:test"));
        assert_eq!(
            (pod.node(), pod.service_account(), pod.display_name().as_str()),
            (None, "default", "web")
        );
        assert!(pod.spec.tolerations.is_empty() && pod.spec.node_selector.is_empty());
    }

    #[test]
    fn a_name_that_is_still_to_be_made_shows_its_prefix() {
        let name = |json| Pod::parse(json).unwrap().display_name();
        assert_eq!(name(r#"{"metadata": {"generateName": "job-"}}"#), "job-*");
        assert_eq!(
            name(r#"{"metadata": {"name": "", "generateName": "job-"}}"#),
            "job-*"
        );
        assert_eq!(name(r#"{"metadata": {}}"#), "(unnamed)");
    }

    #[test]
    fn owners_are_told_by_all_that_the_garbage_collector_goes_by() {
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

    #[test]
    fn what_has_no_metadata_is_no_pod() {
        let refused = |json| Pod::parse(json).unwrap_err().to_string();
        assert!(refused(r#"{"spec": {}}"#).contains("missing field `metadata`"));
        assert!(refused(r#"{"metadata": null}"#).contains("invalid type: null"));
    }

    #[test]
    fn keys_that_are_read_may_not_stand_there_twice() {
        let refused = |json| Pod::parse(json).unwrap_err().to_string();
        assert!(refused(r#"{"metadata": {}, "metadata": {}}"#).contains("duplicate field `metadata`"));
        assert!(
            refused(r#"{"metadata": {"annotations": {}, "annotations": {}}}"#).contains("duplicate field")
        );
        assert!(
            refused(r#"{"spec": {"nodeName": "a", "nodeName": "b"}}"#).contains("duplicate field `nodeName`")
        );
        assert!(
            refused(r#"{"metadata": {"annotations": {"a": "", "a": ""}}}"#)
                .contains("key `a` is given twice")
        );
    }

    #[test]
    fn specs_are_compared_by_meaning() {
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
