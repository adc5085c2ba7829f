//! Policy sets and requests as plain data, and how they are handed to the engine: as text.

use std::collections::BTreeMap;
use std::sync::Arc;

use ram_policy::{
    Context, Decision, Definition, Document, DocumentKind, Grant, GroupDefinition, PolicySet, Principal,
    Request, RoleDefinition, UserDefinition,
};
use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    pub account: String,
    /// Names of policies, the root folder's level first
    pub control: Vec<Vec<String>>,
    pub policies: BTreeMap<String, Value>,
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    pub roles: Vec<Role>,
    /// Documents that sessions may carry
    pub sessions: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub name: String,
    pub groups: Vec<String>,
    pub held: Vec<Held>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: String,
    pub held: Vec<Held>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub name: String,
    pub trust: Value,
    pub held: Vec<Held>,
}

/// A policy at account scope, or at the scope of a resource group
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub policy: String,
    pub group: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    Account,
    User(String),
    Role(String),
    Group(String),
    Service(String),
}

/// The engine's set, and the documents of sessions beside it
pub struct Compiled {
    pub set: PolicySet,
    sessions: Vec<Arc<Document>>,
}

/// One question
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub who: Who,
    pub action: String,
    pub resource: String,
    pub group: Option<String>,
    pub context: BTreeMap<String, Vec<String>>,
    /// Places among the documents of sessions
    pub session: Vec<usize>,
    /// Judge caller and trust policy together
    pub is_assuming: bool,
}

impl World {
    /// What the engine makes of it; the error says which document or name it refused
    pub fn compile(&self) -> Result<Compiled, String> {
        Ok(Compiled {
            set: self.set()?,
            sessions: (self.sessions.iter())
                .map(|document| parse(document, DocumentKind::Identity))
                .collect::<Result<_, _>>()?,
        })
    }

    fn set(&self) -> Result<PolicySet, String> {
        let mut policies = BTreeMap::new();
        for (name, document) in &self.policies {
            policies.insert(name.as_str().into(), parse(document, DocumentKind::Identity)?);
        }
        let mut roles = Vec::new();
        for role in &self.roles {
            roles.push(RoleDefinition {
                name: role.name.clone(),
                trust: parse(&role.trust, DocumentKind::Trust)?,
                grants: grants(&role.held),
            });
        }
        PolicySet::compile(Definition {
            account_id: self.account.clone(),
            control_policies: self.control.clone(),
            policies,
            users: (self.users.iter())
                .map(|user| UserDefinition {
                    name: user.name.clone(),
                    groups: user.groups.clone(),
                    grants: grants(&user.held),
                })
                .collect(),
            groups: (self.groups.iter())
                .map(|group| GroupDefinition {
                    name: group.name.clone(),
                    grants: grants(&group.held),
                })
                .collect(),
            roles,
        })
        .map_err(|errors| format!("{errors:?}"))
    }

    /// Every document of the set, to change in place
    pub fn documents_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let trusts = self.roles.iter_mut().map(|role| &mut role.trust);
        (self.policies.values_mut())
            .chain(trusts)
            .chain(&mut self.sessions)
    }
}

/// A document as the engine reads it
pub fn parse(document: &Value, kind: DocumentKind) -> Result<Arc<Document>, String> {
    // many short lines: the reader counts the columns of every node from the start of its line
    let text = format!("{document:#}");
    match Document::parse(text.as_bytes(), kind) {
        Ok(parsed) => Ok(Arc::new(parsed.document)),
        Err(fault) => Err(format!("{fault:?} in {text}")),
    }
}

impl Compiled {
    /// The engine's answer
    pub fn decide(&self, ask: &Ask) -> Decision {
        self.put(ask, |set, request| match ask.is_assuming {
            true => set.decide_assume_role(request),
            false => set.decide(request),
        })
    }

    /// The engine's answer where it reads every statement
    pub fn scan(&self, ask: &Ask) -> Decision {
        self.put(ask, |set, request| {
            let trace = match ask.is_assuming {
                true => set.explain_assume_role(request),
                false => set.explain(request),
            };
            trace.decision
        })
    }

    fn put(&self, ask: &Ask, to: impl Fn(&PolicySet, &Request<'_>) -> Decision) -> Decision {
        let mut context = Context::new();
        for (key, values) in &ask.context {
            context.set_all(key.as_str(), values.clone());
        }
        let session: Vec<Arc<Document>> = (ask.session.iter())
            .map(|at| Arc::clone(&self.sessions[*at]))
            .collect();
        let request = Request {
            principal: &ask.who.principal(),
            action: &ask.action,
            resource: &ask.resource,
            resource_group: ask.group.as_deref(),
            context: &context,
            session: &session,
        };
        to(&self.set, &request)
    }
}

impl Who {
    pub fn principal(&self) -> Principal {
        let text = match self {
            Self::Account => "account".to_owned(),
            Self::User(name) => format!("user/{name}"),
            Self::Role(name) => format!("role/{name}"),
            Self::Group(name) => format!("group/{name}"),
            Self::Service(name) => format!("service/{name}"),
        };
        text.parse().unwrap()
    }
}

fn grants(held: &[Held]) -> Vec<Grant> {
    (held.iter())
        .map(|held| Grant {
            policy: held.policy.clone(),
            resource_group: held.group.clone(),
        })
        .collect()
}
