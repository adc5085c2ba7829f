//! Whether a pod is bound for ECI: surely, perhaps, or not.
//!
//! A pod that is bound goes where its node is, whatever else it carries. Before that its own marks and those of its
//! namespace decide; ECI's label goes before the marks of ACS, and those before all the rest, as in Alibaba's scheduler.

use crate::admission::routing::constraint;
use std::fmt;

use crate::config::ClusterSettings;
use crate::kubernetes::cluster::{Cluster, profile_in_force};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_spec::Toleration;
use crate::wording::{NAME_LENGTH, quoted};

use crate::admission::routing::constraint::Pull;

/// The labels that send a pod to ECI, on the pod or its namespace; the second is the older one
const ECI_LABELS: [&str; 2] = ["alibabacloud.com/eci", "eci"];
/// Labels of a namespace that send all of its pods to ECI
pub(crate) const NAMESPACE_ROUTES: [(&str, &str); 3] = [
    ("alibabacloud.com/eci", "true"),
    ("eci", "true"),
    (INJECTION_LABEL, "enabled"),
];
/// The older label of a namespace whose pods get affinity to virtual nodes
const INJECTION_LABEL: &str = "virtual-node-affinity-injection";
/// The annotation by which pods overflow to ECI, or go there alone; as a label it counts too, since a pod that carries
/// it there means the same and nobody can say that no scheduler reads it
const BURST_KEY: &str = "alibabacloud.com/burst-resource";
/// Labels that select ACS, another product on nodes that look the same
const ACS_LABELS: [&str; 2] = [ACS_SWITCH, "alibabacloud.com/compute-class"];
/// The one of them that is a switch; of the other any value is ACS's
const ACS_SWITCH: &str = "alibabacloud.com/acs";
/// Taints of virtual nodes: of ACK, and of VNodes in self-managed clusters
const TAINTS: [&str; 2] = ["virtual-kubelet.io/provider", "k8s.aliyun.com/vnode"];

/// Whether a pod becomes an ECI container group
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// It does
    Certain(Mark),
    /// The scheduler may send it there
    Possible(Mark),
    /// It does not, as far as can be seen
    No(Why),
}

/// What leads a pod to ECI
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A label of the pod
    PodLabel(&'static str),
    /// A label of its namespace
    NamespaceLabel(&'static str),
    /// The burst annotation with this value
    Burst(&'static str),
    /// The eci-profile's selector of this name fits it
    Profile(String),
    /// The cluster has no other nodes
    Serverless,
    /// It is bound to this virtual node
    VirtualNode(String),
    /// It is bound to this node, which nobody knows
    UnknownNode(String),
    /// It demands this label of virtual nodes
    NodeLabel(String),
    /// It demands this virtual node by name
    NodeField(String),
    /// One of several alternatives demands this label of virtual nodes, or it demands a part of their labels
    SomeNodeLabel(String),
    /// It prefers this label of virtual nodes
    PreferredLabel(String),
    /// It names this node by host name
    HostName(String),
    /// It tolerates this taint of virtual nodes
    Toleration(&'static str),
    /// It tolerates every taint
    TolerationOfAll,
    /// It names this RuntimeClass, which adds what leads there
    RuntimeClass(String),
    /// Pods of its namespace may all overflow to ECI
    BurstNamespace,
}

/// Why a pod does not go to ECI
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is bound to this node, which is real
    RealNode(String),
    /// It carries this label of ACS
    AcsLabel(&'static str),
    /// What it demands of its node excludes every virtual node
    Excluded,
    /// Nothing on it speaks of ECI
    Unmarked,
}

/// Decides where a pod goes
pub(crate) fn route(
    pod: &Pod<'_>,
    namespace: &Meta,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Route {
    let acs = ACS_LABELS.into_iter().find(|label| is_acs(pod, label));
    if let Some(node) = pod.node() {
        return bound(node, acs.is_none(), settings, cluster);
    }
    if let Some(label) = ECI_LABELS
        .into_iter()
        .find(|label| pod.metadata.labels.value(label) == Some("true"))
    {
        return Route::Certain(Mark::PodLabel(label));
    }
    let namespace_label = |label: &str| namespace.labels.get(label).map(String::as_str);
    if let Some(label) = ECI_LABELS
        .into_iter()
        .find(|label| namespace_label(label) == Some("true"))
    {
        return Route::Certain(Mark::NamespaceLabel(label));
    }
    let burst_namespace = settings
        .burst_namespaces
        .iter()
        .any(|selector| selector.matches(&namespace.labels));
    let otherwise = |why| {
        if burst_namespace {
            Route::Possible(Mark::BurstNamespace)
        } else {
            Route::No(why)
        }
    };
    if let Some(label) = acs {
        return otherwise(Why::AcsLabel(label));
    }
    if let Some(selector) = profile_in_force(cluster, settings).route(pod, namespace) {
        return Route::Certain(Mark::Profile(selector.name.clone()));
    }
    if settings.serverless {
        return Route::Certain(Mark::Serverless);
    }
    if namespace_label(INJECTION_LABEL) == Some("enabled") {
        return Route::Certain(Mark::NamespaceLabel(INJECTION_LABEL));
    }
    let burst =
        |value| [pod.annotation(BURST_KEY), pod.metadata.labels.value(BURST_KEY)].contains(&Some(value));
    if burst("eci_only") {
        return Route::Certain(Mark::Burst("eci_only"));
    }
    match constraint::demanded(pod, settings, cluster) {
        Pull::Certain(mark) => return Route::Certain(mark),
        Pull::Possible(mark) => return Route::Possible(mark),
        Pull::Excluded if !burst("eci") => return otherwise(Why::Excluded),
        Pull::Excluded | Pull::Free => {}
    }
    if burst("eci") {
        return Route::Possible(Mark::Burst("eci"));
    }
    let tolerated = pod.spec.tolerations.iter().find_map(tolerated);
    let class = || {
        let named = pod.spec.runtime_class_name.as_deref()?;
        let mut listed = settings.runtime_classes.iter();
        listed
            .any(|class| class == named)
            .then(|| Mark::RuntimeClass(named.to_owned()))
    };
    match tolerated
        .or_else(|| constraint::preferred(pod, settings, cluster))
        .or_else(class)
    {
        Some(mark) => Route::Possible(mark),
        None => otherwise(Why::Unmarked),
    }
}

fn is_acs(pod: &Pod<'_>, label: &str) -> bool {
    match pod.metadata.labels.value(label) {
        Some(value) => label != ACS_SWITCH || value == "true",
        None => false,
    }
}

fn bound(node: &str, has_no_acs_label: bool, settings: &ClusterSettings, cluster: &dyn Cluster) -> Route {
    match NodeKind::of_name(node, cluster, settings) {
        NodeKind::Virtual => Route::Certain(Mark::VirtualNode(node.to_owned())),
        NodeKind::Unknown => Route::Certain(Mark::UnknownNode(node.to_owned())),
        NodeKind::Real if has_no_acs_label && settings.serverless => Route::Certain(Mark::Serverless),
        NodeKind::Real => Route::No(Why::RealNode(node.to_owned())),
    }
}

/// The taint of virtual nodes that a toleration is good for
fn tolerated(toleration: &Toleration<'_>) -> Option<Mark> {
    let effect = toleration.effect.as_deref().unwrap_or_default();
    if !matches!(effect, "" | "NoSchedule") {
        return None;
    }
    match toleration.key.as_deref().unwrap_or_default() {
        "" => (toleration.operator.as_deref() == Some("Exists")).then_some(Mark::TolerationOfAll),
        key => TAINTS
            .into_iter()
            .find(|taint| *taint == key)
            .map(Mark::Toleration),
    }
}

impl Route {
    /// What leads the pod to ECI, if anything does
    pub(crate) fn mark(&self) -> Option<&Mark> {
        match self {
            Self::Certain(mark) | Self::Possible(mark) => Some(mark),
            Self::No(_) => None,
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certain(mark) => write!(f, "certain: {mark}"),
            Self::Possible(mark) => write!(f, "possible: {mark}"),
            Self::No(why) => write!(f, "no: {why}"),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: &str| quoted(name, NAME_LENGTH);
        match self {
            Self::PodLabel(label) => write!(f, "label {label}=true"),
            Self::NamespaceLabel(INJECTION_LABEL) => write!(f, "namespace label {INJECTION_LABEL}=enabled"),
            Self::NamespaceLabel(label) => write!(f, "namespace label {label}=true"),
            Self::Burst(value) => write!(f, "{BURST_KEY}={value}"),
            Self::Profile(selector) => write!(f, "eci-profile selector {}", name(selector)),
            Self::Serverless => f.write_str("serverless cluster"),
            Self::VirtualNode(node) => write!(f, "virtual node {}", name(node)),
            Self::UnknownNode(node) => write!(f, "node {}, which is not known to be a real one", name(node)),
            Self::NodeLabel(label) => write!(f, "node label {} demanded", name(label)),
            Self::NodeField(node) => write!(f, "virtual node {} demanded", name(node)),
            Self::SomeNodeLabel(label) => write!(f, "node label {} among what is demanded", name(label)),
            Self::PreferredLabel(label) => write!(f, "node label {} preferred", name(label)),
            Self::HostName(node) => write!(f, "host name {} demanded or preferred", name(node)),
            Self::Toleration(taint) => write!(f, "toleration of taint {taint}"),
            Self::TolerationOfAll => f.write_str("toleration of every taint"),
            Self::RuntimeClass(class) => write!(f, "RuntimeClass {}", name(class)),
            Self::BurstNamespace => f.write_str("burst namespace"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RealNode(node) => write!(f, "real node {}", quoted(node, NAME_LENGTH)),
            Self::AcsLabel(label) => write!(f, "label {label} sends it to ACS"),
            Self::Excluded => f.write_str("its node selector or affinity excludes virtual nodes"),
            Self::Unmarked => f.write_str("nothing on it leads to ECI"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::config::LabelSelector;
    use crate::kubernetes::eci_profile::Profile;
    use crate::stamp::Signer;

    struct Nodes;

    impl Cluster for Nodes {
        fn namespace(&self, _: &str) -> Option<Arc<Meta>> {
            None
        }
        fn service_account(&self, _: &str, _: &str) -> Option<Arc<Meta>> {
            None
        }
        fn node(&self, name: &str) -> Option<Arc<Meta>> {
            let label = ("type".to_owned(), "virtual-kubelet".to_owned());
            let labels = match name.split('-').next() {
                Some("real") => BTreeMap::new(),
                Some("virtual") => [label].into(),
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

    fn routed(pod: &Value, labels: &[(&str, &str)], settings: &ClusterSettings) -> String {
        let mut pod = pod.clone();
        if pod.get("metadata").is_none() {
            pod["metadata"] = json!({});
        }
        let json = pod.to_string();
        let labels = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let namespace = Meta {
            labels,
            ..Meta::default()
        };
        route(&Pod::parse(&json).unwrap(), &namespace, settings, &Nodes).to_string()
    }

    fn spec(spec: Value) -> String {
        routed(&json!({"spec": spec}), &[], &ClusterSettings::default())
    }

    fn required(terms: Value) -> Value {
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}})
    }

    fn preferred(term: Value) -> Value {
        json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": term}]}}})
    }

    fn term(key: &str, operator: &str, values: &[&str]) -> Value {
        json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})
    }

    #[test]
    fn a_listed_runtime_class_leads_where_its_scheduling_does() {
        let settings = ClusterSettings {
            runtime_classes: vec!["eci".to_owned()],
            ..ClusterSettings::default()
        };
        let route = |spec: Value| routed(&json!({"spec": spec}), &[], &settings);
        assert_eq!(
            route(json!({"runtimeClassName": "eci"})),
            "possible: RuntimeClass `eci`"
        );
        assert_eq!(
            route(json!({"runtimeClassName": "gvisor"})),
            "no: nothing on it leads to ECI"
        );
        // Once the API server has added what the class says, that counts.
        let added = json!({"runtimeClassName": "eci", "nodeSelector": {"type": "virtual-kubelet"}});
        assert!(route(added).starts_with("certain: node label"));
        assert!(route(json!({"runtimeClassName": "eci", "nodeName": "real-1"})).starts_with("no: real node"));
    }

    #[test]
    fn labels_and_annotations_route() {
        let default = ClusterSettings::default();
        let pod = |labels: Value, annotations: Value| json!({"metadata": {"labels": labels, "annotations": annotations}});
        let plain = pod(json!({}), json!({}));
        let cases = [
            (
                pod(json!({"alibabacloud.com/eci": "true"}), json!({})),
                vec![],
                "certain: label alibabacloud.com/eci=true",
            ),
            (
                pod(json!({"eci": "true"}), json!({})),
                vec![],
                "certain: label eci=true",
            ),
            (
                pod(json!({"eci": "false"}), json!({})),
                vec![],
                "no: nothing on it leads to ECI",
            ),
            (
                plain.clone(),
                vec![("alibabacloud.com/eci", "true")],
                "certain: namespace label alibabacloud.com/eci=true",
            ),
            (
                plain.clone(),
                vec![("eci", "true")],
                "certain: namespace label eci=true",
            ),
            (
                plain.clone(),
                vec![("virtual-node-affinity-injection", "enabled")],
                "certain: namespace label virtual-node-affinity-injection=enabled",
            ),
            (
                plain.clone(),
                vec![("virtual-node-affinity-injection", "disabled")],
                "no: nothing on it leads to ECI",
            ),
            (
                pod(json!({}), json!({"alibabacloud.com/burst-resource": "eci_only"})),
                vec![],
                "certain: alibabacloud.com/burst-resource=eci_only",
            ),
            (
                pod(json!({"alibabacloud.com/burst-resource": "eci_only"}), json!({})),
                vec![],
                "certain: alibabacloud.com/burst-resource=eci_only",
            ),
            (
                pod(json!({}), json!({"alibabacloud.com/burst-resource": "eci"})),
                vec![],
                "possible: alibabacloud.com/burst-resource=eci",
            ),
            (
                pod(json!({}), json!({"k8s.aliyun.com/eci-ram-role-name": "R"})),
                vec![],
                "no: nothing on it leads to ECI",
            ),
        ];
        for (pod, labels, expected) in cases {
            assert_eq!(routed(&pod, &labels, &default), expected);
        }
    }

    #[test]
    fn acs_goes_before_everything_but_the_label_of_eci_and_the_node() {
        let default = ClusterSettings::default();
        let serverless = ClusterSettings {
            serverless: true,
            ..ClusterSettings::default()
        };
        let acs = |labels: Value, spec: Value| json!({"metadata": {"labels": labels}, "spec": spec});
        let marked = json!({"alibabacloud.com/acs": "true"});
        assert_eq!(
            routed(
                &acs(
                    marked.clone(),
                    json!({"nodeSelector": {"type": "virtual-kubelet"}})
                ),
                &[],
                &default
            ),
            "no: label alibabacloud.com/acs sends it to ACS"
        );
        assert_eq!(
            routed(
                &acs(json!({"alibabacloud.com/compute-class": "gpu"}), json!({})),
                &[],
                &serverless
            ),
            "no: label alibabacloud.com/compute-class sends it to ACS"
        );
        assert_eq!(
            routed(
                &acs(json!({"alibabacloud.com/acs": "true", "eci": "true"}), json!({})),
                &[],
                &default
            ),
            "certain: label eci=true"
        );
        assert_eq!(
            routed(
                &acs(json!({"alibabacloud.com/acs": "false"}), json!({})),
                &[],
                &serverless
            ),
            "certain: serverless cluster"
        );
        assert_eq!(
            routed(
                &acs(marked.clone(), json!({"nodeName": "virtual-1"})),
                &[],
                &default
            ),
            "certain: virtual node `virtual-1`"
        );
        assert_eq!(
            routed(&acs(marked, json!({"nodeName": "real-1"})), &[], &serverless),
            "no: real node `real-1`"
        );
    }

    #[test]
    fn the_node_decides_once_there_is_one() {
        assert_eq!(
            spec(json!({"nodeName": "virtual-1"})),
            "certain: virtual node `virtual-1`"
        );
        assert_eq!(
            spec(json!({"nodeName": "x"})),
            "certain: node `x`, which is not known to be a real one"
        );
        assert_eq!(
            spec(json!({"nodeName": "real-1", "nodeSelector": {"type": "virtual-kubelet"}})),
            "no: real node `real-1`"
        );
        let labelled = json!({"metadata": {"labels": {"eci": "true"}}, "spec": {"nodeName": "real-1"}});
        assert_eq!(
            routed(&labelled, &[("eci", "true")], &ClusterSettings::default()),
            "no: real node `real-1`"
        );
        let serverless = ClusterSettings {
            serverless: true,
            ..ClusterSettings::default()
        };
        assert_eq!(
            routed(&json!({"spec": {"nodeName": "real-1"}}), &[], &serverless),
            "certain: serverless cluster"
        );
    }

    #[test]
    fn demanded_node_labels_route() {
        let virtual_kubelet = "certain: node label `type=virtual-kubelet` demanded";
        assert_eq!(
            spec(json!({"nodeSelector": {"type": "virtual-kubelet", "zone": "a"}})),
            virtual_kubelet
        );
        assert_eq!(
            spec(json!({"nodeSelector": {"k8s.aliyun.com/vnode": "true"}})),
            "certain: node label `k8s.aliyun.com/vnode=true` demanded"
        );
        assert_eq!(
            spec(json!({"nodeSelector": {"type": "gpu"}})),
            "no: nothing on it leads to ECI"
        );
        let cases = [
            (json!([term("type", "In", &["virtual-kubelet"])]), virtual_kubelet),
            (
                json!([term("k8s.aliyun.com/vnode", "Exists", &[])]),
                "certain: node label `k8s.aliyun.com/vnode` demanded",
            ),
            (
                json!([term("type", "In", &["virtual-kubelet", "gpu"])]),
                "possible: node label `type=virtual-kubelet` among what is demanded",
            ),
            (
                json!([term("type", "In", &["gpu"])]),
                "no: nothing on it leads to ECI",
            ),
            (
                json!([
                    term("type", "In", &["virtual-kubelet"]),
                    term("k8s.aliyun.com/vnode", "In", &["true"])
                ]),
                virtual_kubelet,
            ),
            (
                json!([
                    term("zone", "In", &["a"]),
                    term("type", "In", &["virtual-kubelet"])
                ]),
                "possible: node label `type=virtual-kubelet` among what is demanded",
            ),
            (
                json!([term("type", "In", &["virtual-kubelet"]), {}]),
                virtual_kubelet,
            ),
            (
                json!([{"matchExpressions": [
                    {"key": "zone", "operator": "In", "values": ["a"]},
                    {"key": "type", "operator": "In", "values": ["virtual-kubelet"]},
                ]}]),
                virtual_kubelet,
            ),
        ];
        for (terms, expected) in cases {
            assert_eq!(spec(required(terms.clone())), expected, "{terms}");
        }
    }

    #[test]
    fn demanded_nodes_route() {
        let name = |names: &[&str]| {
            let field = json!({"key": "metadata.name", "operator": "In", "values": names});
            spec(required(json!([{"matchFields": [field]}])))
        };
        assert_eq!(name(&["virtual-1"]), "certain: virtual node `virtual-1` demanded");
        assert_eq!(
            name(&["virtual-1", "real-1"]),
            "possible: host name `virtual-1` demanded or preferred"
        );
        assert_eq!(name(&["x"]), "possible: host name `x` demanded or preferred");
        assert_eq!(
            name(&["real-1"]),
            "no: its node selector or affinity excludes virtual nodes"
        );
        let host = |host: &str| spec(json!({"nodeSelector": {"kubernetes.io/hostname": host}}));
        assert_eq!(
            host("virtual-1"),
            "possible: host name `virtual-1` demanded or preferred"
        );
        assert_eq!(host("x"), "possible: host name `x` demanded or preferred");
        assert_eq!(host("real-1"), "no: nothing on it leads to ECI");
    }

    #[test]
    fn preferences_and_tolerations_may_route() {
        assert_eq!(
            spec(preferred(term("type", "In", &["virtual-kubelet"]))),
            "possible: node label `type=virtual-kubelet` preferred"
        );
        assert_eq!(
            spec(preferred(term("type", "NotIn", &["virtual-kubelet"]))),
            "no: nothing on it leads to ECI"
        );
        let toleration = |toleration: Value| spec(json!({"tolerations": [toleration]}));
        let key = "virtual-kubelet.io/provider";
        let tolerates = "possible: toleration of taint virtual-kubelet.io/provider";
        assert_eq!(toleration(json!({"key": key, "operator": "Exists"})), tolerates);
        assert_eq!(
            toleration(
                json!({"key": key, "operator": "Equal", "value": "alibabacloud", "effect": "NoSchedule"})
            ),
            tolerates
        );
        assert_eq!(
            toleration(json!({"key": key, "effect": "NoExecute"})),
            "no: nothing on it leads to ECI"
        );
        assert_eq!(
            toleration(json!({"key": "k8s.aliyun.com/vnode"})),
            "possible: toleration of taint k8s.aliyun.com/vnode"
        );
        assert_eq!(
            toleration(json!({"operator": "Exists"})),
            "possible: toleration of every taint"
        );
        assert_eq!(
            toleration(json!({"key": "other", "operator": "Exists"})),
            "no: nothing on it leads to ECI"
        );
    }

    #[test]
    fn a_demand_that_excludes_virtual_nodes_beats_tolerations() {
        let excluded = "no: its node selector or affinity excludes virtual nodes";
        let with = |mut affinity: Value| {
            affinity["tolerations"] = json!([{"operator": "Exists"}]);
            spec(affinity)
        };
        let both = json!([{"matchExpressions": [
            {"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]},
            {"key": "k8s.aliyun.com/vnode", "operator": "DoesNotExist"},
        ]}]);
        assert_eq!(with(required(both)), excluded);
        assert_eq!(
            with(json!({"nodeSelector": {"type": "gpu", "k8s.aliyun.com/vnode": "false"}})),
            excluded
        );
        assert_eq!(
            with(required(json!([term("type", "NotIn", &["virtual-kubelet"])]))),
            "possible: toleration of every taint",
            "VNodes are not excluded"
        );
    }

    #[test]
    fn settings_route() {
        let serverless = ClusterSettings {
            serverless: true,
            ..ClusterSettings::default()
        };
        assert_eq!(
            routed(&json!({}), &[], &serverless),
            "certain: serverless cluster"
        );
        let burst = ClusterSettings {
            burst_namespaces: vec![LabelSelector::label("burst", "yes")],
            ..ClusterSettings::default()
        };
        assert_eq!(
            routed(&json!({}), &[("burst", "yes")], &burst),
            "possible: burst namespace"
        );
        assert_eq!(
            routed(&json!({}), &[("burst", "no")], &burst),
            "no: nothing on it leads to ECI"
        );
        let own = ClusterSettings {
            virtual_nodes: vec![LabelSelector::label("pool", "eci")],
            ..ClusterSettings::default()
        };
        assert_eq!(
            routed(&json!({"spec": {"nodeSelector": {"pool": "eci"}}}), &[], &own),
            "certain: node label `pool=eci` demanded"
        );
        assert_eq!(
            routed(
                &json!({"spec": {"nodeSelector": {"type": "virtual-kubelet"}}}),
                &[],
                &own
            ),
            "no: nothing on it leads to ECI"
        );
        let acs = ClusterSettings {
            acs_nodes: vec![LabelSelector::label("acs", "1")],
            ..ClusterSettings::default()
        };
        let both = json!({"spec": {"nodeSelector": {"type": "virtual-kubelet", "acs": "1"}}});
        assert_eq!(
            routed(&both, &[], &acs),
            "no: its node selector or affinity excludes virtual nodes"
        );
    }
}
