//! A RAM policy document, checked: what could be read in two ways, or not at all, never becomes a [`Document`].

pub(crate) mod parse;
mod to_json;

use crate::source::Position;

use super::action::ActionPattern;
use super::arn::ResourcePattern;
use super::condition::Condition;
use super::effect::Effect;
use super::principal::TrustedPrincipal;
use super::warning::PolicyWarning;

/// What a document is attached to, which decides the elements it may have
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// AttachedPolicy to users, groups, roles, folders or a session: statements have a Resource
    Identity,
    /// The trust policy of a role: statements have a Principal
    Trust,
}

/// A checked policy
#[derive(Clone, Debug)]
pub struct Document {
    /// The statements in the order of the text
    pub statements: Box<[Statement]>,
}

/// A checked policy with what its author should look at
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The policy
    pub document: Document,
    /// What is accepted but doubtful
    pub warnings: Vec<PolicyWarning>,
}

/// One statement of a policy
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it does when it matches
    pub effect: Effect,
    /// Which actions it speaks of
    pub actions: Actions,
    /// Which resources or callers it speaks of
    pub target: Target,
    /// All of them must hold
    pub conditions: Box<[Condition]>,
    /// Where the statement starts in its document
    pub at: Position,
    /// Where each entry of `actions` starts
    pub actions_at: Box<[Position]>,
    /// Where each resource of `target` starts; empty in a trust policy
    pub resources_at: Box<[Position]>,
}

/// The `Action` or `NotAction` element
#[derive(Clone, Debug)]
pub enum Actions {
    /// One of these
    Listed(Box<[ActionPattern]>),
    /// None of these
    Except(Box<[ActionPattern]>),
}

/// The `Resource` or, in a trust policy, the `Principal` element
#[derive(Clone, Debug)]
pub enum Target {
    /// One of these resources
    Resources(Box<[ResourcePattern]>),
    /// One of these callers
    Principals(Box<[TrustedPrincipal]>),
}

impl Statement {
    /// Whether the statement speaks of an action
    pub fn covers_action(&self, action: &str) -> bool {
        let is_listed = self.actions.patterns().iter().any(|each| each.matches(action));
        match self.actions {
            Actions::Listed(_) => is_listed,
            Actions::Except(_) => !is_listed,
        }
    }
}

impl Actions {
    /// The element's name in a policy
    pub fn element(&self) -> &'static str {
        match self {
            Self::Listed(_) => "Action",
            Self::Except(_) => "NotAction",
        }
    }

    /// The patterns as they are listed
    pub fn patterns(&self) -> &[ActionPattern] {
        let (Self::Listed(patterns) | Self::Except(patterns)) = self;
        patterns
    }
}
