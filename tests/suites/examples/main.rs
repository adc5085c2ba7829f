//! What people read is true: the examples under deploy/examples, and README, docs, CONTRIBUTING and SECURITY.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod data;
mod map;
mod page;
mod words;
