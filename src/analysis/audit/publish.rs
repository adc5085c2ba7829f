//! Writes the Reports and Events of an audit, each into the namespace of the objects that it is about.

mod events;
mod reports;

pub(crate) use crate::analysis::audit::publish::events::{PublishedEvents, publish_events};
pub(crate) use crate::analysis::audit::publish::reports::{PublishedReports, publish_reports};
