//! The annotations with which RAM allows a denied pod.

use std::fmt;

/// The result of the search for annotations that RAM allows
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// RAM allows the pod with these changes of annotations, and with no smaller change
    Write(Vec<Line>),
    /// RAM allows no combination of the tags, groups and roles in the policies
    Nothing,
    /// There are too many combinations to try
    GaveUp,
    /// A statement denies the pod, and advice on how to get around it would help nobody
    Withheld,
}

/// One annotation to write or to leave out
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its key
    pub annotation: &'static str,
    /// Its value; `None` to leave it out
    pub value: Option<String>,
}

impl Advice {
    /// The annotations to write or to leave out
    pub(crate) fn lines(&self) -> &[Line] {
        match self {
            Self::Write(lines) => lines,
            Self::Nothing | Self::GaveUp | Self::Withheld => &[],
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            // Of the characters in annotations of ECI, YAML escapes only these two
            Some(value) => {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "{}: \"{value}\"", self.annotation)
            }
            None => write!(f, "without {}", self.annotation),
        }
    }
}

/// One line for each annotation; `none` or `unknown` without any
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().iter().map(ToString::to_string).collect();
        match self {
            Self::Write(_) => f.write_str(&lines.join("\n")),
            Self::Nothing | Self::Withheld => f.write_str("none"),
            Self::GaveUp => f.write_str("unknown"),
        }
    }
}
