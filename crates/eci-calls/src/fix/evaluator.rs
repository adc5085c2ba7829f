//! What a search asks about the fields that it tries.

use crate::evaluation::Denial;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::refusal::Refusal;
use ram_policy::Principal;

/// Something that keeps fields from being allowed
#[derive(Clone, Debug)]
pub enum Blocker {
    /// They cannot be written, or no change of the fields takes it away
    Final,
    /// There are more tags than there may be
    TooManyTags,
    /// ECI refuses them
    Refused(Refusal),
    /// RAM does not allow them to this principal
    Denied(Principal, Denial),
}

/// Evaluates fields exactly as the call that they make would be evaluated
pub trait Evaluator {
    /// What keeps the fields from being allowed; nothing if they are allowed
    fn evaluate(&self, desired: &DesiredFields) -> Vec<Blocker>;

    /// Whether a change can be written and would have any effect
    fn can_apply(&self, change: &Change) -> bool;

    /// The value that a tag has where the fields leave it out
    fn default_tag(&self, key: &str) -> Option<String>;

    /// Whether a condition key has a value of its own, whatever the fields are
    fn is_key_fixed(&self, _key: &str) -> bool {
        false
    }

    /// What an update finds, whose group and role cannot be changed; none on a create
    fn stored(&self) -> Option<&DesiredFields>;

    /// Whether a role, by its resource name, is handed over whatever the fields are
    fn is_role_fixed(&self, role: &str) -> bool;

    /// The ids of the resource groups that there are, the default one marked
    fn resource_groups(&self) -> Vec<(&str, bool)>;
}
