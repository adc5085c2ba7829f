//! The annotations with which a denied pod would be allowed.

use std::fmt;

use crate::admission::outcome::cause::Cause;

/// What came of looking for a change that would be allowed
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// With these annotations, the others staying as they are, it is allowed; nothing smaller is
    Write(Vec<Line>),
    /// No tags, group and role that the policies speak of would be allowed
    Nothing,
    /// There were too many to try
    GaveUp,
}

/// What becomes of one annotation
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its key
    pub annotation: &'static str,
    /// Its value; nothing means that it is left out
    pub value: Option<String>,
}

impl Advice {
    /// The annotations to write or to leave out
    pub(crate) fn lines(&self) -> &[Line] {
        match self {
            Self::Write(lines) => lines,
            Self::Nothing | Self::GaveUp => &[],
        }
    }

    /// The same for programs, one cause an annotation
    pub(crate) fn causes(&self) -> Vec<Cause> {
        let cause = |line: &Line| Cause {
            reason: "Fix".to_owned(),
            message: match &line.value {
                Some(_) => format!("write {line}"),
                None => "leave it out".to_owned(),
            },
            field: Some(format!("metadata.annotations[{}]", line.annotation)),
        };
        self.lines().iter().map(cause).collect()
    }

    /// The same as half a sentence
    pub(crate) fn words(&self) -> Option<String> {
        let words = self.lines().iter().map(|line| match &line.value {
            Some(_) => format!("write annotation {line}"),
            None => format!("leave out annotation {}", line.annotation),
        });
        let words: Vec<String> = words.collect();
        (!words.is_empty()).then(|| words.join(" and "))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            // No value that an annotation of ECI can hold needs escaping but these two
            Some(value) => {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "{}: \"{value}\"", self.annotation)
            }
            None => write!(f, "without {}", self.annotation),
        }
    }
}

/// One line each, and a word where there is none
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().iter().map(ToString::to_string).collect();
        match self {
            Self::Write(_) => f.write_str(&lines.join("\n")),
            Self::Nothing => f.write_str("none"),
            Self::GaveUp => f.write_str("unknown"),
        }
    }
}
