//! The text of messages: one file for each kind of finding.

pub(crate) mod creating_pod_message;
pub(crate) mod finding_message;
pub(crate) mod message_context;
pub(crate) mod ram_denial;
pub(crate) mod restart_command;
pub(crate) mod revision_fault_message;
pub(crate) mod stamp_fault_message;
pub(crate) mod warning;
