//! `/authorize`: there only if it is on, and bounded like reviews of admission, but with answers of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use ramgate::testing::server::{ReviewLimits, Reviews, reviews};
use ramgate::testing::telemetry::Metrics;
use serde_json::json;
use tower::ServiceExt;

use crate::client::{Authorizing, Seen, endless, posted, review};
use crate::{Routes, SECOND};

fn authorizing(limits: ReviewLimits) -> Routes {
    let metrics = Arc::new(Metrics::new().unwrap());
    let reviews = Reviews::new(Arc::new(Authorizing), Arc::clone(&metrics), limits);
    Routes {
        router: reviews::router(reviews),
        metrics,
    }
}

async fn ask(routes: &Routes, script: &str) -> Seen {
    let request = posted("/authorize", review("u-1", script).to_string());
    Seen::of(routes.router.clone().oneshot(request).await.unwrap()).await
}

/// A denial that an authorizer's client understands, whatever bound was hit
fn assert_denied(seen: &Seen, words: &str) {
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let review = seen.json();
    assert_eq!(
        (&review["apiVersion"], &review["kind"]),
        (&json!("authorization.k8s.io/v1"), &json!("SubjectAccessReview"))
    );
    let status = &review["status"];
    assert_eq!(
        (&status["allowed"], &status["denied"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(status["reason"], status["evaluationError"]);
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.contains(words), "`{words}` is not in: {reason}");
}

#[tokio::test]
async fn it_is_there_only_if_it_is_on() {
    let seen = Routes::usual()
        .send(posted("/authorize", review("u-1", "allow").to_string()))
        .await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);
    assert!(
        seen.text.contains("here are /mutate and /validate, nothing else"),
        "{}",
        seen.text
    );
    let routes = authorizing(ReviewLimits::new(64, SECOND));
    let seen = ask(&routes, "allow").await;
    assert_eq!(seen.json()["response"]["path"], "authorize");
    assert!(routes.counted(r#"ramgate_admission_requests_total{decision="allow",mode="enforce",operation="CREATE",path="authorize""#));
    let seen = routes.send(posted("/elsewhere", "{}")).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);
    assert!(
        seen.text.contains("/mutate, /validate and /authorize"),
        "{}",
        seen.text
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_denied() {
    let routes = authorizing(ReviewLimits::new(64, SECOND));
    let seen = routes
        .send(posted("/authorize", endless("                ")))
        .await;
    assert_denied(&seen, "larger than 20971520 bytes");
    assert_eq!(seen.header("connection"), Some("close"));
    assert!(routes.counted(r#"ramgate_admission_requests_total{decision="too_large",mode="enforce",operation="other",path="authorize""#));
}

#[tokio::test]
async fn more_work_or_bytes_than_the_bounds_are_denied() {
    let routes = Arc::new(authorizing(ReviewLimits::new(1, SECOND)));
    let busy = tokio::spawn({
        let routes = Arc::clone(&routes);
        async move { ask(&routes, "wait 200").await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_denied(
        &ask(&routes, "allow").await,
        "overloaded: 1 reviews are being judged",
    );
    assert_eq!(busy.await.unwrap().json()["response"]["allowed"], true);
    let routes = authorizing(ReviewLimits {
        bytes: 20,
        ..ReviewLimits::new(64, SECOND)
    });
    assert_denied(
        &ask(&routes, "allow").await,
        "the reviews in flight hold more than 20 bytes",
    );
}

#[tokio::test]
async fn a_judgement_over_the_deadline_is_denied() {
    let routes = authorizing(ReviewLimits::new(64, Duration::from_millis(100)));
    assert_denied(
        &ask(&routes, "wait 5000").await,
        "no decision within its deadline of 100 ms",
    );
}

#[tokio::test]
async fn a_panic_is_denied_with_an_incident() {
    let routes = authorizing(ReviewLimits::new(64, SECOND));
    assert_denied(&ask(&routes, "panic").await, "incident");
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_denied() {
    let routes = authorizing(ReviewLimits {
        body_time: Duration::from_millis(50),
        ..ReviewLimits::new(64, SECOND)
    });
    let never =
        axum::body::Body::from_stream(futures::stream::pending::<Result<&str, std::convert::Infallible>>());
    assert_denied(
        &routes.send(posted("/authorize", never)).await,
        "did not arrive within 50 ms",
    );
}

#[tokio::test]
async fn where_nothing_is_denied_a_failure_is_no_opinion() {
    let routes = authorizing(ReviewLimits::new(64, Duration::from_millis(100)));
    for script in ["panic", "wait 5000"] {
        let mut body = review("u-1", script);
        body["spec"] = json!({"resourceAttributes": {"namespace": "calm"}});
        let seen = routes.send(posted("/authorize", body.to_string())).await;
        assert_eq!(
            seen.json()["status"],
            json!({"allowed": false, "denied": false}),
            "{script}"
        );
    }
}
