//! The text of messages: one file for each kind of finding.

pub(crate) mod context;
pub(crate) mod finding;
pub(crate) mod ram_denial;
pub(crate) mod restart;
pub(crate) mod revision;
pub(crate) mod stamp;
pub(crate) mod warning;
