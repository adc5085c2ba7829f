//! The policy in deploy/guard, which keeps others away from what ramgate stands on.

use serde_json::json;

use crate::harness::cluster::exclusive;
use crate::harness::install::{NAMESPACE, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::objects;
use crate::harness::rest::Rest;
use crate::harness::tools::repository;
use crate::harness::wait::eventually;

const REFUSAL: &str = "may not change what ramgate stands on";

/// The policy and its binding, which go with the test
struct Guard(Kubectl);

impl Drop for Guard {
    fn drop(&mut self) {
        for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
            // A test that fails says more than this could.
            let _ = self.0.run(&["delete", kind, "ramgate-guard"]);
        }
    }
}

#[test]
fn the_guard_keeps_everybody_away_but_those_whom_it_names() {
    let cluster = exclusive();
    cluster.scale(1);
    let space = cluster.namespace("guard", &[]);
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "test-operator"},
        "rules": [
            {"apiGroups": ["admissionregistration.k8s.io"], "resources": ["*"], "verbs": ["*"]},
            {"apiGroups": ["", "apps"], "resources": ["*"], "verbs": ["*"]},
        ],
    });
    cluster.admin.apply(&role).success();
    let user = "operator@example.com";
    let bind = [
        "create",
        "clusterrolebinding",
        "test-operator",
        "--clusterrole=test-operator",
        "--user",
        user,
    ];
    cluster.admin.run(&bind).success();
    let person = cluster.plane.person(user, None);
    let own = person.within(NAMESPACE);

    let file = repository().join("deploy/guard/guard.yaml").display().to_string();
    let _guard = Guard(cluster.admin.clone());
    cluster.admin.run(&["apply", "-f", &file]).success();
    let label = |resource: &str, value: &str| {
        own.run(&[
            "label",
            "--overwrite",
            resource,
            RELEASE,
            &format!("tried={value}"),
        ])
    };
    let mut tries = 0;
    eventually("the guard is in force", || {
        tries += 1;
        let outcome = label("validatingwebhookconfiguration", &tries.to_string());
        let is_refused = !outcome.succeeded && outcome.stderr.contains(REFUSAL);
        is_refused.then_some(()).ok_or(outcome.stdout + &outcome.stderr)
    });
    let document = objects::policy("smuggled", &json!([objects::allow(&["eci:*"], &json!({}))]));
    let refused = [
        label("mutatingwebhookconfiguration", "x"),
        own.run(&["delete", "mutatingwebhookconfiguration", RELEASE]),
        own.run(&["delete", "configmap", "ramgate-cluster"]),
        own.run(&["label", "configmap", "test-account", "ramgate.io/config-"]),
        own.run(&["delete", "configmap", "ramgate-installed"]),
        own.give(&["create"], &document),
        own.run(&["delete", "secret", "ramgate-stamp"]),
        own.run(&[
            "patch",
            "secret",
            "ramgate-stamp",
            "--type=merge",
            "--patch",
            r#"{"data":{"x":"AAAA"}}"#,
        ]),
        own.run(&["scale", "deployment", RELEASE, "--replicas=0"]),
        own.run(&["set", "env", "deployment", RELEASE, "A=b"]),
        own.run(&["delete", "namespace", NAMESPACE]),
    ];
    for outcome in refused {
        let said = outcome.failure();
        assert!(said.contains(REFUSAL), "{said}");
    }
    let rest = Rest::new(person.kubeconfig());
    for path in [
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?fieldSelector=metadata.name%3Dramgate",
        "/api/v1/namespaces/ramgate-system/configmaps?fieldSelector=metadata.name%3Dramgate-cluster",
    ] {
        let reply = rest.delete(path);
        assert!(
            !reply.succeeded() && reply.body.to_string().contains(REFUSAL),
            "{path}: {reply:?}"
        );
    }
    // What is not ramgate's is nobody's business.
    let other = objects::configuration("other", "x", "x", "x");
    let mut other = other;
    other["metadata"]["labels"] = json!({});
    own.give(&["create"], &other).success();
    own.run(&["delete", "configmap", "other"]).success();
    person
        .within(&space.name)
        .give(&["create"], &objects::policy("p", &json!([])))
        .success();

    // ramgate itself goes on: it makes its authority again, and writes the caBundle of the new one.
    let bundle = || {
        let live = cluster.admin.get(&["validatingwebhookconfiguration", RELEASE]);
        live["webhooks"][0]["clientConfig"]["caBundle"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let before = bundle();
    // A replica that runs would write the authority that it has
    cluster.scale(0);
    cluster
        .admin
        .within(NAMESPACE)
        .run(&["delete", "secret", "ramgate-ca"])
        .success();
    cluster.scale(1);
    eventually("the new caBundle", || {
        let now = bundle();
        let is_new = !now.is_empty() && now != before;
        is_new.then_some(()).ok_or_else(|| cluster.tail())
    });
    let account = crate::harness::replica::service_account(&cluster.plane, RELEASE);
    let patch = r#"[{"op": "replace", "path": "/webhooks/0/rules", "value": []}]"#;
    let said = account
        .run(&[
            "patch",
            "validatingwebhookconfiguration",
            RELEASE,
            "--type=json",
            "--patch",
            patch,
        ])
        .failure();
    assert!(said.contains(REFUSAL), "{said}");
    // And whoever installs it.
    let mut values = crate::harness::install::values();
    values["mode"] = "warn".into();
    cluster.install(&values);
    for role in ["clusterrolebinding", "clusterrole"] {
        cluster.admin.run(&["delete", role, "test-operator"]).success();
    }
}
