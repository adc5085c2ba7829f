//! The directory: who there is, what each may do, and how Kubernetes identities map to it.
//!
//! Every document is read on its own into a [`Piece`] that remembers its places; [`merge`] then puts all pieces
//! together. So a reload reads again only what changed, and a document can be judged before it is in force.
//!
//! ```text
//! bytes -> Piece::policy / Piece::directory -> merge -> Configuration
//! ```

mod binding;
mod carrier;
mod configuration;
mod fault;
mod mapping;
mod merge;
mod name;
mod part;
mod people;
mod piece;
mod register;
mod selector;
mod settings;
mod text;

pub use binding::{Binding, Bindings, Subject};
pub use carrier::{Carrier, Injector};
pub use configuration::{Boundary, Configuration, DocumentCounts, Interest};
pub use fault::{FaultClass, LocatedFault};
pub use mapping::{FieldRule, MappingMode, MappingRules, MappingSource, TagRule};
pub use merge::{check, merge};
pub(crate) use name::is_label;
pub use part::Part;
pub(crate) use people::{GrantEntry, RoleEntry};
pub use piece::{BrokenPiece, Piece, PolicyPiece};
pub use selector::{Requirement, Selector, Test};
pub use settings::{ClusterSettings, ProfileChanges};
pub(crate) use text::Text;
