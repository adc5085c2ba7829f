//! Spawners whose pod cannot be read, or whose stamp says too little. The case files have the other edges.

use crate::admission::outcome::mode::OnDifference;
use crate::admission::review::complete::TokenPodRead;
use crate::admission::tests::*;
use crate::stamp::{Form, KeyRing, REQUESTED_BY, Signer, unverified};

const SPAWNER: &str = "system:serviceaccount:shop:driver";

fn spawning() -> Configuration {
    let cluster = "cluster: {spawners: [{namespace: shop, serviceAccount: driver}]}\nboundaries:";
    configuration(&[("boundaries:", cluster)])
}

fn request(operation: &str, object: &Value, old: &Value) -> String {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u-1", "resource": {"group": "", "version": "v1", "resource": "pods"},
            "name": "web", "namespace": "shop", "operation": operation, "object": object, "oldObject": old,
            "userInfo": {"username": SPAWNER, "extra": {
                "authentication.kubernetes.io/pod-name": ["driver"], "authentication.kubernetes.io/pod-uid": ["u-driver"],
            }},
        },
    })
    .to_string()
}

fn asked(webhook: Webhook, body: &str, read: TokenPodRead, modes: &Modes) -> (Value, Response) {
    let configuration = spawning();
    let review = Review::parse(body.as_bytes()).unwrap();
    let named = NamedObjects {
        token_pod: read,
        ..NamedObjects::default()
    };
    let complete = CompleteReview::new(&review, named);
    let cluster = ClusterSnapshot::default();
    let answer = respond(webhook, &complete, &configuration, &cluster, modes, now());
    (serde_json::from_slice(&answer.body).unwrap(), answer)
}

/// The driver of the user `test`, as it is stored
fn driver() -> Value {
    let driver = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "driver", "namespace": "shop", "uid": "u-driver"},
        "spec": {"serviceAccountName": "driver", "containers": [{"name": "d", "image": "d:1"}]},
    });
    let configuration = spawning();
    offline::stamped(
        &driver,
        ("test", &[], None),
        &configuration,
        &ClusterSnapshot::default(),
        now(),
    )
    .unwrap()
}

fn found(driver: &Value) -> TokenPodRead {
    TokenPodRead::Found(driver.to_string().into())
}

fn code(answer: &Response) -> &str {
    answer.causes().first().map_or("", |cause| &cause.reason)
}

#[test]
fn a_driver_that_cannot_be_read_is_a_denial_with_its_reason() {
    let test = pod(json!({CUSTOM_TAGS: "env:test"}));
    let mut tolerant = test.clone();
    tolerant["metadata"]["labels"] = json!({});
    tolerant["spec"]["tolerations"] = json!([{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]);
    for read in [TokenPodRead::Unread, TokenPodRead::NotNeeded] {
        for (operation, new, old) in [
            ("CREATE", &test, &Value::Null),
            ("CREATE", &tolerant, &Value::Null),
            ("DELETE", &Value::Null, &test),
        ] {
            let body = request(operation, new, old);
            for (mode, decision) in [
                (Mode::Enforce, Decision::Deny),
                (Mode::Warn, Decision::Warn),
                (Mode::Audit, Decision::Audit),
            ] {
                let modes = Modes::everywhere(mode);
                let (_, mutated) = asked(Webhook::Mutating, &body, read.clone(), &modes);
                assert!(!mutated.patched, "nobody's stamp is written");
                let (_, answer) = asked(Webhook::Validating, &body, read.clone(), &modes);
                assert_eq!(
                    (answer.decision, code(&answer)),
                    (decision, "CreatingPodUnread"),
                    "{operation} {mode}"
                );
                assert!(answer.message().unwrap().contains("could not be read"));
            }
        }
    }
    // What does not concern ECI is not held up
    let mut elsewhere = test.clone();
    elsewhere["metadata"] = json!({"name": "web", "namespace": "shop"});
    let body = request("CREATE", &elsewhere, &Value::Null);
    let modes = Modes::everywhere(Mode::Enforce);
    let (_, answer) = asked(Webhook::Validating, &body, TokenPodRead::Unread, &modes);
    assert_eq!(answer.decision, Decision::NotEvaluated);
    // A stamp that nobody can check is not stored
    elsewhere["metadata"]["annotations"] =
        json!({REQUESTED_BY: driver()["metadata"]["annotations"][REQUESTED_BY]});
    let body = request("CREATE", &elsewhere, &Value::Null);
    let (_, answer) = asked(Webhook::Validating, &body, TokenPodRead::Unread, &modes);
    assert_eq!(answer.decision, Decision::Deny, "{answer:?}");
}

#[test]
fn a_driver_is_believed_by_a_stamp_that_names_it_and_what_it_runs() {
    let body = request("CREATE", &pod(json!({CUSTOM_TAGS: "env:test"})), &Value::Null);
    let record = Modes::everywhere(Mode::Enforce);
    let refuse = Modes {
        on_difference: OnDifference::Refuse,
        ..record.clone()
    };
    let said = |driver: &Value, modes: &Modes| {
        let (answer, _) = asked(Webhook::Mutating, &body, found(driver), modes);
        let patched = answer["response"]["patch"].is_string();
        let (_, answer) = asked(Webhook::Validating, &body, found(driver), modes);
        let message = answer.message().unwrap_or_default().to_owned();
        // The validating webhook alone misses the stamp that the mutating one writes for the person
        assert!(patched && !answer.decision.passes(), "{answer:?}");
        (code(&answer).to_owned(), message)
    };
    assert_eq!(said(&driver(), &record).0, "StampNotApplied");

    let with = |change: &dyn Fn(&mut Value)| {
        let mut driver = driver();
        change(&mut driver);
        driver
    };
    let sidecar = with(&|driver| {
        let containers = driver["spec"]["containers"].as_array_mut().unwrap();
        containers.push(json!({"name": "proxy", "image": "proxy:1"}));
    });
    assert_eq!(said(&sidecar, &record).0, "StampNotApplied");
    let (code, message) = said(&sidecar, &refuse);
    assert_eq!(code, "UnboundIdentity");
    assert!(message.contains("container `proxy` was added"), "{message}");
    let image = with(&|driver| driver["spec"]["containers"][0]["image"] = json!("evil:1"));
    assert!(
        said(&image, &record)
            .1
            .contains("container `d` has another image")
    );

    let signer = |form| {
        let ring = KeyRing::new([("offline".to_owned(), vec![0; crate::stamp::KEY_BYTES])]).unwrap();
        Signer::new(ring, "").writing(form)
    };
    let resigned = |form, change: &dyn Fn(&mut crate::stamp::Claims)| {
        with(&|driver| {
            let stamp = &mut driver["metadata"]["annotations"][REQUESTED_BY];
            let mut claims = unverified(stamp.as_str().unwrap()).unwrap();
            change(&mut claims);
            *stamp = signer(form).sign(&claims).unwrap().into();
        })
    };
    let first = resigned(Form::First, &|claims| *claims = claims.clone().of_first_form());
    assert!(said(&first, &record).1.contains("has form 1"));
    let account = resigned(Form::Second, &|claims| {
        claims.service_account = Some("default".to_owned())
    });
    assert!(
        said(&account, &record)
            .1
            .contains("is for another service account")
    );
    // A template of metadata alone names neither
    let metadata = resigned(Form::Second, &|claims| {
        claims.service_account = None;
        claims.containers = None;
    });
    assert_eq!(said(&metadata, &record).0, "StampNotApplied");
}
