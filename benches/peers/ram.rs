//! ramgate: documents of a hundred statements, compiled into a set once.

use std::collections::BTreeMap;
use std::sync::Arc;

use ram_policy::{
    Context, Definition, Document, DocumentKind, Grant, Outcome, PolicySet, Principal, Request,
    UserDefinition,
};
use serde_json::{Value, json};

use crate::{ACTION, Size, principal};

/// The statements of one document, which may have at most 64 KiB
const STATEMENTS: usize = 100;

/// A compiled set, and a request
pub struct Ram {
    set: PolicySet,
    principal: Principal,
    context: Context,
}

impl Ram {
    /// The engine, and a request with this value of the tag
    pub fn new(size: Size, env: &str) -> Self {
        let mut policies = BTreeMap::new();
        let mut users = Vec::new();
        for number in 0..size.principals {
            let name = principal(number);
            let mut grants = Vec::new();
            let statements: Vec<Value> = size
                .statements()
                .map(|(action, env)| {
                    json!({"Effect": "Allow", "Action": action, "Resource": "*",
                        "Condition": {"StringEquals": {"acs:RequestTag/env": env}}})
                })
                .collect();
            for (at, statements) in statements.chunks(STATEMENTS).enumerate() {
                let text = json!({"Version": "1", "Statement": statements}).to_string();
                let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
                let policy = format!("{name}-{at}");
                policies.insert(policy.as_str().into(), Arc::new(parsed.document));
                grants.push(Grant {
                    policy,
                    resource_group: None,
                });
            }
            users.push(UserDefinition {
                name,
                groups: Vec::new(),
                grants,
            });
        }
        let definition = Definition {
            account_id: "1234567890123456".into(),
            policies,
            users,
            ..Definition::default()
        };
        let mut context = Context::new();
        context.set("acs:RequestTag/env", env);
        Self {
            set: PolicySet::compile(definition).unwrap(),
            principal: format!("user/{}", size.asking()).parse().unwrap(),
            context,
        }
    }

    /// Whether the request is allowed
    pub fn allows(&self) -> bool {
        let decision = self.set.decide(&Request {
            principal: &self.principal,
            action: ACTION,
            resource: "acs:eci:cn-hangzhou:1234567890123456:containergroup/*",
            resource_group: None,
            context: &self.context,
            session: &[],
        });
        decision.outcome == Outcome::Allow
    }
}
