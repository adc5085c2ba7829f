//! A RAM policy document. A [`Document`] is checked: a text that is malformed or ambiguous never becomes one.

pub(crate) mod parse;
mod pasted;
mod statement_parser;
mod to_json;

use crate::source::Position;

use crate::action::ActionPattern;
use crate::arn::ResourcePattern;
use crate::condition::Condition;
use crate::effect::Effect;
use crate::trusted_principal::TrustedPrincipal;
use crate::warning::PolicyWarning;

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

/// One statement of a policy
#[derive(Clone, Debug)]
pub struct Statement {
    /// Whether it allows or denies what it matches
    pub effect: Effect,
    /// The actions that it covers
    pub actions: Actions,
    /// The resources that it covers, or the callers that it trusts
    pub target: Target,
    /// Its conditions, all of which must be met
    pub conditions: Box<[Condition]>,
    /// Where the statement starts in its document
    pub at: Position,
    /// Where each pattern of `actions` starts
    pub actions_at: Box<[Position]>,
    /// Where each resource of `target` starts; empty in a trust policy
    pub resources_at: Box<[Position]>,
}

/// The `Action` or `NotAction` element
#[derive(Clone, Debug)]
pub enum Actions {
    /// `Action`: any of these
    Listed(Box<[ActionPattern]>),
    /// `NotAction`: all but these
    Except(Box<[ActionPattern]>),
}

/// The `Resource` or, in a trust policy, the `Principal` element
#[derive(Clone, Debug)]
pub enum Target {
    /// Any of these resources
    Resources(Box<[ResourcePattern]>),
    /// Any of these callers
    Principals(Box<[TrustedPrincipal]>),
}

impl Statement {
    /// Whether the statement covers an action; names of actions compare without ASCII case.
    ///
    /// ```
    /// use ram_policy::{Document, DocumentKind};
    ///
    /// let policy = br#"{"Version": "1", "Statement": [
    ///     {"Effect": "Allow", "Action": "eci:Describe*", "Resource": "*"},
    ///     {"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"}]}"#;
    /// let document = Document::parse(policy, DocumentKind::Identity)?.document;
    /// let [listed, except] = &*document.statements else { unreachable!() };
    /// assert!(listed.covers_action("ECI:DescribeContainerGroups"));
    /// assert!(!listed.covers_action("eci:CreateContainerGroup"));
    /// assert!(except.covers_action("eci:CreateContainerGroup"));
    /// # Ok::<(), ram_policy::source::Fault>(())
    /// ```
    pub fn covers_action(&self, action: &str) -> bool {
        let is_listed = self.actions.patterns().iter().any(|each| each.matches(action));
        match self.actions {
            Actions::Listed(_) => is_listed,
            Actions::Except(_) => !is_listed,
        }
    }
}

impl Actions {
    /// The name of the element: `Action` or `NotAction`
    pub fn element(&self) -> &'static str {
        match self {
            Self::Listed(_) => "Action",
            Self::Except(_) => "NotAction",
        }
    }

    /// The patterns in the order of the text, those of a `NotAction` included
    pub fn patterns(&self) -> &[ActionPattern] {
        let (Self::Listed(patterns) | Self::Except(patterns)) = self;
        patterns
    }
}
