//! What binds one caller before and after: the statements of each layer, which of them changed, and how far a partly
//! known request is decided by them.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::diff::catalogue::Catalogue;
use ram_policy::{Effect, PolicySet, Principal, Scope};

/// The layers of one set, as numbers of statements
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Side {
    /// Layers that must all allow: control levels, and a trust policy
    pub(crate) walls: Vec<Vec<usize>>,
    /// The caller's own policies; none where only walls decide
    pub(crate) identity: Option<Identity>,
    /// Whether the caller, or the role that is asked for, is missing, so that nothing is allowed
    pub(crate) missing: bool,
}

/// The caller's own policies
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) account: Vec<usize>,
    pub(crate) groups: BTreeMap<String, Vec<usize>>,
}

/// Both sides
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Universe {
    pub(crate) old: Side,
    pub(crate) new: Side,
}

impl Side {
    /// What binds a principal
    pub(crate) fn of<'a>(set: &'a PolicySet, principal: &Principal, catalogue: &mut Catalogue<'a>) -> Self {
        if *principal == Principal::Account || matches!(principal, Principal::Service(_)) {
            return Self::default();
        }
        let mut side = Self {
            missing: !set.has_principal(principal),
            ..Self::default()
        };
        let mut identity = Identity::default();
        for layer in set.layers(principal) {
            let numbers = catalogue.numbers(layer.policies.iter().copied(), set.account());
            match layer.scope {
                Scope::ControlPolicy(_) | Scope::Session | Scope::Trust => side.walls.push(numbers),
                Scope::Account => identity.account = numbers,
                Scope::ResourceGroup(group) => {
                    identity.groups.insert(group.into(), numbers);
                }
            }
        }
        side.identity = Some(identity);
        side
    }

    /// The same with the statements of a role's trust policy that mean the caller
    pub(crate) fn trusted(mut self, trust: Option<Vec<usize>>) -> Self {
        match trust {
            Some(trust) => self.walls.push(trust),
            None => self.missing = true,
        }
        self
    }

    /// The layers of the caller's own that count for a resource group
    fn asked(&self, group: Option<&str>) -> (&[usize], &[usize]) {
        let Some(identity) = &self.identity else {
            return (&[], &[]);
        };
        let in_group = group.and_then(|group| identity.groups.get(group));
        (&identity.account, in_group.map_or(&[], Vec::as_slice))
    }

    fn all(&self) -> impl Iterator<Item = usize> {
        let identity = self.identity.iter();
        let own = identity.flat_map(|own| own.groups.values().chain([&own.account]));
        self.walls.iter().chain(own).flatten().copied()
    }

    /// Statements without which nothing is allowed
    fn granting(&self) -> BTreeSet<usize> {
        match &self.identity {
            Some(own) => own
                .groups
                .values()
                .chain([&own.account])
                .flatten()
                .copied()
                .collect(),
            None => self.all().collect(),
        }
    }

    /// Statements that count for every resource group, and those that count for one
    pub(crate) fn counting(&self, group: Option<&str>) -> [Vec<usize>; 2] {
        let (account, in_group) = self.asked(group);
        [
            self.walls.iter().flatten().chain(account).copied().collect(),
            in_group.to_vec(),
        ]
    }

    /// Whether a request is surely allowed, or surely not, whatever the open statements turn out to be
    pub(crate) fn decides(
        &self,
        group: Option<&str>,
        statements: &impl Fn(usize) -> Standing,
    ) -> Option<bool> {
        if self.missing {
            return Some(false);
        }
        let mut sure = true;
        for wall in &self.walls {
            match Layer::of(wall, statements).allows() {
                Some(true) => {}
                Some(false) => return Some(false),
                None => sure = false,
            }
        }
        let own = match self.identity {
            None => Some(true),
            Some(_) => {
                let (account, in_group) = self.asked(group);
                own(Layer::of(account, statements), Layer::of(in_group, statements))
            }
        };
        match own {
            Some(true) if !sure => None,
            own => own,
        }
    }
}

/// Account scope first; group scope only where that is silent (specification 4.2)
fn own(account: Layer, in_group: Layer) -> Option<bool> {
    match account {
        Layer {
            denies: Some(true), ..
        } => Some(false),
        Layer {
            denies: Some(false),
            allows: Some(true),
        } => Some(true),
        Layer {
            denies: Some(false),
            allows: Some(false),
        } => in_group.allows(),
        // Silent or allowing: it is allowed either way if the group allows
        Layer {
            denies: Some(false),
            allows: None,
        } => in_group.allows().filter(|allowed| *allowed),
        // Denying or silent
        Layer {
            denies: None,
            allows: Some(false),
        } => in_group.allows().filter(|allowed| !*allowed),
        Layer { denies: None, .. } => None,
    }
}

/// What is known of a statement about a partly known request
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) effect: Effect,
    /// Whether it matches; none while conditions are open
    pub(crate) matches: Option<bool>,
}

/// Whether some statement of each effect matches; none while that is open
#[derive(Clone, Copy, Debug)]
struct Layer {
    denies: Option<bool>,
    allows: Option<bool>,
}

impl Layer {
    fn of(numbers: &[usize], statements: &impl Fn(usize) -> Standing) -> Self {
        let mut layer = Self {
            denies: Some(false),
            allows: Some(false),
        };
        for number in numbers {
            let standing = statements(*number);
            let known = match standing.effect {
                Effect::Deny => &mut layer.denies,
                Effect::Allow => &mut layer.allows,
            };
            *known = match (*known, standing.matches) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, _) | (_, None) => None,
                (Some(false), Some(false)) => Some(false),
            };
        }
        layer
    }

    fn allows(self) -> Option<bool> {
        match (self.denies, self.allows) {
            (Some(true), _) | (_, Some(false)) => Some(false),
            (Some(false), Some(true)) => Some(true),
            (None, _) | (_, None) => None,
        }
    }
}

impl Universe {
    /// All statements of both sides
    pub(crate) fn statements(&self) -> BTreeSet<usize> {
        self.old.all().chain(self.new.all()).collect()
    }

    /// Statements that stand in a layer of one side and not of the other; none if any statement may make a difference,
    /// because a layer that must allow is on one side alone
    pub(crate) fn changed(&self) -> Option<BTreeSet<usize>> {
        let (old, new) = (&self.old, &self.new);
        match (old.missing, new.missing) {
            (true, true) => return Some(BTreeSet::new()),
            (true, false) => return Some(new.granting()),
            (false, true) => return Some(old.granting()),
            (false, false) if old.walls.len() != new.walls.len() => return None,
            (false, false) => {}
        }
        let mut changed = BTreeSet::new();
        for (before, after) in old.walls.iter().zip(&new.walls) {
            changed.extend(apart(before, after));
        }
        let own = |side: &Side| side.identity.clone().unwrap_or_default();
        let (before, after) = (own(old), own(new));
        changed.extend(apart(&before.account, &after.account));
        let groups: BTreeSet<&String> = before.groups.keys().chain(after.groups.keys()).collect();
        for group in groups {
            let of = |side: &Identity| side.groups.get(group).cloned().unwrap_or_default();
            changed.extend(apart(&of(&before), &of(&after)));
        }
        Some(changed)
    }

    /// The resource groups that either side grants anything for
    pub(crate) fn groups(&self) -> BTreeSet<&str> {
        let sides = [&self.old, &self.new].into_iter().flat_map(|side| &side.identity);
        sides
            .flat_map(|own| own.groups.keys().map(String::as_str))
            .collect()
    }
}

/// What is in one of two sorted lists alone
fn apart(old: &[usize], new: &[usize]) -> Vec<usize> {
    let old: BTreeSet<usize> = old.iter().copied().collect();
    let new: BTreeSet<usize> = new.iter().copied().collect();
    old.symmetric_difference(&new).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(walls: &[&[usize]], account: &[usize], groups: &[(&str, &[usize])]) -> Side {
        Side {
            walls: walls.iter().map(|wall| wall.to_vec()).collect(),
            identity: Some(Identity {
                account: account.to_vec(),
                groups: groups
                    .iter()
                    .map(|(name, held)| ((*name).to_owned(), held.to_vec()))
                    .collect(),
            }),
            missing: false,
        }
    }

    /// Even numbers allow, odd ones deny; below 10 they match, below 20 they are open, from 20 they do not match
    fn standing(number: usize) -> Standing {
        Standing {
            effect: if number.is_multiple_of(2) {
                Effect::Allow
            } else {
                Effect::Deny
            },
            matches: match number {
                0..10 => Some(true),
                10..20 => None,
                _ => Some(false),
            },
        }
    }

    #[test]
    fn what_is_open_leaves_open_what_it_can_change() {
        for (walls, account, group, wanted) in [
            (&[][..], &[0][..], &[][..], Some(true)),
            (&[], &[0, 1], &[], Some(false)),
            (&[], &[0, 11], &[], None),
            (&[], &[10], &[], None),
            (&[], &[20], &[], Some(false)),
            (&[], &[20], &[0], Some(true)),
            (&[], &[21], &[10], None),
            // A Deny for the whole account goes before what a group allows
            (&[], &[1], &[0], Some(false)),
            // What the account allows is not asked again of the group
            (&[], &[0], &[1], Some(true)),
            (&[], &[10], &[0], Some(true)),
            (&[], &[10], &[1], None),
            (&[], &[11], &[0], None),
            (&[], &[11], &[1], Some(false)),
            (&[&[0][..]], &[0], &[], Some(true)),
            (&[&[0], &[20]], &[0], &[], Some(false)),
            (&[&[10]], &[0], &[], None),
            (&[&[10]], &[20], &[], Some(false)),
            (&[&[0, 1], &[10]], &[10], &[], Some(false)),
        ] {
            let side = side(walls, account, &[("rg", group)]);
            let decided = side.decides(Some("rg"), &standing);
            assert_eq!(decided, wanted, "{walls:?} {account:?} {group:?}");
        }
        let of_group = side(&[], &[20], &[("rg", &[0])]);
        assert_eq!(of_group.decides(None, &standing), Some(false));
        let missing = Side {
            missing: true,
            ..side(&[], &[0], &[])
        };
        assert_eq!(missing.decides(None, &standing), Some(false));
    }

    #[test]
    fn statements_change_with_their_layer() {
        let changed = |old: Side, new: Side| {
            Universe { old, new }
                .changed()
                .map(|all| all.into_iter().collect::<Vec<_>>())
        };
        let old = || side(&[&[1, 2]], &[3], &[("a", &[4])]);
        assert_eq!(changed(old(), old()), Some(vec![]));
        assert_eq!(
            changed(old(), side(&[&[1, 2]], &[3], &[("b", &[4])])),
            Some(vec![4])
        );
        assert_eq!(changed(old(), side(&[&[1]], &[3, 4], &[])), Some(vec![2, 4]));
        // Another level must allow as well, so that any statement may count
        assert_eq!(changed(old(), side(&[&[1, 2], &[1, 2]], &[3], &[])), None);
        let missing = Side {
            missing: true,
            ..Side::default()
        };
        assert_eq!(changed(missing.clone(), old()), Some(vec![3, 4]));
        assert_eq!(changed(missing.clone(), missing), Some(vec![]));
    }
}
