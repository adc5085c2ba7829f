//! The modes: a denial is enforced, becomes a warning, or is only recorded.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The effect of a denial on the request
///
/// Only mode enforce denies, whatever the reason: RAM, ECI, a stamp, a malformed annotation, or that nobody could judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The request is denied
    Enforce,
    /// The request is allowed, and the requester is warned
    #[default]
    Warn,
    /// The request is allowed, and the denial is recorded
    Audit,
}

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

impl Modes {
    /// One mode for every namespace
    pub fn everywhere(mode: Mode) -> Self {
        Self {
            default: mode,
            ..Self::default()
        }
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

impl Mode {
    /// The mode's name, as flags and metric labels use it
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Audit => "audit",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no mode
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mode: write enforce, warn or audit")]
pub struct UnknownMode(String);

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

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        [Self::Enforce, Self::Warn, Self::Audit]
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| UnknownMode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn modes_are_read_as_they_are_written() {
        for mode in [Mode::Enforce, Mode::Warn, Mode::Audit] {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert_eq!(
            "Warn".parse::<Mode>().unwrap_err().to_string(),
            "`Warn` is not a mode: write enforce, warn or audit"
        );
    }
}
