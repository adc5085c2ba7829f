//! `ramgate diff`: the case files under `cases`, the command line, and properties of any two configurations.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "tests"
)]

mod cases;
mod cover;
mod pairs;
mod properties;
mod scale;
