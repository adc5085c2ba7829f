//! Decides one question a number of times, for counting instructions from outside; see `count.sh` beside it.
//!
//! `instructions STATEMENTS TIMES allow|deny`: the principal holds so many statements, half of which allow the action for
//! another value of a tag, half something else.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a bench that cannot be set up may panic"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use ramgate::ram::{
    Context, Definition, Document, DocumentKind, Grant, Outcome, PolicySet, Principal, Request,
    UserDefinition,
};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    // Without arguments it is run by `cargo bench`, which has nothing to count with
    let (Some(statements), Some(times), Some(answer)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return;
    };
    let (statements, times): (usize, usize) = (statements.parse().unwrap(), times.parse().unwrap());
    let set = set(statements);
    let principal: Principal = "user/u".parse().unwrap();
    let mut context = Context::new();
    context.set("acs:CurrentTime", "2026-11-22T08:00:00Z");
    if answer == "allow" {
        context.set("acs:RequestTag/env", format!("e{:06}", statements / 4 * 2));
    }
    let request = Request {
        principal: &principal,
        action: "eci:CreateContainerGroup",
        resource: "acs:eci:cn-hangzhou:1234567890123456:containergroup/*",
        resource_group: Some("rg-default1"),
        context: &context,
        session: &[],
    };
    for _ in 0..times {
        let decision = black_box(set.decide(black_box(&request)));
        assert_eq!(decision.outcome == Outcome::Allow, answer == "allow");
    }
}

fn set(statements: usize) -> PolicySet {
    let each = |at: usize| match at % 2 {
        0 => format!(
            r#"{{"Effect": "Allow", "Action": "eci:CreateContainerGroup", "Resource": "*", "Condition": {{"StringEquals": {{"acs:RequestTag/env": "e{at:06}"}}}}}}"#
        ),
        _ => format!(r#"{{"Effect": "Allow", "Action": "eci:Action{at}", "Resource": "*"}}"#),
    };
    let mut policies: BTreeMap<String, Arc<Document>> = BTreeMap::new();
    for first in (0..statements).step_by(100) {
        let some = (first..statements.min(first + 100)).map(each);
        let text = format!(
            r#"{{"Version": "1", "Statement": [{}]}}"#,
            some.collect::<Vec<_>>().join(",")
        );
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        policies.insert(format!("P{first:06}"), Arc::new(parsed.document));
    }
    let grants = policies.keys().map(|policy| Grant {
        policy: policy.clone(),
        resource_group: None,
    });
    PolicySet::compile(Definition {
        account_id: "1234567890123456".into(),
        users: vec![UserDefinition {
            name: "u".into(),
            grants: grants.collect(),
            ..UserDefinition::default()
        }],
        policies,
        ..Definition::default()
    })
    .unwrap()
}
