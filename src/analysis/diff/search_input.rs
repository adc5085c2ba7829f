//! The input of a search: a caller with its policies in both configurations.

use crate::analysis::diff::dimension_cache::DimensionCache;
use crate::analysis::diff::effective_policies::EffectiveChange;
use crate::analysis::diff::statement_table::StatementTable;
use crate::config::Configuration;
use ram_policy::{Context, Principal};

/// A caller, and the policies that apply to it
pub(crate) struct SearchInput<'a> {
    /// The old and the new configuration
    pub(crate) configurations: [&'a Configuration; 2],
    pub(crate) table: &'a StatementTable<'a>,
    pub(crate) policies: &'a EffectiveChange,
    pub(crate) caller: &'a Principal,
    pub(crate) cache: &'a DimensionCache,
    /// The role, by its resource name, that the caller asks to assume; `None` for all other requests
    pub(crate) assumed_role: Option<&'a str>,
}

/// A request to try, without its caller
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SampleRequest {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) resource_group: Option<String>,
    pub(crate) context: Context,
}
