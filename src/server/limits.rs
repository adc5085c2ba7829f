//! The bounds of size, number and time of reviews and connections, each with its reason.

use std::time::Duration;

/// Bounds of one review, and of all reviews in flight
#[derive(Clone, Copy, Debug)]
pub struct ReviewLimits {
    /// Bytes of one body
    pub body: usize,
    /// Bytes of all bodies that are in memory at a time
    pub bytes: usize,
    /// Reviews evaluated at a time
    pub inflight: usize,
    /// From a request's headers to its answer
    pub deadline: Duration,
    /// From a request's headers to the end of its body
    pub body_time: Duration,
    /// Bodies over this many bytes, or that take as many to be parsed, are evaluated off the threads that serve
    pub inline: usize,
    /// How many of those are evaluated at a time
    pub large: usize,
    /// Bytes that parsing takes at a time, over all bodies; a review that finds too few left waits
    pub reading: usize,
}

impl ReviewLimits {
    /// etcd stores objects up to 1.5 MiB; a review holds two of them, the old and the new one. In its JSON a `<`, a `>`, an
    /// `&` or a control character takes six bytes, where etcd keeps one. Two MiB are for all else in a review
    pub const BODY: usize = 20 * 1024 * 1024;
    /// A review of the largest size and some more, or five thousand of the usual one, within a pod of 64 MiB
    pub const BYTES: usize = 32 * 1024 * 1024;
    /// An API server sends a body at once; a client that takes longer is no API server
    pub const BODY_TIME: Duration = Duration::from_secs(5);
    /// Parsing 256 KiB takes about a millisecond, for which one slow review may hold up its neighbours
    pub const INLINE: usize = 256 * 1024;
    /// One may wait for a live read while another is at work; each leaves some memory with the thread that it ran on
    pub const LARGE: usize = 2;
    /// Two reviews that were made to be expensive, or some hundreds of the usual ones
    pub const READING: usize = 16 * 1024 * 1024;

    /// The usual bounds, with the two that flags set
    #[must_use]
    pub fn new(inflight: usize, deadline: Duration) -> Self {
        Self {
            body: Self::BODY,
            bytes: Self::BYTES,
            inflight,
            deadline,
            body_time: Self::BODY_TIME,
            inline: Self::INLINE,
            large: Self::LARGE,
            reading: Self::READING,
        }
    }
}

/// Bounds of the connections to one port
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections open at a time; for further ones idle connections are closed
    pub connections: usize,
    /// From the accepted connection to the end of the TLS handshake
    pub handshake: Duration,
    /// From the handshake to the end of the first request's headers
    pub first_request: Duration,
    /// From one answer to the end of the next request's headers
    pub idle: Duration,
    /// After this the next answer asks the client to connect anew
    pub age: Duration,
    /// Bytes of a request's line and headers
    pub head: usize,
    /// From the last accepted connection to the end of the last answer
    pub drain: Duration,
}

impl ConnectionLimits {
    /// For the reviews' port, where API servers connect
    pub const REVIEWS: Self = Self {
        // Five API servers with their default of 200 writes in flight
        connections: 1024,
        handshake: Duration::from_secs(5),
        first_request: Duration::from_secs(10),
        // Go closes an idle connection after 90 s, and must do so first: a close from this end that crosses a
        // request on its way fails that request
        idle: Duration::from_secs(150),
        // New connections spread over the replicas that came since
        age: Duration::from_secs(300),
        head: 32 * 1024,
        drain: Duration::from_secs(10),
    };

    /// For the admin port: Prometheus, people, and probes that have no port of their own
    pub const ADMIN: Self = Self {
        connections: 32,
        handshake: Duration::from_secs(5),
        first_request: Duration::from_secs(5),
        // Longer than a scrape interval, so that Prometheus keeps its connection
        idle: Duration::from_secs(150),
        age: Duration::from_secs(3600),
        head: 8 * 1024,
        drain: Duration::from_secs(1),
    };

    /// For the probes' port
    pub const PROBES: Self = Self {
        // The kubelet has two at a time, each with a connection of its own
        connections: 16,
        handshake: Duration::from_secs(5),
        first_request: Duration::from_secs(2),
        idle: Duration::from_secs(10),
        age: Duration::from_secs(60),
        head: 8 * 1024,
        drain: Duration::from_secs(1),
    };
}
