//! The conditions of a statement that matched, with the values that they found, to explain an explicit deny.

use crate::attached_policy::AttachedPolicy;
use crate::condition::Operator;
use crate::decision::StatementId;
use crate::document::Statement;
use crate::request::Request;
use crate::resolved_request::ResolvedRequest;
use crate::set::PolicySet;

/// A condition of a statement with the values that a request has for its key
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetCondition {
    /// The operator
    pub operator: &'static Operator,
    /// The condition key
    pub key: String,
    /// The policy's values
    pub wanted: Vec<String>,
    /// The request's values; empty if the key is absent
    pub got: Vec<String>,
}

impl PolicySet {
    /// The conditions of a statement that decided a request; empty if it has none, or is not one of this set.
    ///
    /// ```
    /// use ram_policy::{
    ///     Context, Definition, Document, DocumentKind, Grant, PolicySet, Principal, Request, UserDefinition,
    /// };
    ///
    /// let policy = br#"{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "eci:*", "Resource": "*",
    ///     "Condition": {"StringEquals": {"acs:RequestTag/env": "prod"}}}]}"#;
    /// let document = Document::parse(policy, DocumentKind::Identity)?.document;
    /// let alice = UserDefinition {
    ///     name: "alice".into(),
    ///     grants: vec![Grant::for_account("Guard")],
    ///     ..Default::default()
    /// };
    /// let policies = [("Guard".into(), document.into())].into();
    /// let set = PolicySet::compile(Definition { policies, users: vec![alice], ..Default::default() }).unwrap();
    ///
    /// let (alice, mut context) = (Principal::User("alice".into()), Context::new());
    /// context.set("acs:RequestTag/env", "prod");
    /// let request = Request::new(&alice, "eci:CreateContainerGroup", "*", &context);
    /// let decision = set.decide(&request);
    /// let met = set.met_conditions(&request, decision.statement().unwrap());
    /// assert_eq!((met[0].key.as_str(), &met[0].got), ("acs:RequestTag/env", &vec!["prod".to_owned()]));
    /// # Ok::<(), ram_policy::source::Fault>(())
    /// ```
    pub fn met_conditions(&self, request: &Request<'_>, id: &StatementId) -> Vec<MetCondition> {
        let resolved = ResolvedRequest::new(self.account(), request);
        let statement = self.statement(request, id);
        let conditions = statement
            .into_iter()
            .flat_map(|statement| statement.conditions.iter());
        conditions
            .map(|condition| MetCondition {
                operator: condition.operator,
                key: condition.key.to_string(),
                wanted: condition.wanted(),
                got: resolved.values(&condition.key).to_vec(),
            })
            .collect()
    }

    /// A statement of the policies that bind the caller, or of a role's trust policy
    fn statement(&self, request: &Request<'_>, id: &StatementId) -> Option<&Statement> {
        let is_named = |attached: &&AttachedPolicy| attached.name == id.policy;
        let attached = match id.policy.strip_prefix("trust:") {
            Some(role) => self.trust_policy(role),
            None => {
                let layers = self.layers(request.principal).into_iter();
                layers.flat_map(|layer| layer.policies).find(is_named)
            }
        };
        attached?.document.statements.get(id.number.checked_sub(1)?)
    }
}
