//! Reads a request's body within bounds of size, memory and time.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::server::memory_budget::{BudgetExhausted, MemoryBudget, MemoryReservation};
use crate::server::uid;

/// Why a body was not read
#[derive(Debug)]
pub(super) enum BodyError {
    /// It holds more bytes than one body may
    TooLarge,
    /// All bodies together would hold too much; with the uid, if it was among the bytes that were read
    OverBudget(Option<String>),
    /// It was not complete in time
    TooSlow,
    /// The client went away or broke the protocol
    Aborted,
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
) -> Result<ReceivedBody, BodyError> {
    let mut stream = body.into_data_stream();
    let announced = content_length(headers);
    let read = if announced.is_some_and(|length| length > limit) {
        Err(BodyError::TooLarge)
    } else {
        let reading = read_chunks(&mut stream, announced, limit, budget);
        timeout_at(until, reading)
            .await
            .unwrap_or(Err(BodyError::TooSlow))
    };
    if matches!(read, Err(BodyError::TooLarge | BodyError::OverBudget(_))) {
        let _all_or_enough = timeout_at(until, discard(&mut stream, limit)).await;
    }
    read
}

async fn read_chunks(
    stream: &mut BodyDataStream,
    announced: Option<usize>,
    limit: usize,
    budget: &Arc<MemoryBudget>,
) -> Result<ReceivedBody, BodyError> {
    let mut reservation = MemoryReservation::empty(budget);
    let mut buffer = BodyBuffer::Empty;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BodyError::Aborted)?;
        if buffer.len().saturating_add(chunk.len()) > limit {
            return Err(BodyError::TooLarge);
        }
        if let Err(BudgetExhausted) = reservation.grow(chunk.len()) {
            return Err(BodyError::OverBudget(uid::read(buffer.start(&chunk))));
        }
        buffer = buffer.with(chunk, announced.unwrap_or(0));
    }
    Ok(ReceivedBody {
        bytes: buffer.into_bytes(),
        reservation,
    })
}

/// The chunks so far; a body of one chunk, as most are, is never copied
enum BodyBuffer {
    Empty,
    One(Bytes),
    Joined(Vec<u8>),
}

impl BodyBuffer {
    fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(chunk) => chunk.len(),
            Self::Joined(bytes) => bytes.len(),
        }
    }

    /// The first bytes of the body, enough to find its uid
    fn start<'a>(&'a self, next: &'a [u8]) -> &'a [u8] {
        let first = match self {
            Self::Empty => next,
            Self::One(chunk) => chunk,
            Self::Joined(bytes) => bytes,
        };
        first.get(..uid::SEARCHED_BYTES).unwrap_or(first)
    }

    fn with(self, chunk: Bytes, announced: usize) -> Self {
        match self {
            Self::Empty => Self::One(chunk),
            Self::One(first) => {
                // Space for the announced length, which the limit bounds, so that nothing is moved while it grows
                let mut bytes = Vec::with_capacity(announced.max(first.len().saturating_add(chunk.len())));
                bytes.extend_from_slice(&first);
                bytes.extend_from_slice(&chunk);
                Self::Joined(bytes)
            }
            Self::Joined(mut bytes) => {
                bytes.extend_from_slice(&chunk);
                Self::Joined(bytes)
            }
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

    fn chunks(chunks: &[&'static str]) -> Body {
        let chunks: Vec<Result<&'static str, Infallible>> = chunks.iter().copied().map(Ok).collect();
        Body::from_stream(futures::stream::iter(chunks))
    }

    async fn attempt(
        body: Body,
        limit: usize,
        budget: &Arc<MemoryBudget>,
    ) -> Result<ReceivedBody, BodyError> {
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
        assert!(matches!(
            attempt(chunks(&["ab", "cde"]), 4, &budget).await,
            Err(BodyError::TooLarge)
        ));
        assert_eq!(budget.free(), 100);
    }

    #[tokio::test]
    async fn an_announced_size_is_refused_unread() {
        let budget = MemoryBudget::new(100);
        let headers = HeaderMap::from_iter([(CONTENT_LENGTH, 5.into())]);
        let until = Instant::now() + Duration::from_millis(50);
        let read = read(&headers, chunks(&["abcde"]), 4, &budget, until).await;
        assert!(matches!(read, Err(BodyError::TooLarge)));
    }

    #[tokio::test]
    async fn over_the_budget_the_uid_is_still_read() {
        let budget = MemoryBudget::new(3);
        let read = attempt(
            chunks(&[r#"{"request":{"uid":"u-1","#, r#""x":1}}"#]),
            1000,
            &budget,
        )
        .await;
        assert!(matches!(read, Err(BodyError::OverBudget(Some(uid))) if uid == "u-1"));
        assert_eq!(budget.free(), 3);
    }

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let stalled = Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
        assert!(matches!(
            attempt(stalled, 10, &MemoryBudget::new(100)).await,
            Err(BodyError::TooSlow)
        ));
    }
}
