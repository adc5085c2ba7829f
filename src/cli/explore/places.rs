//! Where the statements of policies are written.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::cli::file_places::in_file;
use crate::config::{NamedDocument, ParsedDocument};
use ram_policy::StatementId;
use ram_policy::source::Position;

/// The file of each policy, and the positions of its statements
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<String, Vec<(String, Position)>>);

impl Places {
    pub(super) fn of(documents: &[NamedDocument]) -> Self {
        let policies = documents.iter().filter_map(|named| match &named.document {
            ParsedDocument::Policy(policy) => {
                let statements = policy.document.statements.iter();
                let places = statements.map(|statement| in_file(named, statement.at));
                Some((policy.name.to_string(), places.collect()))
            }
            _ => None,
        });
        Self(policies.collect())
    }

    /// Where a statement is written; `null` for one of a system policy, a trust policy or a session
    pub(super) fn place(&self, statement: &StatementId) -> Value {
        let statements = self.0.get(&*statement.policy);
        let index = statement.number.checked_sub(1);
        let place = statements.zip(index).and_then(|(all, index)| all.get(index));
        place.map_or(Value::Null, |(file, at)| json!({"file": file, "line": at.line}))
    }
}
