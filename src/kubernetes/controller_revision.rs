//! The data of a ControllerRevision: either exactly the whole pod template that its controller makes of it, or refused.
//!
//! A revision is a patch. The controllers of StatefulSets and DaemonSets apply it to the live object by the rules of
//! strategic merge patch, and decode the result with Go's `encoding/json`. Go takes the name `Image` for `image`, and
//! merges the elements of a list that it decodes twice. So the text at `data.spec.template` is the template of the pods
//! only if nothing is merged and every name is exactly the name of a field.
//!
//! ```text
//! data -> entries (data, spec: one field each) -> tree (no name twice, no directive) -> typed (only known fields)
//! ```

pub(crate) mod foreign;
pub(crate) mod patch;
pub(crate) mod path;
pub(crate) mod problem;
pub(crate) mod quantity;
pub(crate) mod template;
pub(crate) mod tree;
pub(crate) mod typed;

pub use crate::kubernetes::controller_revision::problem::Problem;
pub use crate::kubernetes::controller_revision::template::template;

#[cfg(test)]
mod tests;
