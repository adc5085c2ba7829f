//! The RAM level (`action`): a request that RAM decides.

use std::sync::Arc;

use serde::Deserialize;

use crate::cases::comparison::Comparison;
use crate::cases::expected_decision::{DecisionDetails, ExpectedDecision};
use crate::cases::unknown_names::CaseNames;
use crate::cases::values::{Entries, OneOrMany};
use crate::config::Configuration;
use ram_policy::source::{Fault, Node, Position};
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
    resource_group: Option<Node>,
    unknown_names: Option<OneOrMany>,
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
    /// A principal that is none, a name that nobody knows, `trust` with another action, and sessions of another principal than a role
    pub(super) fn run(&self, configuration: &Configuration, at: Position) -> Result<Comparison, Fault> {
        let principal = principal(&self.principal)?;
        let resource_group = self.known_resource_group(&principal, configuration, at)?;
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
            resource_group: resource_group.as_deref(),
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

    /// The resource group, once all names of the case are known
    fn known_resource_group(
        &self,
        principal: &Principal,
        configuration: &Configuration,
        at: Position,
    ) -> Result<Option<String>, Fault> {
        let mut names = CaseNames::new(configuration, self.unknown_names.as_ref(), at);
        names.principal(principal, self.principal.at)?;
        names.action(&self.action)?;
        if self.trust {
            names.trusting_role(&self.resource)?;
        }
        let resource_group = names.resource_group(self.resource_group.as_ref())?;
        names.finish()?;
        Ok(resource_group)
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
