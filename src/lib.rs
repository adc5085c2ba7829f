//! x
pub mod source;
pub mod admission;
