//! Remedies for a role that may not be passed.

use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::{Blocker, Evaluator};
use crate::fix::remedy::Remedies;
use crate::ram_question::{ASSUME_ROLE, PASS_ROLE, Question};
use ram_policy::Principal;

/// The most roles that are tried
const MAX_ROLES: usize = 20;

/// The most letters by which a misspelled name differs from the one that is meant
const MAX_DISTANCE: usize = 2;

impl<E: Evaluator> Remedies<'_, E> {
    /// No role, after the role that the requester almost wrote, if it may be passed
    ///
    /// No other role: advice that tries the roles of the directory would hand out those of other teams.
    pub(super) fn other_roles(&self, desired: &DesiredFields) -> Vec<Change> {
        let written = desired.role.as_deref();
        let near = written.and_then(|written| self.near_role(written));
        let near = near.map(|role| Change::Role(Some(role)));
        near.into_iter().chain([Change::Role(None)]).collect()
    }

    /// The nearest role to a misspelled one that may be passed
    fn near_role(&self, written: &str) -> Option<String> {
        let known = self.role.get_or_init(|| {
            let mut near = self.near_roles(written);
            near.sort();
            let mut roles = near.into_iter().take(MAX_ROLES).map(|(_, role)| role);
            let role = roles.find(|role| self.may_pass(role));
            (written.to_owned(), role)
        });
        known.1.clone().filter(|_| known.0 == written)
    }

    /// The roles whose names are as good as the written one, each with its distance
    fn near_roles(&self, written: &str) -> Vec<(usize, String)> {
        let principals = self.policies.principals().into_iter();
        let names = principals.filter_map(|principal| match principal {
            Principal::Role(name) => Some(name.to_string()),
            Principal::Account | Principal::User(_) | Principal::Group(_) | Principal::Service(_) => None,
        });
        let near = names.filter_map(|name| Some((distance(written, &name)?, name)));
        near.collect()
    }

    fn may_pass(&self, role: &str) -> bool {
        let desired = DesiredFields {
            role: Some(role.to_owned()),
            ..DesiredFields::default()
        };
        let blocks_role = |blocker: &Blocker| match blocker {
            Blocker::Denied(_, denial) => self.is_about_instance_role(&denial.question),
            Blocker::Refused(refusal) => refusal.code == "Forbidden.RamRoleNotExist",
            Blocker::Final => true,
            Blocker::TooManyTags => false,
        };
        let blockers = self.evaluate(&desired);
        blockers.is_some_and(|blockers| !blockers.iter().any(blocks_role))
    }

    /// Whether a question is about the instance's role. A role for an image registry is no field, and no instance
    /// assumes it.
    pub(super) fn is_about_instance_role(&self, question: &Question) -> bool {
        match question.action {
            ASSUME_ROLE => true,
            PASS_ROLE => !self.evaluator.is_role_fixed(&question.resource),
            _ => false,
        }
    }
}

/// The letters by which two names differ; `None` if they are the same, or so different that no slip leads from one to the
/// other. RAM ignores the case of role names. A short name is near to almost any other.
fn distance(written: &str, name: &str) -> Option<usize> {
    let (one, other) = (written.to_ascii_lowercase(), name.to_ascii_lowercase());
    if one.len().abs_diff(other.len()) > MAX_DISTANCE {
        return None;
    }
    let longest = MAX_DISTANCE.min(other.len() / 2);
    Some(strsim::levenshtein(&one, &other)).filter(|distance| (1..=longest).contains(distance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_within_two_letters_are_slips_of_each_other() {
        assert_eq!(distance("DataReadr", "DataReader"), Some(1));
        assert_eq!(distance("DataRaeder", "datareader"), Some(2));
        assert_eq!(distance("DataReader", "datareader"), None, "the same role");
        assert_eq!(distance("DataWriter", "DataReader"), None);
        assert_eq!(distance("DataReadXYZ", "DataReader"), None);
        assert_eq!(distance("a", "bc"), None, "a short name is near to any");
    }
}
