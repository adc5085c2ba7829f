//! Reviews without end through two replicas, while everything around them fails in turn and at once.
//!
//! ```text
//! generator (stands in for API server and Service) --HTTPS--> replica 1, replica 2 (ramgate serve)
//! trickle   -> kube-apiserver -> egress ---------------------> replica 1, replica 2
//!                    | slow storage                                 | ConfigMaps, keys, CA, by real watches
//!                   etcd <------------------------------------ kube-apiserver
//! ```
//!
//! | what | modules |
//! | --- | --- |
//! | the reviews and who asks | `reviews`, `verdicts`, `generator`, `transport`, `trickle` |
//! | what is asked | `fleet` and its `member`s, `service`, `log_sink` |
//! | what goes wrong | `faults`, `configuration`, `slow_storage`, `weather` |
//! | what came of it | `ledger`, `timeline`, `report` |
//!
//! `make soak` runs it for an hour with the release program. As a part of `make test` it takes five minutes with the
//! program that the other tests use, at a fifth of the rate: a debug build shares two cores with the control plane.
//! `settings` has the variables. The same seed gives the same order of faults and reviews.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "tests"
)]

/// What the tests on a real control plane stand on
#[path = "../real/harness"]
#[allow(dead_code, reason = "those tests use all of it")]
mod harness {
    pub(crate) mod cast;
    pub(crate) mod certificates;
    pub(crate) mod control_plane;
    pub(crate) mod egress;
    pub(crate) mod http;
    pub(crate) mod install;
    pub(crate) mod kubectl;
    pub(crate) mod nodes;
    pub(crate) mod objects;
    pub(crate) mod process;
    pub(crate) mod replica;
    pub(crate) mod reviews;
    pub(crate) mod tools;
    pub(crate) mod wait;
}

mod chance;
mod configuration;
mod faults;
mod fleet;
mod generator;
mod ledger;
mod log_sink;
mod member;
mod report;
mod reviews;
mod service;
mod settings;
mod slow_storage;
mod stage;
mod timeline;
mod transport;
mod trickle;
mod verdicts;
mod weather;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::settings::Settings;
use crate::stage::Stage;

#[test]
fn no_review_fails_under_fire() {
    let settings = Settings::read();
    println!("{settings}");
    let stage = Arc::new(Stage::set(&settings));
    stage.rehearse();

    let begun = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    let background = [
        generator::start(&stage, &settings, &stop),
        trickle::start(&stage, &stop),
        configuration::start(&stage, &stop),
        report::start_sampling(&stage, &stop),
    ];
    faults::run(&stage, &settings);
    thread::sleep(settings.duration.saturating_sub(begun.elapsed()));
    // Long enough for what has just been repaired to show whether it is.
    thread::sleep(Duration::from_secs(2));
    stop.store(true, Ordering::Relaxed);
    for thread in background {
        thread.join().expect("a thread of the soak");
    }
    report::conclude(&stage, &settings, begun.elapsed());
}
