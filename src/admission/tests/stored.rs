//! An exhaustive test: the stored stamp is the old one, a new one of the requester, a controller's valid copy, or none; and
//! only the requester or the user of a valid stamp is evaluated.

use crate::admission::review::complete::NamedObjects;
use crate::kubernetes::eci_profile::Profile;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::snapshot::ClusterSnapshot;
use std::collections::BTreeMap;

use crate::admission::attribution::trusted;
use crate::admission::tests::*;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::owned_object::OwnedObject;
use crate::stamp::{Claims, Form, KEY_BYTES, KeyRing, ObjectName, REQUESTED_BY, Signer, StampedObject};
use ram_policy::Principal;

const KRUISE: &str = "system:serviceaccount:kruise-system:kruise-manager";
const RELOADER: &str = "system:serviceaccount:tools:reloader";
const COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// Kind, group, resource, and the controller that makes such objects of an owner
struct Kind {
    kind: &'static str,
    group: &'static str,
    resource: &'static str,
    at: &'static str,
    /// What controls the object: group, kind and name
    owner: Option<(&'static str, &'static str, &'static str)>,
    maker: Option<&'static str>,
}

const KINDS: [Kind; 7] = [
    Kind {
        kind: "Pod",
        group: "",
        resource: "pods",
        at: "",
        owner: None,
        maker: None,
    },
    Kind {
        kind: "Pod",
        group: "",
        resource: "pods",
        at: "",
        owner: Some(("apps", "ReplicaSet", "web-7d9c")),
        maker: Some("system:serviceaccount:kube-system:replicaset-controller"),
    },
    Kind {
        kind: "Pod",
        group: "",
        resource: "pods",
        at: "",
        owner: Some(("apps.kruise.io", "CloneSet", "web")),
        maker: Some(KRUISE),
    },
    Kind {
        kind: "Deployment",
        group: "apps",
        resource: "deployments",
        at: "/spec/template",
        owner: None,
        maker: Some("system:serviceaccount:kube-system:deployment-controller"),
    },
    Kind {
        kind: "ReplicaSet",
        group: "apps",
        resource: "replicasets",
        at: "/spec/template",
        owner: Some(("apps", "Deployment", "web")),
        maker: Some("system:serviceaccount:kube-system:deployment-controller"),
    },
    Kind {
        kind: "CronJob",
        group: "batch",
        resource: "cronjobs",
        at: "/spec/jobTemplate/spec/template",
        owner: None,
        maker: None,
    },
    Kind {
        kind: "CloneSet",
        group: "apps.kruise.io",
        resource: "clonesets",
        at: "/spec/template",
        owner: None,
        maker: Some(KRUISE),
    },
];

const SETTINGS: &str = r#"
cluster:
  carriers:
    - {user: "system:serviceaccount:kruise-system:kruise-manager", group: apps.kruise.io, kind: CloneSet, resource: clonesets, templates: [spec.template]}
  keepers: ["system:serviceaccount:tools:reloader"]
boundaries"#;

/// A cluster whose carriers may be unsent and whose namespaces may be unknown
struct Known {
    objects: ClusterSnapshot,
    namespace: bool,
    sends: bool,
}

impl Cluster for Known {
    fn namespace(&self, name: &str) -> Option<Arc<Meta>> {
        self.objects.namespace(name).filter(|_| self.namespace)
    }
    fn service_account(&self, namespace: &str, name: &str) -> Option<Arc<Meta>> {
        self.objects.service_account(namespace, name)
    }
    fn node(&self, name: &str) -> Option<Arc<Meta>> {
        self.objects.node(name)
    }
    fn signer(&self) -> Option<Arc<Signer>> {
        self.objects.signer()
    }
    fn sends(&self, _group: &str, _resource: &str) -> bool {
        self.sends
    }
    fn profile(&self) -> Arc<Profile> {
        self.objects.profile()
    }
}

fn signer(id: &str) -> Signer {
    Signer::new(KeyRing::new([(id.to_owned(), vec![7; KEY_BYTES])]).unwrap(), "")
}

/// Every stamp that a request may contain or that may be stored, by its name
fn stamps(kind: &Kind) -> BTreeMap<&'static str, Option<String>> {
    let object = |group: &str, kind: &str, name: &str| {
        Some(StampedObject {
            group: group.to_owned(),
            kind: kind.to_owned(),
            name: ObjectName::Whole(name.to_owned()),
        })
    };
    let own = object(kind.group, kind.kind, "web");
    let owner = kind
        .owner
        .map_or_else(|| own.clone(), |(group, kind, name)| object(group, kind, name));
    let signed = |signer: Signer, user: &str, principal: Principal, object: Option<StampedObject>| {
        signer.sign(&Claims {
            user: user.to_owned(),
            principal: Some(principal),
            namespace: "shop".to_owned(),
            cluster: String::new(),
            object,
            fields: Default::default(),
            service_account: Some("default".to_owned()),
            containers: None,
        })
    };
    let by = |name: &str, object: Option<StampedObject>| {
        signed(signer("k1"), name, Principal::User(name.into()), object)
    };
    BTreeMap::from([
        ("none", None),
        ("all's, of this object", by("all", own.clone())),
        ("all's, of its owner", by("all", owner.clone())),
        (
            "all's, of another object",
            by("all", object("apps", "Deployment", "other")),
        ),
        (
            "the account's, of this object",
            signed(signer("k1"), "root", Principal::Account, own),
        ),
        ("the account's, of the first form", {
            let first = signer("k1").writing(Form::First);
            signed(first, "root", Principal::Account, owner)
        }),
        ("one of a key that is gone", {
            let gone = object("apps", "Deployment", "web");
            signed(signer("k0"), "all", Principal::User("all".into()), gone)
        }),
        ("garbage", Some("alice".to_owned())),
    ])
}

/// The stamps that an object may bear already
const STORED: [&str; 4] = [
    "none",
    "all's, of this object",
    "all's, of another object",
    "one of a key that is gone",
];

fn object(kind: &Kind, route: &str, stamp: Option<&str>, change: &str) -> Value {
    let mut pod = json!({
        "metadata": {"labels": {"app": "web"}, "annotations": {CUSTOM_TAGS: "env:test"}},
        "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
    });
    match route {
        "certain" => pod["metadata"]["labels"]["alibabacloud.com/eci"] = json!("true"),
        "possible" => pod["spec"]["tolerations"] = json!([{"operator": "Exists"}]),
        _ => {}
    }
    match change {
        "image" => pod["spec"]["containers"][0]["image"] = json!("evil:1"),
        "tag" => pod["metadata"]["annotations"][CUSTOM_TAGS] = json!("env:prod"),
        _ => {}
    }
    if let Some(stamp) = stamp {
        pod["metadata"]["annotations"][REQUESTED_BY] = json!(stamp);
    }
    let mut object = match kind.at {
        "" => pod,
        "/spec/template" => json!({"spec": {"template": pod}}),
        _ => json!({"spec": {"jobTemplate": {"spec": {"template": pod}}}}),
    };
    let version = if kind.group.is_empty() {
        "v1".to_owned()
    } else {
        format!("{}/v1", kind.group)
    };
    object["apiVersion"] = json!(version);
    object["kind"] = json!(kind.kind);
    if object["metadata"].is_null() {
        object["metadata"] = json!({});
    }
    object["metadata"]["name"] = json!("web");
    object["metadata"]["namespace"] = json!("shop");
    if let Some((group, kind, name)) = kind.owner {
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": format!("{group}/v1"), "kind": kind, "name": name, "uid": "u", "controller": true}]);
    }
    object
}

fn stamp_at<'o>(kind: &Kind, object: &'o Value) -> Option<&'o str> {
    object
        .pointer(&format!("{}/metadata/annotations", kind.at))?
        .get(REQUESTED_BY)?
        .as_str()
}

/// Both webhooks, as the API server calls them: the stored object, if it is stored, and the principals that they evaluated
fn stored(
    (kind, user): (&Kind, &str),
    old: Option<&Value>,
    new: &Value,
    (configuration, known, modes): (&Configuration, &Known, &Modes),
) -> (Option<Value>, Vec<String>) {
    let ask = |webhook: Webhook, object: &Value| {
        let body = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u-1", "kind": {"group": kind.group, "version": "v1", "kind": kind.kind},
                "resource": {"group": kind.group, "version": "v1", "resource": kind.resource},
                "name": "web", "namespace": "shop", "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
                "userInfo": {"username": user}, "object": object, "oldObject": old,
            },
        })
        .to_string();
        let mut review = Review::parse(body.as_bytes()).unwrap();
        review.read_listed(&configuration.cluster).unwrap();
        let named = NamedObjects::from_snapshot(&review, &known.objects, known, &configuration.cluster);
        let review = CompleteReview::new(&review, named);
        respond(webhook, &review, configuration, known, modes, now())
    };
    let mutated = ask(Webhook::Mutating, new);
    let mut evaluated: Vec<String> = mutated
        .evaluation
        .questions
        .iter()
        .map(|asked| asked.principal.to_string())
        .collect();
    if !mutated.decision.passes() {
        return (None, evaluated);
    }
    let mut object = new.clone();
    let response: Value = serde_json::from_slice(&mutated.body).unwrap();
    if let Some(patch) = response["response"]["patch"].as_str() {
        let bytes: k8s_openapi::ByteString = serde_json::from_value(json!(patch)).unwrap();
        let patch: json_patch::Patch = serde_json::from_slice(&bytes.0).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
    }
    let validated = ask(Webhook::Validating, &object);
    evaluated.extend(
        validated
            .evaluation
            .questions
            .iter()
            .map(|asked| asked.principal.to_string()),
    );
    (validated.decision.passes().then_some(object), evaluated)
}

#[test]
fn only_what_ramgate_wrote_is_ever_stored() {
    let configuration = configuration(&[("boundaries", SETTINGS)]);
    let settings = &configuration.cluster;
    let objects = ClusterSnapshot::new(&[], settings)
        .unwrap()
        .signed_by(signer("k1"));
    let key = signer("k1");
    let (mut states, mut passed, mut copies) = (0, 0, 0);
    for (namespace, sends) in [(true, true), (false, true), (true, false)] {
        let known = Known {
            objects: objects.clone(),
            namespace,
            sends,
        };
        for mode in [Mode::Enforce, Mode::Warn, Mode::Audit] {
            let modes = Modes::everywhere(mode);
            for kind in &KINDS {
                let stamps = stamps(kind);
                let users = ["all", "test", "mallory", RELOADER, COLLECTOR];
                for user in users.into_iter().chain(kind.maker) {
                    let is_maker = kind.maker == Some(user);
                    for route in ["certain", "possible", "no"] {
                        for (brought_name, brought) in &stamps {
                            for (old_name, old_stamp) in [None]
                                .into_iter()
                                .chain(stamps.iter().map(Some))
                                .map(|old| old.map_or(("created", &None), |(name, stamp)| (*name, stamp)))
                            {
                                for change in ["nothing", "image", "tag"] {
                                    let is_update = old_name != "created";
                                    // A new object has no change, and in modes warn and audit one kind of change is enough
                                    let is_looked_at = match (is_update, mode) {
                                        (false, _) => change == "nothing",
                                        (true, Mode::Enforce) => STORED.contains(&old_name),
                                        (true, _) => STORED.contains(&old_name) && change == "image",
                                    };
                                    if !is_looked_at || mode == Mode::Audit && !(namespace && sends) {
                                        continue;
                                    }
                                    let old = is_update
                                        .then(|| object(kind, route, old_stamp.as_deref(), "nothing"));
                                    let new = object(kind, route, brought.as_deref(), change);
                                    let around = (&configuration, &known, &modes);
                                    let (object, evaluated) =
                                        stored((kind, user), old.as_ref(), &new, around);
                                    states += 1;
                                    let state = || {
                                        format!(
                                            "{mode} {}/{:?} by {user}, {route}, {change}: {brought_name} over {old_name}; namespace {namespace}, sent {sends}",
                                            kind.kind, kind.owner
                                        )
                                    };
                                    let text = new["metadata"].to_string();
                                    let metadata: Metadata<'_> = serde_json::from_str(&text).unwrap();
                                    let owned = OwnedObject::new(kind.group, kind.kind, &metadata);
                                    let claims = |stamp: Option<&str>| {
                                        stamp.and_then(|stamp| {
                                            trusted(&key, stamp, "shop", &owned, settings).ok()
                                        })
                                    };
                                    let copied = claims(brought.as_deref()).filter(|_| is_maker);
                                    // Only the requester is evaluated, and the person for whom a controller rightly acts
                                    for principal in &evaluated {
                                        let asks = *principal == format!("user/{user}");
                                        let acts = copied.as_ref().is_some_and(|claims| {
                                            claims
                                                .principal
                                                .as_ref()
                                                .is_some_and(|one| one.to_string() == *principal)
                                        });
                                        assert!(asks || acts, "{principal} was evaluated: {}", state());
                                    }
                                    let Some(object) = object else { continue };
                                    passed += 1;
                                    let found = stamp_at(kind, &object);
                                    let is_old = is_update && found == old_stamp.as_deref();
                                    let is_own = claims(found).is_some_and(|claims| {
                                        claims.user == user && claims.object.as_ref() == Some(owned.object())
                                    });
                                    let is_copy = is_maker && found == brought.as_deref() && {
                                        copies += 1;
                                        // An invalid stamp stays in a copied template, which its controller compares with the
                                        // original; no pod is made from it. A stamp of a lost key is not forged
                                        copied.is_some()
                                            || *brought_name == "one of a key that is gone"
                                            || !kind.at.is_empty() && mode != Mode::Enforce
                                    };
                                    assert!(
                                        found.is_none() || is_old || is_own || is_copy,
                                        "{found:?} was stored: {}",
                                        state()
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    // The space is as large as it is meant to be, and not everything in it is denied
    assert!(
        states > 20_000 && passed > states / 4 && copies > 100,
        "{states} {passed} {copies}"
    );
}
