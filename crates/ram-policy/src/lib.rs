#![doc = include_str!("../README.md")]
//!
//! ```text
//! text -> Document (checked)   Definition -> PolicySet (compiled once)   Request -> Decision
//! ```

mod action;
mod arn;
mod attached_policy;
mod attachments;
mod condition;
mod context;
mod decide;
mod decision;
mod definition;
mod document;
mod effect;
mod everywhere;
mod layer;
mod matching;
pub mod pattern;
mod principal;
mod request;
mod resolved_request;
mod scope;
mod set;
pub mod source;
mod system_policies;
mod trace;
mod unmet_conditions;
mod warning;

pub use action::ActionPattern;
pub use arn::{ResourcePattern, Segments};
pub use attached_policy::AttachedPolicy;
pub use condition::{Condition, OPERATORS, Operator, OperatorFamily};
pub use context::Context;
pub use decision::{Decision, Mismatch, Miss, Outcome, PolicyType, Reason, StatementId};
pub use definition::{Definition, DefinitionError, Grant, GroupDefinition, RoleDefinition, UserDefinition};
pub use document::parse::MAX_BYTES;
pub use document::{Actions, Document, DocumentKind, Parsed, Statement, Target};
pub use effect::Effect;
pub use pattern::Pattern;
pub use principal::{Principal, PrincipalError, TrustedPrincipal};
pub use request::Request;
pub use resolved_request::{PRINCIPAL_ARN, RESOURCE_GROUP_ID};
pub use scope::Scope;
pub use set::{Layer, PolicySet};
pub use system_policies::{SYSTEM_POLICIES, is_system_policy};
pub use trace::{Trace, TracedLayer, TracedStatement};
pub use warning::{PolicyWarning, WarningKind};
