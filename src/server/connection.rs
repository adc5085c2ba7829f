//! One connection: requests one after another, each awaited for a bounded time.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use crate::server::clock::{AtomicInstant, later};
use crate::server::connection_permits::ConnectionState;
use crate::server::limits::ConnectionLimits;
use crate::server::shutdown;
use crate::server::shutdown::Phase;

/// No API server sends more than ten
const MAX_HEADERS: usize = 64;

/// A client that has just connected is about to send a request, even if the server stops in between
const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(1);

/// How one connection is served
struct Session {
    router: Router,
    limits: ConnectionLimits,
    state: Arc<ConnectionState>,
    phase: watch::Receiver<Phase>,
    opened: Instant,
    timer: RequestTimer,
}

/// Answers requests until either side ends the connection, or until it has to be closed for another
pub(super) async fn serve<S>(
    stream: S,
    router: Router,
    limits: ConnectionLimits,
    state: Arc<ConnectionState>,
    phase: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let opened = Instant::now();
    let session = Arc::new(Session {
        router,
        limits,
        state,
        phase,
        opened,
        timer: RequestTimer::new(opened, limits),
    });
    session.serve(stream).await;
}

impl Session {
    async fn serve<S>(self: Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn({
            let session = Arc::clone(&self);
            move |request| Arc::clone(&session).answer(request)
        });
        let connection = self.http().serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let mut draining = pin!(self.draining());
        let (mut closing, mut evicted) = (false, false);
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!("connection ended: {error}");
                    }
                    return;
                }
                () = &mut draining, if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = self.state.evicted(), if !evicted => {
                    if self.timer.awaits_first_request() {
                        return;
                    }
                    (evicted, closing) = (true, true);
                    // Ends it unless a request has come in just now, which then is its last
                    connection.as_mut().graceful_shutdown();
                }
                () = self.state.settled(), if evicted => return,
                () = self.timer.expired() => {
                    tracing::debug!("connection closed: no request in time");
                    return;
                }
            }
        }
    }

    /// HTTP/1.1 with limits on the headers
    fn http(&self) -> http1::Builder {
        let mut http = http1::Builder::new();
        // `RequestTimer` limits the time for headers, which is longer between requests than before the first
        http.header_read_timeout(None)
            .max_headers(MAX_HEADERS)
            .max_header_size(self.limits.head);
        http
    }

    /// Answers one request, and asks the client to close if the server stops or the connection is old
    async fn answer(self: Arc<Self>, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
        self.timer.answering();
        let request = request.map(|body| TrackedBody::new(body, Arc::clone(&self.state)));
        let mut response = self.router.clone().oneshot(request).await?;
        if *self.phase.borrow() != Phase::Serving || self.opened.elapsed() >= self.limits.age {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.timer.answered();
        self.state.answered();
        Ok(response)
    }

    /// Ends when the server drains; a new connection gets a moment more for its first request
    async fn draining(&self) {
        shutdown::draining(self.phase.clone()).await;
        if self.timer.awaits_first_request() {
            sleep(FIRST_REQUEST_GRACE).await;
        }
    }
}

/// A request's body, which marks the connection as answering when it is whole
struct TrackedBody {
    body: Incoming,
    state: Arc<ConnectionState>,
}

impl TrackedBody {
    fn new(body: Incoming, state: Arc<ConnectionState>) -> Self {
        state.receiving();
        let tracked = Self { body, state };
        tracked.mark_if_whole();
        tracked
    }

    fn mark_if_whole(&self) {
        if self.body.is_end_stream() {
            self.state.answering();
        }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(None) => self.state.answering(),
            Poll::Ready(Some(_)) | Poll::Pending => self.mark_if_whole(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bounds the wait for the next request; without a lock, since every request passes here
struct RequestTimer {
    idle: Duration,
    has_request: AtomicBool,
    /// `None` while a request is being answered
    expires: AtomicInstant,
}

impl RequestTimer {
    fn new(opened: Instant, limits: ConnectionLimits) -> Self {
        Self {
            idle: limits.idle,
            has_request: AtomicBool::new(false),
            expires: AtomicInstant::new(opened, later(opened, limits.first_request)),
        }
    }

    /// Whether no request has come yet
    fn awaits_first_request(&self) -> bool {
        !self.has_request.load(Ordering::Acquire)
    }

    fn answering(&self) {
        self.has_request.store(true, Ordering::Release);
        self.expires.clear();
    }

    fn answered(&self) {
        self.expires.set(later(Instant::now(), self.idle));
    }

    /// Ends when no request came in time
    async fn expired(&self) {
        loop {
            let left = match self.expires.get() {
                Some(expires) => expires.saturating_duration_since(Instant::now()),
                // An answer restarts the wait, so that it cannot end earlier than this
                None => self.idle,
            };
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}
