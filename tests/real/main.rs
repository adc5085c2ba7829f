//! The whole path on real parts: etcd, kube-apiserver, Helm, kubectl, Prometheus and ramgate's own binary, without root.
//!
//! ```text
//! kubectl -> kube-apiserver -> CONNECT over a Unix socket -> egress -> replica (ramgate serve) -> kube-apiserver
//! ```
//!
//! The tests are here, by topic; what they stand on is in `harness`. `tools/obtain.sh` builds what is missing on the
//! first run. `control_plane` starts the API server, `install` gives it the chart with the real Helm, and `replica`
//! starts the product with the arguments and environment of the Deployment and with a token of its ServiceAccount.
//! `egress` plays the cluster's network, so that the webhook configurations stay those of the chart, and faults are one
//! call.
//!
//! The tests of `identity` have `controllers` as well, a scheduler, and `nodes` that nothing runs on: a whole cluster
//! as far as anybody sees who talks to its API server. `cast` is who appears in them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "tests"
)]

mod harness;

// The cloud of the suite `sync`
#[path = "../suites/sync/account.rs"]
#[allow(dead_code, reason = "that suite uses all of it")]
mod account;
mod audit;
mod authorize;
mod candidate;
#[path = "../suites/sync/cloud.rs"]
#[allow(dead_code, reason = "that suite uses all of it")]
mod cloud;
mod configuration;
mod create_cost;
mod exceptions;
mod guard;
mod identity;
mod lifecycle;
mod metrics;
mod modes;
mod outage;
mod paths;
mod pods;
mod policy_change;
mod preflight;
mod probe;
mod quick_start;
mod rehearsal;
mod rights;
mod sent;
mod smoke;
mod strangers;
mod sync;
mod tampering;
mod trail;
