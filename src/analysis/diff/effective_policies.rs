//! The policies that apply to one caller, in the old and in the new configuration.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::diff::statement_table::{StatementNumber, StatementTable};
use ram_policy::{PolicySet, Principal, Scope};

/// The policies that apply to one caller in one configuration, as numbers of statements
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct EffectivePolicies {
    /// Layers each of which must allow: the levels of control policies, and a trust policy
    pub(crate) required: Vec<Vec<StatementNumber>>,
    /// The caller's own policies; `None` for the account and services, which need none
    pub(crate) identity: Option<IdentityPolicies>,
    /// Whether the caller or the role to assume does not exist, so that nothing is allowed
    pub(crate) is_missing: bool,
}

/// The caller's own policies
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct IdentityPolicies {
    pub(crate) account: Vec<StatementNumber>,
    pub(crate) groups: BTreeMap<String, Vec<StatementNumber>>,
}

/// The policies that apply to one caller in both configurations
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EffectiveChange {
    pub(crate) old: EffectivePolicies,
    pub(crate) new: EffectivePolicies,
}

impl EffectivePolicies {
    /// The policies that apply to a principal
    pub(crate) fn of<'a>(set: &'a PolicySet, principal: &Principal, table: &mut StatementTable<'a>) -> Self {
        if *principal == Principal::Account || matches!(principal, Principal::Service(_)) {
            return Self::default();
        }
        let mut required = Vec::new();
        let mut identity = IdentityPolicies::default();
        for layer in set.layers(principal) {
            let numbers = table.numbers(layer.policies.iter().copied(), set.account());
            match layer.scope {
                Scope::ControlPolicy(_) | Scope::Session | Scope::Trust => required.push(numbers),
                Scope::Account => identity.account = numbers,
                Scope::ResourceGroup(group) => {
                    identity.groups.insert(group.into(), numbers);
                }
            }
        }
        Self {
            required,
            identity: Some(identity),
            is_missing: !set.has_principal(principal),
        }
    }

    /// Adds a trust policy's statements about the caller; `None` if the role does not exist
    pub(crate) fn with_trust_policy(mut self, statements: Option<Vec<StatementNumber>>) -> Self {
        match statements {
            Some(statements) => self.required.push(statements),
            None => self.is_missing = true,
        }
        self
    }

    /// The caller's own statements for the account, and those for a resource group
    pub(crate) fn identity_layers(&self, group: Option<&str>) -> [&[StatementNumber]; 2] {
        let Some(identity) = &self.identity else {
            return [&[], &[]];
        };
        let in_group = group.and_then(|group| identity.groups.get(group));
        [&identity.account, in_group.map_or(&[], Vec::as_slice)]
    }

    /// The statements that apply to every resource group, and those that apply to this one
    pub(crate) fn statements_for_group(&self, group: Option<&str>) -> [Vec<StatementNumber>; 2] {
        let [account, in_group] = self.identity_layers(group);
        let everywhere = self.required.iter().flatten().chain(account);
        [everywhere.copied().collect(), in_group.to_vec()]
    }

    fn own_statements(&self) -> impl Iterator<Item = StatementNumber> {
        let identity = self.identity.iter();
        let layers = identity.flat_map(|own| own.groups.values().chain([&own.account]));
        layers.flatten().copied()
    }

    fn all_statements(&self) -> impl Iterator<Item = StatementNumber> {
        self.required
            .iter()
            .flatten()
            .copied()
            .chain(self.own_statements())
    }

    /// Statements without which nothing is allowed
    fn granting_statements(&self) -> BTreeSet<StatementNumber> {
        match &self.identity {
            Some(_) => self.own_statements().collect(),
            None => self.all_statements().collect(),
        }
    }
}

impl EffectiveChange {
    /// The policies that apply to a principal in the old and the new set
    pub(crate) fn of<'a>(
        [old, new]: [&'a PolicySet; 2],
        principal: &Principal,
        table: &mut StatementTable<'a>,
    ) -> Self {
        Self {
            old: EffectivePolicies::of(old, principal, table),
            new: EffectivePolicies::of(new, principal, table),
        }
    }

    /// Whether the same statements apply in the same layers
    pub(crate) fn is_unchanged(&self) -> bool {
        self.old == self.new
    }

    /// All statements of both configurations
    pub(crate) fn statements(&self) -> BTreeSet<StatementNumber> {
        self.old
            .all_statements()
            .chain(self.new.all_statements())
            .collect()
    }

    /// Statements that only one configuration has in a layer
    ///
    /// `None` if any statement may change the decision, because one configuration has more required layers.
    pub(crate) fn changed_statements(&self) -> Option<BTreeSet<StatementNumber>> {
        let (old, new) = (&self.old, &self.new);
        match (old.is_missing, new.is_missing) {
            (true, true) => return Some(BTreeSet::new()),
            (true, false) => return Some(new.granting_statements()),
            (false, true) => return Some(old.granting_statements()),
            (false, false) if old.required.len() != new.required.len() => return None,
            (false, false) => {}
        }
        let required = old.required.iter().zip(&new.required);
        let required = required.flat_map(|(before, after)| symmetric_difference(before, after));
        let own = |policies: &EffectivePolicies| policies.identity.clone().unwrap_or_default();
        let (before, after) = (own(old), own(new));
        let account = symmetric_difference(&before.account, &after.account);
        let groups: BTreeSet<&String> = before.groups.keys().chain(after.groups.keys()).collect();
        let groups = groups.into_iter().flat_map(|group| {
            let of = |own: &IdentityPolicies| own.groups.get(group).cloned().unwrap_or_default();
            symmetric_difference(&of(&before), &of(&after))
        });
        Some(required.chain(account).chain(groups).collect())
    }

    /// The resource groups with grants in either configuration
    pub(crate) fn groups(&self) -> BTreeSet<&str> {
        let identities = [&self.old, &self.new]
            .into_iter()
            .flat_map(|policies| &policies.identity);
        identities
            .flat_map(|own| own.groups.keys().map(String::as_str))
            .collect()
    }
}

fn symmetric_difference(old: &[StatementNumber], new: &[StatementNumber]) -> BTreeSet<StatementNumber> {
    let old: BTreeSet<StatementNumber> = old.iter().copied().collect();
    let new: BTreeSet<StatementNumber> = new.iter().copied().collect();
    old.symmetric_difference(&new).copied().collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn policies(
        required: &[&[usize]],
        account: &[usize],
        groups: &[(&str, &[usize])],
    ) -> EffectivePolicies {
        EffectivePolicies {
            required: required.iter().map(|layer| layer.to_vec()).collect(),
            identity: Some(IdentityPolicies {
                account: account.to_vec(),
                groups: groups
                    .iter()
                    .map(|(name, held)| ((*name).to_owned(), held.to_vec()))
                    .collect(),
            }),
            is_missing: false,
        }
    }

    #[test]
    fn statements_change_with_their_layer() {
        let changed = |old: EffectivePolicies, new: EffectivePolicies| {
            EffectiveChange { old, new }
                .changed_statements()
                .map(|all| all.into_iter().collect::<Vec<_>>())
        };
        let old = || policies(&[&[1, 2]], &[3], &[("a", &[4])]);
        assert_eq!(changed(old(), old()), Some(vec![]));
        assert_eq!(
            changed(old(), policies(&[&[1, 2]], &[3], &[("b", &[4])])),
            Some(vec![4])
        );
        assert_eq!(changed(old(), policies(&[&[1]], &[3, 4], &[])), Some(vec![2, 4]));
        // One more level must allow, so any statement may change the decision
        assert_eq!(changed(old(), policies(&[&[1, 2], &[1, 2]], &[3], &[])), None);
        let missing = EffectivePolicies {
            is_missing: true,
            ..EffectivePolicies::default()
        };
        assert_eq!(changed(missing.clone(), old()), Some(vec![3, 4]));
        assert_eq!(changed(missing.clone(), missing), Some(vec![]));
    }
}
