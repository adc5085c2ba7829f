//! The exit codes of all commands.

use std::process::ExitCode;

/// The meaning of the exit code
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Allowed, or all good
    Good = 0,
    /// Wrong use, or something could not be read
    Failure = 1,
    /// Denied, or a case failed
    Denied = 2,
    /// A policy or directory is invalid
    Invalid = 3,
    /// Some of what belongs together was written, and the rest could not be
    Half = 4,
}

impl Exit {
    /// `Good` if the condition holds, and `Denied` otherwise
    pub(crate) fn good_if(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Denied }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Failure => 1,
            Exit::Denied => 2,
            Exit::Invalid => 3,
            Exit::Half => 4,
        })
    }
}
