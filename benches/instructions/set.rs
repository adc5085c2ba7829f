//! A set of one user with many statements: half allow the action for one value of a tag each, half other actions.

use std::collections::BTreeMap;
use std::sync::Arc;

use ram_policy::{Definition, Document, DocumentKind, Grant, PolicySet, UserDefinition};

/// The value of the tag that a statement with an even number requires
pub fn tag(at: usize) -> String {
    format!("e{at:06}")
}

/// User `u` with this number of statements, 100 in each policy
pub fn set(statements: usize) -> PolicySet {
    let each = |at: usize| match at % 2 {
        0 => format!(
            r#"{{"Effect": "Allow", "Action": "eci:CreateContainerGroup", "Resource": "*", "Condition": {{"StringEquals": {{"acs:RequestTag/env": "{}"}}}}}}"#,
            tag(at)
        ),
        _ => format!(r#"{{"Effect": "Allow", "Action": "eci:Action{at}", "Resource": "*"}}"#),
    };
    let mut policies: BTreeMap<Arc<str>, Arc<Document>> = BTreeMap::new();
    for first in (0..statements).step_by(100) {
        let some = (first..statements.min(first + 100)).map(each);
        let text = format!(
            r#"{{"Version": "1", "Statement": [{}]}}"#,
            some.collect::<Vec<_>>().join(",")
        );
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        policies.insert(format!("P{first:06}").into(), Arc::new(parsed.document));
    }
    let grants = policies.keys().map(|policy| Grant {
        policy: policy.to_string(),
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
