//! Node affinities against a naive matcher that asks node after node, as the scheduler does.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::directory::faults::tests::parsed;
use crate::config::directory::label_selector;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::stamp::Signer;

const KEYS: [&str; 4] = ["type", "k8s.aliyun.com/vnode", "pool", "acs"];
const VALUES: [&str; 4] = ["virtual-kubelet", "true", "7", "other"];
/// A value that no requirement names
const FRESH: &str = "unheard-of";
const REAL: &str = "real-1";
const VIRTUAL: &str = "virtual-1";

/// A cluster with one real and one virtual node
struct TwoNodes(Labels);

impl Cluster for TwoNodes {
    fn namespace(&self, _: &str) -> Option<Arc<Meta>> {
        None
    }
    fn service_account(&self, _: &str, _: &str) -> Option<Arc<Meta>> {
        None
    }
    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        let labels = match name {
            REAL => BTreeMap::new(),
            VIRTUAL => self.0.clone(),
            _ => return None,
        };
        Some(Arc::new(Meta {
            labels,
            ..Meta::default()
        }))
    }
    fn signer(&self) -> Option<Arc<Signer>> {
        None
    }
    fn sends(&self, _: &str, _: &str) -> bool {
        false
    }
    fn profile(&self) -> Arc<Profile> {
        Arc::default()
    }
}

/// The labels of a node
type Labels = BTreeMap<String, String>;

/// Settings, each with all of its virtual nodes
static CLUSTERS: LazyLock<Vec<(ClusterSettings, Vec<Labels>)>> = LazyLock::new(|| {
    let with_nodes = |settings: ClusterSettings| {
        let nodes = virtual_nodes(&settings);
        (settings, nodes)
    };
    all_settings().into_iter().map(with_nodes).collect()
});

/// Settings of virtual nodes, as a directory gives them
fn all_settings() -> Vec<ClusterSettings> {
    let selectors = |text: &str| parsed(text, label_selector::read_list).unwrap();
    let of = |nodes: &str, acs: &str| ClusterSettings {
        virtual_nodes: selectors(nodes),
        acs_nodes: selectors(acs),
        ..ClusterSettings::default()
    };
    vec![
        ClusterSettings::default(),
        of("[{matchLabels: {pool: other}}]", "[]"),
        of(
            "[{matchLabels: {type: virtual-kubelet}}, {matchLabels: {k8s.aliyun.com/vnode: 'true', pool: '7'}}]",
            "[]",
        ),
        of(
            "[{matchExpressions: [{key: pool, operator: In, values: ['7', other]}, {key: type, operator: NotIn, values: [other]}]}]",
            "[]",
        ),
        of(
            "[{matchExpressions: [{key: type, operator: Exists}, {key: pool, operator: DoesNotExist}]}]",
            "[]",
        ),
        of(
            "[{matchLabels: {type: virtual-kubelet}}]",
            "[{matchLabels: {acs: 'true'}}]",
        ),
        of(
            "[{matchLabels: {type: virtual-kubelet}}]",
            "[{matchExpressions: [{key: type, operator: Exists}, {key: acs, operator: NotIn, values: ['7']}]}]",
        ),
    ]
}

/// All virtual nodes whose labels are among these keys and values, without a name
fn virtual_nodes(settings: &ClusterSettings) -> Vec<Labels> {
    let values: Vec<Option<&str>> = VALUES
        .into_iter()
        .chain([FRESH])
        .map(Some)
        .chain([None])
        .collect();
    let mut nodes = vec![BTreeMap::new()];
    for key in KEYS {
        let with = |node: &Labels, value: &Option<&str>| {
            let mut node = node.clone();
            node.extend(value.map(|value| (key.to_owned(), value.to_owned())));
            node
        };
        nodes = nodes
            .iter()
            .flat_map(|node| values.iter().map(|value| with(node, value)).collect::<Vec<_>>())
            .collect();
    }
    nodes.retain(|labels| {
        let is = |key: &str, value: &str| labels.get(key).is_some_and(|found| found == value);
        // Alibaba gives every VNode the type of virtual nodes
        NodeKind::of(labels, settings) == NodeKind::Virtual
            && (!is("k8s.aliyun.com/vnode", "true") || is("type", "virtual-kubelet"))
    });
    nodes
}

/// Whether a node meets one requirement, by Kubernetes' documentation
fn meets(requirement: &Value, value: Option<&str>) -> bool {
    let values: Vec<&str> = requirement["values"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let number = |text: &str| text.parse::<i64>().ok();
    let bound = values.first().and_then(|bound| number(bound));
    let found = value.and_then(number);
    match requirement["operator"].as_str().unwrap() {
        "In" => value.is_some_and(|value| values.contains(&value)),
        "NotIn" => value.is_none_or(|value| !values.contains(&value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => found.zip(bound).is_some_and(|(found, bound)| found > bound),
        "Lt" => found.zip(bound).is_some_and(|(found, bound)| found < bound),
        other => panic!("{other}"),
    }
}

/// Whether the scheduler may put a pod on a node
fn fits(spec: &Value, name: &str, labels: &Labels) -> bool {
    let label = |key: &str| match key {
        "kubernetes.io/hostname" => Some(name),
        key => labels.get(key).map(String::as_str),
    };
    let none = Vec::new();
    let list = |value: &Value| value.as_array().unwrap_or(&none).clone();
    let selected = spec["nodeSelector"].as_object().into_iter().flatten();
    let mut selected = selected.map(|(key, value)| label(key) == value.as_str());
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let term_fits = |term: &Value| {
        let (expressions, fields) = (list(&term["matchExpressions"]), list(&term["matchFields"]));
        let is_empty = expressions.is_empty() && fields.is_empty();
        !is_empty
            && expressions
                .iter()
                .all(|one| meets(one, label(one["key"].as_str().unwrap())))
            && fields.iter().all(|one| meets(one, Some(name)))
    };
    selected.all(|is_met| is_met)
        && (required.is_null() || list(&required["nodeSelectorTerms"]).iter().any(term_fits))
}

fn requirement() -> impl Strategy<Value = Value> {
    let values = proptest::sample::subsequence(VALUES.to_vec(), 1..=3);
    let label = (0..KEYS.len(), 0..6_usize, values).prop_map(|(key, operator, values)| match operator {
        0 => json!({"key": KEYS[key], "operator": "In", "values": values}),
        1 | 2 => json!({"key": KEYS[key], "operator": "NotIn", "values": values}),
        3 => json!({"key": KEYS[key], "operator": "Exists"}),
        4 => json!({"key": KEYS[key], "operator": "DoesNotExist"}),
        _ => {
            json!({"key": KEYS[key], "operator": if values.len() > 1 { "Gt" } else { "Lt" }, "values": ["6"]})
        }
    });
    let host = (any::<bool>(), names())
        .prop_map(|(is_in, names)| json!({"key": "kubernetes.io/hostname", "operator": if is_in { "In" } else { "NotIn" }, "values": names}));
    prop_oneof![6 => label, 1 => host]
}

fn names() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(vec![REAL, VIRTUAL, "nobody-knows"], 1..=2)
}

fn term() -> impl Strategy<Value = Value> {
    let field = (any::<bool>(), names()).prop_map(
        |(is_in, names)| json!({"key": "metadata.name", "operator": if is_in { "In" } else { "NotIn" }, "values": names}),
    );
    let fields = prop_oneof![4 => Just(vec![]), 1 => proptest::collection::vec(field, 1..=2)];
    (proptest::collection::vec(requirement(), 0..=4), fields)
        .prop_map(|(expressions, fields)| json!({"matchExpressions": expressions, "matchFields": fields}))
}

fn spec() -> impl Strategy<Value = Value> {
    let selector = proptest::collection::btree_map(
        proptest::sample::select(KEYS.to_vec()),
        proptest::sample::select(VALUES.to_vec()),
        0..=1,
    );
    (selector, proptest::collection::vec(term(), 0..=3)).prop_map(|(selector, terms)| {
        let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}});
        let affinity = if terms.is_empty() { json!({}) } else { affinity };
        json!({"nodeSelector": selector, "affinity": affinity, "tolerations": [{"operator": "Exists"}]})
    })
}

fn has(spec: &Value, parts: &[&str]) -> bool {
    let text = spec.to_string();
    parts.iter().any(|part| text.contains(part))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// No pod that a virtual node would take is said to stay off virtual nodes; and what none would take is seen
    #[test]
    fn a_pod_is_kept_off_virtual_nodes_if_none_would_take_it(spec in spec(), which in 0..7_usize, known in any::<proptest::sample::Index>()) {
        let (settings, nodes) = &CLUSTERS[which];
        let cluster = TwoNodes(nodes[known.index(nodes.len())].clone());
        let text = json!({"metadata": {}, "spec": spec}).to_string();
        let pod = Pod::parse(&text).unwrap();
        let found = required(&pod, settings, &cluster);
        // The node that the cluster knows, one of that name by another time, and one that joins later
        let taken = nodes.iter().find(|labels| ["nobody-knows", "joins-later"].iter().any(|name| fits(&spec, name, labels)))
            .or_else(|| Some(&cluster.0).filter(|labels| fits(&spec, VIRTUAL, labels)));
        if matches!(found, VirtualNodes::Excluded) {
            prop_assert_eq!(taken, None);
        } else {
            // Bounds and names are not followed to the end, nor is the type of a VNode whose label the pod names
            let is_exact = !has(&spec, &["Gt", "Lt", "metadata.name", "hostname", "vnode"]);
            prop_assert!(taken.is_some() || !is_exact);
        }
    }
}
