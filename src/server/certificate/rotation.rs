//! The rotation of certificate authorities: which one signs, which are trusted, and when a new one is due.
//!
//! All of it follows from the authorities and the time alone. So replicas that see the same Secret agree without talking
//! to each other.
//!
//! ```text
//! life 900 s, settle 60 s, the first authority A made at second 0
//! second   0  A signs, bundle A
//! second 601  less than a third of A's life is left: B is made, bundle A+B, A signs
//! second 661  B has settled and signs, bundle A+B
//! second 900  A expires, bundle B
//! ```

use jiff::Timestamp;

use crate::server::certificate::authority::{Authority, AuthorityError, third};
use crate::server::certificate::lifetimes::Lifetimes;

/// All authorities that this process knows, oldest first
#[derive(Debug, Default)]
pub struct Authorities(Vec<Authority>);

impl Authorities {
    /// Sorts authorities by age
    #[must_use]
    pub fn new(mut authorities: Vec<Authority>) -> Self {
        authorities
            .sort_by(|one, other| (one.made(), one.certificate()).cmp(&(other.made(), other.certificate())));
        Self(authorities)
    }

    /// The authorities that have not expired
    pub fn valid(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Authority> {
        self.0.iter().filter(move |authority| authority.not_after() > now)
    }

    /// The authority that signs leaves: the newest that clients have had time to learn of, or else the oldest
    #[must_use]
    pub fn signer(&self, now: Timestamp, lifetimes: &Lifetimes) -> Option<&Authority> {
        self.valid(now)
            .rfind(|authority| authority.made().duration_until(now) >= lifetimes.settle)
            .or_else(|| self.valid(now).next())
    }

    /// The certificates that clients must trust, PEM
    #[must_use]
    pub fn bundle(&self, now: Timestamp) -> String {
        self.valid(now).map(Authority::certificate).collect()
    }

    /// Whether a new authority is due: less than a third of the newest one's life is left
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.0.last().is_none_or(|newest| {
            let life = newest.made().duration_until(newest.not_after());
            now.duration_until(newest.not_after()) < third(life)
        })
    }

    /// Whether any authority has expired
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.0.iter().any(|authority| authority.not_after() <= now)
    }

    /// Makes a new authority if one is due, and drops the expired ones
    ///
    /// # Errors
    /// A new authority cannot be made. The set stays as it was.
    pub fn advance(&mut self, now: Timestamp, lifetimes: &Lifetimes) -> Result<(), AuthorityError> {
        if self.is_due(now) {
            // Newer than all others, so that the order holds
            self.0.push(Authority::make(now, lifetimes)?);
        }
        self.0.retain(|authority| authority.not_after() > now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests")]

    use jiff::SignedDuration;

    use super::*;

    const LIFETIMES: Lifetimes = Lifetimes {
        authority: SignedDuration::from_secs(900),
        leaf: SignedDuration::from_secs(90),
        settle: SignedDuration::from_secs(60),
        check_interval: SignedDuration::from_secs(1),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn advanced(mut authorities: Authorities, second: i64) -> Authorities {
        authorities.advance(at(second), &LIFETIMES).unwrap();
        authorities
    }

    fn signer(authorities: &Authorities, second: i64) -> i64 {
        authorities
            .signer(at(second), &LIFETIMES)
            .unwrap()
            .made()
            .as_second()
            - at(0).as_second()
    }

    fn bundled(authorities: &Authorities, second: i64) -> usize {
        authorities
            .bundle(at(second))
            .matches("BEGIN CERTIFICATE")
            .count()
    }

    #[test]
    fn the_first_authority_signs_at_once() {
        let authorities = advanced(Authorities::default(), 0);
        assert_eq!((signer(&authorities, 0), bundled(&authorities, 0)), (0, 1));
    }

    #[test]
    fn a_new_one_is_due_when_less_than_a_third_is_left() {
        let authorities = advanced(Authorities::default(), 0);
        assert!(!authorities.is_due(at(600)));
        assert!(authorities.is_due(at(601)));
    }

    #[test]
    fn a_new_one_is_trusted_first_and_signs_later() {
        let authorities = advanced(advanced(Authorities::default(), 0), 700);
        assert_eq!(bundled(&authorities, 700), 2);
        assert_eq!(signer(&authorities, 700), 0);
        assert_eq!(signer(&authorities, 759), 0);
        assert_eq!(signer(&authorities, 760), 700);
        assert!(!authorities.is_due(at(760)));
    }

    #[test]
    fn the_old_one_is_trusted_until_it_expires() {
        let authorities = advanced(advanced(Authorities::default(), 0), 700);
        assert_eq!(bundled(&authorities, 899), 2);
        assert_eq!(bundled(&authorities, 900), 1);
        assert!(!authorities.has_expired(at(899)));
        assert!(authorities.has_expired(at(900)));
        assert_eq!(advanced(authorities, 900).0.len(), 1);
    }

    #[test]
    fn a_new_one_signs_unsettled_when_the_old_one_has_expired() {
        let authorities = advanced(advanced(Authorities::default(), 0), 890);
        assert_eq!(signer(&authorities, 899), 0);
        assert_eq!(signer(&authorities, 900), 890);
    }

    #[test]
    fn nothing_valid_means_no_signer_and_a_new_one_due() {
        let authorities = advanced(Authorities::default(), 0);
        assert!(authorities.signer(at(5000), &LIFETIMES).is_none());
        let authorities = advanced(authorities, 5000);
        assert_eq!(
            (signer(&authorities, 5000), bundled(&authorities, 5000)),
            (5000, 1)
        );
    }
}
