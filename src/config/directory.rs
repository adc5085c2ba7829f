//! The directory: who there is, what each may do, and how Kubernetes identities map to it.
//!
//! Every document is read on its own into a [`Piece`] that remembers its places; [`merge`] then puts all pieces
//! together. So a reload reads again only what changed, and a document can be judged before it is in force.
//!
//! ```text
//! bytes -> Piece::policy / Piece::directory -> merge -> Configuration
//! ```

pub(crate) mod binding;
pub(crate) mod carrier;
pub(crate) mod configuration;
pub(crate) mod fault;
pub(crate) mod mapping;
pub(crate) mod merge;
pub(crate) mod name;
pub(crate) mod part;
pub(crate) mod people;
pub(crate) mod piece;
pub(crate) mod selector;
pub(crate) mod settings;
pub(crate) mod symbol_table;
pub(crate) mod text;

pub(crate) use crate::config::directory::binding::Subject;
pub(crate) use crate::config::directory::carrier::Carrier;
pub(crate) use crate::config::directory::carrier::Injector;
pub(crate) use crate::config::directory::configuration::Boundary;
pub use crate::config::directory::configuration::Configuration;
pub(crate) use crate::config::directory::configuration::DocumentCounts;
pub(crate) use crate::config::directory::configuration::Interest;
pub use crate::config::directory::fault::FaultClass;
pub use crate::config::directory::fault::LocatedFault;
pub(crate) use crate::config::directory::mapping::FieldRule;
pub(crate) use crate::config::directory::mapping::MappingMode;
pub(crate) use crate::config::directory::mapping::MappingRules;
pub(crate) use crate::config::directory::mapping::MappingSource;
pub use crate::config::directory::merge::check;
pub use crate::config::directory::merge::merge;
pub(crate) use crate::config::directory::name::is_label;
pub(crate) use crate::config::directory::part::Part;
pub(crate) use crate::config::directory::people::GrantEntry;
pub(crate) use crate::config::directory::people::RoleEntry;
pub(crate) use crate::config::directory::piece::BrokenPiece;
pub use crate::config::directory::piece::Piece;
pub(crate) use crate::config::directory::selector::Requirement;
pub(crate) use crate::config::directory::selector::Selector;
pub(crate) use crate::config::directory::selector::Test;
pub use crate::config::directory::settings::ClusterSettings;
pub(crate) use crate::config::directory::settings::ProfileChanges;
pub(crate) use crate::config::directory::text::Text;
