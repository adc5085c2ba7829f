//! A few pods through the real API server, as dry runs: some that must be allowed, some that must be denied.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::PostParams;

use crate::ledger::Outcome;
use crate::reviews::{NAMESPACE, marked_pod};
use crate::stage::Stage;

/// Between two pods: about eight a second
const PAUSE: Duration = Duration::from_millis(125);

/// How long after a kill the API server may still come upon the killed replica
const KILL_WINDOW: Duration = Duration::from_secs(3);

/// What came of the pods
#[derive(Default)]
pub(crate) struct Trickle {
    pub(crate) right: AtomicU64,
    /// The API server was away or waited for etcd
    pub(crate) no_answer: AtomicU64,
    pub(crate) lost_by_kill: AtomicU64,
}

/// Starts it
pub(crate) fn start(stage: &Arc<Stage>, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (stage, stop) = (Arc::clone(stage), Arc::clone(stop));
    std::thread::spawn(move || {
        let pods: Api<Pod> = Api::namespaced(stage.alice.clone(), NAMESPACE);
        let wanted = [("env:test", true), ("env:production", false)].map(|(tags, allowed)| {
            let pod = serde_json::from_value::<Pod>(marked_pod("trickle", tags));
            (pod.expect("a pod"), allowed)
        });
        for (pod, allowed) in wanted.iter().cycle() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            stage.runtime.block_on(create(&stage, &pods, pod, *allowed));
            std::thread::sleep(PAUSE);
        }
    })
}

async fn create(stage: &Stage, pods: &Api<Pod>, pod: &Pod, allowed: bool) {
    let parameters = PostParams {
        dry_run: true,
        field_manager: None,
    };
    let begun = Instant::now();
    let created = tokio::time::timeout(Duration::from_secs(20), pods.create(&parameters, pod)).await;
    let count = |counter: &AtomicU64| {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let trickle = &stage.ledger.trickle;
    let wrong = |outcome: fn(String) -> Outcome, text: &str| {
        stage
            .ledger
            .book(outcome(format!("through the API server: {text}")));
    };
    match created {
        Ok(Ok(_)) if allowed => count(&trickle.right),
        Ok(Ok(_)) => wrong(Outcome::LetThrough, "a pod that RAM denies"),
        Ok(Err(kube::Error::Api(status))) if status.message.contains("denied the request") => match allowed {
            false if status.message.contains("tag `env` must") => count(&trickle.right),
            false => wrong(Outcome::Wrong, &status.message),
            true => wrong(Outcome::HeldUp, &status.message),
        },
        Ok(Err(kube::Error::Api(status))) if status.message.contains("failed calling webhook") => {
            if stage.fleet.killed_since(begun - KILL_WINDOW) {
                count(&trickle.lost_by_kill);
            } else {
                wrong(Outcome::Failed, &status.message);
            }
        }
        other => {
            count(&trickle.no_answer);
            if stage.weather.was_calm(begun, Instant::now()) {
                wrong(Outcome::Failed, &format!("{other:?}"));
            }
        }
    }
}
