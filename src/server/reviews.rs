//! `/mutate`, `/validate` and `/authorize`: bounds around each evaluation, and an explicit answer for each bound that is
//! hit.
//!
//! ```text
//! request -> body (size, memory, time) -> permits (reviews, large ones, parsing) -> ReviewHandler -> answer
//! a bound that is hit, or a panic      -> Failure, mode -> answer
//! ```

mod failure;
mod time_limits;

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
use crate::admission::Webhook;
use crate::authorization;
use crate::kubernetes::limits::memory_cost;
use crate::server::body::{BodyError, ReceivedBody};
use crate::server::limits::ReviewLimits;
use crate::server::memory_budget::MemoryBudget;
use crate::server::request_head::RequestHead;
use crate::server::review_handler::{HandledReview, ReviewHandler, UnreadableReview};
use crate::server::reviews::failure::Failure;
use crate::server::reviews::time_limits::TimeLimits;
use crate::server::{body, http_response, request_head};
use crate::telemetry::endpoint::Endpoint;
use crate::telemetry::log;
use crate::telemetry::log_folding::LogFolding;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::record::Record;

/// The payload of a panic
type Panic = Box<dyn Any + Send>;

/// What the handler makes of a body
type Handled = Result<HandledReview, UnreadableReview>;

/// Answers reviews within their bounds
pub struct Reviews {
    handler: Arc<dyn ReviewHandler>,
    metrics: Arc<Metrics>,
    limits: ReviewLimits,
    /// A permit for each review in evaluation
    inflight: Arc<Semaphore>,
    /// A permit for each expensive one among them
    large: Arc<Semaphore>,
    /// A permit for each KiB that parsing takes
    parsing: Arc<Semaphore>,
    budget: Arc<MemoryBudget>,
    incidents: Incidents,
    folding: LogFolding,
}

impl Reviews {
    /// Limits a review handler
    #[must_use]
    pub fn new(handler: Arc<dyn ReviewHandler>, metrics: Arc<Metrics>, limits: ReviewLimits) -> Arc<Self> {
        Arc::new(Self {
            handler,
            metrics,
            limits,
            inflight: Arc::new(Semaphore::new(limits.inflight)),
            large: Arc::new(Semaphore::new(limits.large)),
            parsing: Arc::new(Semaphore::new(limits.reading / KIBIBYTE)),
            budget: MemoryBudget::new(limits.bytes),
            incidents: Incidents::default(),
            folding: LogFolding::default(),
        })
    }

    async fn answer(self: Arc<Self>, endpoint: Endpoint, request: Request) -> Response {
        let started = Instant::now();
        let _in_flight = self.metrics.reviews.in_flight();
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return http_response::text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a review is JSON: send it with Content-Type: application/json",
            );
        }
        let times = TimeLimits::new(started, &self.limits, &parts.uri);
        let (response, record) = match self.receive(&parts.headers, body, times).await {
            Ok(received) => self.evaluate_or_fail(endpoint, received, times).await,
            Err((failure, start)) => self.fail(endpoint, &failure, &start),
        };
        let took = started.elapsed();
        self.metrics.reviews.answered(endpoint, &record, took);
        log::decision(&self.folding, endpoint, &record, took);
        response
    }

    /// Reads the body
    ///
    /// # Errors
    /// The body is over a bound, or does not arrive whole. Its first bytes are there, as far as they were read.
    async fn receive(
        &self,
        headers: &HeaderMap,
        body: Body,
        times: TimeLimits,
    ) -> Result<ReceivedBody, (Failure, Vec<u8>)> {
        body::read(headers, body, self.limits.body, &self.budget, times.body_until())
            .await
            .map_err(|unread| {
                let failure = match unread.error {
                    BodyError::TooLarge => Failure::BodyTooLarge,
                    BodyError::OverBudget => Failure::OverBudget,
                    BodyError::TooSlow => Failure::BodyTooSlow(times.body),
                    BodyError::Aborted => Failure::BodyAborted,
                };
                (failure, unread.start)
            })
    }

    async fn evaluate_or_fail(
        &self,
        endpoint: Endpoint,
        received: ReceivedBody,
        times: TimeLimits,
    ) -> (Response, Record) {
        let bytes = received.bytes.clone();
        match self.evaluate(endpoint, received, times).await {
            Ok(handled) => (http_response::review(handled.body), handled.record),
            Err(failure) => self.fail(endpoint, &failure, &bytes),
        }
    }

    /// Evaluates a review on this thread, or an expensive one on a thread where it holds up no other
    async fn evaluate(
        &self,
        endpoint: Endpoint,
        received: ReceivedBody,
        times: TimeLimits,
    ) -> Result<HandledReview, Failure> {
        let Ok(permit) = Arc::clone(&self.inflight).try_acquire_owned() else {
            return Err(Failure::TooManyInFlight);
        };
        let handler = Arc::clone(&self.handler);
        let cost = memory_cost(&received.bytes);
        let is_expensive = received.bytes.len().max(cost) > self.limits.inline;
        let parsing = Arc::clone(&self.parsing).acquire_many_owned(kibibytes(cost));
        let work = async move {
            // Held until the work has really ended, even if nobody waits for it any more
            let _held = (received.reservation, permit);
            AssertUnwindSafe(async { handler.handle(endpoint, &received.bytes).await })
                .catch_unwind()
                .await
        };
        let evaluation = async {
            if is_expensive {
                let held = (Arc::clone(&self.large).acquire_owned().await, parsing.await);
                on_blocking_thread(work, held).await
            } else {
                let _held = parsing.await;
                work.await
            }
        };
        match timeout_at(times.until(), evaluation).await {
            Ok(Ok(handled)) => handled.map_err(Failure::Unreadable),
            Ok(Err(panic)) => Err(Failure::Panicked(self.incident(panic.as_ref()))),
            Err(_) => Err(Failure::DeadlineExceeded(times.deadline)),
        }
    }

    /// Logs a panic under an incident, and returns the incident
    fn incident(&self, panic: &(dyn Any + Send)) -> String {
        let incident = self.incidents.next();
        let text = log::panic_text(panic);
        tracing::error!(incident, "evaluation panicked: {text}");
        incident
    }

    /// The answer to a review that was not evaluated, by its mode; `bytes` is its body or the start of it
    fn fail(&self, endpoint: Endpoint, failure: &Failure, bytes: &[u8]) -> (Response, Record) {
        let message = failure.message(&self.limits);
        let (response, record) = match endpoint {
            Endpoint::Admission(webhook) => self.unjudged(webhook, failure, &message, bytes),
            Endpoint::Authorization => {
                let namespace = request_head::read_namespace(bytes);
                let mode = self.handler.mode_of_read(namespace.as_deref());
                let record = Record {
                    namespace: namespace.unwrap_or_default(),
                    mode: mode.name(),
                    ..Record::default()
                };
                (
                    http_response::review(authorization::refuse(&message, mode)),
                    record,
                )
            }
        };
        let record = Record {
            decision: failure.decision(),
            message: Some(message),
            ..record
        };
        (failure.close_unread(response), record)
    }

    /// The answer to an AdmissionReview
    ///
    /// If the head of the review says not enough, the answer is plain HTTP, and the failure policy of the webhook decides.
    fn unjudged(
        &self,
        webhook: Webhook,
        failure: &Failure,
        message: &str,
        bytes: &[u8],
    ) -> (Response, Record) {
        let Some(head) = RequestHead::read(bytes) else {
            let response = http_response::text(failure.http_status(), message);
            return (response, Record::default());
        };
        let mode = self.handler.mode(&head);
        let code = failure.denial_code().as_u16();
        let body = admission::unjudged(webhook, &head.uid, mode, code, message);
        let record = Record {
            uid: head.uid,
            namespace: head.namespace,
            mode: mode.name(),
            ..Record::default()
        };
        (http_response::review(body), record)
    }
}

/// Runs work on a thread that may block, with permits that are held until it ends
async fn on_blocking_thread<P: Send + 'static>(
    work: impl Future<Output = Result<Handled, Panic>> + Send + 'static,
    permits: P,
) -> Result<Handled, Panic> {
    let runtime = Handle::current();
    let task = tokio::task::spawn_blocking(move || {
        let _held = permits;
        runtime.block_on(work)
    });
    task.await.unwrap_or_else(|error| Err(Box::new(error)))
}

/// Makes names for failures that other replicas and restarts do not use
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
        .route("/mutate", to(Endpoint::MUTATE))
        .route("/validate", to(Endpoint::VALIDATE));
    let (router, paths) = if reviews.handler.authorizes() {
        let router = router.route("/authorize", to(Endpoint::Authorization));
        (router, "/mutate, /validate and /authorize")
    } else {
        (router, "/mutate and /validate")
    };
    router
        .method_not_allowed_fallback(async || {
            http_response::text(StatusCode::METHOD_NOT_ALLOWED, "reviews are posted: use POST")
        })
        .fallback(async move || {
            http_response::text(StatusCode::NOT_FOUND, format!("here are {paths}, nothing else"))
        })
        .with_state(reviews)
}

async fn answer(reviews: Arc<Reviews>, endpoint: Endpoint, request: Request) -> Response {
    reviews.answer(endpoint, request).await
}

/// The unit in which parsing takes memory
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
