//! The policies that a principal holds, layer by layer.

use crate::analysis::rights::cover::{Cover, Held};
use ram_policy::{AttachedPolicy, Effect, PolicySet, Principal, Scope};

/// The policies of a principal in one configuration
pub(super) struct Holding<'a> {
    /// The account itself, which needs none
    is_account: bool,
    layers: Vec<HeldLayer<'a>>,
    /// Who may assume a role
    trust: Option<(usize, &'a AttachedPolicy)>,
}

/// The policies of a layer, each with the number of its text
struct HeldLayer<'a> {
    scope: Scope,
    policies: Vec<(usize, &'a AttachedPolicy)>,
}

/// Equal for principals with the same texts in the same layers: scopes, and the numbers of texts
pub(super) type HoldingKey = (bool, Vec<(Scope, Vec<usize>)>, Option<usize>);

impl<'a> Holding<'a> {
    /// What a principal holds
    pub(super) fn of(policies: &'a PolicySet, principal: &Principal, cover: &mut Cover) -> Self {
        let trust = match principal {
            Principal::Role(name) => policies.trust_policy(name),
            Principal::Account | Principal::User(_) | Principal::Group(_) | Principal::Service(_) => None,
        };
        let layers = policies.layers(principal).into_iter().map(|layer| HeldLayer {
            policies: layer
                .policies
                .iter()
                .map(|one| (cover.number(one), *one))
                .collect(),
            scope: layer.scope,
        });
        Self {
            is_account: *principal == Principal::Account,
            layers: layers.collect(),
            trust: trust.map(|trust| (cover.number(trust), trust)),
        }
    }

    pub(super) fn key(&self) -> HoldingKey {
        let layer = |layer: &HeldLayer<'a>| (layer.scope.clone(), layer.numbers().collect());
        (
            self.is_account,
            self.layers.iter().map(layer).collect(),
            self.trust.map(|(number, _)| number),
        )
    }

    /// Whether `new` in its place takes a right away
    pub(super) fn loses_to(&self, new: &Self, cover: &Cover) -> bool {
        if new.is_account {
            return false;
        }
        let keeps = |(scope, allow): (&Scope, Held<'a>)| {
            // A text that is still held needs no search
            new.holds(scope, allow.text)
                || new.allows(scope).any(|wide| cover.covers(wide, allow))
                || cover.covers_together(|| new.allows(scope), allow)
        };
        self.is_account
            || !self.own(Effect::Allow).all(keeps)
            || !new.denials().all(|(scope, deny)| self.denies(scope, deny, cover))
            || !new
                .required()
                .all(|layer| self.required().any(|before| allows_as_much(layer, before, cover)))
            || self.is_trusted_more_than(new, cover)
    }

    /// The Deny statements that `new` in its place does not have
    pub(super) fn lifted_by(&self, new: &Self, cover: &Cover) -> Vec<String> {
        let gone = self
            .denials()
            .filter(|(scope, deny)| !new.denies(scope, *deny, cover));
        gone.map(|(_, deny)| deny.to_string()).collect()
    }

    /// The principal's own statements, with their scope
    fn own(&self, effect: Effect) -> impl Iterator<Item = (&Scope, Held<'a>)> {
        let is_own = |layer: &&HeldLayer<'a>| !matches!(layer.scope, Scope::ControlPolicy(_));
        self.layers.iter().filter(is_own).flat_map(move |layer| {
            let statements = layer.statements();
            let wanted = statements.filter(move |held| held.statement.effect == effect);
            wanted.map(|held| (&layer.scope, held))
        })
    }

    /// Its Allow statements that apply wherever one in this scope does
    fn allows(&self, scope: &Scope) -> impl Iterator<Item = Held<'a>> {
        let own = self.own(Effect::Allow);
        let after = own.filter(move |(wider, _)| reaches(wider, scope));
        after.map(|(_, held)| held)
    }

    /// Whether it holds a text wherever this scope is
    fn holds(&self, scope: &Scope, text: usize) -> bool {
        let mut layers = self.layers.iter().filter(|layer| reaches(&layer.scope, scope));
        layers.any(|layer| layer.numbers().any(|number| number == text))
    }

    /// Whether it denies whatever this Deny does in its scope
    fn denies(&self, scope: &Scope, deny: Held<'_>, cover: &Cover) -> bool {
        let denies_there = |wider: &Scope| matches!(wider, Scope::ControlPolicy(_)) || reaches(wider, scope);
        let mut layers = self.layers.iter().filter(|layer| denies_there(&layer.scope));
        layers.any(|layer| {
            let mut denials = layer.denials();
            layer.numbers().any(|number| number == deny.text) || denials.any(|wide| cover.covers(wide, deny))
        })
    }

    /// All Deny statements, with their scope
    fn denials(&self) -> impl Iterator<Item = (&Scope, Held<'a>)> {
        let layers = self.layers.iter();
        layers.flat_map(|layer| layer.denials().map(|held| (&layer.scope, held)))
    }

    /// The levels of control policies, each of which must allow
    fn required(&self) -> impl Iterator<Item = &HeldLayer<'a>> {
        self.layers
            .iter()
            .filter(|layer| matches!(layer.scope, Scope::ControlPolicy(_)))
    }

    /// Whether the trust policy of a role lets more assume it than the one of `new`; a role that is gone is counted by its
    /// policies
    fn is_trusted_more_than(&self, new: &Self, cover: &Cover) -> bool {
        let (Some(old), Some(new)) = (self.trust, new.trust) else {
            return false;
        };
        old.0 != new.0
            && (!has_all(new, old, Effect::Allow, cover) || !has_all(old, new, Effect::Deny, cover))
    }
}

impl<'a> HeldLayer<'a> {
    fn numbers(&self) -> impl Iterator<Item = usize> {
        self.policies.iter().map(|(number, _)| *number)
    }

    fn statements(&self) -> impl Iterator<Item = Held<'a>> + use<'a> {
        let policies = self.policies.clone();
        policies.into_iter().flat_map(statements)
    }

    fn denials(&self) -> impl Iterator<Item = Held<'a>> + use<'a> {
        self.statements()
            .filter(|held| held.statement.effect == Effect::Deny)
    }
}

/// The statements of a policy
fn statements<'a>((text, policy): (usize, &'a AttachedPolicy)) -> impl Iterator<Item = Held<'a>> {
    let numbered = (1..).zip(policy.document.statements.iter());
    numbered.map(move |(number, statement)| Held {
        text,
        policy: &policy.name,
        number,
        statement,
    })
}

/// Whether a grant in the first scope applies wherever one in the second does
fn reaches(wider: &Scope, scope: &Scope) -> bool {
    wider == scope || *wider == Scope::Account
}

/// Whether a level of control policies allows whatever the other allows, apart from Deny statements
fn allows_as_much(level: &HeldLayer<'_>, other: &HeldLayer<'_>, cover: &Cover) -> bool {
    let allows = |held: &Held<'_>| held.statement.effect == Effect::Allow;
    other.statements().filter(allows).all(|narrow| {
        let mut wide = level.statements().filter(allows);
        level.numbers().any(|number| number == narrow.text) || wide.any(|wide| cover.covers(wide, narrow))
    })
}

/// Whether the statements of `wide` cover those of `narrow` that have this effect
fn has_all(
    wide: (usize, &AttachedPolicy),
    narrow: (usize, &AttachedPolicy),
    effect: Effect,
    cover: &Cover,
) -> bool {
    let has = |held: &Held<'_>| held.statement.effect == effect;
    statements(narrow).filter(has).all(|narrow| {
        statements(wide)
            .filter(has)
            .any(|wide| cover.covers(wide, narrow))
    })
}
