//! What follows from a denial: it stands, it becomes a warning, or it is only recorded.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What a denial does to the request
///
/// A mode softens what RAM denies and what ECI would refuse. What is malformed or over a limit is denied in every mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The request is denied
    Enforce,
    /// The request is allowed, and who asked is warned
    #[default]
    Warn,
    /// The request is allowed, and the denial is recorded
    Audit,
}

/// The mode of every namespace
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// The mode of namespaces that have none of their own
    pub default: Mode,
    /// Namespaces with a mode of their own
    pub namespaces: BTreeMap<String, Mode>,
}

impl Modes {
    /// The same mode everywhere
    pub fn everywhere(mode: Mode) -> Self {
        Self {
            default: mode,
            namespaces: BTreeMap::new(),
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
        };
        assert_eq!((modes.of("a"), modes.of("b")), (Mode::Enforce, Mode::Audit));
        assert_eq!(Modes::default().of("a"), Mode::Warn);
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
