//! The live cluster, read with the rights of whoever asks, page by page.

pub(crate) mod installation;
pub(crate) mod reach;
pub(crate) mod reader;
pub(crate) mod surroundings;
pub(crate) mod workloads;

pub(crate) use crate::analysis::survey::live::installation::{Installation, whole};
pub(crate) use crate::analysis::survey::live::reader::{ReadError, Reader, Scope};
pub(crate) use crate::analysis::survey::live::surroundings::{
    Missing, cluster, cluster_uid, configuration, ring,
};
pub(crate) use crate::analysis::survey::live::workloads::inventory;
