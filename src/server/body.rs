//! Reading a request's body within bounds of size, memory and time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::server::limits::ReviewLimits;
use crate::server::uid;

/// Memory that all bodies share
#[derive(Debug)]
pub(super) struct Budget {
    free: AtomicUsize,
    /// What large bodies leave to the small ones
    spare: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            free: AtomicUsize::new(bytes),
            spare: bytes / 8,
        })
    }
}

/// The part of the budget that one body takes, given back when it goes
#[derive(Debug)]
pub(super) struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Held {
    fn none(budget: &Arc<Budget>) -> Self {
        Self {
            budget: Arc::clone(budget),
            bytes: 0,
        }
    }

    /// Takes more, or nothing if there is not that much
    fn grow(&mut self, bytes: usize) -> bool {
        let is_large = self.bytes.saturating_add(bytes) > ReviewLimits::INLINE;
        let spare = if is_large { self.budget.spare } else { 0 };
        let taken = self
            .budget
            .free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| {
                free.checked_sub(bytes).filter(|left| *left >= spare)
            })
            .is_ok();
        if taken {
            self.bytes = self.bytes.saturating_add(bytes);
        }
        taken
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.free.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

/// Why there is no body
#[derive(Debug)]
pub(super) enum Unread {
    /// It holds more bytes than one body may
    TooLarge,
    /// All bodies together would hold too much; the uid, if it was in the part that was read
    NoRoom(Option<String>),
    /// It was not complete in time
    TooSlow,
    /// The client went away or broke the protocol
    Broken,
}

/// A body, and its part of the budget
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Bytes,
    pub(super) held: Held,
}

/// Reads a whole body
///
/// One that is refused is still read to its end and thrown away, as far as `limit` bytes more, since a client that is
/// cut off while it writes does not read the answer.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    budget: &Arc<Budget>,
    until: Instant,
) -> Result<Received, Unread> {
    let mut stream = body.into_data_stream();
    let announced = announced(headers);
    let read = if announced.is_some_and(|length| length > limit) {
        Err(Unread::TooLarge)
    } else {
        let gathering = gather(&mut stream, announced, limit, budget);
        timeout_at(until, gathering).await.unwrap_or(Err(Unread::TooSlow))
    };
    if matches!(read, Err(Unread::TooLarge | Unread::NoRoom(_))) {
        let _all_or_enough = timeout_at(until, discard(&mut stream, limit)).await;
    }
    read
}

async fn gather(
    stream: &mut BodyDataStream,
    announced: Option<usize>,
    limit: usize,
    budget: &Arc<Budget>,
) -> Result<Received, Unread> {
    let mut held = Held::none(budget);
    let mut gathered = Gathered::Nothing;
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| Unread::Broken)?;
        if gathered.len().saturating_add(part.len()) > limit {
            return Err(Unread::TooLarge);
        }
        if !held.grow(part.len()) {
            return Err(Unread::NoRoom(uid::read(gathered.head(&part))));
        }
        gathered = gathered.with(part, announced.unwrap_or(0));
    }
    Ok(Received {
        bytes: gathered.whole(),
        held,
    })
}

/// The parts so far; a body that comes in one piece, as most do, is never copied
enum Gathered {
    Nothing,
    One(Bytes),
    Several(Vec<u8>),
}

impl Gathered {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(part) => part.len(),
            Self::Several(parts) => parts.len(),
        }
    }

    fn head<'a>(&'a self, next: &'a [u8]) -> &'a [u8] {
        let start = match self {
            Self::Nothing => next,
            Self::One(part) => part,
            Self::Several(parts) => parts,
        };
        start.get(..uid::HEAD).unwrap_or(start)
    }

    fn with(self, part: Bytes, announced: usize) -> Self {
        match self {
            Self::Nothing => Self::One(part),
            Self::One(first) => {
                // Room for what was announced, which the limit bounds, so that it need not be moved as it grows
                let mut parts = Vec::with_capacity(announced.max(first.len().saturating_add(part.len())));
                parts.extend_from_slice(&first);
                parts.extend_from_slice(&part);
                Self::Several(parts)
            }
            Self::Several(mut parts) => {
                parts.extend_from_slice(&part);
                Self::Several(parts)
            }
        }
    }

    fn whole(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(part) => part,
            Self::Several(parts) => parts.into(),
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn discard(stream: &mut BodyDataStream, mut allowance: usize) {
    while let Some(Ok(part)) = stream.next().await {
        let Some(left) = allowance.checked_sub(part.len()) else {
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

    fn parts(parts: &[&'static str]) -> Body {
        let parts: Vec<Result<&'static str, Infallible>> = parts.iter().copied().map(Ok).collect();
        Body::from_stream(futures::stream::iter(parts))
    }

    async fn attempt(body: Body, limit: usize, budget: &Arc<Budget>) -> Result<Received, Unread> {
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
    async fn a_body_of_any_number_of_parts_is_whole() {
        let budget = Budget::new(100);
        for (given, whole) in [
            (&[][..], ""),
            (&["abc"], "abc"),
            (&["ab", "c"], "abc"),
            (&["a", "b", "c"], "abc"),
        ] {
            let received = attempt(parts(given), 3, &budget).await.unwrap();
            assert_eq!(received.bytes, whole);
            assert_eq!(budget.free.load(Ordering::Acquire), 100 - whole.len());
            drop(received);
            assert_eq!(budget.free.load(Ordering::Acquire), 100);
        }
    }

    #[tokio::test]
    async fn the_limit_is_the_last_size_that_passes() {
        let budget = Budget::new(100);
        assert!(attempt(parts(&["ab", "cd"]), 4, &budget).await.is_ok());
        assert!(matches!(
            attempt(parts(&["ab", "cde"]), 4, &budget).await,
            Err(Unread::TooLarge)
        ));
        assert_eq!(budget.free.load(Ordering::Acquire), 100);
    }

    #[tokio::test]
    async fn an_announced_size_is_refused_unread() {
        let budget = Budget::new(100);
        let headers = HeaderMap::from_iter([(CONTENT_LENGTH, 5.into())]);
        let until = Instant::now() + Duration::from_millis(50);
        let read = read(&headers, parts(&["abcde"]), 4, &budget, until).await;
        assert!(matches!(read, Err(Unread::TooLarge)));
    }

    #[tokio::test]
    async fn over_the_budget_the_uid_is_still_read() {
        let budget = Budget::new(3);
        let read = attempt(
            parts(&[r#"{"request":{"uid":"u-1","#, r#""x":1}}"#]),
            1000,
            &budget,
        )
        .await;
        assert!(matches!(read, Err(Unread::NoRoom(Some(uid))) if uid == "u-1"));
        assert_eq!(budget.free.load(Ordering::Acquire), 3);
    }

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let budget = Budget::new(8 * ReviewLimits::INLINE);
        let mut large = Held::none(&budget);
        assert!(large.grow(7 * ReviewLimits::INLINE) && !large.grow(1));
        let mut small = Held::none(&budget);
        assert!(small.grow(ReviewLimits::INLINE) && !small.grow(1));
        drop(small);
        assert!(!Held::none(&budget).grow(ReviewLimits::INLINE + 1));
        assert!(Held::none(&budget).grow(ReviewLimits::INLINE));
    }

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let stalled = Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
        assert!(matches!(
            attempt(stalled, 10, &Budget::new(100)).await,
            Err(Unread::TooSlow)
        ));
    }
}
