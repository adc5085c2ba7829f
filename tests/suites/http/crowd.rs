//! A client that opens connections and says nothing: nobody else waits for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use ramgate::testing::server::{ConnectionLimits, ReviewLimits};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{Connection, Running, review, start};
use crate::session::{handshake, secured};
use crate::strangers::from;
use crate::{SECOND, usual};

async fn bounded(connections: usize) -> Running {
    let limits = ConnectionLimits {
        connections,
        ..ConnectionLimits::REVIEWS
    };
    start(limits, ReviewLimits::new(64, SECOND), Duration::ZERO).await
}

/// Connections that nothing is ever sent on
async fn idle(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(TcpStream::connect(address).await.unwrap());
    }
    open
}

/// What answers within a second
async fn soon<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let answer = tokio::time::timeout(SECOND, answer).await;
    answer.unwrap_or_else(|_| panic!("{what}: no answer after {:?}", started.elapsed()))
}

async fn asks(running: &Running) -> StatusCode {
    let mut connection = running.connect().await;
    let seen = connection.review("/validate", &review("u-1", "allow")).await;
    seen.unwrap().status
}

async fn probed(address: SocketAddr, path: &str) -> StatusCode {
    let mut connection = Connection::plain(address).await.unwrap();
    connection.get(path).await.unwrap().status
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_to_the_ports_of_probes_delay_no_probe() {
    let running = usual().await;
    let _idle = [idle(running.admin, 100).await, idle(running.probes, 100).await];
    for port in [running.admin, running.probes] {
        for path in ["/live", "/ready"] {
            assert_eq!(soon(path, probed(port, path)).await, StatusCode::OK);
        }
    }
    assert!(running.refused("limit") > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_to_the_reviews_port_delay_no_review() {
    let running = usual().await;
    let _idle = idle(running.address, 1100).await;
    assert_eq!(soon("a review", asks(&running)).await, StatusCode::OK);
    assert_eq!(
        soon("a probe", probed(running.admin, "/live")).await,
        StatusCode::OK
    );
    assert!(running.refused("limit") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_do_not_come_delay_no_review() {
    let running = bounded(20).await;
    let mut slow = Vec::new();
    for _ in 0..30 {
        let mut stream = handshake(running.address, "localhost", &running.bundle)
            .await
            .unwrap();
        let head = b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
        stream.write_all(head).await.unwrap();
        slow.push(stream);
    }
    assert_eq!(soon("a review", asks(&running)).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_end_delay_no_review() {
    let running = bounded(20).await;
    let mut greedy = Vec::new();
    for _ in 0..30 {
        let mut connection = running.connect().await;
        connection
            .review("/validate", &review("u-1", "allow"))
            .await
            .unwrap();
        greedy.push(connection);
    }
    assert_eq!(soon("a review", asks(&running)).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_answered_is_never_closed_and_others_wait_for_it() {
    let running = Arc::new(bounded(2).await);
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let running = Arc::clone(&running);
            tokio::spawn(async move {
                let mut connection = running.connect().await;
                let seen = connection.review("/validate", &review("u-1", "wait 600")).await;
                seen.unwrap().status
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let started = Instant::now();
    assert_eq!(soon("a review", asks(&running)).await, StatusCode::OK);
    assert!(started.elapsed() > Duration::from_millis(200), "it had to wait");
    for busy in busy {
        assert_eq!(busy.await.unwrap(), StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_few_connections_keeps_them() {
    let running = bounded(20).await;
    let stream = from([127, 0, 0, 2], running.address).await;
    let mut kept = Connection::over(secured(stream, "localhost", &running.bundle, None).await.unwrap())
        .await
        .unwrap();
    let allow = review("u-1", "allow");
    assert_eq!(
        kept.review("/validate", &allow).await.unwrap().status,
        StatusCode::OK
    );
    let _idle = idle(running.address, 200).await;
    assert_eq!(
        soon("a review", kept.review("/validate", &allow))
            .await
            .unwrap()
            .status,
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_alone_may_hold_many_connections() {
    let running = usual().await;
    let _idle = idle(running.address, 1000).await;
    assert_eq!(asks(&running).await, StatusCode::OK);
    assert_eq!(running.refused("limit"), 0);
}
