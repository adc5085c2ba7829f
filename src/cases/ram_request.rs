//! The RAM level (`action`): a request that RAM decides.

use std::sync::Arc;

use serde::Deserialize;

use crate::cases::comparison::Comparison;
use crate::cases::expected_decision::{DecisionDetails, ExpectedDecision};
use crate::cases::values::{Entries, OneOrMany};
use crate::config::Configuration;
use ram_policy::source::{Fault, Node};
use ram_policy::{Context, Document, DocumentKind, Principal, Request};

/// A case with `action`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RamRequestCase {
    pub(super) name: String,
    principal: Node,
    action: Node,
    #[serde(default = "any_resource")]
    resource: String,
    resource_group: Option<String>,
    #[serde(default)]
    context: Entries<OneOrMany>,
    #[serde(default)]
    session: Vec<Node>,
    #[serde(default)]
    trust: bool,
    expect: ExpectedDecision,
}

fn any_resource() -> String {
    "*".to_owned()
}

impl RamRequestCase {
    /// Lets RAM decide the request, and compares the decision
    ///
    /// # Errors
    /// A principal that is none, `trust` with another action, and sessions of another principal than a role
    pub(super) fn run(&self, configuration: &Configuration) -> Result<Comparison, Fault> {
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
        let decision = if self.trust {
            configuration.policies.decide_assume_role(&request)
        } else {
            configuration.policies.decide(&request)
        };
        let actual = DecisionDetails {
            decision: decision.outcome.to_string(),
            auth_action: Some(action.clone()),
            policy_type: Some(decision.policy_type.to_string()),
            statement: decision.statement().map(ToString::to_string),
            code: None,
            fix: None,
        };
        Ok(self.expect.compare(&actual))
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

/// Reads a principal
///
/// # Errors
/// A text that is no principal
pub(super) fn principal(node: &Node) -> Result<Principal, Fault> {
    let text: String = node.read()?;
    text.parse()
        .map_err(|error: ram_policy::PrincipalError| Fault::new(node.at, error.to_string()))
}

/// The condition keys of a request
pub(super) fn context(entries: &Entries<OneOrMany>) -> Context {
    entries
        .0
        .iter()
        .map(|(key, OneOrMany(values))| (key.clone(), values.clone()))
        .collect()
}
