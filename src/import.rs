//! RAM's own data as documents of a directory: from answers of the aliyun CLI, and from `terraform show -json`.
//!
//! Nothing here does I/O: texts come in, and documents or faults go out.
//!
//! ```text
//! aliyun     (answers) --.
//!                         >-- RamData -- Import (what is written) -- output: files with their texts
//! terraform  (values) ---'               |
//!                                        `-- facts: what differs from documents that are there (drift)
//! ```
//!
//! An import may allow less than RAM, and says so; it never allows more in silence. Data with a hole is refused, and so is a
//! policy that the engine cannot read if it may deny something.

pub(crate) mod aliyun;
pub(crate) mod documents;
pub(crate) mod facts;
pub(crate) mod faults;
pub(crate) mod opaque;
pub(crate) mod output;
pub(crate) mod own_documents;
mod policy_text;
mod principal_name;
pub(crate) mod ram_data;
pub(crate) mod terraform;
mod wire;
pub(crate) mod written;

pub use crate::import::documents::{Documents, Settings, documents};
pub use crate::import::own_documents::OwnDocuments;
pub use crate::import::ram_data::RamData;
pub(crate) use crate::import::ram_data::Source;

/// A file of a dump
#[derive(Clone, Debug)]
pub struct InputFile {
    /// The path from the dump's folder, with slashes
    pub path: String,
    /// The contents
    pub bytes: Vec<u8>,
}
