//! `ramgate sync` between a cloud and an API server that are both made here.
//!
//! The cloud verifies every signature with code of its own, pages, throttles, lets tokens expire, answers half and lies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod account;
mod cloud;
mod credentials;
mod half;
mod kubernetes;
mod lies;
mod loss;
mod signature;
mod stage;
mod whole;
mod writes;
