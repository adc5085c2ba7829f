//! Reads a request's body within bounds of size, memory and time.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::server::memory_budget::{BudgetExhausted, MemoryBudget, MemoryReservation};
use crate::server::request_head::SEARCHED_BYTES;

/// Why a body was not read
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It holds more bytes than one body may
    TooLarge,
    /// All bodies together would hold too much
    OverBudget,
    /// It was not complete in time
    TooSlow,
    /// The client went away or broke the protocol
    Aborted,
}

/// A body that was not read to its end
#[derive(Debug)]
pub(super) struct UnreadBody {
    pub(super) error: BodyError,
    /// Its first bytes, as far as they were read
    pub(super) start: Vec<u8>,
}

/// A whole body, with its share of the memory budget
#[derive(Debug)]
pub(super) struct ReceivedBody {
    pub(super) bytes: Bytes,
    pub(super) reservation: MemoryReservation,
}

/// Reads a whole body
///
/// A refused body is still read and thrown away, up to `limit` bytes more, because a client that is cut off while it
/// writes does not read the answer.
///
/// # Errors
/// The body is over a bound, or does not arrive whole.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    budget: &Arc<MemoryBudget>,
    until: Instant,
) -> Result<ReceivedBody, UnreadBody> {
    let mut stream = body.into_data_stream();
    let mut reader = BodyReader {
        announced: content_length(headers),
        limit,
        reservation: MemoryReservation::empty(budget),
        buffer: BodyBuffer::Empty,
    };
    let read = timeout_at(until, reader.read(&mut stream)).await;
    let error = match read.unwrap_or(Err(BodyError::TooSlow)) {
        Ok(()) => {
            return Ok(ReceivedBody {
                bytes: reader.buffer.into_bytes(),
                reservation: reader.reservation,
            });
        }
        Err(error) => error,
    };
    let start = reader.buffer.start().to_vec();
    drop(reader);
    if matches!(error, BodyError::TooLarge | BodyError::OverBudget) {
        let _all_or_enough = timeout_at(until, discard(&mut stream, limit)).await;
    }
    Err(UnreadBody { error, start })
}

/// Reads one body within its bounds, and keeps the start of one that is over them
struct BodyReader {
    announced: Option<usize>,
    limit: usize,
    reservation: MemoryReservation,
    buffer: BodyBuffer,
}

impl BodyReader {
    async fn read(&mut self, stream: &mut BodyDataStream) -> Result<(), BodyError> {
        let mut refused = self
            .announced
            .is_some_and(|length| length > self.limit)
            .then_some(BodyError::TooLarge);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| BodyError::Aborted)?;
            refused = refused.or_else(|| self.refusal(&chunk));
            // The head may not be in the first chunk, which may hold only what arrived with the headers
            if refused.is_none() || self.buffer.len() < SEARCHED_BYTES {
                self.buffer
                    .push(chunk, self.announced.filter(|_| refused.is_none()));
            }
            if let Some(error) = refused.filter(|_| self.buffer.len() >= SEARCHED_BYTES) {
                return Err(error);
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// The bound that this chunk breaks; else the chunk has its share of the budget
    fn refusal(&mut self, chunk: &Bytes) -> Option<BodyError> {
        if self.buffer.len().saturating_add(chunk.len()) > self.limit {
            return Some(BodyError::TooLarge);
        }
        match self.reservation.grow(chunk.len()) {
            Ok(()) => None,
            Err(BudgetExhausted) => Some(BodyError::OverBudget),
        }
    }
}

/// The chunks so far; a body of one chunk, as most are, is never copied
enum BodyBuffer {
    Empty,
    One(Bytes),
    Joined(Vec<u8>),
}

impl BodyBuffer {
    fn len(&self) -> usize {
        self.bytes().len()
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::One(chunk) => chunk,
            Self::Joined(bytes) => bytes,
        }
    }

    /// The first bytes of the body, enough to find the head of a review
    fn start(&self) -> &[u8] {
        let bytes = self.bytes();
        bytes.get(..SEARCHED_BYTES).unwrap_or(bytes)
    }

    fn push(&mut self, chunk: Bytes, announced: Option<usize>) {
        match self {
            Self::Empty => *self = Self::One(chunk),
            Self::One(first) => {
                // Space for the announced length, which the limit bounds, so that nothing is moved while it grows
                let held = first.len().saturating_add(chunk.len());
                let mut bytes = Vec::with_capacity(announced.unwrap_or(0).max(held));
                bytes.extend_from_slice(first);
                bytes.extend_from_slice(&chunk);
                *self = Self::Joined(bytes);
            }
            Self::Joined(bytes) => bytes.extend_from_slice(&chunk),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::One(chunk) => chunk,
            Self::Joined(bytes) => bytes.into(),
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads and throws away up to `allowance` bytes
async fn discard(stream: &mut BodyDataStream, mut allowance: usize) {
    while let Some(Ok(chunk)) = stream.next().await {
        let Some(left) = allowance.checked_sub(chunk.len()) else {
            return;
        };
        allowance = left;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests")]

    use std::convert::Infallible;
    use std::time::Duration;

    use super::*;
    use crate::server::request_head::RequestHead;

    fn chunks(chunks: &[&'static str]) -> Body {
        let chunks: Vec<Result<&'static str, Infallible>> = chunks.iter().copied().map(Ok).collect();
        Body::from_stream(futures::stream::iter(chunks))
    }

    async fn attempt(
        body: Body,
        limit: usize,
        budget: &Arc<MemoryBudget>,
    ) -> Result<ReceivedBody, UnreadBody> {
        read(
            &HeaderMap::new(),
            body,
            limit,
            budget,
            Instant::now() + Duration::from_millis(50),
        )
        .await
    }

    #[tokio::test]
    async fn a_body_of_any_number_of_chunks_is_whole() {
        let budget = MemoryBudget::new(100);
        for (given, whole) in [
            (&[][..], ""),
            (&["abc"], "abc"),
            (&["ab", "c"], "abc"),
            (&["a", "b", "c"], "abc"),
        ] {
            let received = attempt(chunks(given), 3, &budget).await.unwrap();
            assert_eq!(received.bytes, whole);
            assert_eq!(budget.free(), 100 - whole.len());
            drop(received);
            assert_eq!(budget.free(), 100);
        }
    }

    #[tokio::test]
    async fn the_limit_is_the_last_size_that_passes() {
        let budget = MemoryBudget::new(100);
        assert!(attempt(chunks(&["ab", "cd"]), 4, &budget).await.is_ok());
        let unread = attempt(chunks(&["ab", "cde"]), 4, &budget).await.unwrap_err();
        assert_eq!(unread.error, BodyError::TooLarge);
        assert_eq!(budget.free(), 100);
    }

    const START: &str = r#"{"request":{"uid":"u-1","resource":{},"#;
    const REST: &str = r#""namespace":"shop","operation":"CREATE","x":1}}"#;

    #[tokio::test]
    async fn of_a_body_over_a_bound_the_head_is_still_read() {
        let uid = |unread: UnreadBody| {
            let head = RequestHead::read(&unread.start);
            (unread.error, head.map(|head| head.uid))
        };
        let given = || chunks(&[START, REST]);
        let until = Instant::now() + Duration::from_millis(500);
        let known = Some("u-1".to_owned());

        let (small, large) = (MemoryBudget::new(3), MemoryBudget::new(1000));
        let unread = attempt(given(), 1000, &small).await.unwrap_err();
        assert_eq!(uid(unread), (BodyError::OverBudget, known.clone()));
        let unread = attempt(given(), 10, &large).await.unwrap_err();
        assert_eq!(uid(unread), (BodyError::TooLarge, known.clone()));
        let announced = HeaderMap::from_iter([(CONTENT_LENGTH, 11.into())]);
        let unread = read(&announced, given(), 10, &large, until).await.unwrap_err();
        assert_eq!(uid(unread), (BodyError::TooLarge, known));
        let unread = attempt(chunks(&["abcdefghijk"]), 10, &large).await.unwrap_err();
        assert_eq!(uid(unread), (BodyError::TooLarge, None));
        assert_eq!((small.free(), large.free()), (3, 1000));
    }

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let stalled = Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
        let unread = attempt(stalled, 10, &MemoryBudget::new(100)).await.unwrap_err();
        assert_eq!(unread.error, BodyError::TooSlow);
    }
}
