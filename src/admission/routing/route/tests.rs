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
        "no: its node selector or affinity excludes virtual nodes"
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
            "no: its node selector or affinity excludes virtual nodes",
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
    let excluded = "no: its node selector or affinity excludes virtual nodes";
    assert_eq!(host("real-1"), excluded);
    let hosts = |hosts: &[&str]| spec(required(json!([term("kubernetes.io/hostname", "In", hosts)])));
    assert_eq!(hosts(&["real-1", "real-2"]), excluded);
    assert_eq!(
        hosts(&["real-1", "x"]),
        "possible: host name `x` demanded or preferred"
    );
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
        toleration(json!({"key": key, "operator": "Equal", "value": "alibabacloud", "effect": "NoSchedule"})),
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
    let not_virtual = || term("type", "NotIn", &["virtual-kubelet"]);
    let expression = |key: &str, operator: &str, values: &[&str]| json!({"key": key, "operator": operator, "values": values});
    let together = |all: &[Value]| required(json!([{"matchExpressions": all}]));
    for affinity in [
        required(json!([not_virtual()])),
        required(json!([term("type", "DoesNotExist", &[])])),
        required(json!([not_virtual(), term("type", "In", &["gpu"])])),
        required(json!([not_virtual(), {}])),
        required(json!([{}])),
        json!({"nodeSelector": {"kubernetes.io/hostname": "real-1"}}),
        together(&[
            expression("type", "In", &["gpu", "virtual-kubelet"]),
            expression("type", "NotIn", &["virtual-kubelet"]),
        ]),
        json!({"nodeSelector": {"type": "virtual-kubelet", "zone": "a"}, "affinity": required(json!([term("zone", "In", &["b"])]))["affinity"]}),
    ] {
        assert_eq!(with(affinity.clone()), excluded, "{affinity}");
    }
    let all = "possible: toleration of every taint";
    for affinity in [
        required(json!([term("k8s.aliyun.com/vnode", "DoesNotExist", &[])])),
        required(json!([not_virtual(), term("zone", "In", &["a"])])),
        required(json!([term("kubernetes.io/hostname", "NotIn", &["virtual-1"])])),
        preferred(not_virtual()),
    ] {
        assert_eq!(with(affinity.clone()), all, "{affinity}");
    }
    assert_eq!(
        with(
            json!({"nodeSelector": {"k8s.aliyun.com/vnode": "true"}, "affinity": required(json!([not_virtual()]))["affinity"]})
        ),
        "certain: node label `k8s.aliyun.com/vnode=true` demanded",
        "who asks for a VNode is taken at their word"
    );
}

#[test]
fn chosen_taints_and_resources_route() {
    let settings = ClusterSettings {
        virtual_node_taints: vec!["example.com/vk".to_owned()],
        virtual_node_resources: vec!["example.com/slots".to_owned()],
        ..ClusterSettings::default()
    };
    let route = |spec: Value| routed(&json!({"spec": spec}), &[], &settings);
    let tolerates = |key: &str| json!({"tolerations": [{"key": key, "operator": "Exists"}]});
    let unmarked = "no: nothing on it leads to ECI";
    assert_eq!(
        route(tolerates("example.com/vk")),
        "possible: toleration of taint example.com/vk"
    );
    assert_eq!(route(tolerates("virtual-kubelet.io/provider")), unmarked);
    for taint in &ClusterSettings::default().virtual_node_taints {
        assert_eq!(
            spec(tolerates(taint)),
            format!("possible: toleration of taint {taint}")
        );
    }
    let requests =
        |quantity: &str| json!({"containers": [{"resources": {"limits": {"example.com/slots": quantity}}}]});
    let certain = "certain: request for resource `example.com/slots`";
    assert_eq!(route(requests("1")), certain);
    assert_eq!(route(requests("0")), unmarked);
    assert_eq!(spec(requests("1")), unmarked);
    let mut anywhere = requests("1");
    anywhere["affinity"] = required(json!([term("type", "NotIn", &["virtual-kubelet"])]))["affinity"].clone();
    assert_eq!(route(anywhere), certain, "a resource is no affair of labels");
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
