//! The chart as Helm renders it: what it refuses, and what each value does to the manifests.
//!
//! Run on the real Helm: `HELM` names it, else `tests/real/tools/obtain.sh` builds it once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod audit;
mod files;
mod observability;
mod probe;
mod render;
mod rights;
mod sent;
mod sync;
mod values;
mod webhooks;
mod workload;
