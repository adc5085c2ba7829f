//! The live cluster, read with the rights of whoever asks, page by page.

pub(crate) mod installation;
pub(crate) mod reach;
pub(crate) mod reader;
pub(crate) mod surroundings;
pub(crate) mod workloads;

pub(crate) use crate::analysis::survey::live::installation::Installation;
pub(crate) use crate::analysis::survey::live::installation::whole;
pub(crate) use crate::analysis::survey::live::reader::ReadError;
pub(crate) use crate::analysis::survey::live::reader::Reader;
pub(crate) use crate::analysis::survey::live::reader::Scope;
pub(crate) use crate::analysis::survey::live::surroundings::Missing;
pub(crate) use crate::analysis::survey::live::surroundings::cluster_uid;
pub(crate) use crate::analysis::survey::live::surroundings::configuration;
pub(crate) use crate::analysis::survey::live::surroundings::land;
pub(crate) use crate::analysis::survey::live::surroundings::ring;
pub(crate) use crate::analysis::survey::live::workloads::tally;
