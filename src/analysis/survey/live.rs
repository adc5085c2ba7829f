//! Reads a live cluster page by page, with the rights of the caller.

pub(crate) mod api_client;
pub(crate) mod cluster;
pub(crate) mod configuration;
pub(crate) mod installation;
pub(crate) mod inventory;
pub(crate) mod read_error;
pub(crate) mod review_port;
pub(crate) mod serve_flags;
pub(crate) mod stamp_keys;
pub(crate) mod webhook_configurations;

pub(crate) use crate::analysis::survey::live::api_client::write::WriteMode;
pub(crate) use crate::analysis::survey::live::api_client::{ApiClient, Scope};
pub(crate) use crate::analysis::survey::live::cluster::read_cluster;
pub(crate) use crate::analysis::survey::live::configuration::read_configuration;
pub(crate) use crate::analysis::survey::live::installation::{Installation, whole_names};
pub(crate) use crate::analysis::survey::live::inventory::read_inventory;
pub(crate) use crate::analysis::survey::live::read_error::ReadError;
pub(crate) use crate::analysis::survey::live::stamp_keys::{read_cluster_uid, read_ring};
