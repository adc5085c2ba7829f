//! The certificate of the HTTPS port, and how it is replaced while serving.
//!
//! ```text
//! mounted files --------------------------------> Pair -> Slot <- every handshake
//! Authorities (in memory, or a Secret that all replicas share)
//!   -> Own: a leaf of this process's own -------> Pair -> Slot
//!   -> bundle -> file for curl, caBundle of the webhook configurations
//! ```
//!
//! What a client must trust is always in place before anything is signed with it: a new authority joins the bundle
//! first and signs later, an old one stays in the bundle until it expires.

pub(crate) mod authority;
pub(crate) mod bundle;
pub(crate) mod injection;
pub(crate) mod lifetimes;
pub(crate) mod mounted;
pub(crate) mod own;
pub(crate) mod pair;
pub(crate) mod rotation;
pub(crate) mod secret;
pub(crate) mod slot;
