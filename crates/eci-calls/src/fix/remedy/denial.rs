//! Remedies for RAM's denial of a question.

use std::collections::HashSet;

use crate::condition_key::TagKey;
use crate::evaluation::Denial;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::Evaluator;
use crate::fix::remedy::condition_change::Goal;
use crate::fix::remedy::{Remedies, Remedy};
use ram_policy::{Condition, Effect, Layer, Outcome, PolicyType, Principal, Reason, Scope, Statement};

/// An Allow statement that would allow the question if its unmet conditions were met
struct AllowCandidate<'a> {
    unmet: Vec<&'a Condition>,
    /// The resource group for which the statement is granted, if the question is about another
    other_group: Option<&'a str>,
}

impl AllowCandidate<'_> {
    /// A lower bound on the number of changes: one for each tag, or another resource group instead
    fn min_changes(&self) -> usize {
        if self.other_group.is_some() {
            return 1;
        }
        let keys = self.unmet.iter().map(|condition| &*condition.key);
        let fields = keys.map(|key| TagKey::parse(key).map_or(key, |parsed| parsed.tag));
        fields.collect::<HashSet<_>>().len().max(1)
    }
}

impl<E: Evaluator> Remedies<'_, E> {
    pub(super) fn of_denial(
        &self,
        desired: &DesiredFields,
        principal: &Principal,
        denial: &Denial,
    ) -> Remedy {
        if self.is_about_instance_role(&denial.question) {
            return Remedy::of(self.other_roles(desired));
        }
        let layers = self.layers.iter().find(|(known, _)| *known == principal);
        let (Some((_, layers)), true) = (layers, denial.question.action.starts_with("eci:")) else {
            return Remedy::of(Vec::new());
        };
        let denying = denying_statement(denial, layers);
        let mut remedy = Remedy::of(denying.map_or_else(Vec::new, |statement| {
            self.to_break_deny(desired, denial, statement)
        }));
        // An Allow for the whole account decides before a resource group's Deny is reached.
        let is_implicit = denial.decision.outcome == Outcome::ImplicitDeny;
        if is_implicit || is_of_resource_group(denial) {
            let candidates = self.allow_candidates(principal, denial, layers);
            // An update need not ask the question that is denied, so this bound holds only for a create.
            if is_implicit && self.evaluator.stored().is_none() {
                remedy.min_changes = self.min_changes(&candidates);
            }
            remedy.changes.extend(self.to_allow(desired, denial, candidates));
        }
        remedy.changes.extend(self.to_keep_tags(desired));
        remedy
    }

    /// An update may always keep a stored tag, whatever else it changes
    fn to_keep_tags(&self, desired: &DesiredFields) -> Vec<Change> {
        let Some(stored) = self.evaluator.stored() else {
            return Vec::new();
        };
        let keys = stored.tags.iter().chain(&desired.tags).map(|(key, _)| key);
        keys.map(|key| Change::Tag(key.clone(), stored.tag(key).map(str::to_owned)))
            .collect()
    }

    /// A Deny no longer applies if one of its conditions is not met, or perhaps in another resource group
    fn to_break_deny(&self, desired: &DesiredFields, denial: &Denial, statement: &Statement) -> Vec<Change> {
        let goals = statement.conditions.iter().map(Goal::Break);
        let changes = goals.flat_map(|goal| self.changes_for(goal, desired, &denial.question));
        let mut changes: Vec<Change> = changes.collect();
        if is_of_resource_group(denial) {
            changes.extend(self.other_groups());
        }
        changes
    }

    /// The Allow statements of the layer that denies, the one with the fewest unmet conditions first
    fn allow_candidates<'l>(
        &self,
        principal: &Principal,
        denial: &Denial,
        layers: &'l [Layer<'_>],
    ) -> Vec<AllowCandidate<'l>> {
        let request = denial.question.request(principal);
        let mut candidates = Vec::new();
        for layer in layers.iter().filter(|layer| may_allow(layer, denial)) {
            let other_group = match &layer.scope {
                Scope::ResourceGroup(id) => {
                    Some(&**id).filter(|id| denial.question.resource_group.as_deref() != Some(*id))
                }
                _ => None,
            };
            let policies = layer.policies.iter();
            let statements = policies.flat_map(|attached| &attached.document.statements);
            for statement in statements.filter(|statement| statement.effect == Effect::Allow) {
                let cost = statement.conditions.len().saturating_add(1);
                if self.budget.spend(cost).is_err() {
                    break;
                }
                if let Some(unmet) = self.policies.unmet_conditions(&request, statement) {
                    candidates.push(AllowCandidate { unmet, other_group });
                }
            }
        }
        candidates.sort_by_key(|candidate| candidate.unmet.len());
        candidates
    }

    /// A lower bound on the number of changes that any of the candidates takes
    fn min_changes(&self, candidates: &[AllowCandidate<'_>]) -> usize {
        if self.budget.is_incomplete() {
            return 1;
        }
        let bounds = candidates.iter().map(AllowCandidate::min_changes);
        bounds.min().unwrap_or(1)
    }

    /// The changes after which one of the candidates lacks fewer conditions
    fn to_allow(
        &self,
        desired: &DesiredFields,
        denial: &Denial,
        candidates: Vec<AllowCandidate<'_>>,
    ) -> Vec<Change> {
        let max_changes = self.budget.times(self.evaluation_cost);
        let mut changes: Vec<Change> = Vec::new();
        for candidate in candidates {
            // No more changes than there is budget to evaluate.
            if changes.len() > max_changes {
                self.budget.mark_incomplete();
                break;
            }
            match candidate.other_group {
                Some(id) => changes.push(Change::ResourceGroup(Some(id.to_owned()))),
                None => changes.extend(self.to_meet_one(desired, denial, &candidate.unmet)),
            }
        }
        changes
    }

    /// The changes that meet one of a statement's unmet conditions: the one with the fewest changes
    fn to_meet_one(&self, desired: &DesiredFields, denial: &Denial, unmet: &[&Condition]) -> Vec<Change> {
        let goals = unmet.iter().map(|condition| Goal::Meet(condition));
        let alternatives = goals.map(|goal| self.changes_for(goal, desired, &denial.question));
        let mut alternatives: Vec<Vec<Change>> = alternatives.collect();
        // A create cannot be allowed if one condition cannot be met. On an update, the change for another condition may
        // bring the missing key.
        if self.evaluator.stored().is_some() {
            alternatives.retain(|changes| !changes.is_empty());
        }
        alternatives.into_iter().min_by_key(Vec::len).unwrap_or_default()
    }
}

/// The statement that denies explicitly; `None` for an implicit denial
fn denying_statement<'a>(denial: &Denial, layers: &[Layer<'a>]) -> Option<&'a Statement> {
    let (Reason::Statement(id), Outcome::ExplicitDeny) = (&denial.decision.reason, denial.decision.outcome)
    else {
        return None;
    };
    let mut policies = layers.iter().flat_map(|layer| layer.policies.iter().copied());
    let attached = policies.find(|attached| attached.name == id.policy)?;
    attached.document.statements.get(id.number.saturating_sub(1))
}

fn is_of_resource_group(denial: &Denial) -> bool {
    denial.decision.policy_type == PolicyType::ResourceGroupLevelIdentityBasedPolicy
}

/// Whether an Allow in this layer could allow the question: a control policy for a denial by control policies, and a
/// granted policy for other denials
fn may_allow(layer: &Layer<'_>, denial: &Denial) -> bool {
    let is_control = denial.decision.policy_type == PolicyType::ControlPolicy;
    match layer.scope {
        Scope::ControlPolicy(_) => is_control,
        Scope::Account | Scope::ResourceGroup(_) => !is_control,
        Scope::Session | Scope::Trust => false,
    }
}
