//! `/mutate`, `/validate` and `/authorize`: bounds around the judge, and an explicit denial for each bound that is hit.

pub(crate) mod end;
pub(crate) mod times;

use std::any::Any;
use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::admission;
use crate::authorization;
use crate::kubernetes::bounds;
use crate::server::body::{Budget, Received, Unread};
use crate::server::judge::{Endpoint, Judge, Verdict};
use crate::server::limits::ReviewLimits;
use crate::server::reviews::end::End;
use crate::server::reviews::times::Times;
use crate::server::{body, reply, uid};
use crate::telemetry::log;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::record::Record;

/// A judge behind its bounds
pub struct Reviews {
    judge: Arc<dyn Judge>,
    metrics: Arc<Metrics>,
    limits: ReviewLimits,
    work: Arc<Semaphore>,
    large: Arc<Semaphore>,
    reading: Arc<Semaphore>,
    budget: Arc<Budget>,
    incidents: Incidents,
}

impl Reviews {
    /// Puts a judge behind bounds
    #[must_use]
    pub fn new(judge: Arc<dyn Judge>, metrics: Arc<Metrics>, limits: ReviewLimits) -> Arc<Self> {
        Arc::new(Self {
            judge,
            metrics,
            limits,
            work: Arc::new(Semaphore::new(limits.inflight)),
            large: Arc::new(Semaphore::new(limits.large)),
            reading: Arc::new(Semaphore::new(limits.reading / KIBIBYTE)),
            budget: Budget::new(limits.bytes),
            incidents: Incidents::default(),
        })
    }

    async fn answer(self: Arc<Self>, endpoint: Endpoint, request: Request) -> Response {
        let started = Instant::now();
        let _in_flight = self.metrics.in_flight();
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return reply::text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a review is JSON: send it with Content-Type: application/json",
            );
        }
        let times = Times::new(started, &self.limits, &parts.uri);
        let (response, record) = match self.receive(&parts.headers, body, times).await {
            Ok(received) => {
                let bytes = received.bytes.clone();
                match self.judge(endpoint, received, times).await {
                    Ok(verdict) => (reply::review(verdict.body), verdict.record),
                    Err(end) => self.end(endpoint, end, uid::read(&bytes)),
                }
            }
            Err((end, uid)) => self.end(endpoint, end, uid),
        };
        let took = started.elapsed();
        self.metrics.reviewed(endpoint, &record, took);
        log::decision(endpoint, &record, took);
        response
    }

    async fn receive(
        &self,
        headers: &HeaderMap,
        body: Body,
        times: Times,
    ) -> Result<Received, (End, Option<String>)> {
        body::read(headers, body, self.limits.body, &self.budget, times.body_until())
            .await
            .map_err(|unread| match unread {
                Unread::TooLarge => (End::TooLarge, None),
                Unread::NoRoom(uid) => (End::NoRoom, uid),
                Unread::TooSlow => (End::BodyTooSlow(times.body), None),
                Unread::Broken => (End::Broken, None),
            })
    }

    /// Judges on this thread, or a large body on one where it keeps nobody waiting
    async fn judge(&self, endpoint: Endpoint, received: Received, times: Times) -> Result<Verdict, End> {
        let Ok(permit) = Arc::clone(&self.work).try_acquire_owned() else {
            return Err(End::NoWorker);
        };
        let judge = Arc::clone(&self.judge);
        let cost = bounds::cost(&received.bytes);
        let large = received.bytes.len().max(cost) > self.limits.inline;
        let turn = Arc::clone(&self.large).acquire_owned();
        let room = Arc::clone(&self.reading).acquire_many_owned(kibibytes(cost));
        let work = async move {
            // Held until the work has really ended, also when nobody waits for it any more
            let (Received { bytes, held: _held }, _permit) = (received, permit);
            AssertUnwindSafe(async { judge.judge(endpoint, &bytes).await })
                .catch_unwind()
                .await
        };
        let judging = async {
            if !large {
                let _room = room.await;
                return work.await;
            }
            let held = (turn.await, room.await);
            let runtime = Handle::current();
            let task = tokio::task::spawn_blocking(move || {
                let _held = held;
                runtime.block_on(work)
            });
            task.await.unwrap_or_else(|error| Err(Box::new(error)))
        };
        match timeout_at(times.until(), judging).await {
            Ok(Ok(verdict)) => Ok(verdict),
            Ok(Err(panic)) => Err(End::Failed(self.incident(panic.as_ref()))),
            Err(_) => Err(End::TooSlow(times.deadline)),
        }
    }

    fn incident(&self, panic: &(dyn Any + Send)) -> String {
        let incident = self.incidents.next();
        let text = log::panic_text(panic);
        tracing::error!(incident, "judging panicked: {text}");
        incident
    }

    /// The answer to a review that came to no judgement; without a uid no AdmissionReview is understood, while a
    /// SubjectAccessReview has none
    fn end(&self, endpoint: Endpoint, end: End, uid: Option<String>) -> (Response, Record) {
        let sentence = end.sentence(&self.limits);
        let response = match (&uid, end.denial()) {
            _ if endpoint == Endpoint::Authorize => reply::review(authorization::refuse(&sentence)),
            (Some(uid), Some(code)) => reply::review(admission::refuse(uid, code.as_u16(), &sentence)),
            _ => reply::text(end.status(), sentence),
        };
        let record = Record {
            uid: uid.unwrap_or_default(),
            decision: end.name(),
            ..Record::default()
        };
        (end.closing(response), record)
    }
}

/// Names for what went wrong, unlike those of other replicas and restarts
#[derive(Default)]
struct Incidents {
    process: RandomState,
    count: AtomicU64,
}

impl Incidents {
    fn next(&self) -> String {
        format!(
            "{:016x}",
            self.process.hash_one(self.count.fetch_add(1, Ordering::Relaxed))
        )
    }
}

/// The routes of the reviews' port
pub fn router(reviews: Arc<Reviews>) -> Router {
    let to = |endpoint| post(move |State(reviews), request| answer(reviews, endpoint, request));
    let router = Router::new()
        .route("/mutate", to(Endpoint::Mutate))
        .route("/validate", to(Endpoint::Validate));
    let (router, paths) = if reviews.judge.authorizes() {
        let router = router.route("/authorize", to(Endpoint::Authorize));
        (router, "/mutate, /validate and /authorize")
    } else {
        (router, "/mutate and /validate")
    };
    router
        .method_not_allowed_fallback(async || {
            reply::text(StatusCode::METHOD_NOT_ALLOWED, "reviews are posted: use POST")
        })
        .fallback(async move || reply::text(StatusCode::NOT_FOUND, format!("here are {paths}, nothing else")))
        .with_state(reviews)
}

async fn answer(reviews: Arc<Reviews>, endpoint: Endpoint, request: Request) -> Response {
    reviews.answer(endpoint, request).await
}

/// The unit in which room for reading is taken
const KIBIBYTE: usize = 1024;

fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(KIBIBYTE)).unwrap_or(u32::MAX)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = media.split(';').next().unwrap_or_default();
    name.trim().eq_ignore_ascii_case("application/json")
}
