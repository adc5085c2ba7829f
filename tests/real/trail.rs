//! What is left behind of a request: the API server's audit log and its own log, and ramgate's.

use serde_json::Value;
use serde_json::json;

use crate::harness::cluster::{Namespace, shared};
use crate::harness::neighbour;
use crate::harness::objects::{TAGS, allow, eci_pod};
use crate::harness::wait::eventually;

/// Puts a digest behind each image, so that the API server asks every mutating webhook again
fn digests(request: &Value) -> Vec<Value> {
    let containers = request["object"]["spec"]["containers"].as_array();
    let images = containers.into_iter().flatten().enumerate();
    images
        .filter_map(|(index, container)| {
            let image = container["image"].as_str()?;
            let path = format!("/spec/containers/{index}/image");
            (!image.contains('@')).then(|| {
                json!({"op": "replace", "path": path, "value": format!("{image}@sha256:{}", "0123456789abcdef".repeat(4))})
            })
        })
        .collect()
}

/// ramgate's annotations of the creation of a pod, by their keys without the webhook's name
fn trail(space: &Namespace<'_>, pod: &str) -> Vec<(String, String)> {
    eventually("the creation is in the audit log", || {
        let log = space.plane.audit_log();
        let entries = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut ours = entries.filter(|entry| {
            let about = &entry["objectRef"];
            entry["verb"] == "create" && about["name"] == pod && about["namespace"] == *space.name
        });
        let entry = ours.next().ok_or("nothing")?;
        let annotations = entry["annotations"].as_object().ok_or("no annotations")?;
        let found = annotations.iter().filter_map(|(key, value)| {
            let (webhook, key) = key.split_once('/')?;
            let is_ours = webhook.ends_with(".ramgate.io");
            is_ours.then(|| (key.to_owned(), value.as_str().unwrap_or_default().to_owned()))
        });
        Ok::<_, &str>(found.collect())
    })
}

#[test]
fn the_audit_log_says_what_became_of_a_request() {
    let cluster = shared();
    let space = cluster.namespace("trail", &[("owner", "shop")]);
    let soft = cluster.namespace_named("soft", &[]);
    let tagged = json!({"StringEquals": {"acs:RequestTag/env": ["test"]}});
    space.ram_user("tracy", &json!([allow(&["eci:CreateContainerGroup"], &tagged)]));
    neighbour::start(&space, digests);
    let tracy = space.editor("tracy@example.com");
    eventually("the other webhook is in force", || {
        let pod = eci_pod("try", &[(TAGS, "env:test")]);
        let said = tracy.give(&["create", "--dry-run=server", "--output=json"], &pod);
        let is_asked = said.succeeded && said.stdout.contains("@sha256:");
        is_asked.then_some(()).ok_or(said.stdout + &said.stderr)
    });

    tracy
        .give(&["create"], &eci_pod("allowed", &[(TAGS, "env:test")]))
        .success();
    tracy
        .give(&["create"], &eci_pod("denied", &[(TAGS, "env:prod")]))
        .failure();
    tracy
        .give(&["create"], &eci_pod("malformed", &[(TAGS, "env")]))
        .failure();
    soft.editor("tracy@example.com")
        .give(&["create"], &eci_pod("softened", &[(TAGS, "env:prod")]))
        .success();

    for (space, pod, decision) in [
        (&space, "allowed", "allow"),
        (&space, "denied", "deny"),
        (&space, "malformed", "deny"),
        (&soft, "softened", "warn"),
    ] {
        let trail = trail(space, pod);
        let values = |key: &str| -> Vec<&str> {
            let found = trail.iter().filter(|(found, _)| found == key);
            found.map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(values("decision"), [decision], "{pod}: {trail:?}");
        assert_eq!(values("principal"), ["user/tracy"], "{pod}: {trail:?}");
        let says_why = values("message").concat().contains("may not create pod");
        assert_eq!(says_why, decision != "allow", "{pod}: {trail:?}");
    }
    let log = cluster.plane.log();
    let failed: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("Failed to set") && line.contains("annotation"))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
