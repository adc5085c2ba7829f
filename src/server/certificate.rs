//! The certificate of the HTTPS port, and how it is replaced while serving.
//!
//! ```text
//! mounted files ------------------------> CertificateKeyPair -> CertificateResolver <- every handshake
//! Authorities (in memory, or in a Secret that all replicas share)
//!   -> LeafIssuer: this process's leaf -> CertificateKeyPair -> CertificateResolver
//!   -> CaBundle -> file for curl, caBundle of the webhook configurations
//! ```
//!
//! Clients trust an authority before it signs anything: a new one joins the bundle first and signs later. An old one
//! stays in the bundle until it expires.

pub(crate) mod authority;
pub(crate) mod ca_bundle;
pub(crate) mod ca_injection;
pub(crate) mod key_pair;
pub(crate) mod leaf_issuer;
pub(crate) mod lifetimes;
pub(crate) mod mounted;
pub(crate) mod resolver;
pub(crate) mod rotation;
pub(crate) mod shared_authorities;
