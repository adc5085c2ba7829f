//! What a search needs to know about the fields that it tries.

use crate::evaluation::Denial;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::refusal::Refusal;
use ram_policy::Principal;

/// A reason why fields are not allowed
#[derive(Clone, Debug)]
pub enum Blocker {
    /// The fields cannot be written, and no change removes this blocker
    Final,
    /// There are too many tags
    TooManyTags,
    /// ECI refuses the call
    Refused(Refusal),
    /// RAM denies the call to this principal
    Denied(Principal, Denial),
}

/// Evaluates fields exactly as the call that has them would be evaluated
pub trait Evaluator {
    /// Everything that blocks the fields; empty if they are allowed
    fn evaluate(&self, desired: &DesiredFields) -> Vec<Blocker>;

    /// Whether a change can be written, and has an effect
    fn can_apply(&self, change: &Change) -> bool;

    /// The value of a tag that the fields leave out; `None` if the call then lacks the tag
    fn default_tag(&self, key: &str) -> Option<String>;

    /// Whether a condition key has a value of its own, whatever the fields are
    fn is_key_fixed(&self, _key: &str) -> bool {
        false
    }

    /// The stored fields that an update changes, whose resource group and role are fixed; `None` for a create
    fn stored(&self) -> Option<&DesiredFields>;

    /// Whether the call passes the role with this ARN, whatever the fields are
    fn is_role_fixed(&self, role: &str) -> bool;

    /// The ids of the resource groups in the order in which they are tried, each with whether it is the default group
    fn resource_groups(&self) -> Vec<(&str, bool)>;
}
