//! Configuration: reads documents, merges them, and keeps the set in force.
//!
//! Documents come from a folder or from ConfigMaps. Each is parsed once and on its own, so a reload parses again only
//! the documents that changed, and a ConfigMap can be checked before it is stored. All of them together make a
//! [`Configuration`] or none: after a bad document, the last good set stays in force.
//!
//! ```text
//! folder (folder_watch) ----------------.
//!                                        >-- NamedDocument -- merge -- Configuration -- Store (in force, status)
//! ConfigMaps (config_map, src/cluster) -'                     reload: the Reloader runs these steps
//! ```

pub(crate) mod candidate;
pub(crate) mod config_map;
mod config_map_generation;
pub(crate) mod configuration;
pub(crate) mod directory;
pub(crate) mod folder;
pub(crate) mod folder_watch;
pub(crate) mod located_fault;
pub(crate) mod merge;
pub(crate) mod mode;
pub(crate) mod named_document;
pub(crate) mod overlay;
pub(crate) mod parsed_document;
pub(crate) mod reload;
pub(crate) mod rights_change;
pub(crate) mod store;
pub(crate) mod symbol_table;
pub(crate) mod sync_status;
pub(crate) mod text_origin;

pub use crate::config::configuration::Configuration;
#[cfg(test)]
pub(crate) use crate::config::configuration::DocumentCounts;
pub(crate) use crate::config::configuration::{Boundary, Interest};
pub(crate) use crate::config::directory::advice_settings::{AdviceSettings, Locale};
pub(crate) use crate::config::directory::bindings::SERVICE_ACCOUNT;
pub(crate) use crate::config::directory::bindings::Subject;
pub(crate) use crate::config::directory::carrier_presets::{
    preset_entries, preset_of, written as written_preset, written_for as preset_entry,
};
pub use crate::config::directory::cluster_settings::ClusterSettings;
pub(crate) use crate::config::directory::cluster_settings::ProfileChanges;
pub(crate) use crate::config::directory::delegated_controller::DelegatedController;
pub(crate) use crate::config::directory::directory_document::DirectoryDocument;
pub(crate) use crate::config::directory::exception::{
    Exception, ExceptionEntry, ExceptionState, ExcusedCode,
};
pub(crate) use crate::config::directory::identities::{GrantEntry, RoleEntry};
pub(crate) use crate::config::directory::injector::Injector;
pub(crate) use crate::config::directory::label_selector::{LabelOperator, LabelSelector, Requirement};
pub(crate) use crate::config::directory::located_text::LocatedText;
pub(crate) use crate::config::directory::mapping_rules::{
    FieldRule, MappingMode, MappingRules, MappingSource, TagRule,
};
pub(crate) use crate::config::directory::name_rules::{self, is_label};
pub(crate) use crate::config::directory::ram_id::id_of;
pub(crate) use crate::config::directory::spawner::{Spawner, SpawnerNamespaces};
pub(crate) use crate::config::directory::user_name_pattern::SYSTEM;
pub use crate::config::located_fault::{FaultClass, LocatedFault};
pub use crate::config::merge::{check, merge};
pub use crate::config::named_document::{NamedDocument, load};
pub use crate::config::parsed_document::ParsedDocument;
pub(crate) use crate::config::rights_change::{KindChange, RightsChange, RightsKind};
pub(crate) use crate::config::store::{Status, Store};
