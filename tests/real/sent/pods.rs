//! Pods that show each mark, and pods that only look like it.

use serde_json::Value;
use serde_json::json;

use super::REAL;
use super::STAMP;
use super::STAYS;
use super::TAGS;
use super::VIRTUAL;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Pods to create in a namespace without labels, and the entry that sees each; `422` is the API server's own refusal
pub(super) fn created() -> Vec<(&'static str, Value, &'static str)> {
    let tolerates_all = json!([{"operator": "Exists"}]);
    let toleration = |toleration: Value| pod(json!({}), json!({"tolerations": [toleration]}));
    let selector = |selector: Value| pod(json!({}), json!({"nodeSelector": selector}));
    let on = |node: &str| pod(json!({}), json!({"nodeName": node}));
    let label = |key: &str, value: &str| pod(json!({"labels": {key: value}}), json!({}));
    let annotation = |key: &str| pod(json!({"annotations": {key: ""}}), json!({}));
    let must = |terms: Value| {
        pod(
            json!({}),
            json!({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}}),
        )
    };
    let should = |terms: &[Value]| {
        pod(
            json!({}),
            json!({"affinity": {"nodeAffinity": {PREFERRED: weighed(terms)}}}),
        )
    };
    let many = |count: usize, one: &dyn Fn(usize) -> Value| -> Vec<Value> { (0..count).map(one).collect() };
    let exists = |number: usize| json!({"key": format!("key{number}"), "operator": "Exists"});
    let zone = || term("zone", "In", &["a"]);
    let terms_of_null = json!({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": null}}});
    vec![
        ("plain", pod(json!({}), json!({})), STAYS),
        (
            "nulls",
            pod(
                json!({"labels": null, "annotations": null}),
                json!({"nodeSelector": null, "affinity": null, "tolerations": null}),
            ),
            STAYS,
        ),
        (
            "empty",
            pod(
                json!({"labels": {}, "annotations": {}}),
                json!({"nodeSelector": {}, "affinity": {"nodeAffinity": {}}, "tolerations": []}),
            ),
            STAYS,
        ),
        (
            "null terms",
            pod(json!({}), json!({"affinity": terms_of_null.clone()})),
            "422",
        ),
        (
            "null terms of one who tolerates all",
            pod(
                json!({}),
                json!({"affinity": terms_of_null, "tolerations": tolerates_all.clone()}),
            ),
            "marked",
        ),
        (
            "absent terms",
            pod(json!({}), json!({"affinity": {"nodeAffinity": {REQUIRED: {}}}})),
            "422",
        ),
        ("an empty term", must(json!([{}])), STAYS),
        (
            "null expressions",
            must(json!([{"matchExpressions": null, "matchFields": null}])),
            STAYS,
        ),
        (
            "no operator",
            must(json!([{"matchExpressions": [{"key": "type"}]}])),
            "422",
        ),
        (
            "null values",
            must(json!([{"matchExpressions": [{"key": "type", "operator": "In", "values": null}]}])),
            "422",
        ),
        (
            "null preferences",
            pod(
                json!({}),
                json!({"affinity": {"nodeAffinity": {PREFERRED: null}}}),
            ),
            STAYS,
        ),
        ("an empty preference", should(&[json!({})]), STAYS),
        (
            "no spec",
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "subject"}}),
            "422",
        ),
        ("label", label("alibabacloud.com/eci", "true"), "marked"),
        ("label off", label("alibabacloud.com/eci", "false"), STAYS),
        ("legacy label", label("eci", "true"), "marked"),
        (
            "burst label",
            label("alibabacloud.com/burst-resource", "eci"),
            "marked",
        ),
        (
            "burst",
            pod(
                json!({"annotations": {"alibabacloud.com/burst-resource": "eci_only"}}),
                json!({}),
            ),
            "marked",
        ),
        (
            "burst elsewhere",
            pod(
                json!({"annotations": {"alibabacloud.com/burst-resource": "ecs"}}),
                json!({}),
            ),
            STAYS,
        ),
        ("stamp", annotation(STAMP), "marked"),
        (
            "stamp of whatever form on a pod of ACS",
            pod(
                json!({"labels": {"alibabacloud.com/acs": "true"}, "annotations": {STAMP: "{}"}}),
                json!({}),
            ),
            "marked",
        ),
        (
            "stamp, bound to a real node",
            pod(json!({"annotations": {STAMP: "x"}}), json!({"nodeName": REAL})),
            STAYS,
        ),
        ("tags", annotation(TAGS), "marked"),
        (
            "group",
            annotation("k8s.aliyun.com/eci-resource-group-id"),
            "marked",
        ),
        ("role", annotation("k8s.aliyun.com/eci-ram-role-name"), "marked"),
        (
            "registry role",
            annotation("k8s.aliyun.com/acr-service-arns"),
            "marked",
        ),
        (
            "registry user",
            annotation("k8s.aliyun.com/acr-user-arns"),
            "marked",
        ),
        (
            "another annotation",
            annotation("k8s.aliyun.com/eci-use-specs"),
            STAYS,
        ),
        ("selector", selector(json!({"type": "virtual-kubelet"})), "marked"),
        (
            "selector of a VNode",
            selector(json!({"k8s.aliyun.com/vnode": "true"})),
            "marked",
        ),
        (
            "selector of another type",
            selector(json!({"type": "ssd"})),
            STAYS,
        ),
        (
            "host name, real",
            selector(json!({"kubernetes.io/hostname": REAL})),
            STAYS,
        ),
        (
            "host name, virtual",
            selector(json!({"kubernetes.io/hostname": VIRTUAL})),
            "marked",
        ),
        (
            "In",
            must(json!([term("type", "In", &["virtual-kubelet"])])),
            "marked",
        ),
        (
            "In, among others",
            must(json!([zone(), term("type", "In", &["x", "virtual-kubelet"])])),
            "marked",
        ),
        ("In, another", must(json!([term("type", "In", &["x"])])), STAYS),
        (
            "NotIn",
            must(json!([term("type", "NotIn", &["virtual-kubelet"])])),
            STAYS,
        ),
        (
            "Exists",
            must(json!([{"matchExpressions": [{"key": "k8s.aliyun.com/vnode", "operator": "Exists"}]}])),
            "marked",
        ),
        (
            "DoesNotExist",
            must(json!([{"matchExpressions": [{"key": "type", "operator": "DoesNotExist"}]}])),
            STAYS,
        ),
        ("Gt", must(json!([term("type", "Gt", &["5"])])), "marked"),
        (
            "host names, one virtual",
            must(json!([term("kubernetes.io/hostname", "In", &[REAL, VIRTUAL])])),
            "marked",
        ),
        (
            "host names, real",
            must(json!([term("kubernetes.io/hostname", "In", &[REAL])])),
            STAYS,
        ),
        ("node, virtual", must(json!([node_field(VIRTUAL)])), "marked"),
        ("node, real", must(json!([node_field(REAL)])), STAYS),
        (
            "preference",
            should(&[term("type", "In", &["virtual-kubelet"])]),
            "marked",
        ),
        (
            "preference against",
            should(&[term("type", "NotIn", &["virtual-kubelet"])]),
            STAYS,
        ),
        ("preferred zone", should(&[zone()]), STAYS),
        (
            "tolerates",
            toleration(json!({"key": "virtual-kubelet.io/provider", "operator": "Exists"})),
            "marked",
        ),
        (
            "tolerates by value",
            toleration(
                json!({"key": "virtual-kubelet.io/provider", "value": "alibabacloud", "effect": "NoSchedule"}),
            ),
            "marked",
        ),
        (
            "tolerates VNodes",
            toleration(json!({"key": "k8s.aliyun.com/vnode", "value": "true"})),
            "marked",
        ),
        (
            "tolerates all",
            toleration(json!({"operator": "Exists"})),
            "marked",
        ),
        (
            "tolerates a chosen taint",
            toleration(json!({"key": "example.com/burst", "operator": "Exists"})),
            "marked",
        ),
        (
            "limits",
            requesting(json!({"limits": {"example.com/slots": "1"}})),
            "marked",
        ),
        (
            "requests",
            requesting(json!({"limits": {"example.com/slots": "1"}, "requests": {"example.com/slots": "1"}})),
            "marked",
        ),
        (
            "requests another",
            requesting(json!({"limits": {"example.com/more": "1"}})),
            STAYS,
        ),
        ("requests nothing", requesting(json!({})), STAYS),
        (
            "tolerates another",
            toleration(json!({"key": "dedicated", "operator": "Exists"})),
            STAYS,
        ),
        (
            "tolerates all, off one node",
            pod(
                json!({}),
                json!({"tolerations": tolerates_all.clone(), "affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
                    {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": [REAL]}]},
                ]}}}}),
            ),
            "marked",
        ),
        (
            "a DaemonSet's pod",
            pod(
                json!({}),
                json!({"tolerations": tolerates_all.clone(), "affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [node_field(REAL)]}}}}),
            ),
            STAYS,
        ),
        (
            "a DaemonSet's pod, or elsewhere",
            pod(
                json!({}),
                json!({"tolerations": tolerates_all.clone(), "affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [node_field(REAL), zone()]}}}}),
            ),
            "marked",
        ),
        (
            "a mirror pod",
            pod(json!({}), json!({"nodeName": REAL, "tolerations": tolerates_all})),
            STAYS,
        ),
        (
            "bound to a real node, with a label",
            pod(json!({"labels": {"eci": "true"}}), json!({"nodeName": REAL})),
            STAYS,
        ),
        (
            "bound to an older real node",
            on("cn-beijing.i-2ze2dy2h9w97v65uuaft"),
            STAYS,
        ),
        (
            "bound in a region of finance",
            on("cn-shanghai-finance-1.10.1.2.3"),
            STAYS,
        ),
        ("bound to a virtual node", on(VIRTUAL), "marked"),
        ("bound to an old virtual node", on("virtual-node-eci-0"), "marked"),
        ("bound to a VNode", on("cn-hangzhou.vnd-bp1abc"), "marked"),
        (
            "bound to a real node's name and more",
            on(&format!("{REAL}\n")),
            "marked",
        ),
        (
            "bound to a node of a megabyte",
            on(&"1".repeat(1_000_000)),
            "marked",
        ),
        (
            "as many tolerations as are looked at",
            pod(json!({}), json!({"tolerations": many(62, &exists)})),
            STAYS,
        ),
        (
            "more tolerations",
            pod(json!({}), json!({"tolerations": many(63, &exists)})),
            "marked",
        ),
        (
            "a body of tolerations",
            pod(json!({}), json!({"tolerations": many(30_000, &exists)})),
            "marked",
        ),
        (
            "as many terms as are looked at",
            must(json!(many(16, &|_| zone()))),
            STAYS,
        ),
        ("more terms", must(json!(many(17, &|_| zone()))), "marked"),
        ("more preferences", should(&many(17, &|_| zone())), "marked"),
        (
            "as many requirements as are looked at",
            must(json!([{"matchExpressions": many(8, &exists)}])),
            STAYS,
        ),
        (
            "more requirements",
            must(json!([{"matchExpressions": many(9, &exists)}])),
            "marked",
        ),
        (
            "as many values as are looked at",
            must(json!([{"matchExpressions": [{"key": "a", "operator": "In", "values": names(64)}]}])),
            STAYS,
        ),
        (
            "more values",
            must(json!([{"matchExpressions": [{"key": "a", "operator": "In", "values": names(65)}]}])),
            "marked",
        ),
        (
            "as many requirements of names as are looked at",
            must(json!([{"matchExpressions": many(2, &|_| hosts(4))}])),
            STAYS,
        ),
        (
            "more requirements of names",
            must(json!([{"matchExpressions": many(3, &|_| hosts(1))}])),
            "marked",
        ),
        (
            "more names",
            must(json!([{"matchExpressions": [hosts(5)]}])),
            "marked",
        ),
        ("the most that is looked at", costly(), STAYS),
        ("a huge pod", huge(650), STAYS),
    ]
}

/// A pod of one container with this metadata and spec
pub(super) fn pod(metadata: Value, spec: Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    pod["metadata"]["name"] = "subject".into();
    if pod["spec"].get("containers").is_none() {
        pod["spec"]["containers"] = json!([{"name": "main", "image": "registry.example.com/app:1"}]);
    }
    pod
}

fn term(key: &str, operator: &str, values: &[&str]) -> Value {
    json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})
}

fn node_field(name: &str) -> Value {
    json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]})
}

fn weighed(terms: &[Value]) -> Vec<Value> {
    terms
        .iter()
        .map(|term| json!({"weight": 1, "preference": term}))
        .collect()
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("value{number}")).collect()
}

/// A requirement of that many real nodes, with host names of the longest legal form
fn hosts(count: usize) -> Value {
    let host = format!("cn-{}.1.2.3.4", "a".repeat(52));
    json!({"key": "kubernetes.io/hostname", "operator": "In", "values": vec![host; count]})
}

/// The pod whose conditions cost most: every list as long as one that is looked at, with the longest legal names
pub(super) fn costly() -> Value {
    let host = hosts(1)["values"][0].clone();
    let field = json!({"key": "metadata.name", "operator": "In", "values": [host]});
    let kind = json!({"key": "type", "operator": "In", "values": (0..64).map(|n| format!("{n:063}")).collect::<Vec<_>>()});
    let mut expressions = vec![kind; 7];
    expressions.push(hosts(4));
    let term = json!({"matchExpressions": expressions, "matchFields": [field]});
    let affinity =
        json!({REQUIRED: {"nodeSelectorTerms": vec![term.clone(); 16]}, PREFERRED: weighed(&vec![term; 16])});
    pod(json!({}), json!({"affinity": {"nodeAffinity": affinity}}))
}

/// A pod whose second container has these resources
fn requesting(resources: Value) -> Value {
    let container =
        |name: &str, resources: Value| json!({"name": name, "image": "a", "resources": resources});
    let containers = [
        container("a", json!({"limits": {"cpu": "1"}})),
        container("b", resources),
    ];
    pod(json!({}), json!({"containers": containers}))
}

/// A pod of so many containers of 4 KB and a quarter of a megabyte of annotations, of which nothing is looked at; 200
/// containers are about the most that is stored with the record of who owns which field, 650 about the most that is taken
pub(super) fn huge(containers: usize) -> Value {
    let long = "x".repeat(240);
    let annotations: Value = (0..1_000)
        .map(|number| (format!("key{number}"), json!(long)))
        .collect();
    let variables: Vec<Value> = (0..40)
        .map(|number| json!({"name": format!("V{number}"), "value": "x".repeat(75)}))
        .collect();
    let containers: Vec<Value> = (0..containers)
        .map(|number| json!({"name": format!("c{number}"), "image": "i", "env": variables}))
        .collect();
    let mut pod = pod(json!({"annotations": annotations}), json!({}));
    pod["spec"]["containers"] = containers.into();
    pod
}
