//! Which pods and lists are evaluated, and as which ECI call.

use serde_json::{Value, json};

use crate::authorization::tests::*;

#[test]
fn a_pod_is_judged_where_it_is_certainly_on_eci() {
    let given = Given::new(&[]);
    let on = |node: &str, labels: Value| json!({"metadata": {"name": "web", "labels": labels}, "spec": {"nodeName": node}});
    let unbound = |labels: Value| json!({"metadata": {"name": "web", "labels": labels}, "spec": {}});
    let marked = json!({"alibabacloud.com/eci": "true"});
    let tolerating = json!({"metadata": {"name": "web"}, "spec": {"tolerations": [{"operator": "Exists"}]}});
    hold(
        &given,
        &[
            ("its label", get("nothing", &unbound(marked.clone())), true),
            ("a virtual node", get("nothing", &on("virtual", json!({}))), true),
            (
                "a node that nobody knows",
                get("nothing", &on("new", json!({}))),
                true,
            ),
            (
                "a real node, whatever its label",
                get("nothing", &on("real", marked.clone())),
                false,
            ),
            ("no mark", get("nothing", &unbound(json!({}))), false),
            ("only possible", get("nothing", &tolerating), false),
            (
                "its namespace",
                get("nothing", &unbound(json!({}))).within("eci"),
                true,
            ),
            (
                "an older label of its namespace",
                get("nothing", &unbound(json!({}))).within("injected"),
                true,
            ),
        ],
    );
    let serverless = Given::new(&[("cluster: {", "cluster: {serverless: true, ")]);
    assert!(serverless.denies(&get("nothing", &unbound(json!({})))));
    let acs = unbound(json!({"alibabacloud.com/acs": "true"}));
    assert!(!serverless.denies(&get("nothing", &acs)));
}

#[test]
fn a_list_is_judged_where_all_that_it_selects_is_eci() {
    let given = Given::new(&[(
        "cluster: {",
        "cluster: {burstNamespaces: [{matchLabels: {kubernetes.io/metadata.name: burst}}], ",
    )]);
    let nothing = || list("nothing");
    hold(
        &given,
        &[
            ("a namespace that leads there", nothing(), true),
            ("watched", nothing().with("verb", json!("watch")), true),
            ("by the older label", nothing().within("injected"), true),
            ("one with all kinds of pods", nothing().within("shop"), false),
            ("whose pods may all go there", nothing().within("burst"), false),
            ("all namespaces", nothing().within(""), false),
            (
                "one of them",
                nothing().within("").field("metadata.namespace", "eci"),
                true,
            ),
            (
                "the label that leads there",
                nothing()
                    .within("shop")
                    .labels(&[("alibabacloud.com/eci", "true")]),
                true,
            ),
            (
                "wherever it is",
                nothing().within("").labels(&[("eci", "true")]),
                true,
            ),
            (
                "a virtual node",
                nothing().within("").field("spec.nodeName", "virtual"),
                true,
            ),
            (
                "a node that nobody knows",
                nothing().within("shop").field("spec.nodeName", "new"),
                true,
            ),
            ("a real node", nothing().field("spec.nodeName", "real"), false),
        ],
    );
    let serverless = Given::new(&[("cluster: {", "cluster: {serverless: true, ")]);
    hold(
        &serverless,
        &[
            ("any namespace", nothing().within("shop"), true),
            ("all namespaces", nothing().within(""), true),
            ("all namespaces, for who may", list("all").within(""), false),
            (
                "all namespaces, for who must name one",
                list("space").within(""),
                true,
            ),
            (
                "what goes elsewhere",
                nothing()
                    .within("shop")
                    .labels(&[("alibabacloud.com/acs", "true")]),
                false,
            ),
        ],
    );
}

#[test]
fn what_cannot_be_looked_up_is_denied_and_not_skipped() {
    let given = Given::new(&[]);
    let unbound = json!({"metadata": {"name": "web"}, "spec": {}});
    let bound = json!({"metadata": {"name": "web"}, "spec": {"nodeName": "n"}});
    for (asked, words) in [
        (list("all"), "there is no such namespace, or it is too new"),
        (
            get("all", &unbound),
            "there is no such namespace, or it is too new",
        ),
        (get("nothing", &bound), "no policy of RAM user `nothing`"),
        (get("all", &unbound).unread(), "could not read the pod"),
        (
            get("system:kube-proxy", &unbound).unread().log(),
            "could not read the pod",
        ),
    ] {
        let answer = given.respond_in(&asked, &ClusterSnapshot::unknown());
        let reason = reason(&answer).unwrap();
        assert!(reason.contains(words), "{reason}");
        let is_error = status(&answer)["evaluationError"].is_string();
        assert_eq!(is_error, !words.starts_with("no policy"), "{reason}");
    }
    // Whoever may read it all the same is not kept from a pod whose node says enough
    assert_eq!(
        reason(&given.respond_in(&get("root", &bound), &ClusterSnapshot::unknown())),
        None
    );
    let body = get("all", &bound).body();
    let review = SubjectAccessReview::parse(body.as_bytes()).unwrap();
    let unknown = ClusterSnapshot::unknown();
    let case = given.context(&review, &unknown);
    assert_eq!(case.pod(), Some(("shop", "web")));
    assert_eq!(case.unread_namespace(), Some("shop"));
    assert_eq!(
        case.unread_node(PodLookup::Found(&bound.to_string())),
        Some("n".to_owned())
    );
    assert_eq!(case.unread_node(PodLookup::Found(&unbound.to_string())), None);
    let known = json!({"metadata": {"name": "web"}, "spec": {"nodeName": "real"}}).to_string();
    assert_eq!(
        given
            .context(&review, &given.objects)
            .unread_node(PodLookup::Found(&known)),
        None
    );
    let body = list("all").field("spec.nodeName", "n").body();
    let review = SubjectAccessReview::parse(body.as_bytes()).unwrap();
    assert_eq!(
        given
            .context(&review, &ClusterSnapshot::unknown())
            .unread_node(PodLookup::Absent),
        Some("n".to_owned())
    );
    assert_eq!(given.context(&review, &given.objects).unread_namespace(), None);
}

#[test]
fn a_pod_that_is_not_there_is_not_found_but_not_waited_for() {
    let given = Given::new(&[]);
    let asked = |verb: &str| {
        get("tags", &pod(json!({})))
            .absent()
            .within("eci")
            .with("verb", json!(verb))
    };
    hold(
        &given,
        &[
            ("kubectl apply looks first", asked("get"), false),
            ("nothing is listed", asked("list"), false),
            ("whatever will be made is watched", asked("watch"), true),
            (
                "as far as it may be",
                asked("watch").labels(&[("env", "test")]),
                false,
            ),
            ("a log of nothing", asked("get").log(), false),
        ],
    );
}

#[test]
fn modes_soften_a_denial_to_no_opinion() {
    let mut given = Given::new(&[("cluster: {", "cluster: {serverless: true, ")]);
    given.modes = Modes {
        default: Mode::Warn,
        namespaces: [
            ("eci".to_owned(), Mode::Enforce),
            ("seen".to_owned(), Mode::Audit),
        ]
        .into(),
        ..Modes::default()
    };
    let decision = |namespace: &str| {
        let answer = given.respond(&list("nothing").within(namespace));
        (
            status(&answer)["denied"] == true,
            answer.record.decision,
            answer.record.mode,
            answer.record.message.is_some(),
        )
    };
    assert_eq!(decision("eci"), (true, "deny", "enforce", true));
    assert_eq!(decision("shop"), (false, "warn", "warn", true));
    assert_eq!(decision("seen"), (false, "audit", "audit", true));
    // A list of everything shows what is enforced too
    assert_eq!(decision(""), (true, "deny", "enforce", true));
    given.modes.namespaces.remove("eci");
    let answer = given.respond(&list("nothing").within(""));
    assert_eq!((reason(&answer), answer.record.mode), (None, "warn"));
}

#[test]
fn boundaries_hold_for_reading_too() {
    let boundary = "boundaries: [{namespaces: {matchLabels: {env: test}}, principal: role/Team}]\ncluster: {serverless: true, ";
    let given = Given::new(&[("cluster: {", boundary)]);
    let env = [("env", "test")];
    hold(
        &given,
        &[
            ("its own rights are not enough", list("all"), true),
            ("within the boundary's", list("all").labels(&env), false),
            ("a pod", get("all", &tagged("env:prod")).within("eci"), true),
            (
                "a pod within it",
                get("all", &tagged("env:test")).within("eci"),
                false,
            ),
            ("another namespace", list("all").within("shop"), false),
            ("all of them", list("all").within(""), true),
            (
                "all of them, within it",
                list("all").within("").labels(&env),
                false,
            ),
        ],
    );
    let reason = given.reason(&list("all")).unwrap();
    assert!(
        reason.contains(
            "the boundary RAM role `Team` forbids it: tag `env` must be `test`, by statement `P26#3`"
        ),
        "{reason}"
    );
    // An explicit deny shows first, whoever's it is
    let wall = boundary.replace("role/Team", "role/Wall");
    let given = Given::new(&[("cluster: {", &wall)]);
    let answer = given.respond(&list("tags").labels(&[("env", "secret")]));
    let first = crate::authorization::tests::reason(&answer).unwrap();
    assert!(
        first.contains("the boundary RAM role `Wall` forbids it: statement `Guard#1` forbids"),
        "{first}"
    );
    assert_eq!(answer.record.code.as_deref(), Some("ExplicitDeny"));
    assert_eq!(answer.record.causes.len(), 2);
}

#[test]
fn what_the_mapping_rules_decide_is_asked_for() {
    let mapping = |rule: &str| format!("mapping: {{tags: [{rule}]}}\ncluster:");
    let env = [("env", "test")];
    let with = |rule: &str| Given::new(&[("cluster:", &mapping(rule))]);
    let by_namespace = with("{key: env, from: {namespaceLabel: env}, mode: enforce}");
    hold(
        &by_namespace,
        &[
            ("the namespace's label", list("tags"), false),
            (
                "which no label of a pod changes",
                list("tags").labels(&[("env", "prod")]),
                false,
            ),
            ("a namespace without it", list("tags").within("injected"), true),
            (
                "where a pod's label is no tag",
                list("tags").within("injected").labels(&env),
                true,
            ),
        ],
    );
    let loose = with("{key: env, from: {namespaceLabel: env}, mode: default}");
    hold(
        &loose,
        &[
            ("pods may say otherwise", list("tags"), true),
            ("the label counts", list("tags").labels(&env), false),
        ],
    );
    let by_label = with("{key: env, from: {podLabel: stage}, mode: enforce}");
    let reason = by_label.reason(&list("tags")).unwrap();
    assert!(
        reason.contains("ask with the label selector `stage=test`"),
        "{reason}"
    );
    hold(
        &by_label,
        &[
            (
                "the label that becomes the tag",
                list("tags").labels(&[("stage", "test")]),
                false,
            ),
            ("and not the tag's own name", list("tags").labels(&env), true),
        ],
    );
    let unseen = with("{key: env, from: {podAnnotation: stage}, mode: enforce}");
    let reason = unseen.reason(&list("tags").labels(&env)).unwrap();
    assert!(reason.contains("no label selector would be allowed"), "{reason}");
    let fixed = with("{key: env, from: {value: test}, mode: enforce}");
    hold(&fixed, &[("a fixed value", list("tags"), false)]);
    let group = "mapping: {resourceGroupId: {from: {namespaceLabel: group}, mode: enforce}}\ncluster:";
    hold(
        &Given::new(&[("cluster:", group)]),
        &[
            ("the namespace's group", list("test"), false),
            ("elsewhere there is none", list("test").within("injected"), true),
        ],
    );
}

#[test]
fn the_namespace_is_a_tag_where_the_cluster_has_an_id() {
    let given = Given::new(&[]);
    assert!(!given.denies(&list("space")));
    assert!(given.denies(&list("space").within("injected")));
    assert!(given.denies(&list("space").within("injected").labels(&[("NameSpace", "eci")])));
    let bare = Given::new(&[(", clusterId: c0ffee", "")]);
    assert!(bare.denies(&list("space")));
}

#[test]
fn only_a_requirement_for_one_value_is_a_tag() {
    let given = Given::new(&[]);
    let with =
        |requirement: Value| list("tags").with("labelSelector", json!({"requirements": [requirement]}));
    let one =
        |operator: &str, values: &[&str]| with(json!({"key": "env", "operator": operator, "values": values}));
    hold(
        &given,
        &[
            ("env in (test)", one("In", &["test"]), false),
            ("env in (test, test)", one("In", &["test", "test"]), false),
            ("env in (test, prod)", one("In", &["test", "prod"]), true),
            ("env notin (prod)", one("NotIn", &["prod"]), true),
            ("env", one("Exists", &[]), true),
            ("env in ()", one("In", &[]), true),
            ("without values", with(json!({"key": "env", "operator": "In"})), true),
            ("of a later version", one("Like", &["test"]), true),
            ("raw", list("tags").with("labelSelector", json!({"rawSelector": "env=test"})), true),
            ("raw and read", list("tags").with("labelSelector", json!({"rawSelector": "env=prod", "requirements": [{"key": "env", "operator": "In", "values": ["test"]}]})), false),
            ("none", list("tags").with("labelSelector", json!({"requirements": null})), true),
        ],
    );
    let many: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();
    let mut labels: Vec<(&str, &str)> = many.iter().skip(1).map(|key| (key.as_str(), "v")).collect();
    labels.push(("env", "test"));
    assert!(!given.denies(&list("tags").labels(&labels)));
    labels.push(("one", "more"));
    assert!(given.denies(&list("tags").labels(&labels)));
}
