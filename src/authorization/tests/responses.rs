//! The messages of denials, the records of answers, and request bodies of every kind.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::authorization::tests::*;

#[test]
fn every_denial_says_what_to_do() {
    let given = Given::new(&[]);
    let prod = tagged("env:prod");
    let asked = [
        get("tags", &prod),
        get("tags", &pod(json!({}))).log(),
        get("guarded", &tagged("env:secret")),
        get("nothing", &prod),
        get("test", &prod),
        list("tags"),
        list("tags")
            .with("verb", json!("watch"))
            .labels(&[("app", "web"), ("env", "prod")]),
        list("guarded").labels(&[("env", "secret")]),
        list("guarded").labels(&[("env", "secret"), ("app", "web")]),
        list("older"),
        list("space").within("injected"),
        list("odd"),
        list("nothing"),
        list("test"),
        list("tags").within("").field("spec.nodeName", "virtual"),
        list("stranger@example.com"),
        get("system:serviceaccount:ci:runner", &prod).log(),
        get("all", &prod).unread(),
        get("tags", &prod)
            .absent()
            .within("eci")
            .with("verb", json!("watch")),
    ];
    let reasons = asked.iter().map(|asked| given.reason(asked).unwrap());
    insta::assert_snapshot!(reasons.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_denied_read_names_the_contact_in_the_language_of_the_directory() {
    let settings =
        |locale: &str| format!("advice: {{contact: \"#cloud-help\", locale: {locale}}}\ncluster: {{");
    let english = Given::new(&[("cluster: {", &settings("en"))]);
    let reason = english.reason(&list("nothing")).unwrap();
    assert!(
        reason.contains(". Contact: #cloud-help. AuthAction: "),
        "{reason}"
    );
    let chinese = Given::new(&[("cluster: {", &settings("zh"))]);
    let prod = tagged("env:prod");
    let asked = [
        get("tags", &prod),
        get("tags", &prod).log(),
        get("guarded", &tagged("env:secret")),
        get("nothing", &prod),
        list("tags"),
        list("guarded").labels(&[("env", "secret")]),
        list("nothing"),
        list("stranger@example.com"),
        get("all", &prod).unread(),
    ];
    let reasons = asked.iter().map(|asked| chinese.reason(asked).unwrap());
    insta::assert_snapshot!(reasons.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_long_name_leaves_room_for_the_words_of_ram() {
    let given = Given::new(&[]);
    let user = "u".repeat(5000);
    let reason = given.reason(&list(&user).within("eci")).unwrap();
    assert!(reason.ends_with("Code: UnboundIdentity"), "{reason}");
}

#[test]
fn what_was_judged_is_recorded() {
    let given = Given::new(&[]);
    let record = given.respond(&get("tags", &tagged("env:test")).log()).record;
    assert_eq!(
        (
            record.user.as_str(),
            record.groups,
            record.principal.as_deref(),
            record.namespace.as_str(),
            record.name.as_str()
        ),
        ("tags", 1, Some("user/tags"), "shop", "web")
    );
    assert_eq!(
        (
            record.resource.as_str(),
            record.operation,
            record.decision,
            record.mode
        ),
        ("pods/log", "get", "allow", "enforce")
    );
    assert_eq!(
        record.route.as_deref(),
        Some("certain: label alibabacloud.com/eci=true")
    );
    assert_eq!(
        (record.action, record.allowed_by),
        (Some("eci:DescribeContainerLog"), vec!["P26#2".to_owned()])
    );
    let asked = |asked: &Ask| given.respond(asked).record.questions;
    let label = |action, decision, scope| {
        vec![QuestionLabels {
            action,
            decision,
            scope,
        }]
    };
    let list_action = "eci:DescribeContainerGroups";
    assert_eq!(asked(&list("tags")), label(list_action, "Empty", "account"));
    assert_eq!(asked(&list("all")), label(list_action, "Allow", "account"));
    assert_eq!(
        asked(&list("stranger")),
        label(list_action, "ImplicitDeny", "unbound")
    );
    assert_eq!(
        asked(&get("nothing", &pod(json!({}))).log()),
        label("eci:DescribeContainerLog", "ImplicitDeny", "account")
    );
    assert_eq!(asked(&list("nothing").within("shop")), []);
    let record = given.respond(&list("tags")).record;
    assert_eq!(
        (record.code.as_deref(), record.causes.len(), record.generation),
        (Some("ImplicitDeny"), 1, Some(given.configuration.generation))
    );
}

#[test]
fn without_a_configuration_only_those_wait_whom_one_might_hold() {
    let exemptions = Exemptions { own: None };
    let answer = |asked: &Ask, mode: Mode| {
        let body = asked.body();
        unready(
            &SubjectAccessReview::parse(body.as_bytes()).unwrap(),
            &Modes::everywhere(mode),
            &exemptions,
        )
    };
    let denied = answer(&list("all"), Mode::Enforce);
    assert!(reason(&denied).unwrap().contains("no complete configuration yet"));
    assert!(status(&denied)["evaluationError"].is_string());
    assert_eq!(
        (denied.record.decision, denied.record.resource.as_str()),
        ("not_ready", "pods")
    );
    assert_eq!(reason(&answer(&list("all"), Mode::Warn)), None);
    for asked in [
        list("all").with("resource", json!("nodes")),
        list("all").within("kube-system"),
        list("admin").in_group("system:masters"),
        list("system:serviceaccount:kube-system:job-controller"),
    ] {
        assert_eq!(reason(&answer(&asked, Mode::Enforce)), None);
    }
}

#[test]
fn what_is_no_review_is_denied_with_the_reason() {
    let good: Value = serde_json::from_str(&list("all").body()).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body.to_string()
    };
    let bodies = [
        "{".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        changed(&|body| body["kind"] = json!("AdmissionReview")),
        changed(&|body| body["apiVersion"] = json!("authorization.k8s.io/v1beta1")),
        changed(&|body| body["spec"]["groups"] = json!("a")),
        changed(&|body| body["spec"] = json!(null)),
        changed(&|body| body["spec"]["resourceAttributes"] = json!(null)),
        changed(&|body| body["spec"]["nonResourceAttributes"] = json!({"path": "/"})),
        changed(&|body| body["spec"]["resourceAttributes"]["verb"] = json!(7)),
        changed(&|body| {
            body["spec"]["user"] = json!("");
            body["spec"]["groups"] = json!([]);
        }),
    ];
    let errors = bodies.iter().map(|body| {
        let error = SubjectAccessReview::parse(body.as_bytes()).unwrap_err();
        for mode in [Mode::Warn, Mode::Audit] {
            let answer = malformed(&error, mode);
            assert_eq!(
                status(&answer),
                json!({"allowed": false, "denied": false}),
                "{mode}"
            );
            assert_eq!(
                (answer.record.decision, answer.record.mode),
                ("malformed", mode.name())
            );
        }
        let answer = malformed(&error, Mode::Enforce);
        assert_eq!(answer.record.decision, "malformed");
        assert!(status(&answer)["evaluationError"].is_string());
        let version: Value = serde_json::from_slice(&answer.body).unwrap();
        format!("{} {}", version["apiVersion"], reason(&answer).unwrap())
    });
    insta::assert_snapshot!(errors.collect::<Vec<_>>().join("\n"));
    let grouped = changed(&|body| body["spec"]["user"] = json!(""));
    assert!(SubjectAccessReview::parse(grouped.as_bytes()).is_ok());
}

#[test]
fn a_refusal_of_the_server_is_a_denial_in_mode_enforce_alone() {
    for mode in [Mode::Warn, Mode::Audit] {
        let body: Value = serde_json::from_slice(&refuse("too slow", mode)).unwrap();
        assert_eq!(
            body["status"],
            json!({"allowed": false, "denied": false}),
            "{mode}"
        );
    }
    let body: Value = serde_json::from_slice(&refuse("too slow", Mode::Enforce)).unwrap();
    assert_eq!(
        body,
        json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "status": {"allowed": false, "denied": true, "reason": "too slow", "evaluationError": "too slow"},
        })
    );
}

fn any_ask() -> impl Strategy<Value = Ask> {
    let user = prop::sample::select(vec![
        "tags",
        "older",
        "all",
        "test",
        "guarded",
        "space",
        "nothing",
        "root",
        "who",
        "system:serviceaccount:a:b",
        "",
    ]);
    let verb = prop::sample::select(vec!["get", "list", "watch", "delete"]);
    let namespace = prop::sample::select(vec!["", "eci", "shop", "injected", "kube-system"]);
    let subresource = prop::sample::select(vec!["", "", "log", "status", "exec"]);
    let pods = prop::sample::select(vec![
        None,
        Some(tagged("env:test")),
        Some(tagged("env:prod,name:x")),
        Some(tagged("malformed")),
        Some(grouped("rg-test1")),
        Some(json!({"metadata": {}, "spec": {"nodeName": "real"}})),
        Some(json!([])),
    ]);
    let requirement = (
        "[a-z./]{0,8}",
        "In|NotIn|Exists|",
        prop::collection::vec(".{0,6}", 0..3),
    );
    let selector = prop::option::of(prop::collection::vec(requirement, 0..30));
    (user, verb, namespace, subresource, ".{0,8}", pods, selector.clone(), selector).prop_map(
        |(user, verb, namespace, subresource, name, pod, fields, labels)| {
            let selector = |requirements: Option<Vec<(String, String, Vec<String>)>>| {
                requirements.map(|requirements| {
                    let requirements = requirements.iter().map(|(key, operator, values)| json!({"key": key, "operator": operator, "values": values}));
                    json!({"requirements": requirements.collect::<Vec<_>>()})
                })
            };
            Ask {
                pod: pod.map(|pod| pod.to_string()),
                ..ask(user, json!({
                    "namespace": namespace, "verb": verb, "resource": "pods", "subresource": subresource, "name": name,
                    "fieldSelector": selector(fields), "labelSelector": selector(labels),
                }))
            }
        },
    )
}

proptest! {
    #[test]
    fn no_answer_ever_allows(asked in any_ask(), serverless: bool) {
        let given = Given::new(if serverless { &[("cluster: {", "cluster: {serverless: true, ")] } else { &[] });
        let answer = given.respond(&asked);
        let denied = reason(&answer).is_some();
        prop_assert_eq!(denied, answer.record.decision == "deny");
        prop_assert_eq!(&answer.body, &given.respond(&asked).body);
        if asked.user == "root" {
            // The account is only kept from what cannot be read
            prop_assert!(!denied || asked.pod.as_deref() == Some("[]"));
        }
    }

    #[test]
    fn no_body_brings_it_down(body in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..600) {
        let _any = SubjectAccessReview::parse(&body);
        let good = get("tags", &tagged("env:test")).body();
        let _cut = SubjectAccessReview::parse(good.as_bytes().get(..cut).unwrap_or_default());
    }
}
