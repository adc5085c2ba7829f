//! What a review costs that was made to be dear: the product's own binary stays within its memory, and answers others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::SECOND;
use crate::client::{Connection, posted};
use crate::served::Served;

/// The most that the process may ever have in memory, half of what the chart lets it have
const MOST_MEMORY: usize = 128 * 1024;

const DIRECTORY: &str = r#"
account: {id: "1234567890123456", region: cn-hangzhou}
resourceGroups: [{id: rg-default1, name: default, default: true}]
users: [{name: alice, policies: [{policy: Test}]}, {name: bob, policies: [TEAMS]}]
bindings:
- {principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}
- {principal: user/bob, subjects: [{kind: User, name: bob@example.com}]}
cluster:
  carriers: [{user: "system:serviceaccount:a:b", group: example.com, kind: Thing, resource: things, templates: [spec.tasks.template]}]
"#;

const TEST: &str = r#"{"Version": "1", "Statement": [
  {"Effect": "Allow", "Action": "eci:*", "Resource": "*", "Condition": {"StringEquals": {"acs:RequestTag/env": "test"}}}]}"#;

/// Ten policies with a statement for each of 200 teams, none of which may make what has no team, and a Deny that leaves none
fn teams() -> Vec<(String, String)> {
    let policy = |number: usize| {
        let allow = |at: usize| {
            json!({"Effect": "Allow", "Action": "eci:*", "Resource": "*", "Condition": {"StringLike":
                {"acs:RequestTag/team": format!("t{number}-{at}-*"), "acs:RequestTag/env": format!("*e{number}-{at}*")}}})
        };
        let mut statements: Vec<Value> = (0..200).map(allow).collect();
        statements.push(json!({"Effect": "Deny", "Action": "eci:*", "Resource": "*",
            "Condition": {"StringLike": {"acs:RequestTag/team": "t*"}}}));
        let text = json!({"Version": "1", "Statement": statements}).to_string();
        (format!("Teams{number}.json"), text)
    };
    (0..10).map(policy).collect()
}

fn served() -> Served {
    let teams = teams();
    let grants: Vec<String> = (0..10)
        .map(|number| format!("{{policy: Teams{number}}}"))
        .collect();
    let directory = DIRECTORY.replace("TEAMS", &grants.join(", "));
    let mut files = vec![("Test.json", TEST), ("directory.yaml", directory.as_str())];
    files.extend(teams.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    Served::with(&files, &["--mode=enforce", "--namespace-mode=calm=warn"])
}

/// A review as text, whose objects are texts already
fn review(resource: (&str, &str), operation: &str, user: &str, old: Option<&str>, new: &str) -> Bytes {
    let (group, resource) = resource;
    let old = old.unwrap_or("null");
    format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u-1","name":"web","namespace":"shop",
        "resource":{{"group":"{group}","version":"v1","resource":"{resource}"}},"operation":"{operation}",
        "userInfo":{{"username":"{user}","groups":["system:authenticated"]}},"object":{new},"oldObject":{old}}}}}"#
    )
    .into()
}

const PODS: (&str, &str) = ("", "pods");
const DEPLOYMENTS: (&str, &str) = ("apps", "deployments");

fn pod(metadata: &str, spec: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"web","namespace":"shop","labels":{{"alibabacloud.com/eci":"true"}}{metadata}}},"spec":{{{spec}}}}}"#
    )
}

fn deployment(metadata: &str, spec: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"web","namespace":"shop"}},"spec":{{"template":{}}}}}"#,
        pod(metadata, spec)
    )
}

/// The same part over and over, up to some size
fn list(part: &str, bytes: usize) -> String {
    format!("[{}]", vec![part; bytes / (part.len() + 1)].join(","))
}

/// An object of many members
fn map(bytes: usize, value: &str) -> String {
    let count = bytes / (value.len() + 10);
    let members: Vec<String> = (0..count).map(|at| format!("\"{at:06}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

const MIB: usize = 1024 * 1024;

/// What somebody sends, and how often at a time
fn attacks() -> Vec<(&'static str, usize, Bytes)> {
    let mallory = "mallory";
    let changed = |make: &dyn Fn(&str) -> String, resource| {
        review(resource, "UPDATE", mallory, Some(&make("1")), &make("2"))
    };
    let tiny = |bytes: usize, part: &'static str| {
        move |number: &str| {
            let parts = list(part, bytes);
            deployment(
                "",
                &format!(r#""containers":[{{"name":"a","image":"{number}","x":{parts}}}]"#),
            )
        }
    };
    let hosts = |number: &str| {
        let aliases = list(r#"{"ip":"10.0.0.1","hostnames":["a","b"]}"#, 3 * MIB);
        deployment(
            "",
            &format!(r#""hostAliases":{aliases},"serviceAccountName":"a{number}""#),
        )
    };
    let keys = |number: &str| {
        deployment(
            "",
            &format!(r#""x":{},"y":"{number}""#, map(3 * MIB + MIB / 2, "0")),
        )
    };
    let closed = |number: &str| {
        deployment(
            "",
            &format!(r#""x":{},"y":"{number}""#, list(r#"{"a":{"b":1}}"#, 3 * MIB)),
        )
    };
    // As Go writes `<`
    let escapes = |number: &str| {
        let text = "\\u003c".repeat(19 * MIB / 12);
        deployment(
            "",
            &format!(r#""containers":[{{"name":"a","image":"{number}","command":["{text}"]}}]"#),
        )
    };
    let calm = |body: &Bytes| {
        let text = String::from_utf8(body.to_vec()).unwrap();
        Bytes::from(text.replacen("\"shop\"", "\"calm\"", 1))
    };
    let values = |bytes| {
        let values = list(r#""""#, bytes);
        let expression = format!(r#"{{"key":"a","operator":"In","values":{values}}}"#);
        format!(
            r#""affinity":{{"nodeAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":{{"nodeSelectorTerms":[{{"matchExpressions":[{expression}]}}]}}}}}}"#
        )
    };
    let terms = format!(
        r#""affinity":{{"nodeAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":{{"nodeSelectorTerms":{}}}}}}}"#,
        list("{}", 7 * MIB)
    );
    let tolerations = |bytes| format!(r#""tolerations":{}"#, list("{}", bytes));
    let create = |object: String, resource| review(resource, "CREATE", mallory, None, &object);
    let tags = |bytes| {
        let tags = vec!["a:b"; bytes / 4].join(",");
        format!(r#","annotations":{{"k8s.aliyun.com/eci-custom-tags":"{tags}"}}"#)
    };
    let groups = String::from_utf8(create(pod("", ""), PODS).to_vec())
        .unwrap()
        .replace(r#"["system:authenticated"]"#, &list(r#""a""#, 7 * MIB));
    let things = |part: &str, bytes| {
        let thing = format!(
            r#"{{"metadata":{{"name":"web"}},"spec":{{"tasks":{}}}}}"#,
            list(part, bytes)
        );
        create(thing, ("example.com", "things"))
    };
    let template = format!(
        r#"{{"template":{{"metadata":{{"labels":{}}},"spec":{{{},{}}}}}}}"#,
        map(8_000, "\"\""),
        tolerations(3_000),
        values(20_000),
    );
    let config = |data: String| {
        let object = format!(
            r#"{{"metadata":{{"name":"c","namespace":"ramgate","labels":{{"ramgate.io/config":"policy"}}}},"data":{data}}}"#
        );
        create(object, ("", "configmaps"))
    };
    let profile = |data: String| {
        let object =
            format!(r#"{{"metadata":{{"name":"eci-profile","namespace":"kube-system"}},"data":{data}}}"#);
        let text = create(object, ("", "configmaps")).to_vec();
        let text = String::from_utf8(text)
            .unwrap()
            .replacen("\"web\"", "\"eci-profile\"", 1);
        Bytes::from(text.replacen("\"shop\"", "\"kube-system\"", 1))
    };
    let document = list("[]", MIB - 100);
    vec![
        // One of the largest reviews fits into the memory for bodies
        ("escapes in the largest review", 1, changed(&escapes, DEPLOYMENTS)),
        (
            "tags in the largest review",
            1,
            create(pod(&tags(19 * MIB), ""), PODS),
        ),
        (
            "tags in the largest review, in mode warn",
            1,
            calm(&create(pod(&tags(19 * MIB), ""), PODS)),
        ),
        (
            "three of the largest reviews, in mode warn",
            3,
            calm(&create(
                pod(&format!(r#","annotations":{}"#, map(19 * MIB, "\"\"")), ""),
                PODS,
            )),
        ),
        ("tiny numbers", 3, changed(&tiny(7 * MIB / 2, "1"), DEPLOYMENTS)),
        ("tiny lists", 3, changed(&tiny(7 * MIB / 2, "[]"), DEPLOYMENTS)),
        ("tiny objects", 3, changed(&tiny(7 * MIB / 2, "{}"), DEPLOYMENTS)),
        ("host aliases", 3, changed(&hosts, DEPLOYMENTS)),
        ("keys", 3, changed(&keys, DEPLOYMENTS)),
        ("objects that are closed", 3, changed(&closed, DEPLOYMENTS)),
        (
            "the same of a pod",
            3,
            changed(
                &|number| pod("", &format!(r#""x":{},"y":"{number}""#, list("{}", 3 * MIB))),
                PODS,
            ),
        ),
        (
            "values of an affinity",
            3,
            create(pod("", &values(7 * MIB)), PODS),
        ),
        ("terms of an affinity", 3, create(pod("", &terms), PODS)),
        ("tolerations", 3, create(pod("", &tolerations(7 * MIB)), PODS)),
        (
            "annotations",
            3,
            create(
                pod(&format!(r#","annotations":{}"#, map(7 * MIB, "\"\"")), ""),
                PODS,
            ),
        ),
        (
            "owners",
            3,
            create(
                pod(
                    &format!(
                        r#","ownerReferences":{}"#,
                        list(r#"{"kind":"","name":""}"#, 7 * MIB)
                    ),
                    "",
                ),
                PODS,
            ),
        ),
        ("tags", 3, create(pod(&tags(7 * MIB), ""), PODS)),
        ("groups", 3, groups.into()),
        (
            "elements of a list on the way to templates",
            3,
            things("0", 7 * MIB),
        ),
        ("lists on the way to templates", 3, things("[]", 7 * MIB)),
        ("templates of many parts", 3, things(&template, 7 * MIB)),
        (
            "many reviews of many parts",
            60,
            create(
                pod("", &format!("{},{}", tolerations(3_000), values(20_000))),
                PODS,
            ),
        ),
        (
            "many reviews just below what is large",
            60,
            changed(&tiny(110 * 1024, "{}"), DEPLOYMENTS),
        ),
        ("keys of a configuration", 3, config(map(7 * MIB, "\"\""))),
        (
            "a configuration that is a deep list",
            3,
            config(format!(r#"{{"P.json":"{document}"}}"#)),
        ),
        ("keys of an eci-profile", 3, profile(map(7 * MIB, "\"\""))),
        (
            "selectors of an eci-profile",
            3,
            profile(format!(r#"{{"selectors":"{}"}}"#, list("{}", 7 * MIB))),
        ),
        (
            "a configuration that is too long",
            3,
            config(format!(r#"{{"P.json":"{}"}}"#, list("[]", 7 * MIB))),
        ),
        (
            "advice where there is none",
            20,
            review(PODS, "CREATE", "bob@example.com", None, &pod("", "")),
        ),
        (
            "tiny lists in the largest review",
            1,
            changed(&tiny(19 * MIB / 2, "[]"), DEPLOYMENTS),
        ),
    ]
}

/// A number of the process's memory in KiB, by its name in /proc
fn memory(served: &Served, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Lets the process's peak start anew
fn forget_peak(served: &Served) {
    std::fs::write(format!("/proc/{}/clear_refs", served.id()), "5").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_to_be_dear_costs_no_more_than_there_is() {
    let served = served();
    let (address, bundle) = served.door();
    let honest = review(
        PODS,
        "CREATE",
        "alice@example.com",
        None,
        &pod(
            r#","annotations":{"k8s.aliyun.com/eci-custom-tags":"env:test"}"#,
            "",
        ),
    );
    let mut too_dear = Vec::new();
    for (name, at_once, body) in attacks() {
        forget_peak(&served);
        let ended = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..at_once)
            .map(|at| {
                let (bundle, body, ended) = (bundle.clone(), body.clone(), Arc::clone(&ended));
                tokio::spawn(async move {
                    let path = if at % 2 == 0 { "/mutate" } else { "/validate" };
                    let mut slowest = Duration::ZERO;
                    for _ in 0..4 {
                        let started = Instant::now();
                        let mut connection = Connection::tls(address, "localhost", &bundle).await.unwrap();
                        // Whatever the answer is, there is one
                        let seen = connection.send(posted(path, body.clone())).await.unwrap();
                        assert!(!seen.text.is_empty(), "{}", seen.status);
                        slowest = slowest.max(started.elapsed());
                    }
                    ended.store(true, Ordering::Relaxed);
                    slowest
                })
            })
            .collect();
        let mut slowest = Duration::ZERO;
        let mut connection = Connection::tls(address, "localhost", &bundle).await.unwrap();
        while !ended.load(Ordering::Relaxed) {
            let started = Instant::now();
            let seen = connection.send(posted("/mutate", honest.clone())).await.unwrap();
            slowest = slowest.max(started.elapsed());
            assert_eq!(seen.json()["response"]["allowed"], true, "{name}: {}", seen.text);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut dearest = Duration::ZERO;
        for task in tasks {
            dearest = dearest.max(task.await.unwrap());
        }
        let (peak, stays) = (memory(&served, "VmHWM"), memory(&served, "VmRSS"));
        let report = format!(
            "{name}: peak {} MiB, {} MiB stay; an honest review takes up to {} ms, such a one {} ms",
            peak / 1024,
            stays / 1024,
            slowest.as_millis(),
            dearest.as_millis()
        );
        println!("{report}");
        if peak > MOST_MEMORY || slowest > SECOND {
            too_dear.push(report);
        }
    }
    assert!(too_dear.is_empty(), "{}", too_dear.join("\n"));
}
