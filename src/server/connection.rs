//! One connection: requests one after another, each awaited for a bounded time.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use crate::server::limits::ConnectionLimits;
use crate::server::places::Place;
use crate::server::shutdown;
use crate::server::shutdown::Phase;

/// No API server sends more than ten
const MOST_HEADERS: usize = 64;

/// Whoever has just connected is about to ask, also when the end comes in between
const NEWCOMER: Duration = Duration::from_secs(1);

/// Answers requests until either side ends the connection, or it has to give way to another
pub(super) async fn serve<S>(
    stream: S,
    router: Router,
    limits: ConnectionLimits,
    place: Arc<Place>,
    phase: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let opened = Instant::now();
    let patience = Arc::new(Patience::new(opened, limits));
    let service = service_fn({
        let patience = Arc::clone(&patience);
        let place = Arc::clone(&place);
        let phase = phase.clone();
        move |request: hyper::Request<Incoming>| {
            patience.answering();
            let request = request.map(|body| Arriving::new(body, Arc::clone(&place)));
            let (router, patience, phase) = (router.clone(), Arc::clone(&patience), phase.clone());
            let place = Arc::clone(&place);
            async move {
                let mut response = router.oneshot(request).await?;
                if *phase.borrow() != Phase::Serving || opened.elapsed() >= limits.age {
                    response
                        .headers_mut()
                        .insert(CONNECTION, HeaderValue::from_static("close"));
                }
                patience.waiting();
                place.answered();
                Ok::<_, Infallible>(response)
            }
        }
    });
    let connection = http1::Builder::new()
        // `Patience` bounds the time for headers, longer between requests than before the first
        .header_read_timeout(None)
        .max_headers(MOST_HEADERS)
        .max_header_size(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut draining = pin!(async {
        shutdown::draining(phase).await;
        if patience.is_new() {
            sleep(NEWCOMER).await;
        }
    });
    let (mut closing, mut leaving) = (false, false);
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
            () = place.leave(), if !leaving => {
                if patience.is_new() {
                    return;
                }
                (leaving, closing) = (true, true);
                // Ends it unless a request has come in just now, which then is its last
                connection.as_mut().graceful_shutdown();
            }
            () = place.left(), if leaving => return,
            () = patience.over() => {
                tracing::debug!("connection closed: no request in time");
                return;
            }
        }
    }
}

/// A request's body, which tells when it is whole
struct Arriving {
    body: Incoming,
    place: Arc<Place>,
}

impl Arriving {
    fn new(body: Incoming, place: Arc<Place>) -> Self {
        place.receiving();
        let arriving = Self { body, place };
        arriving.note();
        arriving
    }

    fn note(&self) {
        if self.body.is_end_stream() {
            self.place.answering();
        }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(None) => self.place.answering(),
            Poll::Ready(Some(_)) | Poll::Pending => self.note(),
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

/// How long to wait for the next request; without a lock, since every request passes here
struct Patience {
    opened: Instant,
    idle: Duration,
    asked: AtomicBool,
    /// Milliseconds after `opened` at which it ends, or `ANSWERING`
    ends: AtomicU64,
}

const ANSWERING: u64 = u64::MAX;

impl Patience {
    fn new(opened: Instant, limits: ConnectionLimits) -> Self {
        Self {
            opened,
            idle: limits.idle,
            asked: AtomicBool::new(false),
            ends: AtomicU64::new(milliseconds(limits.first_request)),
        }
    }

    /// Whether no request has come yet
    fn is_new(&self) -> bool {
        !self.asked.load(Ordering::Acquire)
    }

    fn answering(&self) {
        self.asked.store(true, Ordering::Release);
        self.ends.store(ANSWERING, Ordering::Release);
    }

    fn waiting(&self) {
        let ends = self.opened.elapsed().saturating_add(self.idle);
        self.ends.store(milliseconds(ends), Ordering::Release);
    }

    /// Ends when no request came in time
    async fn over(&self) {
        loop {
            let left = match self.ends.load(Ordering::Acquire) {
                // An answer starts the waiting anew, so that it cannot end earlier than this
                ANSWERING => self.idle,
                ends => Duration::from_millis(ends).saturating_sub(self.opened.elapsed()),
            };
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(ANSWERING)
}
