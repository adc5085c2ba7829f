//! The mode of a namespace, as flags, chart values and directory documents write it.

use std::fmt;
use std::str::FromStr;

use ram_policy::source::closest;

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

impl Mode {
    /// All modes, the strictest first
    pub(crate) const ALL: [Self; 3] = [Self::Enforce, Self::Warn, Self::Audit];

    /// The mode's name, as flags and metric labels use it
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Audit => "audit",
        }
    }

    /// Whether it does less about a denial than another mode: audit less than warn, and warn less than enforce
    pub(crate) fn is_softer_than(self, other: Self) -> bool {
        match (other, self) {
            (Self::Enforce, Self::Warn | Self::Audit) | (Self::Warn, Self::Audit) => true,
            (Self::Enforce | Self::Warn | Self::Audit, _) => false,
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
#[error("`{text}` is not a mode: write enforce, warn or audit{}", suggestion(.text))]
pub struct UnknownMode {
    text: String,
}

/// ` (did you mean enforce?)` for a misspelled mode
fn suggestion(text: &str) -> String {
    let meant = closest(text, Mode::ALL.map(Mode::name));
    meant.map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"))
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let mut all = Self::ALL.into_iter();
        all.find(|mode| mode.name() == text).ok_or_else(|| UnknownMode {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_they_are_written() {
        for mode in Mode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        for (text, expected) in [
            (
                "Warn",
                "`Warn` is not a mode: write enforce, warn or audit (did you mean warn?)",
            ),
            (
                "enfroce",
                "`enfroce` is not a mode: write enforce, warn or audit (did you mean enforce?)",
            ),
            ("off", "`off` is not a mode: write enforce, warn or audit"),
        ] {
            assert_eq!(text.parse::<Mode>().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn each_mode_is_softer_than_those_before_it() {
        for (at, mode) in Mode::ALL.into_iter().enumerate() {
            let softer = Mode::ALL.map(|other| other.is_softer_than(mode));
            assert_eq!(softer, [false, at < 1, at < 2], "{mode}");
        }
    }
}
