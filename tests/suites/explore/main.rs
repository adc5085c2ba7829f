//! `ramgate explore` in a real browser: Chromium, driven by ChromeDriver.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod browser;
mod configuration;
mod differences;
mod keyboard;
mod looks;
mod matrix;
mod process;
mod reload;
mod server;
mod strangers;
mod verdict;
mod visit;
