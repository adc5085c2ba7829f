//! What a release consists of, made by `scripts/release` from a program that is not optimized: archives, image, chart, list of
//! components, provenance, krew's manifest. It publishes and signs nothing: `RAMGATE_TEST_RELEASE=1 cargo test --test real release` does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod advisories;
mod archives;
mod artefact;
mod chart;
mod check;
mod components;
mod dist;
mod handed_over;
mod image;
mod page_of_release;
mod pages;
mod provenance;
mod publish;
mod reproduce;
mod source;
mod stubs;
mod versions;
mod workflows;
