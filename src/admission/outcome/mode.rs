//! The modes: a denial is enforced, becomes a warning, or is only recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

pub use crate::config::mode::Mode;

/// The effect of a difference between a controller's pod and its stamp
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnDifference {
    /// It is recorded
    #[default]
    Record,
    /// It is a denial, which the mode may soften
    Refuse,
}

/// The mode of every namespace
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// The mode of namespaces that have none of their own
    pub default: Mode,
    /// Namespaces with a mode of their own
    pub namespaces: BTreeMap<String, Mode>,
    /// The effect of differences from a stamp, in namespaces without an effect of their own
    pub on_difference: OnDifference,
    /// Namespaces with an effect of their own
    pub namespace_on_difference: BTreeMap<String, OnDifference>,
}

/// A namespace whose mode changes
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModeChange {
    pub(crate) namespace: String,
    pub(crate) before: Mode,
    pub(crate) after: Mode,
}

impl ModeChange {
    /// Whether less happens to a denial than before
    pub(crate) fn is_softer(&self) -> bool {
        self.after.is_softer_than(self.before)
    }
}

/// `team-a (enforce to warn)`
impl fmt::Display for ModeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} to {})", self.namespace, self.before, self.after)
    }
}

impl Modes {
    /// One mode for every namespace
    pub fn everywhere(mode: Mode) -> Self {
        Self {
            default: mode,
            ..Self::default()
        }
    }

    /// These modes with those of a directory, which count before the own modes of namespaces
    ///
    /// ```text
    /// default warn, a: enforce, b: audit; the directory has a: warn, c: enforce
    ///   -> a: warn, b: audit, c: enforce, all others: warn
    /// ```
    #[must_use]
    pub(crate) fn with_directory(&self, directory: &BTreeMap<String, Mode>) -> Self {
        let mut modes = self.clone();
        let directory = directory.iter();
        modes
            .namespaces
            .extend(directory.map(|(namespace, mode)| (namespace.clone(), *mode)));
        modes
    }

    /// The namespaces whose mode changes with these modes, in order, if both have one default
    pub(crate) fn changes_to(&self, new: &Self) -> Vec<ModeChange> {
        let named: BTreeSet<&String> = self.namespaces.keys().chain(new.namespaces.keys()).collect();
        let changes = named.into_iter().map(|namespace| ModeChange {
            namespace: namespace.clone(),
            before: self.of(namespace),
            after: new.of(namespace),
        });
        changes.filter(|change| change.before != change.after).collect()
    }

    /// The effect of differences from a stamp in a namespace
    pub fn on_difference_in(&self, namespace: &str) -> OnDifference {
        let own = self.namespace_on_difference.get(namespace);
        own.copied().unwrap_or(self.on_difference)
    }

    /// The mode of a read of one namespace, or the strictest mode of all if it reads all namespaces
    pub(crate) fn of_read(&self, namespace: Option<&str>) -> Mode {
        if let Some(namespace) = namespace {
            return self.of(namespace);
        }
        let is_anywhere = |wanted: Mode| {
            let mut all = self.namespaces.values().chain([&self.default]);
            all.any(|mode| *mode == wanted)
        };
        if is_anywhere(Mode::Enforce) {
            Mode::Enforce
        } else if is_anywhere(Mode::Warn) {
            Mode::Warn
        } else {
            Mode::Audit
        }
    }

    /// The mode of a namespace
    pub fn of(&self, namespace: &str) -> Mode {
        self.namespaces.get(namespace).copied().unwrap_or(self.default)
    }
}

impl OnDifference {
    /// The word that flags and values use
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Refuse => "refuse",
        }
    }
}

impl fmt::Display for OnDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is neither `record` nor `refuse`
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a choice: write record or refuse")]
pub struct UnknownContents(String);

impl FromStr for OnDifference {
    type Err = UnknownContents;

    fn from_str(text: &str) -> Result<Self, UnknownContents> {
        [Self::Record, Self::Refuse]
            .into_iter()
            .find(|one| one.name() == text)
            .ok_or_else(|| UnknownContents(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_namespace_has_its_own_mode_or_the_common_one() {
        let modes = Modes {
            namespaces: [("a".to_owned(), Mode::Enforce)].into(),
            default: Mode::Audit,
            ..Modes::default()
        };
        assert_eq!((modes.of("a"), modes.of("b")), (Mode::Enforce, Mode::Audit));
        assert_eq!(Modes::default().of("a"), Mode::Warn);
    }

    /// Modes of up to three of four namespaces
    fn some_modes() -> impl Strategy<Value = BTreeMap<String, Mode>> {
        btree_map("[a-d]", prop::sample::select(Mode::ALL.to_vec()), 0..4)
    }

    proptest! {
        #[test]
        fn the_directory_counts_before_the_flags_and_both_before_the_default(
            flags in some_modes(), directory in some_modes(), default in prop::sample::select(Mode::ALL.to_vec()),
        ) {
            let modes = Modes { default, namespaces: flags.clone(), ..Modes::default() };
            let merged = modes.with_directory(&directory);
            for namespace in ["a", "b", "c", "d", "e"] {
                let wanted = directory.get(namespace).or(flags.get(namespace)).copied().unwrap_or(default);
                prop_assert_eq!(merged.of(namespace), wanted);
                prop_assert_eq!(merged.of_read(Some(namespace)), wanted);
            }
            // A change is named exactly where the mode is another one
            let changed: Vec<String> = modes.changes_to(&merged).into_iter().map(|change| change.namespace).collect();
            let wanted: Vec<String> = ["a", "b", "c", "d", "e"].into_iter()
                .filter(|namespace| modes.of(namespace) != merged.of(namespace)).map(str::to_owned).collect();
            prop_assert_eq!(changed, wanted);
            prop_assert_eq!(merged.with_directory(&BTreeMap::new()), merged);
        }
    }

    #[test]
    fn a_read_of_all_namespaces_has_the_strictest_mode_that_is_left() {
        let modes = Modes {
            namespaces: [("a".to_owned(), Mode::Enforce)].into(),
            ..Modes::default()
        };
        assert_eq!(modes.of_read(None), Mode::Enforce);
        let softened = modes.with_directory(&[("a".to_owned(), Mode::Audit)].into());
        assert_eq!(softened.of_read(None), Mode::Warn);
        let change = modes.changes_to(&softened);
        assert_eq!(
            (change[0].to_string().as_str(), change[0].is_softer()),
            ("a (enforce to audit)", true)
        );
    }

    #[test]
    fn pods_unlike_their_stamp_are_recorded_unless_a_namespace_refuses_them() {
        let modes = Modes {
            namespace_on_difference: [("a".to_owned(), "refuse".parse().unwrap())].into(),
            ..Modes::default()
        };
        assert_eq!(
            (modes.on_difference_in("a"), modes.on_difference_in("b")),
            (OnDifference::Refuse, OnDifference::Record)
        );
        assert!(
            "deny"
                .parse::<OnDifference>()
                .unwrap_err()
                .to_string()
                .contains("record or refuse")
        );
    }
}
