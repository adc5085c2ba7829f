//! Remedies for a role that may not be passed.

use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::{Blocker, Evaluator};
use crate::fix::remedy::Remedies;
use crate::ram_question::{ASSUME_ROLE, PASS_ROLE, Question};
use ram_policy::Principal;

/// The most roles that are tried
const MAX_ROLES: usize = 200;

impl<E: Evaluator> Remedies<'_, E> {
    /// A role that may be passed, or no role
    pub(super) fn other_roles(&self) -> Vec<Change> {
        let role = self.role.get_or_init(|| {
            let principals = self.policies.principals().into_iter();
            let roles = principals.filter_map(|principal| match principal {
                Principal::Role(name) => Some(name.to_string()),
                Principal::Account | Principal::User(_) | Principal::Group(_) | Principal::Service(_) => None,
            });
            roles.take(MAX_ROLES).find(|role| self.may_pass(role))
        });
        let other = role.clone().map(|role| Change::Role(Some(role)));
        other.into_iter().chain([Change::Role(None)]).collect()
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
