//! Client certificates: the CA that must have signed them, and the names that may connect.

pub(crate) mod ca_file;
pub(crate) mod verifier;
