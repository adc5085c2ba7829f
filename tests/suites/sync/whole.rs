//! A run that finds everything.

use ramgate::testing::config::{NamedDocument, ParsedDocument, load};
use serde_json::Value;

use crate::account::{ACCOUNT, AccountData};
use crate::cloud::Behaviour;
use crate::kubernetes::{DIRECTORY, POLICIES};
use crate::stage::{Identity, Stage};

/// The documents of the ConfigMaps, as the webhook reads them
fn documents(stage: &Stage) -> Vec<NamedDocument> {
    let mut documents = Vec::new();
    for (name, config_map) in stage.kubernetes.all() {
        for (key, text) in config_map["data"].as_object().unwrap() {
            let text = text.as_str().unwrap().as_bytes();
            let document = match key.strip_suffix(".json") {
                Some(policy) => ParsedDocument::policy(policy, text),
                None => ParsedDocument::directory(text),
            };
            documents.push(NamedDocument::new(format!("{name}/{key}"), document));
        }
    }
    documents
}

fn keys(config_map: &Value) -> Vec<String> {
    config_map["data"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn an_account_comes_out_of_the_cloud_as_a_whole_configuration() {
    let stage = Stage::new(Behaviour::default()).await;
    let run = stage.run(&[]).await;
    assert_eq!(
        run.good(),
        format!(
            "account {ACCOUNT}: 12 users, 5 groups, 6 roles, 8 policies, 14 attachments, 10 memberships; \
             written: {DIRECTORY}, {POLICIES}\n"
        )
    );
    let policies = stage.kubernetes.get(POLICIES);
    assert_eq!(keys(&policies).len(), 8);
    assert_eq!(policies["metadata"]["labels"]["ramgate.io/config"], "policy");
    let directory = stage.kubernetes.get(DIRECTORY);
    assert_eq!(keys(&directory), ["ram.yaml"]);
    let text = directory["data"]["ram.yaml"].as_str().unwrap();
    assert!(
        text.contains("account: {id: \"1234567890123456\", region: cn-hangzhou}\n"),
        "{text}"
    );
    assert!(
        text.contains("policies: [{policy: Team0, resourceGroup: rg-shop}]"),
        "{text}"
    );
    let synced_at = directory["metadata"]["annotations"]["ramgate.io/synced-at"]
        .as_str()
        .unwrap();
    assert!(synced_at.parse::<jiff::Timestamp>().is_ok(), "{synced_at}");
    load(&documents(&stage)).unwrap();
}

#[tokio::test]
async fn what_did_not_change_is_not_written_again() {
    let mut stage = Stage::new(Behaviour::default()).await;
    stage.run(&[]).await.good();
    assert_eq!(stage.kubernetes.take_writes(), [DIRECTORY, POLICIES]);
    let first = stage.kubernetes.get(DIRECTORY);
    assert!(stage.run(&[]).await.good().ends_with("; no ConfigMap differs\n"));
    assert!(stage.kubernetes.take_writes().is_empty());
    assert_eq!(stage.kubernetes.get(DIRECTORY)["data"], first["data"]);
    // A new user changes the directory and no policy
    let mut account = AccountData::default();
    account.users.push("newcomer".to_owned());
    stage
        .cloud_becomes(Behaviour {
            account,
            ..Behaviour::default()
        })
        .await;
    assert!(
        stage
            .run(&[])
            .await
            .good()
            .ends_with(&format!("; written: {DIRECTORY}\n"))
    );
    assert_eq!(stage.kubernetes.take_writes(), [DIRECTORY]);
}

#[tokio::test]
async fn small_pages_and_many_attachments_come_whole() {
    let mut account = AccountData::default();
    account.grow(230);
    let stage = Stage::new(Behaviour {
        account,
        ram_page: 7,
        ..Behaviour::default()
    })
    .await;
    let run = stage.run(&[]).await;
    assert!(
        run.good()
            .contains("242 users, 5 groups, 6 roles, 8 policies, 244 attachments"),
        "{run:?}"
    );
    let calls = stage.cloud.calls();
    let pages = |action: &str| calls.iter().filter(|call| call.action == action).count();
    assert_eq!((pages("ListUsers"), pages("ListPolicyAttachments")), (35, 3));
    load(&documents(&stage)).unwrap();
}

#[tokio::test]
async fn only_documented_hosts_are_called() {
    for (network, hosts) in [
        (
            "public",
            [
                "ram.aliyuncs.com",
                "resourcemanager.aliyuncs.com",
                "sts.aliyuncs.com",
            ],
        ),
        (
            "vpc",
            [
                "ram.vpc-proxy.aliyuncs.com",
                "resourcemanager.vpc-proxy.aliyuncs.com",
                "sts-vpc.cn-hangzhou.aliyuncs.com",
            ],
        ),
    ] {
        let stage = Stage::new(Behaviour::default()).await;
        stage.run_as(Identity::Rrsa, &["--network", network]).await.good();
        let mut called: Vec<String> = stage.cloud.calls().into_iter().map(|call| call.host).collect();
        called.sort();
        called.dedup();
        assert_eq!(called, hosts, "{network}");
    }
}

#[tokio::test]
async fn what_is_the_users_own_is_left_out() {
    let stage = Stage::new(Behaviour::default()).await;
    let more = [
        "--account",
        ACCOUNT,
        "--own-account-section",
        "--own-resource-group",
        "rg-default",
    ];
    stage.run(&more).await.good();
    let directory = stage.kubernetes.get(DIRECTORY);
    let text = directory["data"]["ram.yaml"].as_str().unwrap();
    assert!(
        !text.contains("account:") && !text.contains("rg-default") && text.contains("rg-shop"),
        "{text}"
    );
    let own = b"account: {id: '1234567890123456', region: cn-hangzhou}\nresourceGroups: [{id: rg-default, default: true}]";
    let mut all = documents(&stage);
    all.push(NamedDocument::new("own", ParsedDocument::directory(own)));
    load(&all).unwrap();
}

#[tokio::test]
async fn programs_read_json() {
    let stage = Stage::new(Behaviour::default()).await;
    let run = stage.run(&["--output", "json"]).await;
    let printed: Value = serde_json::from_str(run.good()).unwrap();
    assert_eq!(
        (&printed["account"], &printed["counts"]["users"]),
        (&ACCOUNT.into(), &12.into())
    );
    assert_eq!(printed["changed"], serde_json::json!([DIRECTORY, POLICIES]));
}

#[tokio::test]
async fn a_policy_that_ramgate_cannot_read_is_left_out_loudly_if_it_only_allows() {
    let mut account = AccountData::default();
    let hard = serde_json::json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "NotResource": "x"}]});
    account.policies[6].2 = hard.clone();
    let stage = Stage::new(Behaviour {
        account: account.clone(),
        ..Behaviour::default()
    })
    .await;
    let run = stage.run(&[]).await;
    assert!(
        run.good()
            .starts_with("note: policy `Team6` is left out, so that less is allowed: "),
        "{run:?}"
    );
    assert!(!keys(&stage.kubernetes.get(POLICIES)).contains(&"Team6.json".to_owned()));
    // And one that denies stops everything
    account.policies[6].2 = serde_json::from_str(&hard.to_string().replace("Allow", "Deny")).unwrap();
    let stage = Stage::new(Behaviour {
        account,
        ..Behaviour::default()
    })
    .await;
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 3, "{run:?}");
    assert!(
        run.stderr.contains("Team6") && stage.kubernetes.take_writes().is_empty(),
        "{run:?}"
    );
}

#[tokio::test]
async fn ten_thousand_users_fill_one_config_map_of_the_directory_after_the_other() {
    let mut account = AccountData::default();
    account
        .users
        .extend((0..10_000).map(|number| format!("somebody.with.a.longer.name.{number}")));
    account.grow(5_000);
    let stage = Stage::new(Behaviour {
        account,
        ..Behaviour::default()
    })
    .await;
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr
            .contains("of directory documents do not fit into ramgate-ram-directory"),
        "{run:?}"
    );
    assert!(stage.kubernetes.take_writes().is_empty());
    stage.kubernetes.put("more", "directory", serde_json::json!({}));
    let started = std::time::Instant::now();
    let run = stage.run(&["--directory-config-map", "more"]).await;
    assert!(run.good().contains("15012 users"), "{run:?}");
    println!("15,012 users and 5,014 attachments took {:?}", started.elapsed());
    for name in [DIRECTORY, "more"] {
        let text = stage.kubernetes.get(name)["data"]["ram.yaml"]
            .as_str()
            .unwrap()
            .len();
        assert!((1..=1_000_000).contains(&text), "{name}: {text}");
    }
    load(&documents(&stage)).unwrap();
}
