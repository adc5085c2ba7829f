//! What speaks against reading, as data.

use crate::admission;
use eci_calls::Denial;
use eci_calls::condition_key::{TagKey, TagSource};
use ram_policy::{Mismatch, Outcome, Principal, Reason};

/// One thing that speaks against reading
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The requester is bound to no RAM principal
    Unbound,
    /// The namespace is not known, so neither are its labels
    UnknownNamespace,
    /// The pod could not be read
    UnreadPod,
    /// The rules put the pods into a resource group that the directory does not have
    UnknownGroup(String),
    /// RAM would not show it
    Denied {
        /// What was asked and answered
        denial: Denial,
        /// For whom
        principal: Principal,
        /// Whether that is a boundary of the namespace and not the requester
        boundary: bool,
    },
}

impl Finding {
    /// A denial, with the statement in front that speaks of what was asked
    ///
    /// Statements on the tags of a named instance are as near to a list as those on the tags of a filter, but no
    /// selector ever meets them.
    pub(crate) fn denied(mut denial: Denial, principal: &Principal, boundary: bool, is_list: bool) -> Self {
        if let (Reason::NoMatch(misses), true) = (&mut denial.decision.reason, is_list) {
            misses.sort_by_key(|miss| match &miss.mismatch {
                Mismatch::Condition { key, .. } => {
                    TagKey::parse(key).is_some_and(|key| key.source == TagSource::Resource)
                }
                Mismatch::Action { .. } | Mismatch::Resource { .. } | Mismatch::Principal { .. } => false,
            });
        }
        Self::Denied {
            denial,
            principal: principal.clone(),
            boundary,
        }
    }

    /// The code by which programs tell findings apart, the same as at admission
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unbound => "UnboundIdentity",
            Self::UnknownNamespace => "UnknownNamespace",
            Self::UnreadPod => "UnknownPod",
            Self::UnknownGroup(_) => "UnknownResourceGroup",
            Self::Denied { denial, .. } => match denial.decision.outcome {
                Outcome::ExplicitDeny => "ExplicitDeny",
                Outcome::ImplicitDeny | Outcome::Allow => "ImplicitDeny",
            },
        }
    }

    /// Where it stands among several: explicit denies first, as RAM has it
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Denied { denial, .. } if denial.decision.outcome == Outcome::ExplicitDeny => 0,
            _ => 1,
        }
    }

    /// Whether it is about an answer that could not be found, and not about one that was
    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Self::UnknownNamespace | Self::UnreadPod)
    }

    /// The same in RAM's own words, or the code
    pub(crate) fn words(&self, account: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Denied {
                denial,
                principal,
                boundary,
            } => admission::outcome::finding::Finding::Denied {
                denial: denial.clone(),
                principal: principal.clone(),
                boundary: *boundary,
            }
            .details(account),
            Self::Unbound | Self::UnknownNamespace | Self::UnreadPod | Self::UnknownGroup(_) => {
                vec![("Code", self.code().to_owned())]
            }
        }
    }
}
