//! A RAM policy document. A [`Document`] is checked: a text that is malformed or ambiguous never becomes one.

pub(crate) mod layout;
pub(crate) mod parse;
mod pasted;
mod statement;
mod statement_parser;
mod to_json;

use crate::warning::PolicyWarning;

pub use layout::LocatedCondition;
pub use statement::{Actions, Statement, StatementBody, Target};

/// The kind of a policy, which decides the elements that its statements may have
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A policy of users, groups, roles, folders or sessions: statements have a `Resource`
    Identity,
    /// The trust policy of a role: statements have a `Principal`
    Trust,
}

/// A checked policy
#[derive(Clone, Debug)]
pub struct Document {
    /// The statements in the order of the text
    pub statements: Box<[Statement]>,
}

/// A checked policy, with warnings for its author
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The policy
    pub document: Document,
    /// What RAM accepts, but its author probably did not mean
    pub warnings: Vec<PolicyWarning>,
}
