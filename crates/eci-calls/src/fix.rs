//! A search for the fewest changes of tags, resource group and role after which a denied call is allowed.
//!
//! ```text
//! fields -> evaluator: allowed? -> yes: this is the fix
//!   ^          | no: blockers
//!   +-- each change that may remove one blocker, the fewest changes first
//! ```
//!
//! The search is best first. The bound of a candidate counts the changes made and those that a statement still needs, so
//! the first allowed fields have the fewest changes. Of several values that meet the same conditions, one is tried. The
//! evaluator of the call evaluates all fields as a whole, so what is found is allowed. Everything that is read counts
//! towards a budget, and the search ends when it is exhausted.

mod budget;
mod call_evaluator;
mod candidate_values;
mod desired_fields;
mod evaluator;
mod remedy;
mod search;

pub use call_evaluator::CallEvaluator;
pub use desired_fields::{Change, DesiredFields};
pub use evaluator::{Blocker, Evaluator};
pub use search::{Search, search};
