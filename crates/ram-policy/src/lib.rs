#![doc = include_str!("../README.md")]
//!
//! ```text
//! text -> Document (checked)   Definition -> PolicySet (compiled once)   Request -> Decision
//! ```

mod action;
mod arn;
mod attached;
mod attachment;
mod condition;
mod context;
mod decide;
mod decision;
mod definition;
mod document;
mod doubt;
mod effect;
mod everywhere;
mod facts;
mod layer;
mod matching;
mod open;
pub mod pattern;
mod principal;
mod request;
mod scope;
mod set;
pub mod source;
mod system;
mod trace;

pub use action::ActionPattern;
pub use arn::{ResourcePattern, Segments};
pub use attached::Attached;
pub use condition::{Condition, OPERATORS, Operator, OperatorFamily};
pub use context::Context;
pub use decision::{Decision, Mismatch, Miss, Outcome, PolicyType, Reason, StatementId};
pub use definition::{Definition, DefinitionError, Grant, GroupDefinition, RoleDefinition, UserDefinition};
pub use document::read::MAX_BYTES;
pub use document::{Actions, Document, DocumentKind, Parsed, Statement, Target};
pub use doubt::{Doubt, DoubtKind};
pub use effect::Effect;
pub use facts::{PRINCIPAL_ARN, RESOURCE_GROUP_ID};
pub use pattern::Pattern;
pub use principal::{Principal, PrincipalError, Trusted};
pub use request::Request;
pub use scope::Scope;
pub use set::{Layer, PolicySet};
pub use system::{SYSTEM_POLICIES, is_system_policy};
pub use trace::{Trace, TracedLayer, TracedStatement};
