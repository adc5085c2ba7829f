//! The route of a pod: whether it becomes an ECI container group.
//!
//! | question | file |
//! | --- | --- |
//! | which rule decides, in which order? | [`route`] |
//! | what do node selector and affinity say? | [`node_affinity`], `node_requirement`, `label_values` |
//! | which labels and taints route? | [`well_known`] |
//! | which object of an unlisted kind has a mark? | [`unlisted_mark`] |
//! | which annotations are misspelled ones of ECI? | [`lookalike`] |
//! | which marks stand where they have no effect? | [`placement`] |

mod label_values;
pub(crate) mod lookalike;
pub(crate) mod mark;
pub(crate) mod node_affinity;
mod node_requirement;
pub(crate) mod placement;
pub(crate) mod route;
pub(crate) mod unlisted_mark;
pub(crate) mod well_known;
