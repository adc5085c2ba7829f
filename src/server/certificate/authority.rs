//! A self-made certificate authority, and the leaves that it signs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::server::certificate::key_pair::{CertificateKeyPair, KeyPairError, validity};
use crate::server::certificate::lifetimes::{Lifetimes, SKEW};

/// A certificate authority that signs leaves; ECDSA on P-256
#[derive(Debug)]
pub struct Authority {
    certificate: String,
    key: String,
    made: Timestamp,
    not_after: Timestamp,
    issuer: Issuer<'static, KeyPair>,
}

/// Why an authority could not be made, read or used
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The text is not the certificate and key of an authority
    #[error("no certificate authority: {0}")]
    Malformed(#[from] KeyPairError),
    /// The crypto library refused
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// Every known authority has expired
    #[error("every known certificate authority has expired")]
    NoneValid,
    /// A time is out of the range of certificates
    #[error("cannot make a certificate: its times are out of range")]
    Time,
}

/// A signed leaf
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) pair: CertificateKeyPair,
    /// When two thirds of its life are over
    pub(super) renew_at: Timestamp,
}

impl Authority {
    /// Makes a new authority
    ///
    /// # Errors
    /// The crypto library refuses, or the times are out of range.
    pub fn make(now: Timestamp, lifetimes: &Lifetimes) -> Result<Self, AuthorityError> {
        // X.509 knows whole seconds
        let made = Timestamp::from_second(now.as_second()).map_err(|_| AuthorityError::Time)?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        // Each authority has another name, so that a client never confuses two of them
        let mut params = certificate_params(
            format!("ramgate CA {}", made.as_second()),
            made,
            after(made, lifetimes.authority)?,
        )?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.pem();
        Self::parse(&certificate, &key.serialize_pem())
    }

    /// Reads an authority from PEM text
    ///
    /// # Errors
    /// The text is no certificate and key that belong together.
    pub fn parse(certificate: &str, key: &str) -> Result<Self, AuthorityError> {
        let der =
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(KeyPairError::Certificate)?;
        let pair_key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(KeyPairError::Key)?;
        // Only to check that key and certificate belong together
        CertificateKeyPair::new(vec![der.clone()], pair_key)?;
        let times = validity(&der)?;
        let issuer = Issuer::from_ca_cert_der(&der, KeyPair::from_pem(key)?)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            made: after(times.not_before, SKEW)?,
            not_after: times.not_after,
            issuer,
        })
    }

    /// Its certificate, PEM
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Its private key, PEM; goes into the Secret and nowhere else
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// When it was made
    #[must_use]
    pub fn made(&self) -> Timestamp {
        self.made
    }

    /// When it expires
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Signs a leaf with a fresh key for DNS names and IP addresses; it never outlives its authority
    ///
    /// It is valid since its authority was made, so that clients take it also from a process whose clock is ahead.
    pub(super) fn issue(
        &self,
        names: &[String],
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<Leaf, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let not_after = after(now, lifetimes.leaf)?.min(self.not_after);
        let name = names.first().cloned().unwrap_or_default();
        let mut params = certificate_params(name, self.made.min(now), not_after)?;
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let private = PrivatePkcs8KeyDer::from(key.serialize_der());
        let life = now.duration_until(not_after);
        Ok(Leaf {
            pair: CertificateKeyPair::new(vec![certificate.der().clone()], private.into())?,
            renew_at: after(now, third(life).saturating_mul(2))?,
        })
    }
}

/// A third of a duration
pub(super) fn third(duration: SignedDuration) -> SignedDuration {
    duration.checked_div(3).unwrap_or(duration)
}

/// Checks that a certificate can hold this DNS name or IP address
///
/// # Errors
/// The name has characters that no certificate can hold.
pub(crate) fn check_name(name: &str) -> Result<(), AuthorityError> {
    CertificateParams::new([name.to_owned()])?;
    Ok(())
}

fn certificate_params(
    name: String,
    from: Timestamp,
    to: Timestamp,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let early = from.checked_sub(SKEW).map_err(|_| AuthorityError::Time)?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let time = |at: Timestamp| {
        let seconds = u64::try_from(at.as_second()).ok()?;
        epoch.checked_add(Duration::from_secs(seconds).try_into().ok()?)
    };
    params.not_before = time(early).ok_or(AuthorityError::Time)?;
    params.not_after = time(to).ok_or(AuthorityError::Time)?;
    Ok(params)
}

fn after(time: Timestamp, duration: SignedDuration) -> Result<Timestamp, AuthorityError> {
    time.checked_add(duration).map_err(|_| AuthorityError::Time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a leaf begins and ends that is issued so many seconds after its authority was made
    fn times(seconds: i64) -> (i64, i64) {
        let made = Timestamp::from_second(1_700_000_000).unwrap();
        let authority = Authority::make(made, &Lifetimes::USUAL).unwrap();
        let now = after(made, SignedDuration::from_secs(seconds)).unwrap();
        let leaf = authority.issue(&["localhost".to_owned()], now, &Lifetimes::USUAL);
        let pair = leaf.unwrap().pair;
        let validity = validity(&pair.certified.cert[0]).unwrap();
        let after_making = |time: Timestamp| made.duration_until(time).as_secs();
        (
            after_making(validity.not_before),
            after_making(validity.not_after),
        )
    }

    #[test]
    fn a_leaf_is_valid_since_its_authority_was_made_so_that_a_clock_ahead_of_others_does_no_harm() {
        let (skew, leaf) = (SKEW.as_secs(), Lifetimes::USUAL.leaf.as_secs());
        let month = 30 * 24 * 3600;
        assert_eq!(times(0), (-skew, leaf));
        assert_eq!(times(month), (-skew, month + leaf));
        // A clock behind the one by which the authority was made
        assert_eq!(times(-3600), (-3600 - skew, leaf - 3600));
    }
}
