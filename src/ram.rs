//! The RAM engine: policies and a request in, a decision with its reason out.
//!
//! ```text
//! text -> Document (checked)   Definition -> PolicySet (compiled once)   Request -> Decision
//! ```
//!
//! It knows no Kubernetes and no ECI, reads no clock, does no I/O and does not panic.

mod action;
mod arn;
mod condition;
mod context;
mod decide;
mod decision;
mod document;
mod doubt;
mod pattern;
mod principal;
mod set;
mod system;

pub use action::ActionPattern;
pub use arn::ResourcePattern;
pub use condition::{Condition, OPERATORS, Operator};
pub use context::Context;
pub use decide::Request;
pub use decision::{Decision, Mismatch, Miss, Outcome, PolicyType, Reason, StatementId};
pub use document::{
    Actions, Document, DocumentKind, Effect, MAX_BYTES, Parsed, RAM_MAX_CHARACTERS, Statement, Target,
};
pub use doubt::{Doubt, DoubtKind};
pub use principal::{Principal, PrincipalError, Trusted};
pub use set::{
    Definition, DefinitionError, Grant, GroupDefinition, PolicySet, RoleDefinition, UserDefinition,
};
pub use system::{SYSTEM_POLICIES, is_system_policy};
