//! The request behind a finding: the user, the verb and the object that a message names.

use crate::admission::fields::reading::Fields;
use crate::admission::outcome::advice::Advice;
use crate::admission::outcome::verb::Verb;
use crate::config::Configuration;
use crate::wording::{NAME_LENGTH, described, quoted};
use ram_policy::Principal;

/// The request behind a finding, for its message
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageContext<'a> {
    /// The configuration that decided
    pub configuration: &'a Configuration,
    /// The requester, or the person for whom a controller acts
    pub user: &'a str,
    /// The RAM principal of that user
    pub principal: Option<&'a Principal>,
    /// The verb
    pub verb: Verb,
    /// The object: pod `NAMESPACE/NAME`, pods of a workload, an image cache
    pub thing: &'a str,
    /// The pod's namespace
    pub namespace: &'a str,
    /// The ECI fields of the pod
    pub fields: &'a Fields,
    /// The annotations that RAM allows instead, if they were searched for
    pub advice: Option<&'a Advice>,
}

impl MessageContext<'_> {
    /// The advice as a remedy, or this remedy if the search found nothing
    pub(crate) fn remedy(&self, otherwise: impl FnOnce() -> String) -> String {
        match self.advice {
            Some(advice @ Advice::Write(_)) => advice.instruction().unwrap_or_else(otherwise),
            Some(Advice::Nothing) => {
                format!("no other tags, group or role would be allowed, {}", otherwise())
            }
            Some(Advice::GaveUp) | None => otherwise(),
        }
    }

    /// The first words of a denial, such as "`alice` (user alice) may not create pod `shop/web` on ECI"
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
