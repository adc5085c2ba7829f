//! A loss that nobody accepted is held back.

use serde_json::Value;

use crate::account::AccountData;
use crate::cloud::Behaviour;
use crate::kubernetes::DIRECTORY;
use crate::stage::Stage;

/// A stage whose ConfigMaps hold the account, and a cloud in which these users are gone
async fn without_users(gone: usize) -> Stage {
    let mut stage = Stage::new(Behaviour::default()).await;
    stage.run(&[]).await.good();
    stage.kubernetes.take_writes();
    let mut account = AccountData::default();
    for number in 0..gone {
        account.remove_user(&format!("user{number}"));
    }
    stage
        .cloud_becomes(Behaviour {
            account,
            ..Behaviour::default()
        })
        .await;
    stage
}

#[tokio::test]
async fn a_few_people_may_leave() {
    let stage = without_users(2).await;
    assert!(stage.run(&[]).await.good().contains("10 users"));
    assert_eq!(stage.kubernetes.take_writes(), [DIRECTORY]);
}

#[tokio::test]
async fn a_loss_of_many_is_held_back_until_somebody_accepts_as_many() {
    let stage = without_users(5).await;
    let before = stage.kubernetes.get(DIRECTORY);
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 2, "{run:?}");
    // Five users, their five attachments, and the five memberships
    assert_eq!(
        run.stdout,
        "held back, nothing was written: 5 of 12 users (`user/user0`, `user/user1` and 3 more), 5 of 14 attachments \
         (`user/user0: Team0 in rg-shop`, `user/user1: Team1 in rg-shop` and 3 more), 5 of 10 memberships (`user/user0: \
         group.0`, `user/user1: group.1` and 3 more) would be gone. If that is meant, give --accept-loss 15\n"
            .replace("`user/user1` and 3", "`user/user1`, `user/user2` and 2")
            .replace("`user/user1: Team1 in rg-shop` and 3", "`user/user1: Team1 in rg-shop`, `user/user2: Team2 in rg-shop` and 2")
            .replace("`user/user1: group.1` and 3", "`user/user1: group.1`, `user/user2: group.2` and 2")
    );
    assert!(stage.kubernetes.take_writes().is_empty());
    let held = stage.kubernetes.get(DIRECTORY);
    assert_eq!(held["data"], before["data"]);
    let annotations = &held["metadata"]["annotations"];
    assert!(
        annotations["ramgate.io/sync-held-back"]
            .as_str()
            .unwrap()
            .starts_with("5 of 12 users"),
        "{annotations}"
    );
    assert_eq!(
        annotations["ramgate.io/synced-at"],
        before["metadata"]["annotations"]["ramgate.io/synced-at"]
    );
    let run = stage.run(&["--accept-loss", "14", "--output", "json"]).await;
    let printed: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (run.code, &printed["acceptLoss"], &printed["heldBack"][0]["kind"]),
        (2, &15.into(), &"users".into())
    );
    stage.run(&["--accept-loss", "15"]).await.good();
    assert_eq!(stage.kubernetes.take_writes(), [DIRECTORY]);
    let annotations = stage.kubernetes.get(DIRECTORY)["metadata"]["annotations"].clone();
    assert!(
        annotations["ramgate.io/sync-held-back"].is_null(),
        "{annotations}"
    );
}

#[tokio::test]
async fn an_acceptance_is_not_spent_and_says_so_where_it_is_not_needed() {
    let mut stage = without_users(5).await;
    let accept = ["--accept-loss", "15"];
    let idle = "note: --accept-loss 15 was not needed, and lets the next loss of that size pass unseen: set it back to 0";
    let first = stage.run(&accept).await;
    assert!(!first.good().contains(idle), "{first:?}");
    let second = stage.run(&accept).await;
    assert!(second.good().contains(idle), "{second:?}");
    assert!(!stage.run(&[]).await.good().contains("accept-loss"));
    // The same number accepts the next loss as well
    let mut account = AccountData::default();
    account.attachments.clear();
    stage
        .cloud_becomes(Behaviour {
            account,
            ..Behaviour::default()
        })
        .await;
    stage.run(&["--accept-loss", "40"]).await.good();
}

#[tokio::test]
async fn an_account_that_seems_empty_takes_nothing() {
    let mut stage = Stage::new(Behaviour::default()).await;
    stage.run(&[]).await.good();
    stage.kubernetes.take_writes();
    // An answer without a single attachment is well formed
    let account = AccountData {
        attachments: Vec::new(),
        ..AccountData::default()
    };
    stage
        .cloud_becomes(Behaviour {
            account,
            ..Behaviour::default()
        })
        .await;
    let run = stage.run(&[]).await;
    assert!(
        run.code == 2 && run.stdout.contains("14 of 14 attachments"),
        "{run:?}"
    );
    assert!(stage.kubernetes.take_writes().is_empty());
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_replaced() {
    let stage = Stage::new(Behaviour::default()).await;
    stage.kubernetes.put(
        DIRECTORY,
        "directory",
        serde_json::json!({"ram.yaml": "users: [{nmae: x}]"}),
    );
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr.contains("what would be lost cannot be counted"),
        "{run:?}"
    );
    assert!(stage.kubernetes.take_writes().is_empty());
    stage.run(&["--accept-loss", "1"]).await.good();
}
