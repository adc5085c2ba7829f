//! Where configuration comes from, and which one is in force.
//!
//! Documents come from a folder or from ConfigMaps. Each is read once into a [`NamedPiece`]; all pieces together make a
//! [`Configuration`](crate::directory::Configuration), or nothing at all: a bad document leaves the last good set in force.
//!
//! ```text
//! folder ------.
//!               >-- NamedPiece --- merge --- watches cover what it reads --- Store (in force, generation, status)
//! ConfigMaps --'
//! ```

pub mod cluster;
pub mod config_map;
pub mod folder;
mod piece;
pub mod reload;
pub mod review;
pub mod snapshot;

pub use piece::{NamedPiece, load};
pub use snapshot::{Status, Store};
