//! x
pub mod admission;
pub mod source;
