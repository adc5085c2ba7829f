//! The probe: `helm test`, and a hook if the values ask for it.

use serde_json::{Value, json};

use crate::render::{NAMESPACE, refusal, render, strings};

const NAME: &str = "ramgate-probe";
const CLUSTER: &str = "ramgate-system:ramgate-probe";

fn hooks(object: &Value) -> &str {
    object["metadata"]["annotations"]["helm.sh/hook"]
        .as_str()
        .unwrap()
}

#[test]
fn the_probe_may_create_pods_in_one_namespace_while_it_runs_and_no_more() {
    let manifests = render(&json!({"probe": {"namespace": "canary"}}));
    let role = manifests.named("Role", CLUSTER);
    assert_eq!(role["metadata"]["namespace"], "canary");
    assert_eq!(
        role["rules"],
        json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}])
    );
    let binding = manifests.named("RoleBinding", CLUSTER);
    assert_eq!(binding["metadata"]["namespace"], "canary");
    let subject = json!([{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}]);
    assert_eq!(binding["subjects"], subject);
    for (kind, name) in [
        ("ServiceAccount", NAME),
        ("Role", CLUSTER),
        ("RoleBinding", CLUSTER),
    ] {
        let object = manifests.named(kind, name);
        assert_eq!(hooks(object), "test");
        assert_eq!(
            object["metadata"]["annotations"]["helm.sh/hook-delete-policy"],
            "before-hook-creation,hook-succeeded,hook-failed",
            "{kind}"
        );
    }
}

#[test]
fn the_probe_runs_as_a_test_and_after_an_installation_only_if_asked() {
    let manifests = render(&json!({}));
    let pod = manifests.named("Pod", NAME);
    assert_eq!(hooks(pod), "test");
    let container = &pod["spec"]["containers"][0];
    assert_eq!(
        strings(&container["args"]),
        ["probe", "--in=default", "--timeout=120"]
    );
    let server = &manifests.deployment()["spec"]["template"]["spec"];
    assert_eq!(container["image"], server["containers"][0]["image"]);
    assert_eq!(
        container["securityContext"],
        server["containers"][0]["securityContext"]
    );
    assert_eq!(pod["spec"]["securityContext"], server["securityContext"]);
    assert_eq!(
        pod["spec"]["affinity"]["nodeAffinity"],
        server["affinity"]["nodeAffinity"]
    );
    assert!(
        pod["metadata"]["labels"]["alibabacloud.com/eci"].is_null(),
        "the probe itself runs on real nodes"
    );
    let manifests = render(&json!({"probe": {"hook": true, "timeoutSeconds": 5}}));
    let pod = manifests.named("Pod", NAME);
    assert_eq!(hooks(pod), "test,post-install,post-upgrade");
    assert_eq!(hooks(manifests.named("Role", CLUSTER)), hooks(pod));
    assert!(strings(&pod["spec"]["containers"][0]["args"]).contains(&"--timeout=5"));
}

#[test]
fn the_probe_needs_a_namespace_that_is_judged() {
    for namespace in ["kube-system", NAMESPACE] {
        let said = refusal(&json!({"probe": {"namespace": namespace}}));
        assert!(said.contains("probe.namespace is"), "{said}");
    }
}
