//! Differences between the containers of a pod and those in its stamp.

use std::fmt;

/// The way in which a container differs from the stamp
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum DifferenceKind {
    /// The stamp names no such container
    Added,
    /// It runs another image
    Image,
    /// It runs another command, or other arguments
    Command,
    /// The pod lacks it
    Missing,
}

/// A container that differs from the stamp
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContainerDifference {
    /// The way in which it differs
    pub kind: DifferenceKind,
    /// The container's name
    pub container: String,
}

/// Differences in one line, for logs
pub(crate) fn shown(differences: &[ContainerDifference]) -> String {
    let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
    all.join(", ")
}

impl DifferenceKind {
    /// All kinds
    pub(crate) const ALL: [Self; 4] = [Self::Added, Self::Image, Self::Command, Self::Missing];

    /// The word in logs and metrics
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Image => "image",
            Self::Command => "command",
            Self::Missing => "missing",
        }
    }
}

impl fmt::Display for ContainerDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.kind.name(), self.container)
    }
}
