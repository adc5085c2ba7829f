//! Whoever reaches the ports and is no API server: nobody else waits for them.

use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::harness::cluster::exclusive;
use crate::harness::http;
use crate::harness::objects::{TAGS, allow, eci_pod};
use crate::harness::process::unique;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn idle_connections_delay_neither_probes_nor_creations() {
    let cluster = exclusive();
    let space = cluster.namespace("crowd", &[]);
    space.scale(1);
    space.ram_user(
        "carol",
        &json!([allow(&["eci:CreateContainerGroup"], &json!({}))]),
    );
    let carol = space.editor("carol@example.com");
    let create = || {
        let name = format!("pod-{}", unique());
        let started = Instant::now();
        carol
            .give(&["create"], &eci_pod(&name, &[(TAGS, "env:test")]))
            .success();
        started.elapsed()
    };
    create();
    let (port, admin, probes) = {
        let replica = &space.replicas()[0];
        (replica.port, replica.admin_port, replica.probe_port)
    };
    let crowd = [(port, 1100), (admin, 100), (probes, 100)];
    let _idle: Vec<TcpStream> = crowd
        .into_iter()
        .flat_map(|(port, count)| std::iter::repeat_n(port, count))
        .map(|port| TcpStream::connect(("127.0.0.1", port)).expect("a connection"))
        .collect();
    for _ in 0..3 {
        // As after a restart: the API server has no connection left that it could use
        space.plane.egress().cut();
        let took = create();
        assert!(took < SECOND, "a creation took {took:?}");
        for (port, path) in [
            (probes, "/live"),
            (probes, "/ready"),
            (admin, "/live"),
            (admin, "/ready"),
        ] {
            let started = Instant::now();
            assert_eq!(http::get(port, path).expect(path).status, 200);
            assert!(started.elapsed() < SECOND, "{path} took {:?}", started.elapsed());
        }
    }
    let refused = r#"ramgate_refused_connections_total{reason="limit"}"#;
    assert!(space.replicas()[0].metric(refused) > Some(100.0));
    let memory = space.replicas()[0].metric("process_resident_memory_bytes");
    assert!(memory < Some(128.0 * 1024.0 * 1024.0), "{memory:?}");
}
