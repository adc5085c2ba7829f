//! What a sentence needs to know beside the finding: who does what to which object.

use crate::admission::fields::reading::Fields;
use crate::admission::outcome::advice::Advice;
use crate::admission::outcome::verb::Verb;
use crate::config::Configuration;
use crate::wording::{NAME_LENGTH, described, quoted};
use ram_policy::Principal;

/// What a sentence needs to know beside the finding
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageContext<'a> {
    /// The configuration that decided
    pub configuration: &'a Configuration,
    /// The Kubernetes user who asks, or for whom a controller does
    pub user: &'a str,
    /// The RAM principal of that user
    pub principal: Option<&'a Principal>,
    /// What is done to the pod
    pub verb: Verb,
    /// What it is done to: pod `NAMESPACE/NAME`, pods of a workload, an image cache
    pub thing: &'a str,
    /// The pod's namespace
    pub namespace: &'a str,
    /// The ECI fields as they are asked for
    pub fields: &'a Fields,
    /// What would be allowed instead, where that was looked for
    pub advice: Option<&'a Advice>,
}

impl MessageContext<'_> {
    /// What to do: what would be allowed as a whole if anything would be, and else this
    pub(crate) fn remedy(&self, otherwise: impl FnOnce() -> String) -> String {
        match self.advice {
            Some(advice @ Advice::Write(_)) => advice.words().unwrap_or_else(otherwise),
            Some(Advice::Nothing) => {
                format!("no other tags, group or role would be allowed, {}", otherwise())
            }
            Some(Advice::GaveUp) | None => otherwise(),
        }
    }

    /// Who may not do what to which pod
    pub(crate) fn opening(&self) -> String {
        let who = quoted(self.user, NAME_LENGTH);
        let bound = self
            .principal
            .map_or_else(String::new, |principal| format!(" ({})", described(principal)));
        format!(
            "{who}{bound} may not {} {} on ECI",
            self.verb.active(),
            self.thing
        )
    }
}
