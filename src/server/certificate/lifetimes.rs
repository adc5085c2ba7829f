//! How long certificates live, and when they are replaced.

use jiff::SignedDuration;

/// How far the clocks of client and server may differ; certificates are valid from this much earlier
pub(super) const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Times of the self-made certificates
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Life of an authority
    pub authority: SignedDuration,
    /// Life of a leaf
    pub leaf: SignedDuration,
    /// From a new authority's entry into the bundle to its first signature
    pub settle: SignedDuration,
    /// Between two checks whether something is due
    pub check_interval: SignedDuration,
}

impl Lifetimes {
    /// The times outside tests
    pub const USUAL: Self = Self {
        // Ten years: older than any cluster that is not upgraded, and renewed long before
        authority: SignedDuration::from_hours(10 * 365 * 24),
        // A month, in memory only: short enough to need no revocation
        leaf: SignedDuration::from_hours(30 * 24),
        // A day: longer than any outage in which an API server or a replica misses the new bundle
        settle: SignedDuration::from_hours(24),
        // Cheap, and short against every other time, also when the machine slept
        check_interval: SignedDuration::from_mins(1),
    };
}
