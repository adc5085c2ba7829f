#![doc = include_str!("../README.md")]
//!
//! ```text
//! JSON -> Document (checked)    Definition -> PolicySet (compiled once)    Request -> Decision
//! ```

// A policy document and its elements
mod action;
mod arn;
mod condition;
mod document;
mod effect;
mod interner;
mod one_or_more;
pub mod pattern;
mod principal;
pub mod source;
mod trusted_principal;
mod warning;

// The policies of an account, compiled
mod attached_policy;
mod attachments;
mod definition;
mod set;
mod system_policies;

// The decision about a request
mod context;
mod decide;
mod decision;
mod everywhere;
mod excused;
mod layer;
mod matching;
mod met_conditions;
mod request;
mod resolved_request;
mod scope;
mod trace;
mod unmet_conditions;

pub use action::ActionPattern;
pub use arn::{ResourcePattern, Segments};
pub use attached_policy::AttachedPolicy;
pub use condition::{Condition, OPERATORS, Operator, OperatorFamily, Quantifier, SET_OPERATORS};
pub use context::Context;
pub use decision::{Decision, Mismatch, Miss, Outcome, PolicyType, Reason, StatementId};
pub use definition::{Definition, DefinitionError, Grant, GroupDefinition, RoleDefinition, UserDefinition};
pub use document::parse::MAX_BYTES;
pub use document::{
    Actions, Document, DocumentKind, LocatedCondition, Parsed, Statement, StatementBody, Target,
};
pub use effect::Effect;
pub use excused::Excuse;
pub use interner::Interner;
pub use met_conditions::MetCondition;
pub use pattern::Pattern;
pub use principal::{Principal, PrincipalError};
pub use request::Request;
pub use resolved_request::{PRINCIPAL_ARN, RESOURCE_GROUP_ID};
pub use scope::Scope;
pub use set::{Layer, PolicySet};
pub use system_policies::{SYSTEM_POLICIES, is_system_policy, system_policy_documents};
pub use trace::{Trace, TracedLayer, TracedStatement};
pub use trusted_principal::TrustedPrincipal;
pub use warning::{PolicyWarning, WarningKind};
