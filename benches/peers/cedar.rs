//! Cedar: one policy for each statement, parsed once. A request has a context but no entities, because there is no
//! hierarchy here.

use std::str::FromStr;

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use serde_json::json;

use crate::{ACTION, Size, principal};

/// A parsed set, and a request
pub struct Cedar {
    authorizer: Authorizer,
    set: PolicySet,
    entities: Entities,
    request: Request,
}

impl Cedar {
    /// The engine, and a request with this value of the tag
    pub fn new(size: Size, env: &str) -> Self {
        let mut text = String::new();
        for number in 0..size.principals {
            let name = principal(number);
            for (action, env) in size.statements() {
                text += &format!(
                    "permit(principal == User::\"{name}\", action == Action::\"{action}\", resource)\n\
                     when {{ context.tags has env && context.tags.env == \"{env}\" }};\n"
                );
            }
        }
        let uid = |kind: &str, id: &str| EntityUid::from_str(&format!("{kind}::\"{id}\"")).unwrap();
        let context = Context::from_json_value(json!({"tags": {"env": env}}), None).unwrap();
        Self {
            authorizer: Authorizer::new(),
            set: PolicySet::from_str(&text).unwrap(),
            entities: Entities::empty(),
            request: Request::new(
                uid("User", &size.asking()),
                uid("Action", ACTION),
                uid("ContainerGroup", "*"),
                context,
                None,
            )
            .unwrap(),
        }
    }

    /// Whether the request is allowed
    pub fn allows(&self) -> bool {
        let response = self
            .authorizer
            .is_authorized(&self.request, &self.set, &self.entities);
        response.decision() == Decision::Allow
    }
}
