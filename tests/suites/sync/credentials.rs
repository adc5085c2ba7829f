//! Keys of the environment, tokens of a role, and what becomes of them.

use jiff::SignedDuration;

use crate::cloud::{Answer, Behaviour, KEY, POD_TOKEN};
use crate::stage::{Identity, Stage};

#[tokio::test]
async fn one_token_of_the_role_lasts_for_a_run() {
    let stage = Stage::new(Behaviour::default()).await;
    stage.run_as(Identity::Rrsa, &[]).await.good();
    let calls = stage.cloud.calls();
    let assumed = calls
        .iter()
        .filter(|call| call.action == "AssumeRoleWithOIDC")
        .count();
    assert_eq!((assumed, &*calls[0].action), (1, "AssumeRoleWithOIDC"));
    assert!(calls[1..].iter().all(|call| call.token == "sts-token-1"));
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_before_it_is_used_again() {
    let stage = Stage::new(Behaviour {
        token_life: SignedDuration::from_mins(4),
        ..Behaviour::default()
    })
    .await;
    stage.run_as(Identity::Rrsa, &[]).await.good();
    let calls = stage.cloud.calls();
    let assumed = calls
        .iter()
        .filter(|call| call.action == "AssumeRoleWithOIDC")
        .count();
    assert_eq!(assumed * 2, calls.len(), "each call has a token of its own");
}

#[tokio::test]
async fn a_token_that_ends_too_early_is_renewed_once() {
    let expiring = Behaviour::tampering_with("ListUsers", |call, answer| match call.token.as_str() {
        "sts-token-1" => Answer::error(
            403,
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        ),
        _ => answer,
    });
    let stage = Stage::new(expiring).await;
    stage.run_as(Identity::Rrsa, &[]).await.good();
    // A key of the environment cannot be renewed
    let stage = Stage::new(Behaviour::tampering_with("ListUsers", |_, _| {
        Answer::error(
            403,
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        )
    }))
    .await;
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 1);
    assert!(
        run.stderr
            .contains("ram ListUsers: `InvalidSecurityToken.Expired` (HTTP 403): Specified"),
        "{run:?}"
    );
    assert_eq!(stage.cloud.count("ListUsers"), 1);
    // And a token that is expired as soon as it is issued is renewed once, not for ever
    let run = stage.run_as(Identity::Rrsa, &[]).await;
    assert_eq!(run.code, 1);
    assert_eq!(stage.cloud.count("ListUsers"), 3);
}

#[tokio::test]
async fn without_a_token_of_the_role_nothing_is_read() {
    for answer in [
        Answer::error(
            400,
            "AuthenticationFail.OIDCToken.Expired",
            "This OIDC Token is expired.",
        ),
        Answer {
            status: 200,
            ..Answer::error(200, "", "")
        }
        .with(|body| *body = serde_json::json!({"RequestId": "R"})),
    ] {
        let stage = Stage::new(Behaviour::tampering_with("AssumeRoleWithOIDC", move |_, _| {
            answer.clone()
        }))
        .await;
        let run = stage.run_as(Identity::Rrsa, &[]).await;
        assert_eq!(run.code, 1, "{run:?}");
        assert!(
            run.stderr
                .contains("sts GetCallerIdentity: no token of the role (sts AssumeRoleWithOIDC): "),
            "{run:?}"
        );
        assert!(stage.kubernetes.take_writes().is_empty());
    }
}

#[tokio::test]
async fn a_service_that_repeats_secrets_does_not_bring_them_into_the_log() {
    // The check that no run says a secret is in the stage
    for code in ["SignatureDoesNotMatch", "InvalidParameter", "Throttling.User"] {
        for identity in [Identity::Environment, Identity::Rrsa] {
            let stage = Stage::new(Behaviour::tampering(move |call, answer| {
                let message = match (call.action.as_str(), identity) {
                    ("AssumeRoleWithOIDC", _) => return answer,
                    (_, Identity::Environment) => format!("key {} secret {} token {}", KEY.0, KEY.1, KEY.2),
                    (_, Identity::Rrsa) => "key STS.id1 secret sts-secret-1 token sts-token-1".to_owned(),
                };
                Answer::error(400, code, &message)
            }))
            .await;
            let run = stage.run_as(identity, &["--deadline", "2"]).await;
            assert_eq!(run.code, 1, "{run:?}");
        }
        let stage = Stage::new(Behaviour::tampering(move |_, _| {
            Answer::error(400, code, POD_TOKEN)
        }))
        .await;
        let run = stage.run_as(Identity::Rrsa, &["--deadline", "2"]).await;
        assert_eq!(run.code, 1, "{run:?}");
    }
}

#[tokio::test]
async fn a_half_set_of_credentials_is_no_set() {
    let stage = Stage::new(Behaviour::default()).await;
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args([
            "sync",
            "--region",
            "cn-hangzhou",
            "--policy-config-map",
            "p",
            "--directory-config-map",
            "d",
        ])
        .env_clear()
        .env("KUBECONFIG", &stage.kubernetes.kubeconfig)
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI")
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(
        said,
        "ramgate: ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are set together\n"
    );
    assert_eq!(stage.cloud.requests(), 0);
}
