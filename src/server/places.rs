//! The open connections of one port: at most so many, and the idle ones give way.
//!
//! Whoever holds most connections gives up the one that has been idle for longest. So a client that opens more and more
//! of them takes them from itself, while one that is alone may have them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// An answer is on its way for a moment after the connection counts as idle again
const SETTLE: Duration = Duration::from_millis(100);

/// In place of a time: the connection has a request that arrived whole and is not answered
const ANSWERING: u64 = u64::MAX;

/// All connections of a port
#[derive(Debug)]
pub(super) struct Places {
    limit: usize,
    epoch: Instant,
    table: Mutex<Table>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    places: HashMap<u64, Arc<Place>>,
    peers: HashMap<IpAddr, usize>,
}

/// What is known of one connection
#[derive(Debug)]
pub(super) struct Place {
    peer: IpAddr,
    epoch: Instant,
    /// Milliseconds after the epoch since when it is idle, or `ANSWERING`
    idle_since: AtomicU64,
    leave: Notify,
}

/// A connection's place, which is free again when this goes
#[derive(Debug)]
pub(super) struct Taken {
    places: Arc<Places>,
    number: u64,
    place: Arc<Place>,
    /// Whether another had to give way for it
    pub(super) displaced: bool,
}

impl Places {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            epoch: Instant::now(),
            table: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// A place for a new connection, at once unless all others are answering
    pub(super) async fn take(self: &Arc<Self>, peer: IpAddr) -> Taken {
        loop {
            if let Some(taken) = self.attempt(peer) {
                return taken;
            }
            // Answers are bounded in time, and what has just been answered settles by itself
            let _either = timeout(SETTLE, self.freed.notified()).await;
        }
    }

    fn attempt(self: &Arc<Self>, peer: IpAddr) -> Option<Taken> {
        let mut table = self.lock();
        let displaced = table.places.len() >= self.limit;
        if displaced {
            let number = table.least_needed(peer, elapsed(self.epoch))?;
            if let Some(place) = table.remove(number) {
                place.leave.notify_one();
            }
        }
        let place = Arc::new(Place {
            peer,
            epoch: self.epoch,
            idle_since: AtomicU64::new(elapsed(self.epoch)),
            leave: Notify::new(),
        });
        let number = table.add(Arc::clone(&place));
        Some(Taken {
            places: Arc::clone(self),
            number,
            place,
            displaced,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing panics while it is held
        self.table.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Table {
    fn add(&mut self, place: Arc<Place>) -> u64 {
        self.last = self.last.wrapping_add(1);
        let held = self.peers.entry(place.peer).or_default();
        *held = held.saturating_add(1);
        self.places.insert(self.last, place);
        self.last
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Place>> {
        let place = self.places.remove(&number)?;
        if let Some(held) = self.peers.get_mut(&place.peer) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.peers.remove(&place.peer);
            }
        }
        Some(place)
    }

    /// The connection that is idle for longest of the peer with most of them, the newcomer counted
    fn least_needed(&self, newcomer: IpAddr, now: u64) -> Option<u64> {
        let held = |peer: IpAddr| {
            let others = self.peers.get(&peer).copied().unwrap_or_default();
            others.saturating_add((peer == newcomer).into())
        };
        let idle = self.places.iter().filter_map(|(number, place)| {
            let since = place.idle_since.load(Ordering::Acquire);
            (since <= now).then(|| (held(place.peer), now.saturating_sub(since), *number))
        });
        idle.max().map(|(_, _, number)| number)
    }
}

impl Place {
    /// A request has begun, so that idle means from now on that its body does not come
    pub(super) fn receiving(&self) {
        self.idle_since.store(elapsed(self.epoch), Ordering::Release);
    }

    /// A request is whole
    pub(super) fn answering(&self) {
        self.idle_since.store(ANSWERING, Ordering::Release);
    }

    /// A request is answered
    pub(super) fn answered(&self) {
        let settled = self.epoch.elapsed().saturating_add(SETTLE);
        self.idle_since.store(milliseconds(settled), Ordering::Release);
    }

    /// Ends when the connection has to give way
    pub(super) async fn leave(&self) {
        self.leave.notified().await;
    }

    /// Ends when there has been time to say goodbye, and nothing is being answered
    pub(super) async fn left(&self) {
        loop {
            tokio::time::sleep(SETTLE).await;
            if self.idle_since.load(Ordering::Acquire) != ANSWERING {
                return;
            }
        }
    }
}

impl Taken {
    pub(super) fn place(&self) -> &Arc<Place> {
        &self.place
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.places.lock().remove(self.number);
        self.places.freed.notify_one();
    }
}

fn elapsed(epoch: Instant) -> u64 {
    milliseconds(epoch.elapsed())
}

/// Never as much as `ANSWERING`
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .map_or(ANSWERING.wrapping_sub(1), |ms| ms.min(ANSWERING.wrapping_sub(1)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests")]

    use std::net::Ipv4Addr;

    use super::*;

    fn peer(last: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, last).into()
    }

    /// Whether it was told to give way
    async fn leaves(taken: &Taken) -> bool {
        timeout(Duration::ZERO, taken.place().leave()).await.is_ok()
    }

    /// A little more than the clock's unit, so that one is older than the next
    async fn pass() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    #[tokio::test]
    async fn one_peer_may_have_all_places_and_then_gives_up_its_oldest() {
        let places = Places::new(3);
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(places.take(peer(1)).await);
            pass().await;
        }
        assert!(leaves(&taken[0]).await && !leaves(&taken[1]).await && !leaves(&taken[3]).await);
        assert_eq!(
            taken.iter().map(|taken| taken.displaced).collect::<Vec<_>>(),
            [false, false, false, true]
        );
        drop(taken);
        assert!(places.lock().places.is_empty() && places.lock().peers.is_empty());
    }

    #[tokio::test]
    async fn whoever_holds_most_gives_way_whoever_comes() {
        let places = Places::new(8);
        let honest = [places.take(peer(1)).await, places.take(peer(1)).await];
        pass().await;
        let mut greedy = Vec::new();
        for _ in 0..100 {
            greedy.push(places.take(peer(2)).await);
            pass().await;
        }
        let late = places.take(peer(1)).await;
        for taken in honest.iter().chain([&late]) {
            assert!(!leaves(taken).await);
        }
        assert!(leaves(&greedy[94]).await && leaves(&greedy[93]).await && !leaves(&greedy[95]).await);
    }

    #[tokio::test]
    async fn what_is_answering_or_just_answered_never_gives_way() {
        let places = Places::new(1);
        let busy = places.take(peer(1)).await;
        busy.place().receiving();
        busy.place().answering();
        let waiting = places.take(peer(2));
        let mut waiting = std::pin::pin!(waiting);
        assert!(timeout(2 * SETTLE, &mut waiting).await.is_err());
        assert!(!leaves(&busy).await);
        busy.place().answered();
        assert!(timeout(SETTLE / 4, &mut waiting).await.is_err());
        assert!(timeout(10 * SETTLE, &mut waiting).await.is_ok());
        assert!(leaves(&busy).await);
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_idle() {
        let places = Places::new(2);
        let slow = places.take(peer(1)).await;
        let quick = places.take(peer(1)).await;
        pass().await;
        slow.place().receiving();
        pass().await;
        quick.place().receiving();
        quick.place().answering();
        let _next = places.take(peer(3)).await;
        assert!(leaves(&slow).await && !leaves(&quick).await);
    }

    #[tokio::test]
    async fn who_says_goodbye_has_a_moment_and_an_answer_is_waited_for() {
        let places = Places::new(1);
        let taken = places.take(peer(1)).await;
        let place = Arc::clone(taken.place());
        assert!(timeout(10 * SETTLE, place.left()).await.is_ok());
        place.answering();
        assert!(timeout(3 * SETTLE, place.left()).await.is_err());
    }
}
