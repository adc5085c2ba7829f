#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "tests")]

use serde_json::{Value, json};

use crate::kubernetes::controller_revision::patch::MAX_BYTES;
use crate::kubernetes::controller_revision::template;

/// What the controllers of StatefulSets and DaemonSets write: from Kubernetes 1.34 on without the empty time
fn valid(has_empty_time: bool) -> Value {
    let mut metadata = json!({
        "labels": {"app": "db", "alibabacloud.com/eci": "true"},
        "annotations": {"k8s.aliyun.com/eci-custom-tags": "env:test", "Image": "no field"},
    });
    let mut claim = json!({"labels": {"a": "b"}});
    if has_empty_time {
        metadata["creationTimestamp"] = Value::Null;
        claim["creationTimestamp"] = Value::Null;
    }
    json!({"spec": {"template": {
        "$patch": "replace",
        "metadata": metadata,
        "spec": {
            "containers": [{
                "name": "db", "image": "db:1", "imagePullPolicy": "IfNotPresent",
                "env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}}],
                "ports": [{"containerPort": 5432, "protocol": "TCP"}],
                "resources": {"limits": {"cpu": "500m", "memory": "1536Mi", "Nvidia.com/gpu": "1"}, "requests": {}},
                "readinessProbe": {"httpGet": {"path": "/", "port": "web", "scheme": "HTTP"}, "periodSeconds": 10},
                "livenessProbe": {"tcpSocket": {"port": 5432}},
                "securityContext": {"capabilities": {"drop": ["ALL"]}, "runAsUser": 1_000_000_000_000_i64},
                "terminationMessagePath": "/dev/termination-log",
            }],
            "nodeSelector": {"type": "virtual-kubelet"},
            "tolerations": [{"key": "virtual-kubelet.io/provider", "operator": "Exists", "tolerationSeconds": 30}],
            "volumes": [
                {"name": "all", "projected": {"sources": null, "defaultMode": 420}},
                {"name": "tmp", "emptyDir": {"sizeLimit": "1e3"}},
                {"name": "more", "ephemeral": {"volumeClaimTemplate": {
                    "metadata": claim, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                }}},
            ],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "terminationGracePeriodSeconds": 30,
        },
    }}})
}

fn refusal(data: &str) -> String {
    let problem = template(data).expect_err(data).to_string();
    assert!(problem.len() < 600 && !problem.contains('\n'), "{problem}");
    problem
}

/// The refusal of the honest data once something in it is different
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut data = valid(true);
    change(&mut data);
    refusal(&data.to_string())
}

/// The refusal of the honest data once a text in it is another
fn replaced(from: &str, to: &str) -> String {
    let data = valid(true).to_string();
    assert_eq!(data.matches(from).count(), 1, "{from}");
    refusal(&data.replace(from, to))
}

#[test]
fn what_the_controllers_write_is_one_whole_template() {
    for has_empty_time in [true, false] {
        let data = valid(has_empty_time);
        for text in [data.to_string(), serde_json::to_string_pretty(&data).unwrap()] {
            let found: Value = serde_json::from_str(template(&text).unwrap()).unwrap();
            assert_eq!(found, data["spec"]["template"]);
        }
    }
    assert_eq!(
        template(r#"{"spec":{"template":{"$patch":"replace"}}}"#),
        Ok(r#"{"$patch":"replace"}"#)
    );
}

#[test]
fn what_would_be_merged_is_refused() {
    insta::assert_snapshot!(
        [
            changed(|data| data["spec"]["template"]
                .as_object_mut()
                .unwrap()
                .remove("$patch")
                .map_or((), drop)),
            changed(|data| data["spec"]["template"]["$patch"] = json!("merge")),
            changed(|data| data["spec"]["template"]["$patch"] = json!(["replace"])),
            changed(|data| data["spec"]["template"]["$Patch"] = json!("replace")),
            changed(|data| data["spec"]["template"]["$retainKeys"] = json!(["spec"])),
            changed(|data| data["spec"]["template"]["spec"]["$patch"] = json!("replace")),
            changed(|data| data["spec"]["template"]["spec"]["containers"][0]["$patch"] = json!("delete")),
            changed(
                |data| data["spec"]["template"]["spec"]["$setElementOrder/containers"] =
                    json!([{"name": "db"}])
            ),
            changed(
                |data| data["spec"]["template"]["metadata"]["$deleteFromPrimitiveList/finalizers"] =
                    json!(["a"])
            ),
            changed(|data| data["spec"]["template"]["metadata"]["labels"]["$patch"] = json!("delete")),
        ]
        .join("\n")
    );
}

#[test]
fn anything_beside_the_template_is_refused() {
    insta::assert_snapshot!(
        [
            changed(|data| data["spec"]["volumeClaimTemplates"] = json!([])),
            changed(|data| data["spec"]["replicas"] = json!(9)),
            changed(|data| data["spec"]["Template"] = json!({})),
            changed(|data| data["metadata"] = json!({"labels": {}})),
            changed(|data| data["$patch"] = json!("replace")),
            changed(|data| data["Spec"] = json!({})),
            changed(|data| data["ſpec"] = json!({})),
            changed(|data| data["spec"]["template"]["Spec"] = json!({})),
            changed(|data| data["spec"]["template"]["status"] = json!({})),
            refusal("{}"),
            refusal(r#"{"spec":{}}"#),
            refusal(r#"{"spec":{"template":null}}"#),
            refusal(r#"{"spec":{"template":{"$patch":"replace"},"template":{"$patch":"replace"}}}"#),
            refusal(r#"{"spec":[{"template":{}}]}"#),
            refusal("null"),
            refusal("7"),
            refusal("\"{}\""),
            // KubeVirt's and Kruise's
            refusal(r#"{"spec":{"runStrategy":"Always","template":{"spec":{"domain":{}}}}}"#),
            refusal(r#"{"spec":{"template":{"$patch":"replace"},"volumeClaimTemplates":[]}}"#),
        ]
        .join("\n")
    );
}

#[test]
fn what_go_takes_for_a_field_is_refused() {
    insta::assert_snapshot!(
        [
            changed(|data| data["spec"]["template"]["spec"]["containers"][0]["Image"] = json!("hers:1")),
            changed(|data| data["spec"]["template"]["spec"]["Containers"] = json!([{"image": "hers:1"}])),
            changed(|data| data["spec"]["template"]["spec"]["containerS"] = Value::Null),
            changed(|data| data["spec"]["template"]["spec"]["containerſ"] = Value::Null),
            changed(|data| data["spec"]["template"]["spec"]["hostNetworK"] = json!(true)),
            changed(|data| data["spec"]["template"]["spec"]["tolerations"][0]["\u{212a}ey"] = json!("a")),
            changed(|data| data["spec"]["template"]["metadata"]["Annotations"] = json!({"a": "b"})),
            changed(|data| data["spec"]["template"]["metadata"]["LABELS"] = json!({"a": "b"})),
            changed(|data| data["spec"]["template"]["spec"]["containers"][0]["sidecar"] = json!(true)),
        ]
        .join("\n")
    );
}

#[test]
fn what_stands_twice_is_refused() {
    insta::assert_snapshot!(
        [
            replaced(r#""image":"db:1""#, r#""image":"db:1","image":"hers:1""#),
            replaced(r#""image":"db:1""#, r#""image":"db:1","\u0069mage":"hers:1""#),
            replaced(r#""app":"db""#, r#""app":"db","app":"db""#),
            replaced(r#""$patch":"replace""#, r#""$patch":"replace","$patch":"merge""#),
        ]
        .join("\n")
    );
}

#[test]
fn what_a_field_cannot_hold_is_refused_at_its_place() {
    let container = |name: &str, value: Value| {
        changed(|data| data["spec"]["template"]["spec"]["containers"][0][name] = value)
    };
    let spec = |name: &str, value: Value| changed(|data| data["spec"]["template"]["spec"][name] = value);
    insta::assert_snapshot!(
        [
            container("image", json!(1)),
            container("ports", json!([{"containerPort": 8.5}])),
            container("ports", json!([{"containerPort": 4_294_967_296_u64}])),
            container("ports", json!([{"containerPort": "80"}])),
            container("ports", json!([null])),
            container("command", json!([null])),
            container("env", json!({"name": "A"})),
            container("resources", json!({"limits": {"cpu": 1}})),
            container("resources", json!({"limits": {"cpu": "one"}})),
            container("resources", json!({"limits": {"cpu": null}})),
            spec("containers", json!({})),
            spec("containers", json!([[]])),
            spec("nodeSelector", json!({"type": null})),
            spec("hostNetwork", json!("true")),
            spec("overhead", json!({"cpu": "1e999999999"})),
            changed(|data| data["spec"]["template"]["metadata"]["labels"] = json!([])),
            changed(|data| data["spec"]["template"]["metadata"]["creationTimestamp"] =
                json!("2026-01-31 23:59:59Z")),
            changed(|data| data["spec"]["template"]["metadata"]["managedFields"] = json!([{"fieldsV1": {}}])),
            replaced(r#""containerPort":5432"#, r#""containerPort":5432.0"#),
            replaced(r#""containerPort":5432"#, r#""containerPort":1e400"#),
            replaced(r#""image":"db:1""#, r#""image":"\ud800""#),
        ]
        .join("\n")
    );
}

#[test]
fn what_is_no_json_or_too_much_is_refused() {
    insta::assert_snapshot!(
        [
            refusal(""),
            refusal("{} {}"),
            refusal(r#"{"spec":"#),
            refusal(&format!(
                r#"{{"spec":{{"template":{}}}}}"#,
                "[".repeat(200) + &"]".repeat(200)
            )),
            refusal(&("[".repeat(100_000) + &"]".repeat(100_000))),
            changed(|data| data["spec"]["template"][&"é".repeat(9_000)] = json!({"\n": [{"$\u{7}": 1}]})),
            changed(|data| data["spec"]["template"][&"a\u{1b}".repeat(9_000)] = json!(1)),
        ]
        .join("\n")
    );
    let within = |length: usize| {
        let mut data = valid(true);
        let room = length
            .saturating_sub(data.to_string().len())
            .saturating_add("no field".len());
        data["spec"]["template"]["metadata"]["annotations"]["Image"] = "x".repeat(room).into();
        data.to_string()
    };
    assert!(template(&within(MAX_BYTES)).is_ok());
    assert_eq!(
        refusal(&within(MAX_BYTES + 1)),
        "`data` has 262145 bytes, wanted at most 262144"
    );
}

#[test]
fn quantities_are_those_that_kubernetes_writes() {
    for text in [
        "0",
        "-1",
        "1.5",
        "500m",
        "1536Mi",
        "100k",
        "1e3",
        "1E3",
        "1E",
        "12e-6",
        "18446744073709551615",
        "7Ei",
    ] {
        assert!(
            crate::kubernetes::controller_revision::quantity::is_quantity(text),
            "{text}"
        );
    }
    for text in [
        "", "-", "+1", ".5", "1.", "1e", "1e999", "1 ", "1ki", "1K", "1mm", "0x1", "١", "1.2.3", "NaN",
    ] {
        assert!(
            !crate::kubernetes::controller_revision::quantity::is_quantity(text),
            "{text}"
        );
    }
}

/// Any edit of honest data by a byte or a piece is read or refused, and never anything else
#[test]
fn no_edit_of_valid_data_panics() {
    let data = valid(true).to_string();
    let pieces = [
        "", "\"", "{", "}", "[", "]", ",", ":", "null", "1e999", "\\u0000", "\\", "$patch", "-", "\u{212a}",
        "\"a\":",
    ];
    let mut accepted = 0;
    for (at, piece) in (0..=data.len()).flat_map(|at| pieces.map(|piece| (at, piece))) {
        for until in [at, at.saturating_add(1)] {
            let (Some(before), Some(behind)) = (data.get(..at), data.get(until..)) else {
                continue;
            };
            let edited = format!("{before}{piece}{behind}");
            match template(&edited) {
                Ok(text) => accepted += usize::from(edited.contains(text)),
                Err(problem) => assert!(problem.to_string().len() < 600, "{problem}"),
            }
        }
    }
    assert!(accepted > 1_000, "{accepted}");
}
