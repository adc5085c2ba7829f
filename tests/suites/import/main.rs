//! `ramgate import` and what comes of it: dumps that deploy/import/dump.sh makes, drift, Terraform's plans.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod command;
mod dump_script;
mod plan;
mod round_trip;
mod run;
