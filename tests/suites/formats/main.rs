//! What CI systems read: SARIF held to its schema, JUnit's XML to a parser, GitHub's commands to their lines; and what
//! happens when the output cannot be written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod approvals;
mod first_steps;
mod folder;
mod lines;
mod manners;
mod shapes;
