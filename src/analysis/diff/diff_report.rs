//! The report of a comparison, as data.

use std::collections::HashMap;

use crate::analysis::diff::decision_pair::DecisionSummary;
use crate::analysis::diff::term::Term;
use ram_policy::{Context, Principal};

/// Everything that two configurations decide differently
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Requests that are decided differently, ordered by principals
    pub differences: Vec<Difference>,
    /// Changes outside RAM's policies that can change what ramgate admits
    pub setting_changes: Vec<SettingChange>,
    /// Principals whose requests were not searched to the end, because their policies distinguish too many
    pub incomplete: Vec<Principal>,
}

/// The direction of a difference
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Denied before, allowed now
    Allowed,
    /// Allowed before, denied now
    Denied,
}

/// Requests that are decided differently, all in the same way
#[derive(Clone, Debug)]
pub struct Difference {
    /// The direction
    pub change: Change,
    /// The callers of the requests
    pub principals: Vec<Principal>,
    /// The actions; `None` means any
    pub actions: Option<Vec<Term>>,
    /// Those of the actions that ECI has or a policy names
    pub named_actions: Vec<String>,
    /// The resources; `None` means any
    pub resources: Option<Vec<Term>>,
    /// The resource groups; `None` means any or none
    pub resource_groups: Option<Vec<Term>>,
    /// Condition keys with what their values must be; other keys may have any value
    pub conditions: Vec<(String, Vec<Term>)>,
    /// The old decision about the example
    pub before: DecisionSummary,
    /// The new decision about the example
    pub after: DecisionSummary,
    /// One of the requests, of the first caller
    pub example: Example,
}

/// A request that the engine decided in both configurations
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The caller
    pub principal: Principal,
    /// The action
    pub action: String,
    /// The resource
    pub resource: String,
    /// The resource group
    pub resource_group: Option<String>,
    /// Condition keys with their values
    pub context: Context,
    /// Whether the request assumes a role, so that the role's trust policy decides too
    pub trust: bool,
}

/// A change outside RAM's policies
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingChange {
    /// The section of the directory, such as `bindings`
    pub section: &'static str,
    /// The entry of the section
    pub entry: String,
    /// The old value; `None` if the entry is new
    pub before: Option<String>,
    /// The new value; `None` if the entry is gone
    pub after: Option<String>,
    /// Whether ramgate may admit pods that it did not admit before
    pub may_allow: bool,
}

impl Change {
    /// The direction of a difference with this decision of the new configuration
    pub(crate) fn to(after: &DecisionSummary) -> Self {
        if after.is_allow() {
            Self::Allowed
        } else {
            Self::Denied
        }
    }
}

impl Report {
    /// Puts everything in order, and joins differences that only their principals distinguish
    pub(crate) fn new(
        differences: impl IntoIterator<Item = Difference>,
        mut incomplete: Vec<Principal>,
        setting_changes: Vec<SettingChange>,
    ) -> Self {
        incomplete.sort();
        incomplete.dedup();
        let mut joined = joined(differences);
        for difference in &mut joined {
            difference.principals.sort();
        }
        joined.sort_by_cached_key(Difference::text_without_principals);
        joined.sort_by(|a, b| (&a.principals, a.change).cmp(&(&b.principals, b.change)));
        Self {
            differences: joined,
            setting_changes,
            incomplete,
        }
    }

    /// How many differences have this direction
    pub fn count(&self, change: Change) -> usize {
        let counted = self.differences.iter().filter(|each| each.change == change);
        counted.count()
    }

    /// Whether the new configuration allows something that the old one does not, or may do so
    pub fn allows_more(&self) -> bool {
        self.count(Change::Allowed) > 0
            || self.setting_changes.iter().any(|each| each.may_allow)
            || !self.incomplete.is_empty()
    }
}

/// The differences with those joined that only their principals distinguish
fn joined(differences: impl IntoIterator<Item = Difference>) -> Vec<Difference> {
    let mut positions = HashMap::new();
    let mut joined: Vec<Difference> = Vec::new();
    for difference in differences {
        let next = joined.len();
        let at = *positions
            .entry(difference.text_without_principals())
            .or_insert(next);
        match joined.get_mut(at) {
            Some(known) => known.principals.extend(difference.principals),
            None => joined.push(difference),
        }
    }
    joined
}

impl Difference {
    /// Everything but the principals, as text
    ///
    /// The example's request belongs to it, so that this request confirms the difference for every principal.
    fn text_without_principals(&self) -> String {
        let decisions =
            [&self.before, &self.after].map(|decision| (decision.outcome, decision.statement.clone()));
        let terms = (
            &self.actions,
            &self.resources,
            &self.resource_groups,
            &self.conditions,
            &self.named_actions,
        );
        let Example {
            principal: _,
            action,
            resource,
            resource_group,
            context,
            trust,
        } = &self.example;
        let request = (action, resource, resource_group, context, trust);
        format!("{:?}", (self.change, terms, decisions, request))
    }
}
