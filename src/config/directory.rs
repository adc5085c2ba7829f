//! The directory: who there is, what each may do, and how Kubernetes identities map to it.
//!
//! Every document is read on its own into a [`ParsedDocument`] that remembers its places; [`merge`] then puts all pieces
//! together. So a reload reads again only what changed, and a document can be judged before it is in force.
//!
//! ```text
//! bytes -> Piece::policy / Piece::directory -> merge -> Configuration
//! ```

pub(crate) mod binding;
pub(crate) mod carrier;
pub(crate) mod configuration;
pub(crate) mod directory_document;
pub(crate) mod fault;
pub(crate) mod mapping;
pub(crate) mod merge;
pub(crate) mod name;
pub(crate) mod parsed_document;
pub(crate) mod people;
pub(crate) mod selector;
pub(crate) mod settings;
pub(crate) mod symbol_table;
pub(crate) mod text;

pub(crate) use crate::config::directory::binding::Subject;
pub(crate) use crate::config::directory::carrier::{Carrier, Injector};
pub use crate::config::directory::configuration::Configuration;
pub(crate) use crate::config::directory::configuration::{Boundary, DocumentCounts, Interest};
pub(crate) use crate::config::directory::directory_document::DirectoryDocument;
pub use crate::config::directory::fault::{FaultClass, LocatedFault};
pub(crate) use crate::config::directory::mapping::{FieldRule, MappingMode, MappingRules, MappingSource};
pub use crate::config::directory::merge::{check, merge};
pub(crate) use crate::config::directory::name::is_label;
pub use crate::config::directory::parsed_document::ParsedDocument;
pub(crate) use crate::config::directory::parsed_document::UnreadableDocument;
pub(crate) use crate::config::directory::people::{GrantEntry, RoleEntry};
pub(crate) use crate::config::directory::selector::{Requirement, Selector, Test};
pub use crate::config::directory::settings::ClusterSettings;
pub(crate) use crate::config::directory::settings::ProfileChanges;
pub(crate) use crate::config::directory::text::Text;
