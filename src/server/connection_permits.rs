//! Permits for the open connections of one port: a bounded number, for which idle connections are closed.
//!
//! When all permits are taken, the peer with most connections loses the one that has been idle for longest. So a client
//! that opens more and more connections takes permits from itself, while one that is alone may have them all.
//!
//! ```text
//! limit 3, all idle: A1 of peer A, B1 and then B2 of peer B
//! B connects: B has three with the new one, B1 is closed
//! A connects instead: A and B have two each with the new one, the longest idle of A1, B1 and B2 is closed
//! ```

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::server::clock::{AtomicInstant, later};

/// After the connection counts as idle again, its answer is still on its way for a moment
const SETTLE: Duration = Duration::from_millis(100);

/// The permits of one port
#[derive(Debug)]
pub(super) struct ConnectionPermits {
    limit: usize,
    epoch: Instant,
    open: Mutex<OpenConnections>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct OpenConnections {
    last_number: u64,
    by_number: HashMap<u64, Arc<ConnectionState>>,
    count_by_peer: HashMap<IpAddr, usize>,
}

/// The state of one connection, as far as it decides which one is closed for another
#[derive(Debug)]
pub(super) struct ConnectionState {
    peer: IpAddr,
    /// `None` while a request that arrived whole is not answered
    idle_since: AtomicInstant,
    evict: Notify,
}

/// The permit of one connection, which is given back on drop
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    permits: Arc<ConnectionPermits>,
    number: u64,
    state: Arc<ConnectionState>,
    /// Whether another connection is closed for this one
    pub(super) evicts_another: bool,
}

impl ConnectionPermits {
    /// Permits for at most `limit` connections
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            epoch: Instant::now(),
            open: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// A permit for a new connection, at once unless all others are answering
    pub(super) async fn acquire(self: &Arc<Self>, peer: IpAddr) -> ConnectionPermit {
        loop {
            if let Some(permit) = self.try_acquire(peer) {
                return permit;
            }
            // Answers are bounded in time, and a connection that has just answered settles by itself
            let _either = timeout(SETTLE, self.freed.notified()).await;
        }
    }

    fn try_acquire(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionPermit> {
        let mut open = self.lock();
        let now = Instant::now();
        let evicts_another = open.by_number.len() >= self.limit;
        if evicts_another {
            let number = open.eviction_candidate(peer, now)?;
            if let Some(state) = open.remove(number) {
                state.evict.notify_one();
            }
        }
        let state = Arc::new(ConnectionState {
            peer,
            idle_since: AtomicInstant::new(self.epoch, now),
            evict: Notify::new(),
        });
        let number = open.add(Arc::clone(&state));
        Some(ConnectionPermit {
            permits: Arc::clone(self),
            number,
            state,
            evicts_another,
        })
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        // Nothing panics while it is held
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnections {
    /// Adds a connection and returns its number
    fn add(&mut self, state: Arc<ConnectionState>) -> u64 {
        self.last_number = self.last_number.wrapping_add(1);
        let count = self.count_by_peer.entry(state.peer).or_default();
        *count = count.saturating_add(1);
        self.by_number.insert(self.last_number, state);
        self.last_number
    }

    fn remove(&mut self, number: u64) -> Option<Arc<ConnectionState>> {
        let state = self.by_number.remove(&number)?;
        if let Some(count) = self.count_by_peer.get_mut(&state.peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.count_by_peer.remove(&state.peer);
            }
        }
        Some(state)
    }

    /// The longest idle connection of the peer that has most connections, with the new one counted
    fn eviction_candidate(&self, newcomer: IpAddr, now: Instant) -> Option<u64> {
        let count = |peer: IpAddr| {
            let others = self.count_by_peer.get(&peer).copied().unwrap_or_default();
            others.saturating_add((peer == newcomer).into())
        };
        let idle = self.by_number.iter().filter_map(|(number, state)| {
            let idle = now.checked_duration_since(state.idle_since.get()?)?;
            Some((count(state.peer), idle, *number))
        });
        idle.max().map(|(_, _, number)| number)
    }
}

impl ConnectionState {
    /// A request has begun; from now on the connection is idle while the request's body does not come
    pub(super) fn receiving(&self) {
        self.idle_since.set(Instant::now());
    }

    /// A request has arrived whole
    pub(super) fn answering(&self) {
        self.idle_since.clear();
    }

    /// A request is answered
    pub(super) fn answered(&self) {
        self.idle_since.set(later(Instant::now(), SETTLE));
    }

    /// Ends when the connection has to be closed for another
    pub(super) async fn evicted(&self) {
        self.evict.notified().await;
    }

    /// Ends after the time for a last answer, as soon as nothing is being answered
    pub(super) async fn settled(&self) {
        loop {
            tokio::time::sleep(SETTLE).await;
            if self.idle_since.get().is_some() {
                return;
            }
        }
    }
}

impl ConnectionPermit {
    /// The state of this permit's connection
    pub(super) fn state(&self) -> &Arc<ConnectionState> {
        &self.state
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.permits.lock().remove(self.number);
        self.permits.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests")]

    use std::net::Ipv4Addr;

    use super::*;

    fn peer(last: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, last).into()
    }

    /// Whether the connection has to be closed
    async fn is_evicted(permit: &ConnectionPermit) -> bool {
        timeout(Duration::ZERO, permit.state().evicted()).await.is_ok()
    }

    /// Waits a little more than the clock's unit, so that one connection is older than the next
    async fn pass() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    #[tokio::test]
    async fn one_peer_may_have_all_permits_and_then_loses_its_oldest() {
        let permits = ConnectionPermits::new(3);
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(permits.acquire(peer(1)).await);
            pass().await;
        }
        assert!(is_evicted(&taken[0]).await && !is_evicted(&taken[1]).await && !is_evicted(&taken[3]).await);
        assert_eq!(
            taken
                .iter()
                .map(|permit| permit.evicts_another)
                .collect::<Vec<_>>(),
            [false, false, false, true]
        );
        drop(taken);
        assert!(permits.lock().by_number.is_empty() && permits.lock().count_by_peer.is_empty());
    }

    #[tokio::test]
    async fn the_peer_with_most_connections_loses_one_whoever_connects() {
        let permits = ConnectionPermits::new(8);
        let honest = [permits.acquire(peer(1)).await, permits.acquire(peer(1)).await];
        pass().await;
        let mut greedy = Vec::new();
        for _ in 0..100 {
            greedy.push(permits.acquire(peer(2)).await);
            pass().await;
        }
        let late = permits.acquire(peer(1)).await;
        for permit in honest.iter().chain([&late]) {
            assert!(!is_evicted(permit).await);
        }
        assert!(
            is_evicted(&greedy[94]).await && is_evicted(&greedy[93]).await && !is_evicted(&greedy[95]).await
        );
    }

    #[tokio::test]
    async fn a_connection_that_answers_or_has_just_answered_is_never_closed() {
        let permits = ConnectionPermits::new(1);
        let busy = permits.acquire(peer(1)).await;
        busy.state().receiving();
        busy.state().answering();
        let waiting = permits.acquire(peer(2));
        let mut waiting = std::pin::pin!(waiting);
        assert!(timeout(2 * SETTLE, &mut waiting).await.is_err());
        assert!(!is_evicted(&busy).await);
        busy.state().answered();
        assert!(timeout(SETTLE / 4, &mut waiting).await.is_err());
        assert!(timeout(10 * SETTLE, &mut waiting).await.is_ok());
        assert!(is_evicted(&busy).await);
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_idle() {
        let permits = ConnectionPermits::new(2);
        let slow = permits.acquire(peer(1)).await;
        let quick = permits.acquire(peer(1)).await;
        pass().await;
        slow.state().receiving();
        pass().await;
        quick.state().receiving();
        quick.state().answering();
        let _next = permits.acquire(peer(3)).await;
        assert!(is_evicted(&slow).await && !is_evicted(&quick).await);
    }

    #[tokio::test]
    async fn a_closing_connection_has_time_for_its_answer() {
        let permits = ConnectionPermits::new(1);
        let permit = permits.acquire(peer(1)).await;
        let state = Arc::clone(permit.state());
        assert!(timeout(10 * SETTLE, state.settled()).await.is_ok());
        state.answering();
        assert!(timeout(3 * SETTLE, state.settled()).await.is_err());
    }
}
