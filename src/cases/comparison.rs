//! The comparison of a case's expectation with the actual result.

use serde_json::Value;

/// An expectation and the actual result, both in the shape in which the case is written
pub(super) struct Comparison {
    /// Whether the result is as expected
    pub(super) passed: bool,
    pub(super) expected: Value,
    pub(super) actual: Value,
}
