//! What is written into the ConfigMaps, and what keeps all of it from being written.

use serde_json::json;

use crate::account::AccountData;
use crate::cloud::Behaviour;
use crate::kubernetes::{DIRECTORY, POLICIES};
use crate::stage::Stage;

#[tokio::test]
async fn a_config_map_that_is_missing_is_named_before_the_cloud_is_asked() {
    let stage = Stage::new(Behaviour::default()).await;
    stage.kubernetes.remove(POLICIES);
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr
            .contains("ConfigMap ramgate-system/ramgate-ram-policies is not there: create it empty"),
        "{run:?}"
    );
    assert_eq!(stage.cloud.requests(), 0);
}

#[tokio::test]
async fn if_one_config_map_is_refused_none_is_written() {
    for name in [POLICIES, DIRECTORY] {
        let stage = Stage::new(Behaviour::default()).await;
        stage.kubernetes.refuse(name, 0);
        let run = stage.run(&[]).await;
        assert_eq!(run.code, 1, "{run:?}");
        assert!(
            run.stderr.contains(&format!("{name}: admission webhook")),
            "{run:?}"
        );
        assert!(stage.kubernetes.take_writes().is_empty());
    }
}

#[tokio::test]
async fn a_write_that_fails_for_a_while_is_repeated() {
    for name in [POLICIES, DIRECTORY] {
        let stage = Stage::new(Behaviour::default()).await;
        // After the trial
        stage.kubernetes.refuse_some(name, 1, 2);
        let run = stage.run(&[]).await;
        run.good();
        assert!(run.stderr.contains("it is written again in 2 s"), "{run:?}");
        assert_eq!(stage.kubernetes.take_writes(), [DIRECTORY, POLICIES], "{name}");
    }
}

#[tokio::test]
async fn half_a_write_says_what_was_written_and_has_an_exit_code_of_its_own() {
    // The second of the two, and the annotation with the time
    for (name, after) in [(POLICIES, 1), (DIRECTORY, 2)] {
        let stage = Stage::new(Behaviour::default()).await;
        stage.kubernetes.refuse(name, after);
        let run = stage.run(&[]).await;
        assert_eq!(run.code, 4, "{run:?}");
        let wanted = match name {
            POLICIES => "only ramgate-ram-directory was written",
            _ => "only ramgate-ram-directory, ramgate-ram-policies was written",
        };
        let stderr = &run.stderr;
        assert!(
            stderr.contains(wanted) && stderr.contains("run the sync again"),
            "{run:?}"
        );
        assert!(!stderr.contains("nothing was written"), "{run:?}");
        // The next run puts it right
        stage.kubernetes.refuse_some(name, 0, 0);
        stage.run(&[]).await.good();
    }
    // The first: both stay as they are
    let stage = Stage::new(Behaviour::default()).await;
    stage.kubernetes.refuse(DIRECTORY, 1);
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("nothing was written"), "{run:?}");
    assert!(stage.kubernetes.take_writes().is_empty());
}

#[tokio::test]
async fn keys_of_somebody_else_are_named_and_not_mixed_with_rams() {
    let stage = Stage::new(Behaviour::default()).await;
    stage.kubernetes.put(
        POLICIES,
        "policy",
        json!({"Mine.json":
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#}),
    );
    let run = stage.run(&["--accept-loss", "1"]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr
            .contains("has keys that somebody else wrote and that would stay: Mine.json; remove them"),
        "{run:?}"
    );
    assert!(stage.kubernetes.take_writes().is_empty());
}

#[tokio::test]
async fn a_policy_that_ram_no_longer_has_goes_away() {
    let mut stage = Stage::new(Behaviour::default()).await;
    stage.run(&[]).await.good();
    let mut account = AccountData::default();
    account.attachments.retain(|attachment| attachment[1] != "Team6");
    stage
        .cloud_becomes(Behaviour {
            account,
            ..Behaviour::default()
        })
        .await;
    stage.run(&[]).await.good();
    let data = stage.kubernetes.get(POLICIES)["data"].clone();
    assert!(
        data.get("Team6.json").is_none() && data.get("Team5.json").is_some(),
        "{data}"
    );
}

#[tokio::test]
async fn policies_fill_one_config_map_after_the_other_and_what_does_not_fit_is_not_written() {
    let mut account = AccountData::default();
    let actions: Vec<String> = (0..430).map(|n| format!("oss:Get{n:0>120}")).collect();
    for number in 0..20 {
        let mut policy = account.policies[0].clone();
        policy.1 = format!("Long{number}");
        policy.2["Statement"][0]["Action"] = json!(actions);
        account.attach(&policy.1, "user0", "rg-shop");
        account.policies.push(policy);
    }
    let stage = Stage::new(Behaviour {
        account,
        ..Behaviour::default()
    })
    .await;
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr
            .contains("of policies do not fit into ramgate-ram-policies, of which each takes 1000000"),
        "{run:?}"
    );
    assert!(stage.kubernetes.take_writes().is_empty());
    stage.kubernetes.put("more", "policy", json!({}));
    let run = stage
        .run(&["--policy-config-map", POLICIES, "--policy-config-map", "more"])
        .await;
    run.good();
    let keys = |name: &str| stage.kubernetes.get(name)["data"].as_object().unwrap().len();
    assert_eq!(keys(POLICIES) + keys("more"), 28);
    assert!(keys(POLICIES) > 1 && keys("more") > 1);
}

#[tokio::test]
async fn a_config_map_is_named_once() {
    let stage = Stage::new(Behaviour::default()).await;
    let run = stage.run(&["--policy-config-map", DIRECTORY]).await;
    assert!(
        run.code == 1
            && run
                .stderr
                .contains("ConfigMap ramgate-ram-directory is named twice"),
        "{run:?}"
    );
    let run = stage.run(&["--policy-config-map", "../secrets/x"]).await;
    assert!(
        run.code == 1 && run.stderr.contains("is no name of an object"),
        "{run:?}"
    );
}
