//! Answers that are not what was asked for: nothing is written.

use serde_json::{Value, json};

use crate::account::{ACCOUNT, AccountData};
use crate::cloud::{Answer, Behaviour};
use crate::stage::{Identity, Stage};

const OTHER: &str = "9999999999999999";

/// Runs against a cloud that lies; nothing may be written
async fn refused(behaviour: Behaviour, said: &str) {
    let stage = Stage::new(behaviour).await;
    let run = stage.run(&[]).await;
    assert!(matches!(run.code, 1 | 3), "{said}: {run:?}");
    assert!(run.stderr.contains(said), "{said}: {run:?}");
    assert!(stage.kubernetes.take_writes().is_empty(), "{said}");
}

#[tokio::test]
async fn an_answer_that_is_none_of_the_api_is_refused() {
    let html = |status| {
        move |_: &crate::cloud::Call, answer: Answer| Answer {
            status,
            headers: vec![("content-type", "text/html".to_owned())],
            body: b"<html><body>Welcome to this network</body></html>".to_vec(),
            ..answer
        }
    };
    refused(
        Behaviour::tampering_with("ListUsers", html(200)),
        "ListUsers: the answer is no JSON object (HTTP 200)",
    )
    .await;
    refused(
        Behaviour::tampering_with("ListUsers", html(403)),
        "ListUsers: the answer is no JSON object (HTTP 403)",
    )
    .await;
    for body in [&b"[]"[..], b"", b"\"x\"", b"{\"RequestId\": \"R\"", b"\xff"] {
        let body = body.to_vec();
        let lie = move |_: &crate::cloud::Call, answer: Answer| Answer {
            body: body.clone(),
            ..answer
        };
        refused(
            Behaviour::tampering_with("ListRoles", lie),
            "the answer is no JSON object",
        )
        .await;
    }
    let redirect = |_: &crate::cloud::Call, answer: Answer| Answer {
        status: 302,
        headers: vec![("location", "https://ram.evil.example/".to_owned())],
        ..answer
    };
    refused(
        Behaviour::tampering_with("ListUsers", redirect),
        "it redirects (HTTP 302), which is not followed",
    )
    .await;
    let large = |_: &crate::cloud::Call, answer: Answer| Answer {
        body: vec![b' '; 9 * 1024 * 1024],
        ..answer
    };
    refused(
        Behaviour::tampering_with("ListUsers", large),
        "the answer has more than 8388608 bytes",
    )
    .await;
}

#[tokio::test]
async fn an_error_with_a_good_status_is_an_error() {
    let error =
        |_: &crate::cloud::Call, _: Answer| Answer::error(200, "NoPermission", "You are not authorized.");
    refused(
        Behaviour::tampering_with("ListGroups", error),
        "ListGroups: `NoPermission` (HTTP 200): You are not",
    )
    .await;
    let both = |_: &crate::cloud::Call, answer: Answer| answer.with(|body| body["Code"] = json!("Partial"));
    refused(
        Behaviour::tampering_with("ListGroups", both),
        "ListGroups: `Partial` (HTTP 200)",
    )
    .await;
}

#[tokio::test]
async fn an_answer_to_another_request_is_refused() {
    for change in [
        |body: &mut Value| body["RequestId"] = json!("00000000-0000-0000-0000-000000000000"),
        |body: &mut Value| {
            body.as_object_mut().unwrap().remove("RequestId");
        },
    ] {
        let lie = Behaviour::tampering_with("GetRole", move |_, answer| answer.with(change));
        refused(lie, "GetRole: it has no RequestId of its own").await;
    }
}

#[tokio::test]
async fn an_answer_about_something_else_is_refused() {
    let policy = Behaviour::tampering_with("GetPolicy", |_, answer| {
        answer.with(|body| body["Policy"]["PolicyName"] = json!("AdministratorAccess"))
    });
    refused(
        policy,
        "this is policy `AdministratorAccess`, and the file's name says another one",
    )
    .await;
    let role = Behaviour::tampering_with("GetRole", |_, answer| {
        answer.with(|body| body["Role"]["RoleName"] = json!("Role0"))
    });
    refused(role, "the file's name says another one").await;
    let version = Behaviour::tampering_with("GetPolicy", |_, answer| {
        answer.with(|body| body["DefaultPolicyVersion"]["IsDefaultVersion"] = json!(false))
    });
    refused(version, "a version of the policy that is not in force").await;
    let doubled = Behaviour::tampering_with("GetPolicy", |_, answer| {
        let text = String::from_utf8(answer.body.clone()).unwrap();
        Answer {
            body: text.replacen('{', "{\"Policy\":{},", 1).into_bytes(),
            ..answer
        }
    });
    refused(doubled, "a key is given twice in one object").await;
}

#[tokio::test]
async fn another_account_is_refused() {
    let roles = Behaviour::tampering_with("ListRoles", |_, answer| {
        let text = String::from_utf8(answer.body.clone()).unwrap();
        Answer {
            body: text.replace(ACCOUNT, OTHER).into_bytes(),
            ..answer
        }
    });
    refused(roles, "this is of account 9999999999999999").await;
    let domain = Behaviour::tampering_with("ListPolicyAttachments", |_, answer| {
        answer.with(|body| {
            body["PolicyAttachments"]["PolicyAttachment"][3]["PrincipalName"] =
                json!("user3@evil.onaliyun.com")
        })
    });
    refused(domain, "`evil` and `acme` cannot both be this account's alias").await;
    // The credentials are of an account, the flag or the role names another
    let account = AccountData {
        number: OTHER.to_owned(),
        ..AccountData::default()
    };
    let stage = Stage::new(Behaviour {
        account,
        ..Behaviour::default()
    })
    .await;
    let run = stage.run(&["--account", ACCOUNT]).await;
    assert_eq!(run.code, 1);
    let said = "the credentials are of account 9999999999999999, and --account is 1234567890123456";
    assert!(run.stderr.contains(said), "{run:?}");
    let run = stage.run_as(Identity::Rrsa, &[]).await;
    assert!(
        run.stderr.contains("and the role is of 1234567890123456"),
        "{run:?}"
    );
    assert!(stage.kubernetes.take_writes().is_empty());
}

#[tokio::test]
async fn the_account_of_the_config_maps_does_not_change_by_itself() {
    let mut stage = Stage::new(Behaviour::default()).await;
    stage.run(&[]).await.good();
    stage.kubernetes.take_writes();
    let mut account = AccountData {
        number: OTHER.to_owned(),
        ..AccountData::default()
    };
    for attachment in &mut account.attachments {
        attachment[4] = attachment[4].replace(ACCOUNT, OTHER);
    }
    stage
        .cloud_becomes(Behaviour {
            account,
            ..Behaviour::default()
        })
        .await;
    let run = stage.run(&["--accept-loss", "1000"]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr
            .contains("the ConfigMaps hold account 1234567890123456"),
        "{run:?}"
    );
    assert!(stage.kubernetes.take_writes().is_empty());
}

#[tokio::test]
async fn a_cloud_with_another_certificate_is_not_the_cloud() {
    let names = vec![
        "ram.aliyuncs.com.evil.example".to_owned(),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
    ];
    let stage = Stage::new(Behaviour {
        certificate_names: names,
        ..Behaviour::default()
    })
    .await;
    let run = stage.run(&["--deadline", "2"]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(stage.cloud.requests(), 0, "not a byte of a request is sent");
    let other = Stage::new(Behaviour::default()).await;
    let mut stage = Stage::new(Behaviour::default()).await;
    stage.cloud.ca_file.clone_from(&other.cloud.ca_file);
    let run = stage.run(&["--deadline", "2"]).await;
    assert!((run.code, stage.cloud.requests()) == (1, 0), "{run:?}");
    // Nothing but this machine may stand in for the cloud
    let arguments = [
        "sync",
        "--region=cn-hangzhou",
        "--policy-config-map=p",
        "--directory-config-map=d",
        "--connect-to=192.0.2.1:443",
    ];
    let run = stage.command(Identity::Environment, &arguments).await;
    assert!(
        run.code == 1
            && run
                .stderr
                .contains("only a loopback address may stand in for the cloud"),
        "{run:?}"
    );
}
