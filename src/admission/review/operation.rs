//! The operation of a request.

use std::fmt;

/// The operation of a request on an object
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The object is new
    Create,
    /// The object changes
    Update,
    /// The object is deleted
    Delete,
    /// A user connects to a running object
    Connect,
}

impl Operation {
    /// The operation of this name; `None` if Kubernetes has none
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::Connect]
            .into_iter()
            .find(|operation| operation.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
