//! What takes a blocker away: for each the changes of which allowed fields must make one.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::condition_key::{RESOURCE_GROUP_ID, TagKey, TagSource};
use crate::evaluation::Denial;
use crate::fix::budget::Budget;
use crate::fix::candidate_values::CandidateValues;
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::{Blocker, Evaluator};
use crate::ram_question::{ASSUME_ROLE, PASS_ROLE, Question};
use crate::refusal::Refusal;
use ram_policy::{
    Condition, Effect, Layer, Outcome, PolicySet, PolicyType, Principal, Reason, Scope, Statement,
};

/// How many roles are looked at for one that may be passed
const MOST_ROLES: usize = 200;

/// What it costs to evaluate fields beside reading statements, as many statements as could be read in that time
const EVALUATION_COST: usize = 100;

/// How many statements are read for remedies; of more than that no condition is looked at
const MOST_STATEMENTS: usize = 20_000;

/// What takes a blocker away
pub(super) struct Remedy {
    /// Changes, each of which is one of several ways
    pub(super) changes: Vec<Change>,
    /// How many changes it takes at least, this one included
    pub(super) least: usize,
}

impl Remedy {
    /// Changes of which one may be enough
    fn of(changes: Vec<Change>) -> Self {
        Self { changes, least: 1 }
    }
}

pub(super) struct Remedies<'a, C> {
    evaluator: &'a C,
    policies: &'a PolicySet,
    /// The layers of each principal that must be allowed
    layers: Vec<(&'a Principal, Vec<Layer<'a>>)>,
    values: CandidateValues,
    budget: &'a Budget,
    /// What one evaluation costs
    evaluation_cost: usize,
    /// A role that all of them may pass, if there is one; looked for when it is needed
    role: OnceCell<Option<String>>,
}

impl<'a, C: Evaluator> Remedies<'a, C> {
    pub(super) fn new(
        evaluator: &'a C,
        policies: &'a PolicySet,
        principals: &'a [Principal],
        budget: &'a Budget,
    ) -> Self {
        let mut layers: Vec<_> = principals
            .iter()
            .map(|principal| (principal, policies.layers(principal)))
            .collect();
        let all: Vec<Layer<'_>> = layers
            .iter()
            .flat_map(|(_, layers)| layers.iter().cloned())
            .collect();
        let attached = all.iter().flat_map(|layer| &layer.policies);
        let statements = attached.flat_map(|attached| &attached.document.statements);
        let (count, conditions) = statements.fold((0_usize, 0_usize), |(count, conditions), statement| {
            (
                count.saturating_add(1),
                conditions.saturating_add(statement.conditions.len()),
            )
        });
        let values = if count > MOST_STATEMENTS {
            layers.clear();
            budget.cut();
            CandidateValues::default()
        } else {
            CandidateValues::new(evaluator, &all, budget)
        };
        Self {
            evaluator,
            policies,
            layers,
            values,
            budget,
            evaluation_cost: count.saturating_add(conditions).saturating_add(EVALUATION_COST),
            role: OnceCell::new(),
        }
    }

    /// What keeps the fields from being allowed; nothing is said where there is no budget left for it
    pub(super) fn evaluate(&self, desired: &DesiredFields) -> Option<Vec<Blocker>> {
        self.budget
            .spend(self.evaluation_cost)
            .then(|| self.evaluator.evaluate(desired))
    }

    /// The changes that take a blocker away, each of which is one of several ways
    pub(super) fn of(&self, desired: &DesiredFields, blocker: &Blocker) -> Remedy {
        let mut remedy = match blocker {
            Blocker::Final => Remedy::of(Vec::new()),
            Blocker::TooManyTags => {
                let keys = desired.tags.iter().map(|(key, _)| key.clone());
                Remedy::of(keys.map(|key| Change::Tag(key, None)).collect())
            }
            Blocker::Refused(refusal) => Remedy::of(self.of_refusal(refusal)),
            Blocker::Denied(principal, denial) => self.of_denial(desired, principal, denial),
        };
        let mut known: HashSet<Change> = HashSet::new();
        remedy.changes.retain(|change| {
            let has_effect = desired.with(change) != *desired && self.evaluator.can_apply(change);
            has_effect && known.insert(change.clone())
        });
        remedy
    }

    fn of_refusal(&self, refusal: &Refusal) -> Vec<Change> {
        match (refusal.code, self.evaluator.stored()) {
            ("Forbidden.RamRoleNotExist", None) => self.other_roles(),
            ("UnknownResourceGroup", None) => self.other_groups(),
            ("RoleChange", Some(before)) => vec![Change::Role(before.role.clone())],
            ("ResourceGroupChange", Some(before)) => {
                vec![Change::ResourceGroup(before.resource_group.clone())]
            }
            _ => Vec::new(),
        }
    }

    fn of_denial(&self, desired: &DesiredFields, principal: &Principal, denial: &Denial) -> Remedy {
        if is_about_instance_role(self.evaluator, &denial.question) {
            return Remedy::of(self.other_roles());
        }
        let layers = self.layers.iter().find(|(known, _)| *known == principal);
        let (Some((_, layers)), true) = (layers, denial.question.action.starts_with("eci:")) else {
            return Remedy::of(Vec::new());
        };
        let mut least = 1;
        let mut changes = match (&denial.decision.reason, denial.decision.outcome) {
            (Reason::Statement(id), Outcome::ExplicitDeny) => {
                let mut policies = layers.iter().flat_map(|layer| &layer.policies);
                let named = policies.find(|attached| attached.name == id.policy);
                let place = id.number.saturating_sub(1);
                match named.and_then(|attached| attached.document.statements.get(place)) {
                    Some(statement) => self.to_break(desired, denial, statement),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        };
        // An Allow for the whole account ends the asking before a resource group's Deny is asked
        let is_silent = denial.decision.outcome == Outcome::ImplicitDeny;
        if is_silent || denial.decision.policy_type == PolicyType::ResourceGroupLevelIdentityBasedPolicy {
            let allowing = self.to_allow(desired, principal, denial, layers);
            changes.extend(allowing.changes);
            // An update may also do without the question that is denied
            if is_silent && self.evaluator.stored().is_none() {
                least = allowing.least;
            }
        }
        // Whatever else an update changes, to leave the tags as they are is always one way
        if let Some(before) = self.evaluator.stored() {
            let keys = before.tags.iter().chain(&desired.tags).map(|(key, _)| key);
            let back = keys.map(|key| Change::Tag(key.clone(), before.tag(key).map(str::to_owned)));
            changes.extend(back);
        }
        Remedy { changes, least }
    }

    /// Any condition that a Deny no longer meets takes it away, and so may another group, whose grants are others
    fn to_break(&self, desired: &DesiredFields, denial: &Denial, statement: &Statement) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        for condition in &statement.conditions {
            changes.extend(self.settings(desired, &denial.question, condition, Effect::Deny, false));
        }
        if denial.decision.policy_type == PolicyType::ResourceGroupLevelIdentityBasedPolicy {
            changes.extend(self.other_groups());
        }
        changes
    }

    /// Each Allow of the layer that was silent may be the one that allows, once all of its conditions hold
    fn to_allow(
        &self,
        desired: &DesiredFields,
        principal: &Principal,
        denial: &Denial,
        layers: &[Layer<'_>],
    ) -> Remedy {
        let question = &denial.question;
        let request = question.request(principal);
        let is_control = denial.decision.policy_type == PolicyType::ControlPolicy;
        let mut ways: Vec<(Vec<&Condition>, Option<&str>)> = Vec::new();
        for layer in layers {
            let other_group = match &layer.scope {
                Scope::ControlPolicy(_) if is_control => None,
                Scope::Account if !is_control => None,
                Scope::ResourceGroup(id) if !is_control => {
                    Some(&**id).filter(|id| question.resource_group.as_deref() != Some(*id))
                }
                _ => continue,
            };
            let policies = layer.policies.iter();
            let statements = policies.flat_map(|attached| &attached.document.statements);
            for statement in statements.filter(|statement| statement.effect == Effect::Allow) {
                if !self.budget.spend(statement.conditions.len().saturating_add(1)) {
                    break;
                }
                let Some(open) = self.policies.unmet_conditions(&request, statement) else {
                    continue;
                };
                ways.push((open, other_group));
            }
        }
        // The nearest statement's own way is tried first
        ways.sort_by_key(|(open, _)| open.len());
        let least = if self.budget.is_cut() {
            1
        } else {
            ways.iter().map(least).min().unwrap_or(1)
        };
        let most = self.budget.times(self.evaluation_cost);
        let mut changes: Vec<Change> = Vec::new();
        for (open, other_group) in ways {
            // More than could be evaluated need not be found
            if changes.len() > most {
                self.budget.cut();
                break;
            }
            if let Some(id) = other_group {
                changes.push(Change::ResourceGroup(Some(id.to_owned())));
                continue;
            }
            let mut settings: Vec<Vec<Change>> = open
                .iter()
                .map(|condition| self.settings(desired, question, condition, Effect::Allow, true))
                .collect();
            // A create is hopeless where one condition cannot be met; on an update another may bring its key
            if self.evaluator.stored().is_some() {
                settings.retain(|changes| !changes.is_empty());
            }
            let fewest = settings.into_iter().min_by_key(Vec::len);
            changes.extend(fewest.into_iter().flatten());
        }
        Remedy { changes, least }
    }

    /// The changes that make a condition hold, or not hold
    fn settings(
        &self,
        desired: &DesiredFields,
        question: &Question,
        condition: &Condition,
        effect: Effect,
        hold: bool,
    ) -> Vec<Change> {
        if self.evaluator.is_key_fixed(&condition.key) {
            return Vec::new();
        }
        let meets = |value: Option<String>| {
            let values: Vec<String> = value.into_iter().collect();
            condition.met(&values, effect) == hold
        };
        if *condition.key == *RESOURCE_GROUP_ID {
            let groups = self.evaluator.resource_groups();
            let default = groups.iter().find(|(_, default)| *default);
            let default = default.map(|(id, _)| (*id).to_owned());
            let stands = |choice: &Option<String>| choice.clone().or_else(|| default.clone());
            let choices = self.values.groups.iter();
            let choices = choices.take_while(|_| self.budget.spend(1));
            let fitting = choices.filter(|choice| meets(stands(choice))).cloned();
            return fitting.map(Change::ResourceGroup).collect();
        }
        let tag = TagKey::parse(&condition.key);
        let Some(TagKey { tag: key, .. }) = tag.filter(|tag| self.is_chosen(question, tag.source)) else {
            return Vec::new();
        };
        let stands = |choice: &Option<String>| choice.clone().or_else(|| self.evaluator.default_tag(key));
        let Some(choices) = self.values.tags.get(key) else {
            return Vec::new();
        };
        let choices: Box<dyn Iterator<Item = _>> = match hold {
            true => Box::new(choices.near(condition)),
            false => Box::new(choices.iter()),
        };
        let choices = choices.take_while(|_| self.budget.spend(1));
        let new = choices.filter(|choice| choice.as_deref() != desired.tag(key));
        let fitting = new.filter(|choice| meets(stands(choice))).cloned();
        fitting
            .map(|choice| Change::Tag(key.to_owned(), choice))
            .collect()
    }

    /// Whether a tag's condition key has the value of the fields in a question
    fn is_chosen(&self, question: &Question, source: TagSource) -> bool {
        match self.evaluator.stored() {
            None => matches!(source, TagSource::Request | TagSource::Eci),
            Some(_) => question.about_new_tags || source == TagSource::Request,
        }
    }

    fn other_groups(&self) -> Vec<Change> {
        let groups = self.values.groups.iter().cloned();
        groups.map(Change::ResourceGroup).collect()
    }

    /// A role that may be passed, or none at all
    fn other_roles(&self) -> Vec<Change> {
        let role = self.role.get_or_init(|| {
            let principals = self.policies.principals().into_iter();
            let roles = principals.filter_map(|principal| match principal {
                Principal::Role(name) => Some(name.to_string()),
                Principal::Account | Principal::User(_) | Principal::Service(_) => None,
            });
            roles.take(MOST_ROLES).find(|role| self.is_passed(role))
        });
        let other = role.clone().map(|role| Change::Role(Some(role)));
        other.into_iter().chain([Change::Role(None)]).collect()
    }

    fn is_passed(&self, role: &str) -> bool {
        let desired = DesiredFields {
            role: Some(role.to_owned()),
            ..DesiredFields::default()
        };
        let speaks_against_it = |blocker: &Blocker| match blocker {
            Blocker::Denied(_, denial) => is_about_instance_role(self.evaluator, &denial.question),
            Blocker::Refused(refusal) => refusal.code == "Forbidden.RamRoleNotExist",
            Blocker::Final => true,
            Blocker::TooManyTags => false,
        };
        self.evaluate(&desired)
            .is_some_and(|blockers| !blockers.iter().any(speaks_against_it))
    }
}

/// How many changes a statement's open conditions take at least: one for each tag, or another group instead
fn least((open, other_group): &(Vec<&Condition>, Option<&str>)) -> usize {
    if other_group.is_some() {
        return 1;
    }
    let tags = open
        .iter()
        .map(|condition| TagKey::parse(&condition.key).map_or(&*condition.key, |key| key.tag));
    tags.collect::<HashSet<_>>().len().max(1)
}

/// A role for an image registry is only passed, never assumed by the instance, and is not the fields' to change
fn is_about_instance_role(evaluator: &impl Evaluator, question: &Question) -> bool {
    match question.action {
        ASSUME_ROLE => true,
        PASS_ROLE => !evaluator.is_role_fixed(&question.resource),
        _ => false,
    }
}
