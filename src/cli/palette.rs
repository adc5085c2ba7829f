//! Colours of the text for people.

use std::env;
use std::io::{self, IsTerminal};

use clap::ValueEnum;

/// When text has colours, as the command line names it
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Also in files and pipes
    Always,
    /// Nowhere
    Never,
}

/// The colours of a text, or none
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Palette {
    is_on: bool,
}

impl Palette {
    /// Text without colours
    pub(super) const PLAIN: Self = Self { is_on: false };

    /// The colours for standard output
    pub(super) fn of(choice: ColorChoice) -> Self {
        // https://no-color.org: set and not empty
        let is_refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self {
            is_on: match choice {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => !is_refused && io::stdout().is_terminal(),
            },
        }
    }

    /// What is allowed, or to be pasted
    pub(super) fn good(self, text: &str) -> String {
        self.painted("32", text)
    }

    /// What is denied or wrong
    pub(super) fn bad(self, text: &str) -> String {
        self.painted("31", text)
    }

    /// What is doubtful
    pub(super) fn doubtful(self, text: &str) -> String {
        self.painted("33", text)
    }

    fn painted(self, color: &str, text: &str) -> String {
        if self.is_on {
            format!("\u{1b}[{color}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
