#![doc = include_str!("../README.md")]
//!
//! ```text
//! text -> Document (checked)   Definition -> PolicySet (compiled once)   Request -> Decision
//! ```

mod action;
mod arn;
mod attachment;
mod condition;
mod context;
mod decide;
mod decision;
mod document;
mod doubt;
mod effect;
mod everywhere;
mod facts;
mod layer;
mod matching;
mod pattern;
mod principal;
mod set;
pub mod source;
mod system;
mod trace;

pub use action::ActionPattern;
pub use arn::ResourcePattern;
pub use attachment::Attached;
pub use condition::{Condition, OPERATORS, Operator, OperatorFamily};
pub use context::Context;
pub use decision::{Decision, Mismatch, Miss, Outcome, PolicyType, Reason, StatementId};
pub use document::{
    Actions, Document, DocumentKind, MAX_BYTES, Parsed, RAM_MAX_CHARACTERS, Statement, Target,
};
pub use doubt::{Doubt, DoubtKind};
pub use effect::Effect;
pub use facts::Request;
pub use principal::{Principal, PrincipalError, Trusted};
pub use set::{
    Definition, DefinitionError, Grant, GroupDefinition, Layer, PolicySet, RoleDefinition, Scope,
    UserDefinition,
};
pub use system::{SYSTEM_POLICIES, is_system_policy};
pub use trace::{Trace, TracedLayer, TracedStatement};
