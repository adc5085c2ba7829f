//! Analyses of policies and clusters as a whole, not of one request.
//!
//! [`lint`] finds statements that cannot mean what they say. [`diff`] finds what two configurations decide differently.
//! [`rights`] counts who loses rights by a new configuration. [`survey`] evaluates what a live cluster holds,
//! and [`audit`] reports on it.
//!
//! [`lint`] and [`diff`] share [`boundary_values`] and [`role_names`]. Both take the condition keys that an operation
//! knows from `eci_calls::condition_key`.

pub(crate) mod audit;
pub(crate) mod boundary_values;
pub(crate) mod diff;
pub(crate) mod lint;
pub(crate) mod rights;
pub(crate) mod role_names;
pub(crate) mod survey;
