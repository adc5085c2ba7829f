//! The policies that a principal holds, layer by layer.

use std::sync::Arc;

use crate::analysis::rights::statement_cover::{covers, covers_pair};
use ram_policy::{
    Actions, AttachedPolicy, Document, Effect, Layer, PolicySet, Principal, Scope, Statement, Target,
};

/// The most pairs of an action and a resource that are looked up; a longer statement must be covered by one
const MAX_PAIRS: usize = 4096;

/// The policies of a principal in one configuration
pub(super) struct Holding<'a> {
    /// The account itself, which needs none
    is_account: bool,
    layers: Vec<Layer<'a>>,
    /// Who may assume a role
    trust: Option<&'a AttachedPolicy>,
}

/// Equal for principals with the same documents in the same layers: scopes, and the addresses of documents in memory
pub(super) type HoldingKey = (bool, Vec<(Scope, Vec<usize>)>, Option<usize>);

impl<'a> Holding<'a> {
    /// What a principal holds
    pub(super) fn of(policies: &'a PolicySet, principal: &Principal) -> Self {
        Self {
            is_account: *principal == Principal::Account,
            layers: policies.layers(principal),
            trust: match principal {
                Principal::Role(name) => policies.trust_policy(name),
                Principal::Account | Principal::User(_) | Principal::Group(_) | Principal::Service(_) => None,
            },
        }
    }

    /// Whether any statement allows anything
    pub(super) fn has_rights(&self) -> bool {
        self.is_account || self.own(Effect::Allow).next().is_some()
    }

    pub(super) fn key(&self) -> HoldingKey {
        let address = |attached: &AttachedPolicy| Arc::as_ptr(&attached.document).addr();
        let layer = |layer: &Layer<'a>| {
            let policies = layer.policies.iter();
            (layer.scope.clone(), policies.map(|each| address(each)).collect())
        };
        (
            self.is_account,
            self.layers.iter().map(layer).collect(),
            self.trust.map(address),
        )
    }

    /// Whether `new` in its place takes a right away
    pub(super) fn loses_to(&self, new: &Self) -> bool {
        if new.is_account {
            return false;
        }
        let keeps = |(scope, allow): (&Scope, &Statement)| {
            let mut after = new.own(Effect::Allow).filter(|(wider, _)| reaches(wider, scope));
            after.any(|(_, wide)| covers(wide, allow)) || covers_together(new, scope, allow)
        };
        self.is_account
            || !self.own(Effect::Allow).all(keeps)
            || !new
                .denials()
                .all(|(_, _, deny)| self.denials().any(|(_, _, wide)| covers(wide, deny)))
            || !new
                .required()
                .all(|layer| self.required().any(|before| allows_as_much(layer, before)))
            || is_less_trusted(self.trust, new.trust)
    }

    /// The Deny statements that `new` in its place does not have
    pub(super) fn lifted_by(&self, new: &Self) -> Vec<String> {
        let gone = self
            .denials()
            .filter(|(_, _, deny)| !new.denials().any(|(_, _, wide)| covers(wide, deny)));
        gone.map(|(name, number, _)| format!("{name}#{number}")).collect()
    }

    /// The principal's own statements, with their scope
    fn own(&self, effect: Effect) -> impl Iterator<Item = (&Scope, &'a Statement)> {
        let is_own = |layer: &&Layer<'a>| !matches!(layer.scope, Scope::ControlPolicy(_));
        self.layers.iter().filter(is_own).flat_map(move |layer| {
            let statements = statements(layer).map(|(_, _, statement)| statement);
            let wanted = statements.filter(move |statement| statement.effect == effect);
            wanted.map(|statement| (&layer.scope, statement))
        })
    }

    /// All Deny statements, with the policy's name and their number
    fn denials(&self) -> impl Iterator<Item = (&'a str, usize, &'a Statement)> {
        let all = self.layers.iter().flat_map(statements);
        all.filter(|(_, _, statement)| statement.effect == Effect::Deny)
    }

    /// The levels of control policies, each of which must allow
    fn required(&self) -> impl Iterator<Item = &Layer<'a>> {
        self.layers
            .iter()
            .filter(|layer| matches!(layer.scope, Scope::ControlPolicy(_)))
    }
}

fn statements<'a>(layer: &Layer<'a>) -> impl Iterator<Item = (&'a str, usize, &'a Statement)> + use<'a> {
    let policies = layer.policies.clone();
    policies.into_iter().flat_map(|attached| {
        let numbered = (1..).zip(attached.document.statements.iter());
        numbered.map(|(number, statement)| (&*attached.name, number, statement))
    })
}

/// Whether a grant in the first scope applies wherever one in the second does
fn reaches(wider: &Scope, scope: &Scope) -> bool {
    wider == scope || *wider == Scope::Account
}

/// Whether several statements of `new` cover an Allow, each some of its actions and resources
fn covers_together(new: &Holding<'_>, scope: &Scope, allow: &Statement) -> bool {
    let (Actions::Listed(actions), Target::Resources(resources)) = (&allow.actions, &allow.target) else {
        return false;
    };
    if actions.len().saturating_mul(resources.len()) > MAX_PAIRS {
        return false;
    }
    let mut pairs = actions
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| (action, resource)));
    pairs.all(|(action, resource)| {
        let mut after = new.own(Effect::Allow).filter(|(wider, _)| reaches(wider, scope));
        after.any(|(_, wide)| covers_pair(wide, allow, action, resource))
    })
}

/// Whether a level of control policies allows whatever the other allows, apart from Deny statements
fn allows_as_much(level: &Layer<'_>, other: &Layer<'_>) -> bool {
    let allows = |layer| statements(layer).filter(|(_, _, statement)| statement.effect == Effect::Allow);
    allows(other).all(|(_, _, narrow)| allows(level).any(|(_, _, wide)| covers(wide, narrow)))
}

/// Whether the new trust policy of a role lets fewer assume it; a role that is gone is counted by its policies
fn is_less_trusted(old: Option<&AttachedPolicy>, new: Option<&AttachedPolicy>) -> bool {
    let (Some(old), Some(new)) = (old, new) else {
        return false;
    };
    let [old, new] = [old, new].map(|trust| &*trust.document);
    !has_all(new, old, Effect::Allow) || !has_all(old, new, Effect::Deny)
}

/// Whether the statements of `wide` cover those of `narrow` that have this effect
fn has_all(wide: &Document, narrow: &Document, effect: Effect) -> bool {
    let has = |statement: &&Statement| statement.effect == effect;
    let mut narrow = narrow.statements.iter().filter(has);
    narrow.all(|statement| {
        wide.statements
            .iter()
            .filter(has)
            .any(|each| covers(each, statement))
    })
}
