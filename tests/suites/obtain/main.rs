//! `tests/real/tools/obtain.sh`: which programs it downloads, which it refuses, and which it builds. A copy of its folder
//! runs on made-up programs, with a stand-in for Kubernetes' release and one for Go.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod built;
mod place;
mod progress;
mod refused;
mod release;
mod taken;
