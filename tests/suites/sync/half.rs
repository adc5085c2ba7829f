//! Half answers, throttling and outages: nothing is written.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cloud::{Answer, Behaviour};
use crate::stage::Stage;

type Change = fn(&mut Value);

/// Runs against a cloud that changes the answers of an action; nothing may be written
#[track_caller]
fn refused(run: &crate::stage::Run, stage: &Stage, said: &str, what: &str) {
    assert!(matches!(run.code, 1 | 3), "{what}: {run:?}");
    assert!(run.stderr.contains(said), "{what}: {run:?}");
    assert!(stage.kubernetes.take_writes().is_empty(), "{what}");
}

#[tokio::test]
async fn a_list_that_does_not_end_as_it_says_is_refused() {
    let cases: &[(&'static str, &str, Change)] = &[
        (
            "ListUsers",
            "half an answer: IsTruncated without a Marker",
            |body| body["IsTruncated"] = json!(true),
        ),
        (
            "ListGroups",
            "half an answer: the Marker leads to the same page again",
            |body| {
                body["IsTruncated"] = json!(true);
                body["Marker"] = json!("m0");
            },
        ),
        (
            "ListUsersForGroup",
            "half an answer: it does not say IsTruncated",
            |body| {
                body["Marker"] = json!("m1");
                body.as_object_mut().unwrap().remove("IsTruncated");
            },
        ),
        (
            "ListPolicyAttachments",
            "only 14 items come, and TotalCount is 15",
            |body| body["TotalCount"] = json!(15),
        ),
        (
            "ListPolicyAttachments",
            "14 items, and TotalCount is 13",
            |body| body["TotalCount"] = json!(13),
        ),
        (
            "ListResourceGroups",
            "half an answer: it has no TotalCount",
            |body| {
                body.as_object_mut().unwrap().remove("TotalCount");
            },
        ),
        (
            "ListResourceGroups",
            "page 1 was asked for, and another came",
            |body| body["PageNumber"] = json!(2),
        ),
        ("ListRoles", "half an answer: /Roles/Role is no list", |body| {
            body["Roles"] = json!({"Role": "none"})
        }),
        // Lists that miss something that another list names
        ("ListUsers", "ListUsers does not show `user/user11`", |body| {
            body["Users"]["User"].as_array_mut().unwrap().pop();
        }),
        ("ListGroups", "ListGroups does not show `group/group.0`", |body| {
            body["Groups"] = json!({})
        }),
        (
            "ListRoles",
            "there is no GetRole answer for `role/Role1`",
            |body| {
                body["Roles"]["Role"].as_array_mut().unwrap().remove(1);
            },
        ),
        ("ListResourceGroups", "`rg-shop` is neither the account", |body| {
            body["ResourceGroups"]["ResourceGroup"]
                .as_array_mut()
                .unwrap()
                .pop();
            body["TotalCount"] = json!(1);
        }),
    ];
    for (action, said, change) in cases {
        let stage = Stage::new(Behaviour::tampering_with(action, |_, answer| {
            answer.with(*change)
        }))
        .await;
        let run = stage.run(&[]).await;
        refused(&run, &stage, said, action);
    }
}

#[tokio::test]
async fn a_failure_midway_writes_nothing() {
    for action in [
        "GetCallerIdentity",
        "ListUsers",
        "ListUsersForGroup",
        "GetRole",
        "ListPolicyAttachments",
        "GetPolicy",
    ] {
        let denied = Behaviour::tampering_with(action, |call, answer| {
            let is_last = call.before
                >= if call.action.starts_with("Get") && call.action != "GetCallerIdentity" {
                    3
                } else {
                    0
                };
            if is_last {
                Answer::error(403, "NoPermission", "You are not authorized to do this action.")
            } else {
                answer
            }
        });
        let stage = Stage::new(denied).await;
        let run = stage.run(&[]).await;
        refused(
            &run,
            &stage,
            &format!("{action}: `NoPermission` (HTTP 403): You are not"),
            action,
        );
        assert!(run.stderr.ends_with("; nothing was written\n"), "{run:?}");
    }
}

#[tokio::test]
async fn a_page_that_changes_between_two_calls_is_refused() {
    let mut account = crate::account::AccountData::default();
    account.grow(230);
    let behaviour = Behaviour::tampering_with("ListPolicyAttachments", |call, answer| match call.before {
        0 => answer,
        _ => answer.with(|body| body["TotalCount"] = json!(243)),
    });
    let stage = Stage::new(Behaviour { account, ..behaviour }).await;
    let run = stage.run(&[]).await;
    refused(&run, &stage, "TotalCount changes from page to page", "total");
}

#[tokio::test]
async fn throttling_and_broken_connections_pass_by() {
    let stage = Stage::new(Behaviour::tampering(|call, answer| {
        match (call.action.as_str(), call.before) {
            ("ListUsers", 0) => Answer::error(
                400,
                "Throttling.User",
                "Request was denied due to user flow control.",
            ),
            ("ListUsers", 1) => Answer::error(503, "ServiceUnavailable", "The request has failed."),
            ("ListGroups", 0) => Answer {
                is_cut: true,
                ..answer
            },
            ("ListRoles", 0) => Answer {
                status: 502,
                body: b"<html>Bad Gateway</html>".to_vec(),
                ..answer
            },
            _ => answer,
        }
    }))
    .await;
    let run = stage.run(&[]).await;
    run.good();
    assert!(
        run.stderr
            .contains("`Throttling.User` (HTTP 400): Request was denied"),
        "{run:?}"
    );
    let calls = stage.cloud.calls();
    let count = |action: &str| calls.iter().filter(|call| call.action == action).count();
    assert_eq!(
        (count("ListUsers"), count("ListGroups"), count("ListRoles")),
        (3, 2, 2)
    );
}

#[tokio::test]
async fn throttling_without_an_end_is_given_up_after_six_tries() {
    let stage = Stage::new(Behaviour::tampering_with("ListUsers", |_, _| {
        Answer::error(
            429,
            "Throttling.Api",
            "Request was denied due to api flow control.",
        )
    }))
    .await;
    let run = stage.run(&[]).await;
    refused(
        &run,
        &stage,
        "ram ListUsers: `Throttling.Api` (HTTP 429)",
        "throttling",
    );
    assert_eq!(stage.cloud.count("ListUsers"), 6);
}

#[tokio::test]
async fn all_calls_together_have_a_deadline() {
    let stage = Stage::new(Behaviour::tampering(|_, _| {
        Answer::error(503, "ServiceUnavailable", "later")
    }))
    .await;
    let started = Instant::now();
    let run = stage.run(&["--deadline", "1"]).await;
    refused(
        &run,
        &stage,
        "sts GetCallerIdentity: no time is left of the 1 s of --deadline",
        "deadline",
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_cloud_that_is_away_leaves_the_config_maps_as_they_are() {
    let mut stage = Stage::new(Behaviour::default()).await;
    stage.run(&[]).await.good();
    let before = stage.kubernetes.all();
    // Nobody listens at the discard port
    stage.cloud.address = "127.0.0.1:9".parse().unwrap();
    let run = stage.run(&["--deadline", "2"]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(stage.kubernetes.all(), before);
}
