//! What a comparison found, as data.

use crate::analysis::diff::cube::Ruling;
use crate::analysis::diff::words::Term;
use ram_policy::{Context, Principal};

/// Everything that two configurations decide differently
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Requests that are decided differently, those of one principal together
    pub differences: Vec<Difference>,
    /// Changes outside of RAM's policies that can change what the gate lets in
    pub others: Vec<OtherChange>,
    /// Whose requests were not searched to the end, because their policies tell too much apart
    pub bounded: Vec<Principal>,
}

/// Which way a decision went
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Denied before, allowed now
    Allowed,
    /// Allowed before, denied now
    Denied,
}

/// Requests that are decided differently, and in the same way
#[derive(Clone, Debug)]
pub struct Difference {
    /// Which way
    pub change: Change,
    /// Whose requests
    pub principals: Vec<Principal>,
    /// Which actions; none means any
    pub actions: Option<Vec<Term>>,
    /// Every action of these that ECI has or a policy names
    pub named_actions: Vec<String>,
    /// Which resources; none means any
    pub resources: Option<Vec<Term>>,
    /// Which resource groups; none means any, or none at all
    pub resource_groups: Option<Vec<Term>>,
    /// Condition keys and what they must be; keys that are not here may be anything
    pub conditions: Vec<(String, Vec<Term>)>,
    /// What the old configuration says to the example
    pub before: Ruling,
    /// What the new configuration says to the example
    pub after: Ruling,
    /// One of the requests, asked by the first of the principals
    pub example: Example,
}

/// A request that both engines were asked
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Who asks
    pub principal: Principal,
    /// The action
    pub action: String,
    /// The resource
    pub resource: String,
    /// The resource group
    pub resource_group: Option<String>,
    /// Condition keys with their values
    pub context: Context,
    /// Whether the role's trust policy was asked as well
    pub trust: bool,
}

/// A change outside of RAM's policies
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherChange {
    /// The section of the directory, such as `bindings`
    pub section: &'static str,
    /// Which entry of it
    pub entry: String,
    /// What it was; none if it was not there
    pub before: Option<String>,
    /// What it is; none if it is not there any more
    pub after: Option<String>,
    /// Whether it may let in what was kept out before
    pub may_allow: bool,
}

impl Report {
    /// How many differences are of one kind
    pub fn count(&self, change: Change) -> usize {
        let alike = self.differences.iter().filter(|each| each.change == change);
        alike.count()
    }

    /// Whether something is allowed that was not, or may be
    pub fn allows_more(&self) -> bool {
        self.count(Change::Allowed) > 0
            || self.others.iter().any(|each| each.may_allow)
            || !self.bounded.is_empty()
    }
}
