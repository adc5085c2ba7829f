//! The raw level: one question to RAM.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::cases::expect::{Details, Expect};
use crate::cases::text::{OneOrMany, Pairs};
use crate::config::directory::Configuration;
use ram_policy::source::{Fault, Node};
use ram_policy::{Context, Document, DocumentKind, Principal, Request};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawCase {
    pub(super) name: String,
    principal: Node,
    action: Node,
    #[serde(default = "everything")]
    resource: String,
    resource_group: Option<String>,
    #[serde(default)]
    context: Pairs<OneOrMany>,
    #[serde(default)]
    session: Vec<Node>,
    #[serde(default)]
    trust: bool,
    expect: Expect,
}

fn everything() -> String {
    "*".to_owned()
}

impl RawCase {
    pub(super) fn run(&self, configuration: &Configuration) -> Result<(bool, Value, Value), Fault> {
        let principal = principal(&self.principal)?;
        let action: String = self.action.read()?;
        if self.trust && action != "sts:AssumeRole" {
            return Err(Fault::new(
                self.action.at,
                "`trust: true` goes with action `sts:AssumeRole`",
            ));
        }
        let session = self.session(&principal)?;
        let context = context(&self.context);
        let request = Request {
            principal: &principal,
            action: &action,
            resource: &self.resource,
            resource_group: self.resource_group.as_deref(),
            context: &context,
            session: &session,
        };
        let decision = match self.trust {
            true => configuration.policies.decide_assume_role(&request),
            false => configuration.policies.decide(&request),
        };
        let actual = Details {
            decision: decision.outcome.to_string(),
            auth_action: Some(action.clone()),
            policy_type: Some(decision.policy_type.to_string()),
            statement: decision.statement().map(ToString::to_string),
            code: None,
            fix: None,
        };
        Ok(self.expect.hold_against(&actual))
    }

    fn session(&self, principal: &Principal) -> Result<Vec<Arc<Document>>, Fault> {
        if let (Some(first), false) = (self.session.first(), matches!(principal, Principal::Role(_))) {
            return Err(Fault::new(
                first.at,
                "only a role has a session: write `principal: role/NAME`",
            ));
        }
        let documents = self
            .session
            .iter()
            .map(|node| Document::from_node(node, DocumentKind::Identity));
        documents
            .map(|parsed| parsed.map(|parsed| Arc::new(parsed.document)))
            .collect()
    }
}

/// A principal with the place of its text
pub(super) fn principal(node: &Node) -> Result<Principal, Fault> {
    let text: String = node.read()?;
    text.parse()
        .map_err(|error: ram_policy::PrincipalError| Fault::new(node.at, error.to_string()))
}

/// Condition keys with their values
pub(super) fn context(pairs: &Pairs<OneOrMany>) -> Context {
    pairs
        .0
        .iter()
        .map(|(key, OneOrMany(values))| (key.clone(), values.clone()))
        .collect()
}
