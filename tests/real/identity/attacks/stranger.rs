//! Somebody without rights who reaches the port: it signs whatever a review says, and no such stamp gets anybody anything.

use std::collections::BTreeSet;

use k8s_openapi::ByteString;
use serde_json::Value;
use serde_json::json;

use crate::harness::cast::{ALICE, BOB, CAROL, DAVE, MALLORY, PIPELINE};
use crate::harness::cluster::{whole, whole_exclusive};
use crate::harness::install::RELEASE;
use crate::harness::nodes::{REAL, VIRTUAL};
use crate::harness::rest::{Patch, Reply};
use crate::harness::stage::{STAMP, Stage, before_the_install, stamp, template};
use crate::harness::wait::eventually;
use crate::harness::workloads::{RESOURCES, To, binding, pod_like, unscheduled, workload};
use crate::harness::{objects, reviews};

const EVIL: &str = "registry.example.com/evil:1";

/// Everybody of the cast whose name is worth something
const NAMES: [&str; 5] = [ALICE, BOB, CAROL, DAVE, PIPELINE];

/// The reviews' port, as anybody in the cluster's network reaches it
pub(super) struct Port {
    authority: Vec<u8>,
    number: u16,
}

impl Port {
    pub(super) fn of(stage: &Stage<'_>) -> Self {
        let path = format!("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{RELEASE}");
        let bundle = stage.rest.get(&path)["webhooks"][0]["clientConfig"]["caBundle"].take();
        let ByteString(authority) = serde_json::from_value(bundle).expect("an authority");
        let number = stage.replicas()[0].port;
        Self { authority, number }
    }

    /// The stamp that the port writes into an object for whoever a made-up review names
    #[track_caller]
    pub(super) fn signed(&self, user: &str, resource: &str, object: &Value, namespace: &str) -> String {
        let api = object["apiVersion"].as_str().unwrap();
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        let mut object = object.clone();
        object["metadata"]["namespace"] = namespace.into();
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "6f7a7f0e-4dd7-4bd2-a4a4-6f0a6ad8a0d1",
                "kind": {"group": group, "version": version, "kind": object["kind"]},
                "resource": {"group": group, "version": version, "resource": resource},
                "namespace": namespace, "name": object["metadata"]["name"], "operation": "CREATE",
                "userInfo": {"username": user, "groups": ["system:authenticated"]},
                "object": object,
            },
        });
        let said = reviews::post(&self.authority, self.number, "/mutate", None, &review.to_string());
        let said = said.expect("an answer");
        let (_, body) = said.split_once("\r\n\r\n").expect("a body");
        let mut answer: Value = serde_json::from_str(body).expect(body);
        let patch = answer["response"]["patch"].take();
        assert!(patch.is_string(), "no stamp for {user} in {object}: {answer}");
        let ByteString(patch) = serde_json::from_value(patch).expect("a patch");
        let patch: Value = serde_json::from_slice(&patch).expect("a patch");
        let found = found(&patch).unwrap_or_else(|| panic!("no stamp in {patch}"));
        assert!(found.contains(user), "{found}");
        found
    }
}

/// The stamp that a JSON patch writes
fn found(patch: &Value) -> Option<String> {
    patch.as_array()?.iter().find_map(|operation| {
        let is_its = operation["path"].as_str()?.ends_with("ramgate.io~1requested-by");
        let value = &operation["value"];
        let stamp = if is_its { value } else { &value[STAMP] };
        stamp
            .as_str()
            .or_else(|| value["annotations"][STAMP].as_str())
            .map(str::to_owned)
    })
}

/// What a template of mallory's says of its node: from what no rule sees to what is ECI's for certain
fn templates() -> [(&'static str, Value); 4] {
    let preferred = |name: &str| {
        let wish = json!({"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [name]}]});
        json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": wish}]}})
    };
    let mut hidden = pod_like("web", To::AnyNode, "");
    // It looks like a real one, and could be the name of a virtual one.
    hidden["spec"]["affinity"] = preferred(&format!("{REAL}9"));
    let mut tolerant = hidden.clone();
    tolerant["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
    tolerant["spec"]["affinity"] = preferred(VIRTUAL);
    let mut all = [
        ("hidden", hidden),
        ("tolerant", tolerant),
        ("preferring", pod_like("web", To::PreferablyVirtual, "env:test")),
        ("virtual", pod_like("web", To::Virtual, "env:test")),
    ];
    for (_, template) in &mut all {
        template["spec"]["containers"][0]["image"] = EVIL.into();
    }
    all
}

/// A workload of mallory's with this template
fn of_template(resource: &str, name: &str, template: &Value) -> Value {
    let mut object = workload(resource, name, To::AnyNode, "");
    let mut template = template.clone();
    template["metadata"]["labels"]["app"] = name.into();
    if let "jobs" | "cronjobs" = resource {
        template["spec"]["restartPolicy"] = "Never".into();
    }
    *place(&mut object) = template;
    object
}

fn of_pod(name: &str, template: &Value) -> Value {
    let mut pod = template.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = name.into();
    pod
}

/// Where the pod template of a workload stands
fn place(object: &mut Value) -> &mut Value {
    match object["kind"].as_str() {
        Some("CronJob") => &mut object["spec"]["jobTemplate"]["spec"]["template"],
        Some("ControllerRevision") => &mut object["data"]["spec"]["template"],
        _ => &mut object["spec"]["template"],
    }
}

/// The part of an object that writes a stamp, as a merge patch
fn pasted(kind: &str, stamp: &str) -> Value {
    let metadata = json!({"metadata": {"annotations": {STAMP: stamp}}});
    match kind {
        "pods" => metadata,
        "cronjobs" => json!({"spec": {"jobTemplate": {"spec": {"template": metadata}}}}),
        _ => json!({"spec": {"template": metadata}}),
    }
}

/// Fails if anything of mallory's here bears another one's name
#[track_caller]
fn assert_unnamed(stage: &Stage<'_>, what: &str) {
    for resource in RESOURCES.into_iter().chain(["pods", "controllerrevisions"]) {
        for object in stage.rest.list(&stage.path(resource)) {
            let bearer = match resource {
                "pods" => &object,
                "controllerrevisions" => &object["data"]["spec"]["template"],
                _ => template(&object),
            };
            let name = stamp(bearer).map(|found| found.user);
            assert!(
                bearer["spec"]["containers"][0]["image"] != EVIL
                    || name.as_deref().is_none_or(|name| name == MALLORY),
                "{what}: {resource} {} is {name:?}'s",
                object["metadata"]["name"]
            );
        }
    }
}

/// Fails if anything here bears another one's name, or runs where only they may have it
#[track_caller]
fn assert_nobody_s(stage: &Stage<'_>, what: &str) {
    assert_unnamed(stage, what);
    for pod in stage.rest.list(&stage.path("pods")) {
        assert_ne!(pod["spec"]["nodeName"], VIRTUAL, "{what}: {pod}");
    }
}

/// Fails if anything was allowed here by the rights of anybody
#[track_caller]
fn assert_by_nobody_s_rights(stage: &Stage<'_>) {
    let judged = stage.judged();
    assert!(!judged.is_empty());
    let allowed: BTreeSet<_> = judged
        .iter()
        .filter(|one| one.decision == "allow")
        .map(|one| (one.principal.as_str(), one.resource.as_str(), one.user.as_str()))
        .filter(|(principal, ..)| !principal.is_empty())
        .collect();
    assert!(allowed.is_empty(), "{allowed:?}");
}

/// Binds the account itself, for which RAM asks no policies, to somebody, and says to whom
pub(super) fn own(stage: &Stage<'_>) -> String {
    let owner = format!("owner-{}@example.com", stage.name);
    bind_account(stage, &owner, &stage.name);
    owner
}

fn bind_account(stage: &Stage<'_>, owner: &str, name: &str) {
    let directory =
        json!({"bindings": [{"principal": "account", "subjects": [{"kind": "User", "name": owner}]}]});
    let name = format!("owner-{name}");
    stage.configure(&objects::configuration(
        &name,
        "directory",
        "owner.yaml",
        &directory.to_string(),
    ));
}

/// Whether it was done or not, nothing else may have come of it
fn seen(reply: &Reply) {
    let message = reply.body["message"].as_str().unwrap_or_default();
    let is_answered = reply.succeeded() || message.contains("denied the request") || reply.status == 422;
    assert!(is_answered, "{reply:?}");
}

/// She brings the stamp along when she creates something: any kind, any template, any name.
#[test]
fn a_stamp_that_a_stranger_got_from_the_port_is_worth_nothing_in_what_is_created() {
    let stage = Stage::new("signed");
    let owner = own(&stage);
    let port = Port::of(&stage);
    let mallory = stage.rest(MALLORY);
    for (variant, template) in templates() {
        for user in NAMES.into_iter().chain([owner.as_str()]) {
            let of = user.rsplit(':').next().unwrap().split('@').next().unwrap();
            let name = format!("{variant}-{of}");
            for resource in RESOURCES {
                let mut object = of_template(resource, &name, &template);
                // What leads nowhere by itself is signed all the same once it brings any stamp.
                place(&mut object)["metadata"]["annotations"][STAMP] = "any".into();
                let signed = port.signed(user, resource, &object, &stage.name);
                place(&mut object)["metadata"]["annotations"][STAMP] = signed.into();
                let reply = mallory.create(&stage.path(resource), &object);
                seen(&reply);
                assert!(variant != "virtual" || !reply.succeeded(), "{user}: {reply:?}");
            }
            let mut pod = of_pod(&name, &template);
            pod["metadata"]["annotations"][STAMP] = "any".into();
            let signed = port.signed(user, "pods", &pod, &stage.name);
            pod["metadata"]["annotations"][STAMP] = signed.into();
            seen(&mallory.create(&stage.path("pods"), &pod));
            let mut revision = json!({
                "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 1,
                "metadata": {"name": name, "labels": {"app": name}},
                "data": {"spec": {"template": template}},
            });
            place(&mut revision)["$patch"] = "replace".into();
            let signed = port.signed(user, "controllerrevisions", &revision, &stage.name);
            place(&mut revision)["metadata"]["annotations"][STAMP] = signed.into();
            seen(&mallory.create(&stage.path("controllerrevisions"), &revision));
            assert_nobody_s(&stage, &name);
        }
    }
    for cron in stage.rest.list(&stage.path("cronjobs")) {
        let name = cron["metadata"]["name"].as_str().unwrap();
        stage.run_cron_job(name);
        stage.wait_for_children("jobs", &cron, 1);
    }
    assert_nobody_s(&stage, "at the end");
    assert_by_nobody_s_rights(&stage);
}

/// She writes the stamp into what is there: by the object, its status, its containers, and its binding.
#[test]
fn a_stamp_that_a_stranger_got_from_the_port_is_worth_nothing_in_what_is_changed() {
    let stage = Stage::new("pasted");
    let owner = own(&stage);
    let mut subresources = vec!["", "/status", "/ephemeralcontainers"];
    // The resize came with Kubernetes 1.33
    subresources.extend(stage.has_subresource("pods/resize").then_some("/resize"));
    let port = Port::of(&stage);
    let mallory = stage.rest(MALLORY);
    for (variant, template) in templates() {
        if variant == "virtual" {
            continue;
        }
        for resource in RESOURCES {
            let mut object = of_template(resource, variant, &template);
            if object["spec"]["replicas"] == 1 {
                object["spec"]["replicas"] = 0.into();
            }
            mallory.create(&stage.path(resource), &object).success();
        }
        let pod = unscheduled(of_pod(variant, &template));
        mallory.create(&stage.path("pods"), &pod).success();
    }
    assert_nobody_s(&stage, "before");
    for (variant, template) in templates() {
        if variant == "virtual" {
            continue;
        }
        for user in NAMES.into_iter().chain([owner.as_str()]) {
            for resource in RESOURCES {
                let mut object = of_template(resource, variant, &template);
                place(&mut object)["metadata"]["annotations"][STAMP] = "any".into();
                let signed = port.signed(user, resource, &object, &stage.name);
                let path = stage.path(&format!("{resource}/{variant}"));
                seen(&mallory.patch(&path, Patch::Merge, &pasted(resource, &signed)));
                assert_nobody_s(&stage, &format!("{user} in {resource} {variant}"));
            }
            let mut pod = unscheduled(of_pod(variant, &template));
            pod["metadata"]["annotations"][STAMP] = "any".into();
            let signed = port.signed(user, "pods", &pod, &stage.name);
            let patch = pasted("pods", &signed);
            for subresource in &subresources {
                let path = stage.path(&format!("pods/{variant}{subresource}"));
                let mut patch = patch.clone();
                if *subresource == "/ephemeralcontainers" {
                    patch["spec"]["ephemeralContainers"] =
                        json!([{"name": format!("debug-{}", user.len()), "image": EVIL}]);
                }
                seen(&mallory.patch(&path, Patch::Strategic, &patch));
                assert_nobody_s(&stage, &format!("{user} in pods{subresource} {variant}"));
            }
            let bound = binding(variant, VIRTUAL, json!({STAMP: signed}));
            for path in [format!("pods/{variant}/binding"), "bindings".to_owned()] {
                let denial = mallory.create(&stage.path(&path), &bound).denial();
                assert!(!denial.contains("panicked"), "{denial}");
            }
            assert_nobody_s(&stage, &format!("{user} in a Binding of {variant}"));
        }
    }
    for resource in [
        "deployments",
        "replicasets",
        "statefulsets",
        "replicationcontrollers",
    ] {
        for (variant, _) in templates() {
            let path = stage.path(&format!("{resource}/{variant}"));
            if stage.rest.find(&path).is_some() {
                let more = json!({"spec": {"replicas": 1}});
                seen(&mallory.patch(&path, Patch::Merge, &more));
            }
        }
    }
    for cron in stage.rest.list(&stage.path("cronjobs")) {
        stage.run_cron_job(cron["metadata"]["name"].as_str().unwrap());
        stage.wait_for_children("jobs", &cron, 1);
    }
    assert_nobody_s(&stage, "at the end");
    assert_by_nobody_s_rights(&stage);
}

/// Where nothing is denied yet, she gets her pods, and no stamp that would count once denials stand.
#[test]
fn a_stamp_that_a_stranger_got_from_the_port_is_not_stored_where_nothing_is_denied() {
    for mode in ["soft", "quiet"] {
        // Another test may have been here before, so names are this one's.
        let stage = Stage::on(whole().namespace_named(mode, &[]));
        let owner = format!("owner-{mode}@example.com");
        bind_account(&stage, &owner, mode);
        let port = Port::of(&stage);
        let mallory = stage.rest(MALLORY);
        for (variant, template) in templates() {
            for user in [DAVE, owner.as_str()] {
                for resource in RESOURCES {
                    let of = user.split('@').next().unwrap();
                    let name = format!("{variant}-{of}");
                    let mut object = of_template(resource, &name, &template);
                    place(&mut object)["metadata"]["annotations"][STAMP] = "any".into();
                    let signed = port.signed(user, resource, &object, &stage.name);
                    place(&mut object)["metadata"]["annotations"][STAMP] = signed.as_str().into();
                    mallory.create(&stage.path(resource), &object).success();
                    assert_unnamed(&stage, &name);
                    let path = stage.path(&format!("{resource}/{name}"));
                    seen(&mallory.patch(&path, Patch::Merge, &pasted(resource, &signed)));
                    assert_unnamed(&stage, &name);
                }
                let name = format!("{variant}-{}", user.len());
                let mut pod = unscheduled(of_pod(&name, &template));
                pod["metadata"]["annotations"][STAMP] = "any".into();
                let signed = port.signed(user, "pods", &pod, &stage.name);
                pod["metadata"]["annotations"][STAMP] = signed.as_str().into();
                mallory.create(&stage.path("pods"), &pod).success();
                for subresource in ["", "/status"] {
                    let path = stage.path(&format!("pods/{name}{subresource}"));
                    seen(&mallory.patch(&path, Patch::Merge, &pasted("pods", &signed)));
                }
                assert_unnamed(&stage, &name);
                let bound = binding(&name, VIRTUAL, json!({STAMP: signed}));
                seen(&mallory.create(&stage.path(&format!("pods/{name}/binding")), &bound));
                assert_unnamed(&stage, &name);
            }
        }
        // What nobody has sent yet has no stamp, and a write of the stamp alone is the first that is sent.
        let [(_, hidden), ..] = templates();
        for resource in RESOURCES {
            let object = of_template(resource, "unstamped", &hidden);
            mallory.create(&stage.path(resource), &object).success();
            let mut stamped = object.clone();
            place(&mut stamped)["metadata"]["annotations"][STAMP] = "any".into();
            let signed = port.signed(&owner, resource, &stamped, &stage.name);
            let path = stage.path(&format!("{resource}/unstamped"));
            assert_eq!(stamp(template(&stage.rest.get(&path))), None);
            seen(&mallory.patch(&path, Patch::Merge, &pasted(resource, &signed)));
            assert_unnamed(&stage, "unstamped");
        }
        for cron in stage.rest.list(&stage.path("cronjobs")) {
            if template(&cron)["spec"]["containers"][0]["image"] == EVIL {
                stage.run_cron_job(cron["metadata"]["name"].as_str().unwrap());
                stage.wait_for_children("jobs", &cron, 1);
            }
        }
        assert_unnamed(&stage, mode);
    }
}

/// What is older than ramgate has no stamp, and whoever may have such pods becomes its requester: she may not.
#[test]
fn a_stamp_that_a_stranger_got_from_the_port_is_worth_nothing_in_what_is_older() {
    const LATE: [&str; 3] = ["cronjobs", "replicasets", "replicationcontrollers"];
    let cluster = whole_exclusive();
    let stage = before_the_install(&cluster, "late", |stage| {
        for (variant, template) in templates() {
            for resource in RESOURCES {
                if resource == "jobs" || resource == "daemonsets" {
                    continue;
                }
                let mut object = of_template(resource, variant, &template);
                if resource != "cronjobs" {
                    object["spec"]["replicas"] = 0.into();
                }
                stage
                    .rest(MALLORY)
                    .create(&stage.path(resource), &object)
                    .success();
            }
        }
    });
    let owner = own(&stage);
    let port = Port::of(&stage);
    let mallory = stage.rest(MALLORY);
    for (variant, template) in templates() {
        for user in NAMES.into_iter().chain([owner.as_str()]) {
            for resource in RESOURCES {
                let path = stage.path(&format!("{resource}/{variant}"));
                if stage.rest.find(&path).is_none() {
                    continue;
                }
                let mut object = of_template(resource, variant, &template);
                place(&mut object)["metadata"]["annotations"][STAMP] = "any".into();
                let signed = port.signed(user, resource, &object, &stage.name);
                let mut patch = pasted(resource, &signed);
                seen(&mallory.patch(&path, Patch::Merge, &patch));
                // She asks for it on purpose as well.
                patch["metadata"]["annotations"]["ramgate.io/stamped"] = user.into();
                seen(&mallory.patch(&path, Patch::Merge, &patch));
                let stored = stamp(template_of(&stage, resource, variant).as_ref().unwrap());
                if LATE.contains(&resource) {
                    assert_eq!(stored, None, "{user} in {resource} {variant}");
                }
                assert_nobody_s(&stage, &format!("{user} in {resource} {variant}"));
            }
        }
    }
    for resource in ["replicasets", "replicationcontrollers"] {
        for (variant, _) in templates() {
            let path = stage.path(&format!("{resource}/{variant}"));
            seen(&mallory.patch(&path, Patch::Merge, &json!({"spec": {"replicas": 1}})));
        }
    }
    for cron in stage.rest.list(&stage.path("cronjobs")) {
        stage.run_cron_job(cron["metadata"]["name"].as_str().unwrap());
    }
    eventually("what leads to ECI for certain is denied its pods", || {
        let events = stage.events();
        events.contains("denied the request").then_some(()).ok_or(events)
    });
    assert_nobody_s(&stage, "at the end");
    assert_by_nobody_s_rights(&stage);
}

fn template_of(stage: &Stage<'_>, resource: &str, name: &str) -> Option<Value> {
    let object = stage.rest.find(&stage.path(&format!("{resource}/{name}")))?;
    Some(template(&object).clone())
}
