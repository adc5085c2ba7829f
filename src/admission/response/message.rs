//! The text of messages.
//!
//! ```text
//! Finding -- finding_message, ram_denial --> Explanation (data) -- english, chinese --> text -- message_body --> message
//! ```
//!
//! What is said is decided once, as data. Each language says all of it: a variant without a text does not compile.

pub(crate) mod chinese;
pub(crate) mod english;
pub(crate) mod explanation;
pub(crate) mod finding_message;
pub(crate) mod language;
pub(crate) mod message_body;
pub(crate) mod message_context;
pub(crate) mod ram_denial;
pub(crate) mod ram_fields;
pub(crate) mod text;
