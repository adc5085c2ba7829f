//! The server as an API server, a scanner and an operator see it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

mod authorize;
mod client;
mod costs;
mod crowd;
mod served;
mod session;
mod strangers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use client::{Connection, Reported, Running, Scripted, Seen, endless, posted, review, start};
use ramgate::testing::server::{
    Admin, ConnectionLimits, Phase, Phases, ReadinessReport, ReviewLimits, Reviews, admin, reviews,
};
use ramgate::testing::telemetry::Metrics;
use serde_json::Value;
use session::handshake;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

const SECOND: Duration = Duration::from_secs(1);

/// The routes without a socket
struct Routes {
    router: axum::Router,
    metrics: Arc<Metrics>,
}

impl Routes {
    fn new(limits: ReviewLimits) -> Self {
        let metrics = Arc::new(Metrics::new().unwrap());
        let reviews = Reviews::new(Arc::new(Scripted), Arc::clone(&metrics), limits);
        Self {
            router: reviews::router(reviews),
            metrics,
        }
    }

    fn usual() -> Self {
        Self::new(ReviewLimits::new(64, SECOND))
    }

    async fn send(&self, request: Request<Body>) -> Seen {
        Seen::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    async fn review(&self, review: &Value) -> Seen {
        self.send(posted("/validate", review.to_string())).await
    }

    fn counted(&self, line: &str) -> bool {
        String::from_utf8(self.metrics.text().unwrap())
            .unwrap()
            .lines()
            .any(|have| have.starts_with(line))
    }
}

fn assert_denial(seen: &Seen, uid: &str, code: u64, words: &str) {
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    let review = seen.json();
    assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(review["kind"], "AdmissionReview");
    let response = &review["response"];
    assert_eq!(
        (&response["uid"], &response["allowed"]),
        (&uid.into(), &false.into())
    );
    assert_eq!(response["status"]["code"], code);
    let message = response["status"]["message"].as_str().unwrap();
    assert!(message.contains(words), "`{words}` is not in: {message}");
}

#[tokio::test]
async fn a_review_is_answered_by_the_judge() {
    let routes = Routes::usual();
    for (path, script, allowed) in [
        ("/mutate", "allow", true),
        ("/validate", "allow", true),
        ("/validate", "deny", false),
    ] {
        let seen = routes.send(posted(path, review("u-1", script).to_string())).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.json()["response"]["allowed"], allowed);
        assert_eq!(seen.json()["response"]["path"], path[1..]);
    }
    assert!(routes.counted(
        r#"ramgate_admission_requests_total{decision="deny",mode="enforce",operation="CREATE",path="validate",resource="pods"} 1"#
    ));
    assert!(routes.counted("ramgate_admission_duration_seconds_count 3"));
}

#[tokio::test]
async fn what_is_no_review_is_told_so() {
    let routes = Routes::usual();
    let json = review("u-1", "allow").to_string();
    let typed = |media: &str| {
        Request::post("/validate")
            .header(CONTENT_TYPE, media)
            .body(Body::from(json.clone()))
            .unwrap()
    };
    let untyped = Request::post("/validate").body(Body::from(json.clone())).unwrap();
    let got = Request::get("/mutate").body(Body::empty()).unwrap();
    for (request, status, words) in [
        (
            posted("/", json.clone()),
            StatusCode::NOT_FOUND,
            "/mutate and /validate",
        ),
        (
            posted("/validate/", json.clone()),
            StatusCode::NOT_FOUND,
            "/mutate and /validate",
        ),
        (got, StatusCode::METHOD_NOT_ALLOWED, "POST"),
        (untyped, StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json"),
        (
            typed("text/json"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "application/json",
        ),
        (
            typed("application/json-patch+json"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "application/json",
        ),
        (
            typed("Application/JSON; charset=utf-8"),
            StatusCode::OK,
            "allowed",
        ),
    ] {
        let seen = routes.send(request).await;
        assert_eq!(seen.status, status);
        assert!(seen.text.contains(words), "{}", seen.text);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            assert_eq!(seen.header("allow"), Some("POST"));
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_one_at_it_is_judged() {
    let routes = Routes::usual();
    let mut body = review("u-1", "allow").to_string();
    body.push_str(&" ".repeat(ReviewLimits::BODY - body.len()));
    assert_eq!(
        routes.send(posted("/validate", body.clone())).await.status,
        StatusCode::OK
    );
    body.push(' ');
    let known = routes.send(posted("/validate", body)).await;
    assert_denial(&known, "u-1", 413, "larger than 20971520 bytes");
    let unknown = routes
        .send(posted("/validate", endless("                ")))
        .await;
    assert_eq!(unknown.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        unknown.text.contains("larger than 20971520 bytes"),
        "{}",
        unknown.text
    );
    for seen in [known, unknown] {
        assert_eq!(seen.header("connection"), Some("close"));
    }
    assert!(routes.counted(r#"ramgate_admission_requests_total{decision="too_large""#));
}

#[tokio::test]
async fn more_work_than_the_bound_is_denied_as_overload() {
    let routes = Arc::new(Routes::new(ReviewLimits::new(1, SECOND)));
    let busy = tokio::spawn({
        let routes = Arc::clone(&routes);
        async move { routes.review(&review("u-1", "wait 200")).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let seen = routes.review(&review("u-2", "allow")).await;
    assert_denial(&seen, "u-2", 429, "overloaded: 1 reviews are being judged");
    assert_eq!(busy.await.unwrap().json()["response"]["allowed"], true);
    assert_eq!(
        routes.review(&review("u-3", "allow")).await.json()["response"]["allowed"],
        true
    );
    assert!(routes.counted(r#"ramgate_admission_requests_total{decision="overloaded""#));
}

#[tokio::test]
async fn more_bytes_than_the_bound_are_denied_as_overload() {
    let routes = Routes::new(ReviewLimits {
        bytes: 20,
        ..ReviewLimits::new(64, SECOND)
    });
    let seen = routes.review(&review("u-1", "allow")).await;
    assert_denial(
        &seen,
        "u-1",
        429,
        "overloaded: the reviews in flight hold more than 20 bytes",
    );
    let seen = routes
        .send(posted("/validate", "not a review, and longer than allowed"))
        .await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(seen.text.contains("overloaded"), "{}", seen.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judgement_over_the_deadline_is_denied_as_too_slow() {
    let limits = ReviewLimits {
        inline: 1000,
        ..ReviewLimits::new(64, Duration::from_millis(100))
    };
    let routes = Routes::new(limits);
    let small = review("u-1", "wait 5000").to_string();
    let large = format!("{}{}", review("u-1", "block 1500"), " ".repeat(1000));
    for body in [small, large] {
        let started = Instant::now();
        let seen = routes.send(posted("/validate", body)).await;
        assert_denial(
            &seen,
            "u-1",
            504,
            "too slow: no decision within its deadline of 100 ms",
        );
        assert!(started.elapsed() < SECOND);
    }
    assert!(routes.counted(r#"ramgate_admission_requests_total{decision="too_slow""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_reviews_take_turns_and_small_ones_pass_them() {
    let limits = ReviewLimits {
        inline: 1000,
        large: 1,
        ..ReviewLimits::new(64, 5 * SECOND)
    };
    let routes = Routes::new(limits);
    // Of many bytes, and of many parts
    let long = format!("{}{}", review("u-1", "block 300"), " ".repeat(1000));
    let mut parts = review("u-2", "block 300");
    parts["request"]["object"] = vec![0; 20].into();
    let started = Instant::now();
    let small = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        routes.review(&review("u-3", "allow")).await;
        started.elapsed()
    };
    let parts = parts.to_string();
    let sent = [&long, &parts].map(|body| routes.send(posted("/validate", body.clone())));
    let (seen, small) = tokio::join!(futures::future::join_all(sent), small);
    assert!(seen.iter().all(|seen| seen.json()["response"]["allowed"] == true));
    assert!(started.elapsed() >= Duration::from_millis(600));
    assert!(small < Duration::from_millis(300), "{small:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_waits_until_there_is_room_to_read_it() {
    let limits = ReviewLimits {
        reading: 8 * 1024,
        ..ReviewLimits::new(64, 5 * SECOND)
    };
    let routes = Routes::new(limits);
    // Fifty parts take more than half of the room
    let body = |uid| {
        let mut body = review(uid, "wait 300");
        body["request"]["object"] = vec![0; 50].into();
        body.to_string()
    };
    let started = Instant::now();
    let sent = ["u-1", "u-2"].map(|uid| routes.send(posted("/validate", body(uid))));
    let seen = futures::future::join_all(sent).await;
    assert!(seen.iter().all(|seen| seen.json()["response"]["allowed"] == true));
    assert!(started.elapsed() >= Duration::from_millis(600));
}

#[tokio::test]
async fn a_caller_that_waits_less_than_the_deadline_is_told_in_time() {
    let routes = Routes::new(ReviewLimits::new(64, 20 * SECOND));
    let started = Instant::now();
    let seen = routes
        .send(posted(
            "/validate?timeout=1s",
            review("u-1", "wait 5000").to_string(),
        ))
        .await;
    assert_denial(&seen, "u-1", 504, "within its deadline of 900 ms");
    assert!(started.elapsed() < 3 * SECOND);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_nobody_waits_for_still_counts_as_work() {
    let limits = ReviewLimits {
        inline: 1000,
        ..ReviewLimits::new(1, Duration::from_millis(100))
    };
    let routes = Routes::new(limits);
    let large = format!("{}{}", review("u-1", "block 400"), " ".repeat(1000));
    assert_denial(
        &routes.send(posted("/validate", large)).await,
        "u-1",
        504,
        "too slow",
    );
    assert_denial(
        &routes.review(&review("u-2", "allow")).await,
        "u-2",
        429,
        "overloaded",
    );
    let free = async || routes.review(&review("u-3", "allow")).await.json()["response"]["allowed"] == true;
    let freed = tokio::time::timeout(5 * SECOND, async {
        while !free().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    freed.await.unwrap();
}

#[tokio::test]
async fn a_panic_is_a_denial_with_an_incident() {
    let routes = Routes::new(ReviewLimits {
        inline: 1000,
        ..ReviewLimits::new(1, SECOND)
    });
    let small = review("u-1", "panic").to_string();
    let large = format!("{small}{}", " ".repeat(1000));
    let mut incidents = Vec::new();
    for body in [small, large] {
        let seen = routes.send(posted("/mutate", body)).await;
        assert_denial(&seen, "u-1", 500, "ramgate failed on this request");
        let message = seen.json()["response"]["status"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(!message.contains("as the script says"), "{message}");
        incidents.push(message);
    }
    assert_ne!(incidents[0], incidents[1]);
    assert_eq!(
        routes.review(&review("u-2", "allow")).await.json()["response"]["allowed"],
        true
    );
    assert!(routes.counted(r#"ramgate_admission_requests_total{decision="failed""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_judged_is_allowed_where_nothing_is_denied() {
    let usual = ReviewLimits::new(64, Duration::from_millis(100));
    let given = [
        (ReviewLimits { inflight: 0, ..usual }, "allow", 429, "overloaded"),
        (ReviewLimits { bytes: 20, ..usual }, "allow", 429, "overloaded"),
        (ReviewLimits { body: 20, ..usual }, "allow", 413, "too_large"),
        (usual, "wait 5000", 504, "too_slow"),
        (usual, "panic", 500, "failed"),
        (usual, "unreadable", 400, "malformed"),
    ];
    for (limits, script, code, decision) in given {
        let routes = Routes::new(limits);
        for (namespace, mode) in [("shop", "enforce"), ("calm", "warn"), ("quiet", "audit")] {
            let mut body = review("u-1", script);
            body["request"]["namespace"] = namespace.into();
            let seen = routes.review(&body).await;
            if mode == "enforce" {
                assert_denial(&seen, "u-1", code, "ramgate");
            } else {
                let response = &seen.json()["response"];
                assert_eq!(
                    (&response["uid"], &response["allowed"]),
                    (&"u-1".into(), &true.into()),
                    "{script}"
                );
                let warning = response["warnings"][0].as_str().unwrap_or_default();
                assert_eq!(
                    warning.contains("in mode enforce this would be denied: ramgate"),
                    mode == "warn"
                );
                assert_eq!(response["auditAnnotations"]["decision"], mode);
            }
            let series = format!(r#"ramgate_admission_requests_total{{decision="{decision}",mode="{mode}","#);
            assert!(routes.counted(&series), "{series}");
        }
    }
}

#[tokio::test]
async fn the_admin_port_tells_what_is_missing() {
    let report = ReadinessReport {
        missing: vec!["no complete configuration yet".into()],
        generation: Some(3),
        last_reload_errors: vec!["ramgate-policy/a.json:1:2: bad".into()],
        ..ReadinessReport::default()
    };
    let ready = ReadinessReport {
        missing: Vec::new(),
        ..report.clone()
    };
    let phases = Phases::default();
    let metrics = Arc::new(Metrics::new().unwrap());
    let router = |report: &ReadinessReport| {
        let readiness = Arc::new(Reported(report.clone()));
        admin::router(Arc::new(Admin {
            readiness,
            phases: phases.clone(),
            metrics: Arc::clone(&metrics),
            candidate: None,
        }))
    };
    let get = async |report: &ReadinessReport, path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        Seen::of(router(report).oneshot(request).await.unwrap()).await
    };
    let seen = get(&report, "/ready").await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        seen.json(),
        serde_json::json!({"ready": false, "missing": ["no complete configuration yet"], "generation": 3,
            "lastReloadErrors": ["ramgate-policy/a.json:1:2: bad"]})
    );
    assert_eq!(get(&ready, "/ready").await.status, StatusCode::OK);
    assert_eq!(get(&ready, "/nothing").await.status, StatusCode::NOT_FOUND);
    let seen = get(&ready, "/metrics").await;
    assert_eq!(seen.header("content-type"), Some("text/plain; version=0.0.4"));
    assert!(seen.text.contains("ramgate_build_info"));
    phases.enter(Phase::Leaving);
    let seen = get(&ready, "/ready").await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        seen.json()["missing"],
        serde_json::json!(["the server is stopping"])
    );
    assert_eq!(get(&ready, "/live").await.status, StatusCode::OK);
}

#[tokio::test]
async fn probes_have_a_port_of_their_own_without_metrics() {
    let running = usual().await;
    let mut probes = Connection::plain(running.probes).await.unwrap();
    assert_eq!(probes.get("/live").await.unwrap().text, "live\n");
    let ready = probes.get("/ready").await.unwrap();
    assert_eq!(
        (ready.status, &ready.json()["ready"]),
        (StatusCode::OK, &true.into())
    );
    let none = probes.get("/metrics").await.unwrap();
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(none.text.contains("/live and /ready"), "{}", none.text);
}

async fn usual() -> Running {
    start(
        ConnectionLimits::REVIEWS,
        ReviewLimits::new(64, SECOND),
        Duration::ZERO,
    )
    .await
}

#[tokio::test]
async fn reviews_come_over_https_and_probes_over_http() {
    let running = usual().await;
    let mut connection = running.connect().await;
    for _ in 0..3 {
        let seen = connection
            .review("/validate", &review("u-1", "allow"))
            .await
            .unwrap();
        assert_eq!(seen.json()["response"]["allowed"], true);
        assert_eq!(seen.header("connection"), None);
    }
    assert!(
        Connection::tls(running.address, "example.com", &running.bundle)
            .await
            .is_err()
    );
    let mut admin = Connection::plain(running.admin).await.unwrap();
    assert_eq!(admin.get("/ready").await.unwrap().status, StatusCode::OK);
    assert!(
        admin
            .get("/metrics")
            .await
            .unwrap()
            .text
            .contains("ramgate_certificate_not_after_timestamp_seconds 1")
    );
}

#[tokio::test]
async fn a_client_that_sends_too_slowly_is_cut_off() {
    let limits = ConnectionLimits {
        handshake: Duration::from_millis(200),
        first_request: Duration::from_millis(300),
        idle: Duration::from_millis(500),
        ..ConnectionLimits::REVIEWS
    };
    let running = start(limits, ReviewLimits::new(64, SECOND), Duration::ZERO).await;
    let closed = async |stream: &mut (dyn tokio::io::AsyncRead + Unpin + Send)| {
        let started = Instant::now();
        // An end or an error, both mean closed
        let _read = tokio::time::timeout(3 * SECOND, stream.read_to_end(&mut Vec::new()))
            .await
            .unwrap();
        started.elapsed()
    };
    let mut silent = tokio::net::TcpStream::connect(running.address).await.unwrap();
    assert!(closed(&mut silent).await < 2 * SECOND, "no handshake");

    let mut silent = handshake(running.address, "localhost", &running.bundle)
        .await
        .unwrap();
    assert!(closed(&mut silent).await < 2 * SECOND, "no request");

    let slow = handshake(running.address, "localhost", &running.bundle)
        .await
        .unwrap();
    let (mut read, mut write) = tokio::io::split(slow);
    let dripping = tokio::spawn(async move {
        write.write_all(b"POST /validate HTTP/1.1\r\n").await?;
        loop {
            write.write_all(b"X-Slow: 1\r\n").await?;
            write.flush().await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        #[expect(unreachable_code, reason = "gives the block its type")]
        Ok::<_, std::io::Error>(())
    });
    assert!(closed(&mut read).await < 2 * SECOND, "headers dripping");
    dripping.abort();

    let mut served = running.connect().await;
    served
        .review("/validate", &review("u-1", "wait 600"))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    served.review("/validate", &review("u-1", "allow")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(
        served.review("/validate", &review("u-1", "allow")).await.is_err(),
        "idle for too long"
    );
}

#[tokio::test]
async fn a_body_that_stalls_is_408() {
    let reviews = ReviewLimits {
        body_time: Duration::from_millis(200),
        ..ReviewLimits::new(64, SECOND)
    };
    let running = start(ConnectionLimits::REVIEWS, reviews, Duration::ZERO).await;
    let mut stream = handshake(running.address, "localhost", &running.bundle)
        .await
        .unwrap();
    let head = b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    stream.write_all(head).await.unwrap();
    let mut answer = Vec::new();
    let _closed = tokio::time::timeout(2 * SECOND, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not arrive within 200 ms"), "{answer}");
}

#[tokio::test]
async fn a_gigabyte_is_refused_in_words_and_cut_off() {
    let running = usual().await;
    let mut announced = running.connect().await;
    let mut request = posted("/validate", endless("xxxxxxxxxxxxxxxx"));
    request
        .headers_mut()
        .insert("content-length", "1000000000".parse().unwrap());
    // Cut off while it writes, the client may see the answer or only the end of the connection
    if let Ok(seen) = announced.send(request).await {
        assert_eq!(seen.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut modest = running.connect().await;
    let seen = modest
        .send(posted("/validate", " ".repeat(21 * 1024 * 1024)))
        .await
        .unwrap();
    assert_eq!(seen.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut next = running.connect().await;
    assert_eq!(
        next.review("/validate", &review("u-1", "allow"))
            .await
            .unwrap()
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_old_connection_is_asked_to_begin_anew() {
    let limits = ConnectionLimits {
        age: Duration::from_millis(200),
        ..ConnectionLimits::REVIEWS
    };
    let running = start(limits, ReviewLimits::new(64, SECOND), Duration::ZERO).await;
    let mut connection = running.connect().await;
    let allow = review("u-1", "allow");
    assert_eq!(
        connection
            .review("/validate", &allow)
            .await
            .unwrap()
            .header("connection"),
        None
    );
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(
        connection
            .review("/validate", &allow)
            .await
            .unwrap()
            .header("connection"),
        Some("close")
    );
    assert!(connection.review("/validate", &allow).await.is_err());
}

/// Asks one server after the other like an API server: keeps its connection until told to close it, and goes to
/// another endpoint once this one is no longer ready
async fn caller(servers: [Arc<Running>; 2], moved: Arc<AtomicBool>, over: Arc<AtomicBool>) -> usize {
    let mut connection = None;
    let mut answered = 0;
    while !over.load(Ordering::Acquire) {
        let mut open = match connection.take() {
            Some(open) => open,
            None => {
                servers[usize::from(moved.load(Ordering::Acquire))]
                    .connect()
                    .await
            }
        };
        let seen = open.review("/validate", &review("u-1", "wait 5")).await.unwrap();
        assert_eq!(seen.json()["response"]["allowed"], true);
        answered += 1;
        if seen.header("connection") != Some("close") {
            connection = Some(open);
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_a_replica_leaves() {
    let delay = 2 * SECOND;
    let limits = ReviewLimits::new(64, SECOND);
    let leaving = Arc::new(start(ConnectionLimits::REVIEWS, limits, delay).await);
    let staying = Arc::new(start(ConnectionLimits::REVIEWS, limits, delay).await);
    let (moved, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let answered = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let caller = caller(
                [Arc::clone(&leaving), Arc::clone(&staying)],
                Arc::clone(&moved),
                Arc::clone(&over),
            );
            let answered = Arc::clone(&answered);
            tokio::spawn(async move { answered.fetch_add(caller.await, Ordering::AcqRel) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    leaving.stop.send("SIGTERM").await.unwrap();
    let mut admin = Connection::plain(leaving.admin).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(
        admin.get("/ready").await.unwrap().status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(admin.get("/live").await.unwrap().status, StatusCode::OK);
    // The endpoint controllers take a while to hear of it
    tokio::time::sleep(Duration::from_millis(200)).await;
    moved.store(true, Ordering::Release);
    let end = tokio::time::timeout(5 * SECOND, async {
        while !leaving.ended.is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    end.await.unwrap();
    assert!(tokio::net::TcpStream::connect(leaving.address).await.is_err());
    over.store(true, Ordering::Release);
    for caller in callers {
        caller.await.unwrap();
    }
    assert!(answered.load(Ordering::Acquire) > 200, "{answered:?} answers");
}

#[tokio::test]
async fn what_is_in_flight_is_answered_after_the_stop() {
    let running = usual().await;
    let mut connection = running.connect().await;
    let asked = tokio::spawn(async move { connection.review("/validate", &review("u-1", "wait 400")).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send("SIGTERM").await.unwrap();
    let seen = asked.await.unwrap().unwrap();
    assert_eq!(seen.json()["response"]["allowed"], true);
    assert_eq!(seen.header("connection"), Some("close"));
    tokio::time::timeout(SECOND, running.ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn who_has_just_connected_is_still_answered_after_the_stop() {
    let running = usual().await;
    let mut connection = running.connect().await;
    running.stop.send("SIGTERM").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let seen = connection
        .review("/validate", &review("u-1", "allow"))
        .await
        .unwrap();
    assert_eq!(seen.header("connection"), Some("close"));
    tokio::time::timeout(SECOND, running.ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn draining_is_bounded() {
    let limits = ConnectionLimits {
        drain: Duration::from_millis(200),
        ..ConnectionLimits::REVIEWS
    };
    let running = start(limits, ReviewLimits::new(64, 30 * SECOND), Duration::ZERO).await;
    let mut connection = running.connect().await;
    let asked =
        tokio::spawn(async move { connection.review("/validate", &review("u-1", "wait 20000")).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send("SIGTERM").await.unwrap();
    tokio::time::timeout(2 * SECOND, running.ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(asked.await.unwrap().is_err());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let running = start(
        ConnectionLimits::REVIEWS,
        ReviewLimits::new(64, SECOND),
        30 * SECOND,
    )
    .await;
    running.stop.send("SIGTERM").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!running.ended.is_finished());
    running.stop.send("SIGINT").await.unwrap();
    assert!(
        tokio::time::timeout(SECOND, running.ended)
            .await
            .unwrap()
            .unwrap()
            .is_err()
    );
}
