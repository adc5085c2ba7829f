//! `ramgate diff`: the cases under `tests/diff`, the command, and what must hold for any two configurations.

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

#[path = "diff/cases.rs"]
mod cases;
#[path = "diff/cover.rs"]
mod cover;
#[path = "diff/pairs.rs"]
mod pairs;
#[path = "diff/properties.rs"]
mod properties;
#[path = "diff/scale.rs"]
mod scale;
