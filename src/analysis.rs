//! Questions about policies and clusters rather than about one request.
//!
//! [`lint`] finds statements that cannot mean what they say, [`diff`] finds what two configurations decide differently, and
//! [`survey`] judges what a live cluster holds.

pub(crate) mod diff;
pub(crate) mod lint;
pub(crate) mod survey;
