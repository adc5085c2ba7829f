//! The stage itself: an API server that answers, and a network that it really uses.

use serde_json::json;

use crate::harness::control_plane::ControlPlane;
use crate::harness::egress::Fault;
use crate::harness::wait::eventually;

#[test]
fn the_api_server_reaches_a_webhooks_service_through_the_egress_socket() {
    let plane = ControlPlane::start();
    let admin = plane.admin();
    admin
        .run(&["create", "service", "clusterip", "hook", "--tcp=443:8443"])
        .success();
    let address = admin.get(&["service", "hook"])["spec"]["clusterIP"]
        .as_str()
        .unwrap()
        .to_owned()
        + ":443";
    admin
        .apply(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "hook"},
            "webhooks": [{
                "name": "hook.example.com",
                "clientConfig": {"service": {"namespace": "default", "name": "hook"}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
                "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
            }],
        }))
        .success();
    let create = || {
        admin
            .run(&["create", "configmap", "any", "--dry-run=server"])
            .stderr
    };
    eventually("the webhook is in force", || {
        if create().contains("502") {
            Ok(())
        } else {
            Err("no word of the network")
        }
    });
    assert!(
        plane.egress().asked().contains(&address),
        "{:?}",
        plane.egress().asked()
    );

    plane.egress().fault(Fault::Hang);
    let hung = create();
    assert!(hung.contains("context deadline exceeded"), "{hung}");
}
