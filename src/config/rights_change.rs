//! What a set of documents takes away and gives, compared with the set in force.

use std::fmt;
use std::sync::Arc;

use crate::config::configuration::Configuration;

/// The annotation of a ConfigMap that accepts a loss; its value is [`RightsChange::lost`]
pub(crate) const ACCEPT_LOSS: &str = "ramgate.io/accept-loss";

/// Fewer than this many principals or subjects are never held
const FEW: usize = 5;
/// A loss for more than one in this many is held
const SHARE: usize = 5;
/// How many of those who lose are named
const NAMED: usize = 3;

/// Compares the set in force with a new one
#[derive(Clone)]
pub(crate) struct CompareRights(Arc<Comparison>);

type Comparison = dyn Fn(&Configuration, &Configuration) -> RightsChange + Send + Sync;

impl CompareRights {
    /// What this function finds
    pub(crate) fn new(
        compare: impl Fn(&Configuration, &Configuration) -> RightsChange + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(compare))
    }

    /// The difference from the old set to the new one
    pub(crate) fn compare(&self, old: &Configuration, new: &Configuration) -> RightsChange {
        (self.0)(old, new)
    }
}

impl fmt::Debug for CompareRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompareRights")
    }
}

/// The difference in rights between two sets
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RightsChange {
    /// Who loses rights, for each kind that the old set has
    pub(crate) kinds: Vec<KindChange>,
    /// Boundaries and Deny statements that are gone, in order, and then modes enforce
    pub(crate) lifted: Vec<String>,
    /// Namespaces whose mode is another one, such as `team-a (warn to enforce)`; those whose mode gets softer come first
    pub(crate) modes: Vec<String>,
}

/// Those of one kind who lose rights
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KindChange {
    /// The kind
    pub(crate) kind: RightsKind,
    /// The names of those who lose rights
    pub(crate) lost: Vec<String>,
    /// How many of the kind have rights in the old set
    pub(crate) total: usize,
}

/// A kind of RAM principals or of Kubernetes subjects
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RightsKind {
    /// RAM users
    User,
    /// RAM roles
    Role,
    /// RAM groups that something is bound to
    Group,
    /// Kubernetes users
    BoundUser,
    /// Kubernetes groups
    BoundGroup,
    /// Service accounts
    BoundServiceAccount,
    /// Ids of RAM users and roles, by which Kubernetes users are known
    BoundId,
    /// Names of Kubernetes users with a star
    BoundPattern,
}

impl RightsKind {
    fn is_principal(self) -> bool {
        matches!(self, Self::User | Self::Role | Self::Group)
    }
}

impl RightsChange {
    /// How many principals and subjects lose rights
    pub(crate) fn lost(&self) -> usize {
        self.kinds.iter().map(|kind| kind.lost.len()).sum()
    }

    /// Who loses rights, and how to accept it
    pub(crate) fn held_text(&self) -> String {
        let lost = self.lost();
        format!("{self}; if that is meant, annotate one of ramgate's ConfigMaps with {ACCEPT_LOSS}={lost}")
    }

    /// Whether so many lose rights that the set does not go into force by itself: more than a fifth of the principals
    /// or of the subjects and at least five, or all of a kind that has two or more
    pub(crate) fn is_mass_loss(&self) -> bool {
        let is_too_many = |is_principal: bool| {
            let kinds = self
                .kinds
                .iter()
                .filter(|one| one.kind.is_principal() == is_principal);
            let (lost, total) = kinds.fold((0_usize, 0_usize), |(lost, total), one| {
                (
                    lost.saturating_add(one.lost.len()),
                    total.saturating_add(one.total),
                )
            });
            lost >= FEW && lost.saturating_mul(SHARE) > total
        };
        let is_whole_kind = |one: &KindChange| one.total > 1 && one.lost.len() == one.total;
        is_too_many(true) || is_too_many(false) || self.kinds.iter().any(is_whole_kind)
    }
}

impl KindChange {
    /// Nobody of a kind
    pub(crate) fn none(kind: RightsKind) -> Self {
        Self {
            kind,
            lost: Vec::new(),
            total: 0,
        }
    }

    /// Counts one who has rights
    pub(crate) fn add(&mut self, name: impl FnOnce() -> String, loses: bool) {
        self.total = self.total.saturating_add(1);
        if loses {
            self.lost.push(name());
        }
    }
}

/// Who loses rights
impl fmt::Display for RightsChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this set takes rights away from ")?;
        let mut kinds = self.kinds.iter().filter(|one| !one.lost.is_empty()).peekable();
        while let Some(one) = kinds.next() {
            write!(f, "{one}")?;
            f.write_str(if kinds.peek().is_some() { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// `12 of 40 RAM users (alice, bob, carol, …)`
impl fmt::Display for KindChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {} (", self.lost.len(), self.total, self.kind)?;
        for (at, name) in self.lost.iter().take(NAMED).enumerate() {
            write!(f, "{}{name}", if at == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.lost.len() > NAMED { ", …)" } else { ")" })
    }
}

impl fmt::Display for RightsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "RAM users",
            Self::Role => "RAM roles",
            Self::Group => "RAM groups",
            Self::BoundUser => "bound users",
            Self::BoundGroup => "bound groups",
            Self::BoundServiceAccount => "bound service accounts",
            Self::BoundId => "ids of RAM users and roles",
            Self::BoundPattern => "bound names with a star",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: RightsKind, lost: usize, total: usize) -> KindChange {
        let lost = (0..lost).map(|number| format!("n{number}")).collect();
        KindChange { kind, lost, total }
    }

    #[test]
    fn a_fifth_of_the_principals_or_subjects_or_a_whole_kind_is_held() {
        use RightsKind::*;
        for (kinds, is_held) in [
            (vec![], false),
            (vec![change(User, 4, 5)], false),
            (vec![change(User, 5, 25)], false),
            (vec![change(User, 5, 24)], true),
            (vec![change(User, 3, 10), change(Role, 2, 10)], true),
            // Principals and subjects count apart
            (vec![change(User, 3, 10), change(BoundUser, 2, 10)], false),
            (vec![change(User, 5, 10), change(Role, 0, 90)], false),
            (vec![change(User, 0, 90), change(Role, 2, 2)], true),
            (vec![change(User, 0, 90), change(Role, 1, 1)], false),
            (vec![change(BoundPattern, 2, 2)], true),
        ] {
            let change = RightsChange {
                kinds,
                ..RightsChange::default()
            };
            assert_eq!(change.is_mass_loss(), is_held, "{change}");
        }
    }

    #[test]
    fn the_text_has_the_numbers_and_some_names() {
        let change = RightsChange {
            kinds: vec![
                change(RightsKind::User, 4, 9),
                change(RightsKind::Role, 0, 3),
                change(RightsKind::BoundGroup, 1, 2),
            ],
            ..RightsChange::default()
        };
        assert_eq!(
            change.to_string(),
            "this set takes rights away from 4 of 9 RAM users (n0, n1, n2, …), 1 of 2 bound groups (n0)"
        );
    }
}
