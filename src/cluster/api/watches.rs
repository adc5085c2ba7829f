//! The time of the last answer of the API server to each watch.
//!
//! A watch call ends after a while and starts again, even if nothing changes. So a watch that works has an answer that is
//! not older than one call. An older answer shows that rights are gone or that the network is cut.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use axum::http::{Method, Request};
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;

/// How long one watch call lasts at most; a connection that died silently is noticed a little later
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// The age after which an answer is late: longer than any call with its retries
const LATE_AFTER: Duration = Duration::from_secs(120);

/// Makes clients for watches, which note the time of the last answer
#[derive(Clone)]
pub(crate) struct Watches {
    client: Client,
    stale_after: Duration,
    answers: Arc<Mutex<Vec<Weak<LastAnswer>>>>,
}

/// The answers to one watch
#[derive(Debug)]
struct LastAnswer {
    name: &'static str,
    /// When the watch began; until the first answer, its age counts from here
    since: Instant,
    last: Mutex<Option<(Instant, Timestamp)>>,
}

/// The state of a watch
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WatchHealth {
    /// The name of the watch
    pub watch: &'static str,
    /// How long ago it was last answered, or how long it waits for its first answer
    pub age: Duration,
    /// When it was last answered
    pub last: Option<Timestamp>,
}

impl Watches {
    /// Watches of one API server; no decision may use objects of a watch that is silent for longer than `stale_after`
    pub(crate) fn new(client: Client, stale_after: Duration) -> Self {
        Self {
            client,
            stale_after,
            answers: Arc::default(),
        }
    }

    /// A client for requests that are no watches
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// A client for one watch; the watch has a [health](Self::health) for as long as the client lives
    pub(crate) fn watch(&self, name: &'static str) -> Client {
        let last_answer = Arc::new(LastAnswer {
            name,
            since: Instant::now(),
            last: Mutex::default(),
        });
        let mut answers = self.answers();
        answers.retain(|last_answer| last_answer.strong_count() > 0);
        answers.push(Arc::downgrade(&last_answer));
        drop(answers);
        let client = self.client.clone();
        let namespace = client.default_namespace().to_owned();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (client, last_answer) = (client.clone(), Arc::clone(&last_answer));
            async move {
                let is_watch = lists_or_watches(&request);
                let answer = client.send(request).await;
                if is_watch && answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                    last_answer.answered();
                }
                answer
            }
        });
        Client::new(service, namespace)
    }

    /// How long one watch call lasts: short enough for several within the time after which a watch is stale
    pub(crate) fn call_seconds(&self) -> u32 {
        let call = self.stale_after.checked_div(4).unwrap_or_default();
        let seconds = call.min(LONGEST_CALL).as_secs().max(1);
        u32::try_from(seconds).unwrap_or(1)
    }

    /// The health of all watches, by name; of two watches with one name, that of the newer
    pub(crate) fn health(&self) -> Vec<WatchHealth> {
        let mut health: Vec<WatchHealth> = Vec::new();
        for last_answer in self.answers().iter().filter_map(Weak::upgrade) {
            let now = last_answer.health();
            health.retain(|other| other.watch != now.watch);
            health.push(now);
        }
        health.sort_unstable_by_key(|health| health.watch);
        health
    }

    /// Whether a watch is silent for longer than any that works
    pub(crate) fn is_late(&self, health: &WatchHealth) -> bool {
        let half = self.stale_after.checked_div(2).unwrap_or_default();
        health.age > LATE_AFTER.min(half)
    }

    /// Whether the objects of a watch are too old for decisions
    pub(crate) fn is_stale(&self, health: &WatchHealth) -> bool {
        health.age > self.stale_after
    }

    fn answers(&self) -> MutexGuard<'_, Vec<Weak<LastAnswer>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LastAnswer {
    fn answered(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), Timestamp::now()));
    }

    fn health(&self) -> WatchHealth {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        WatchHealth {
            watch: self.name,
            age: last.map_or(self.since, |(at, _)| at).elapsed(),
            last: last.map(|(_, at)| at),
        }
    }
}

/// Whether a request lists or watches; others read or write a single object
fn lists_or_watches(request: &Request<Body>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let has = |wanted: &str| {
        let mut pairs = query.split('&');
        pairs.any(|pair| pair.split('=').next() == Some(wanted))
    };
    request.method() == Method::GET
        && ["watch", "limit", "fieldSelector", "labelSelector"]
            .into_iter()
            .any(has)
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watches")
            .field("stale_after", &self.stale_after)
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Node;
    use kube::Api;
    use kube::api::ListParams;
    use serde_json::json;

    use super::*;
    use crate::cluster::fake_api_server::FakeApiServer;

    const NODES: &str = "/api/v1/nodes";

    fn watches(fake: &FakeApiServer, seconds: u64) -> Watches {
        Watches::new(fake.client(), Duration::from_secs(seconds))
    }

    #[tokio::test]
    async fn an_answered_list_counts_and_a_refused_one_or_a_single_read_does_not() {
        let fake = FakeApiServer::default();
        fake.list(NODES, vec![]);
        fake.put("/api/v1/nodes/a", json!({"metadata": {"name": "a"}}));
        let watches = watches(&fake, 600);
        let nodes: Api<Node> = Api::all(watches.watch("nodes"));
        let last = || watches.health()[0].last;
        nodes.get("a").await.unwrap();
        assert_eq!(last(), None);
        let list = ListParams::default().limit(5);
        nodes.list(&list).await.unwrap();
        let first = last();
        assert!(first.is_some());
        fake.fail(NODES, 403);
        assert!(nodes.list(&list).await.is_err());
        assert_eq!(last(), first);
        let other = watches.watch("other");
        let names =
            |watches: &Watches| -> Vec<&str> { watches.health().iter().map(|health| health.watch).collect() };
        assert_eq!(names(&watches), ["nodes", "other"]);
        drop(other);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(names(&watches), ["nodes"], "a watch that has ended is not stale");
    }

    #[test]
    fn calls_are_much_shorter_than_what_is_stale() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _within = runtime.enter();
        for (seconds, call, late) in [(600, 60, 121), (240, 60, 121), (20, 5, 11)] {
            let watches = watches(&FakeApiServer::default(), seconds);
            let health = |age| WatchHealth {
                watch: "nodes",
                age: Duration::from_secs(age),
                last: None,
            };
            assert_eq!(watches.call_seconds(), call);
            assert!(watches.is_late(&health(late)) && !watches.is_late(&health(late - 1)));
            assert!(!watches.is_late(&health(u64::from(call) + 4)));
            assert!(watches.is_stale(&health(seconds + 1)) && !watches.is_stale(&health(seconds)));
        }
    }
}
