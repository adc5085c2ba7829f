//! The path of a value in a revision, for messages: `data.spec.template.containers[0]`.

use std::fmt;

use crate::wording::{NAME_LENGTH, clipped};

/// The path of a value from the root; a linked list on the stack of the parser
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'p> {
    Root(&'static str),
    Field(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{}", clipped(name, NAME_LENGTH)),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
