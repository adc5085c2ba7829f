//! Directory documents: the RAM users, groups and roles of the account, and how Kubernetes identities map to them.
//!
//! [`DirectoryDocument`](directory_document::DirectoryDocument) reads a document, and each of its sections has a file:
//!
//! | section | file |
//! | --- | --- |
//! | `account` | `account.rs` |
//! | `cluster` | `cluster_settings.rs`, with `delegated_controller.rs` (`carriers`), `injector.rs` (`injectors`) and `spawner.rs` (`spawners`) |
//! | `resourceGroups` | `resource_group.rs` |
//! | `users`, `groups`, `roles` | `identities.rs`, with `ram_id.rs` |
//! | `bindings` | `binding_entry.rs`, with `user_name_pattern.rs`; `bindings.rs` looks a requester up |
//! | `boundaries` | `boundary.rs` |
//! | `exceptions` | `exception.rs`, with `exception_end.rs` |
//! | `modes` | `namespace_mode.rs` |
//! | `mapping` | `mapping_rules.rs` |
//! | `advice` | `advice_settings.rs` |
//!
//! Every reader turns a [`Node`](ram_policy::source::Node) into a value or into all faults that it finds, with their
//! positions. Checks that need other documents come later, in [`merge`](crate::config::merge()).

pub(crate) mod account;
pub(crate) mod advice_settings;
pub(crate) mod binding_entry;
pub(crate) mod bindings;
pub(crate) mod boundary;
pub(crate) mod carrier_presets;
pub(crate) mod cluster_settings;
pub(crate) mod delegated_controller;
pub(crate) mod directory_document;
pub(crate) mod exception;
mod exception_end;
pub(crate) mod faults;
pub(crate) mod identities;
pub(crate) mod injector;
pub(crate) mod label_selector;
pub(crate) mod located_text;
pub(crate) mod mapping_rules;
pub(crate) mod name_rules;
pub(crate) mod namespace_mode;
pub(crate) mod principal_entry;
pub(crate) mod ram_id;
pub(crate) mod resource_group;
pub(crate) mod spawner;
pub(crate) mod user_name_pattern;
mod virtual_node_marks;
