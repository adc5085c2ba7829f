//! Requesters that are never evaluated, and requests that read nothing.

use serde_json::json;

use crate::authorization::tests::*;

#[test]
fn what_is_not_about_reading_pods_is_no_business() {
    let given = Given::new(&[]);
    let asked = list("stranger");
    assert!(given.denies(&asked));
    for (key, value) in [
        ("resource", "deployments"),
        ("resource", "*"),
        ("group", "metrics.k8s.io"),
        ("group", "*"),
        ("verb", "create"),
        ("verb", "deletecollection"),
        ("verb", "delete"),
        ("verb", "patch"),
        ("verb", "*"),
        // Whether any pod may be read: no real request asks so
        ("verb", "get"),
        ("subresource", "status"),
        ("subresource", "log"),
    ] {
        let answer = given.respond(&asked.clone().with(key, json!(value)));
        assert_eq!(reason(&answer), None, "{key} {value}");
        assert_eq!(answer.record.decision, "unjudged");
    }
    let path = json!({"path": "/healthz", "verb": "get"});
    let body = asked
        .body()
        .replace(&asked.attributes.to_string(), &path.to_string());
    let body = body.replace("resourceAttributes", "nonResourceAttributes");
    let review = SubjectAccessReview::parse(body.as_bytes()).unwrap();
    let answer = given.context(&review, &given.objects).respond(PodLookup::Absent);
    assert_eq!(answer.record.decision, "unjudged");
}

#[test]
fn every_way_to_read_a_whole_pod_is_judged() {
    let given = Given::new(&[]);
    let prod = tagged("env:prod");
    for subresource in ["", "status", "ephemeralcontainers", "resize", "log"] {
        let asked = get("tags", &prod).with("subresource", json!(subresource));
        assert!(given.denies(&asked), "{subresource}");
    }
    for subresource in ["exec", "attach", "portforward", "proxy", "binding", "eviction"] {
        let asked = get("tags", &prod).with("subresource", json!(subresource));
        assert!(!given.denies(&asked), "{subresource}");
    }
    for verb in ["list", "watch"] {
        let by_field = get("tags", &prod)
            .with("verb", json!(verb))
            .with("name", json!(""))
            .field("metadata.name", "web");
        assert!(given.denies(&by_field), "{verb}");
        assert_eq!(given.respond(&by_field).record.name, "web");
    }
}

#[test]
fn the_control_plane_and_its_agents_read_everything() {
    let given = Given::new(&[]);
    let everywhere = Given::new(&[("cluster: {", "cluster: {serverless: true, ")]);
    for (user, group) in [
        ("admin", "system:masters"),
        ("system:apiserver", ""),
        ("system:kube-scheduler", ""),
        ("system:kube-controller-manager", ""),
        ("system:node:n1", "system:nodes"),
        ("system:serviceaccount:kube-system:replicaset-controller", ""),
        ("system:serviceaccount:kube-system:metrics-server", ""),
        ("system:serviceaccount:ramgate-system:ramgate", ""),
        ("janitor", ""),
    ] {
        let one = get(user, &tagged("env:prod")).in_group(group);
        for asked in [
            one.clone(),
            one.log(),
            list(user).in_group(group),
            list(user).within("").in_group(group),
        ] {
            for given in [&given, &everywhere] {
                assert_eq!(given.reason(&asked), None, "{user}");
            }
        }
    }
    // A node's name without the group that only nodes get, and a controller's name elsewhere
    for user in [
        "system:node:n1",
        "system:serviceaccount:shop:replicaset-controller",
    ] {
        assert!(given.denies(&get(user, &tagged("env:prod")).log()), "{user}");
    }
}

#[test]
fn nobody_needs_rights_for_the_exempt_namespaces() {
    let given = Given::new(&[("cluster: {", "cluster: {serverless: true, ")]);
    for namespace in ["kube-system", "ramgate-system"] {
        for user in ["nothing", "stranger"] {
            let asked = [
                list(user),
                get(user, &tagged("env:prod")),
                get(user, &tagged("env:prod")).log(),
            ];
            for asked in asked {
                assert_eq!(
                    given.reason(&asked.within(namespace)),
                    None,
                    "{user} in {namespace}"
                );
            }
            let by_field = list(user).within("").field("metadata.namespace", namespace);
            assert_eq!(given.reason(&by_field), None);
        }
    }
    assert!(given.denies(&list("nothing").within("kube-system-2")));
}

#[test]
fn whom_ram_does_not_know_is_denied_but_for_programs_that_read_pods() {
    let given = Given::new(&[]);
    let pod = tagged("env:test");
    for user in ["stranger", "system:anonymous"] {
        for asked in [
            get(user, &pod),
            get(user, &pod).log(),
            list(user),
            list(user).with("verb", json!("watch")),
        ] {
            assert!(given.denies(&asked), "{user}");
        }
    }
    for user in ["system:serviceaccount:monitoring:prometheus", "system:kube-proxy"] {
        for asked in [
            get(user, &pod),
            list(user),
            list(user).with("verb", json!("watch")),
        ] {
            assert!(!given.denies(&asked), "{user}");
        }
        assert!(given.denies(&get(user, &pod).log()), "{user}");
    }
    // Once it is bound, a program is held to what it is bound to
    let deployer = "system:serviceaccount:ci:deployer";
    hold(
        &given,
        &[
            ("by its own binding", list(deployer), true),
            ("by its own binding", get(deployer, &tagged("env:prod")), true),
            ("by its own binding", get(deployer, &pod).log(), false),
            (
                "by its group's",
                list("system:serviceaccount:monitoring:prometheus").in_group("nothings"),
                true,
            ),
            (
                "an agent too",
                list("system:serviceaccount:kube-system:agent").in_group("nothings"),
                true,
            ),
        ],
    );
}

#[test]
fn nothing_is_looked_up_for_whom_nothing_is_denied() {
    let given = Given::new(&[]);
    let own = "system:serviceaccount:ramgate-system:ramgate";
    for asked in [
        get(own, &pod(json!({}))),
        get("system:kube-proxy", &pod(json!({}))),
        get("all", &pod(json!({}))).within("kube-system"),
    ] {
        let body = asked.body();
        let review = SubjectAccessReview::parse(body.as_bytes()).unwrap();
        let unknown = ClusterSnapshot::unknown();
        let case = given.context(&review, &unknown);
        assert_eq!(
            (case.pod(), case.unread_namespace()),
            (None, None),
            "{}",
            asked.user
        );
    }
}

#[test]
fn identities_of_ack_read_as_their_ram_users() {
    let number = ("- {name: all,", "- {name: all, id: '2011',");
    let trusted = (
        "clusterId: c0ffee}",
        "clusterId: c0ffee, trustedExtra: [canonicalArn]}",
    );
    let denies = |changes: &[(&str, &str)], user: &str, arn: &str| {
        let given = Given::new(changes);
        let extra = json!({"canonicalarn": [arn]});
        let body = list(user).body();
        let body = body.replace(&json!({"k": ["v"]}).to_string(), &extra.to_string());
        assert!(body.contains("canonicalarn"), "{body}");
        let review = SubjectAccessReview::parse(body.as_bytes()).unwrap();
        let response = given.context(&review, &given.objects).respond(PodLookup::Absent);
        reason(&response).is_some()
    };
    let arn = "acs:ram::1234567890123456:user/all";
    assert!(denies(&[], "2011-7", arn));
    assert!(!denies(&[number], "2011-7", ""));
    assert!(denies(&[number], "2012-7", arn));
    assert!(!denies(&[trusted], "zed", arn));
    assert!(denies(&[trusted], "zed", "acs:ram::1:user/all"));
    assert!(denies(&[trusted], "nothing", arn));
}
