//! Under which tags, resource group and role a question is asked.

use serde::Deserialize;

use crate::admission::fields::parse_tags::parse_tags;
use crate::admission::fields::reading::Fields;
use crate::cli::explore::reply::Complaint;
use crate::config::Configuration;

/// What somebody picked; an empty text stands for none
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Circumstances {
    /// As in the annotation of a pod: `env:test,team:a`
    tags: String,
    group: String,
    role: String,
}

impl Circumstances {
    /// The same as the ECI fields of a pod
    ///
    /// # Errors
    ///
    /// A tag that no pod may have, a group or a role that is not in the directory.
    pub(super) fn fields(&self, configuration: &Configuration) -> Result<Fields, Complaint> {
        let [tags, group, role] = [&self.tags, &self.group, &self.role].map(|text| text.trim());
        let tags = match tags {
            "" => Vec::new(),
            tags => parse_tags(tags)
                .map_err(|fault| Complaint::about("tags", format!("the list of tags {fault}")))?,
        };
        let unknown = |field, what: &str, name: &str| {
            Complaint::about(field, format!("{what} `{name}` is not in the directory"))
        };
        if !group.is_empty() && !configuration.account.has_group(group) {
            return Err(unknown("group", "resource group", group));
        }
        if !role.is_empty() && !configuration.policies.has_role(role) {
            return Err(unknown("role", "RAM role", role));
        }
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Fields {
            tags,
            resource_group: given(group),
            role: given(role),
            role_arns: Vec::new(),
        })
    }
}
