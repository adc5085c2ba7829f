//! The smallest change of tags, resource group and role with which a denied call would be allowed.
//!
//! ```text
//! fields ─▶ evaluator: allowed? ─▶ yes: this is the fix
//!   ▲          │ no: what blocks them
//!   └── each change that takes one blocker away, the fewest changes first
//! ```
//!
//! Fields with the fewest changes are tried first, and a change that a statement still lacks counts too. So what is found
//! has the fewest changes, and what cannot become so small waits. Every blocker must go before fields are allowed, so it
//! is enough to follow one of them: the one with the fewest remedies. Of values that no condition tells apart, one is
//! tried. What is proposed was evaluated as a whole, by the evaluator of the call itself. All that is looked at is
//! counted, and where the count ends the search does.

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
