//! Conditions on resource groups and callers that the directory does not have.

use crate::analysis::lint::code::Code;
use crate::analysis::lint::document_index::{DocumentIndex, DocumentPosition};
use crate::analysis::lint::warning::Warning;
use crate::config::Configuration;
use eci_calls::condition_key::{PRINCIPAL_ARN, RESOURCE_GROUP_ID};
use ram_policy::{Condition, Principal, Statement};

pub(crate) fn find(index: &DocumentIndex<'_>, configuration: &Configuration) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (_, policy) in index.policies() {
        let Some(DocumentPosition { document, .. }) = policy.position else {
            continue;
        };
        let statements = policy.document.statements.iter();
        let conditions = statements.flat_map(Statement::located_conditions);
        for condition in conditions {
            let Some(values) = condition.exact_values() else {
                continue;
            };
            for (value, at) in values.zip(condition.values_at()) {
                if let Some(message) = unknown(&condition, value, configuration) {
                    let position = DocumentPosition { document, at };
                    let advice = "correct the name, or add it to the directory";
                    warnings.push(position.warning(Code::UnknownName, message, advice));
                }
            }
        }
    }
    warnings
}

/// The message for a value that no request can have; keys that `account.context` sets have any value
fn unknown(condition: &Condition, value: &str, configuration: &Configuration) -> Option<String> {
    let account = &configuration.account;
    let key = &*condition.key;
    if !account.context.values(key).is_empty() {
        return None;
    }
    match key {
        RESOURCE_GROUP_ID => {
            let is_unknown = !account.resource_groups.is_empty() && !account.has_group(value);
            is_unknown
                .then(|| format!("the directory has no resource group `{value}`, so no call is made in it"))
        }
        PRINCIPAL_ARN => {
            let own = configuration.policies.account();
            let caller = Principal::of_arn(value, own);
            let is_known = caller.is_some_and(|caller| configuration.policies.has_principal(&caller));
            (!is_known).then(|| {
                format!("`{value}` is no user or role of the directory, so nobody calls by this name")
            })
        }
        _ => None,
    }
}
