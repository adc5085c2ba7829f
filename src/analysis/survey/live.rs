//! Reads a live cluster page by page, with the rights of the caller.

mod access;
mod api_client;
mod cluster;
mod configuration;
mod installation;
mod inventory;
mod read_error;
mod replicas;
mod review_port;
mod serve_flags;
mod stamp_keys;
mod webhook_configurations;

pub(crate) use crate::analysis::survey::live::access::read_access;
pub(crate) use crate::analysis::survey::live::api_client::write::WriteMode;
pub(crate) use crate::analysis::survey::live::api_client::{ApiClient, ListRequest, Scope};
pub(crate) use crate::analysis::survey::live::cluster::read_cluster;
pub(crate) use crate::analysis::survey::live::configuration::{read_config_maps, read_configuration};
pub(crate) use crate::analysis::survey::live::installation::{Installation, whole_names};
pub(crate) use crate::analysis::survey::live::inventory::{read_inventory, read_objects};
pub(crate) use crate::analysis::survey::live::read_error::ReadError;
pub(crate) use crate::analysis::survey::live::replicas::{read_of_replica, read_replicas};
pub(crate) use crate::analysis::survey::live::stamp_keys::{read_cluster_uid, read_ring};
