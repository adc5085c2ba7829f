//! Where configuration comes from, and which one is in force.
//!
//! Documents come from a folder or from ConfigMaps. Each is read once into a [`NamedDocument`]; all pieces together make a
//! [`Configuration`](self::directory::Configuration), or nothing at all: a bad document leaves the last good set in force.
//!
//! ```text
//! folder ------.
//!               >-- NamedPiece --- merge --- watches cover what it reads --- Store (in force, generation, status)
//! ConfigMaps --'
//! ```

pub(crate) mod config_map;
pub(crate) mod directory;
pub(crate) mod folder;
pub(crate) mod named_document;
pub(crate) mod reload;
pub(crate) mod review;
pub(crate) mod store;

pub use crate::config::named_document::{NamedDocument, load};
pub(crate) use crate::config::store::{Status, Store};
