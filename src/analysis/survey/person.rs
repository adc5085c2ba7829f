//! The person for whom a workload is evaluated, and what somebody needs if nobody is known.

use serde_json::Value;

use crate::analysis::survey::objects::text;
use eci_calls::Question;
use eci_calls::condition_key::{TagKey, TagSource};
use ram_policy::Principal;

/// The person for whom a workload is evaluated
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The Kubernetes user
    pub user: String,
    /// The RAM principal; `None` if the user is bound to none
    pub principal: Option<Principal>,
    /// Whether the caller named the person, and not a stamp
    pub is_assumed: bool,
}

/// A permission that whoever applies a workload needs
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    /// The action
    pub action: &'static str,
    /// The ARN of the resource
    pub resource: String,
    /// The resource group whose grants count as well as those for the whole account
    pub resource_group: Option<String>,
    /// The tags of the request
    pub tags: Vec<(String, String)>,
}

/// The client that wrote a workload's spec last
///
/// A client chooses this name itself. It is a hint for people, and never a person to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Writer {
    /// The name in the field manager
    pub client: String,
    /// The time of the write
    pub time: String,
}

impl Need {
    /// What a question asks of the caller; `None` if a role's trust policy answers it
    pub(super) fn of(question: &Question) -> Option<Self> {
        let tag = |(key, values): (&str, &[String])| {
            let key = TagKey::parse(key).filter(|key| key.source == TagSource::Request)?;
            Some((key.tag.to_owned(), values.first()?.clone()))
        };
        question.service.is_none().then(|| Self {
            action: question.action,
            resource: question.resource.clone(),
            resource_group: question.resource_group.clone(),
            tags: question.context.iter().filter_map(tag).collect(),
        })
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        let tags: Vec<String> = self
            .tags
            .iter()
            .map(|(key, value)| format!("{key}:{value}"))
            .collect();
        if !tags.is_empty() {
            write!(f, " with tags {}", tags.join(","))?;
        }
        match &self.resource_group {
            Some(group) => write!(f, " in resource group {group}"),
            None => Ok(()),
        }
    }
}

impl Writer {
    /// The last writer of an object's spec, by its managed fields
    pub(super) fn of(object: &Value) -> Option<Self> {
        let fields = object.pointer("/metadata/managedFields")?.as_array()?;
        let writes_spec = |entry: &&Value| {
            text(entry, "/subresource").is_empty() && entry.pointer("/fieldsV1/f:spec").is_some()
        };
        let last = fields
            .iter()
            .filter(writes_spec)
            .max_by_key(|entry| text(entry, "/time"))?;
        Some(Self {
            client: text(last, "/manager").to_owned(),
            time: text(last, "/time").to_owned(),
        })
    }
}
