//! Whether an action is allowed on every resource there is, where nobody says which ones are meant.

use super::decision::{Decision, Outcome, StatementId};
use super::effect::Effect;
use super::matching::mismatch;
use super::principal::Principal;
use super::request::Request;
use super::resolved_request::ResolvedRequest;
use super::set::PolicySet;

impl PolicySet {
    /// Decides a request that names no resource, so that whatever is true of one may be true: in every layer something
    /// must allow it that looks at no resource, and nothing may deny the action anywhere
    ///
    /// `is_of_resource` knows the condition keys that tell one resource from another.
    ///
    /// # Errors
    ///
    /// The statement that makes a difference between resources, where one does.
    pub fn decide_everywhere(
        &self,
        request: &Request<'_>,
        is_of_resource: impl Fn(&str) -> bool,
    ) -> Result<Decision, Option<StatementId>> {
        let decision = self.decide(request);
        if *request.principal == Principal::Account {
            return Ok(decision);
        }
        let facts = ResolvedRequest::new(self.account(), request);
        let control = self.control_levels(request.principal).map(std::slice::from_ref);
        let held = self.granted(request.principal).ok_or(None)?;
        for layer in control.chain([held.account.as_slice()]) {
            let about = || {
                let statements = layer.iter().flat_map(|part| part.statements());
                statements.filter(|candidate| candidate.statement.covers_action(request.action))
            };
            if let Some(denying) = about().find(|candidate| candidate.statement.effect == Effect::Deny) {
                return Err(Some(denying.id()));
            }
            let mut selective = None;
            let allows_all = about().any(|candidate| {
                let mut conditions = candidate.statement.conditions.iter();
                let tells_apart = conditions.any(|condition| is_of_resource(&condition.key));
                if tells_apart {
                    selective.get_or_insert_with(|| candidate.id());
                }
                !tells_apart && mismatch(&facts, candidate.statement).is_none()
            });
            if !allows_all {
                return Err(selective);
            }
        }
        match decision.outcome {
            Outcome::Allow => Ok(decision),
            Outcome::ImplicitDeny | Outcome::ExplicitDeny => Err(decision.statement().cloned()),
        }
    }
}
