//! The cost of a decision: for a single principal with six statements, for one of ten thousand principals, and for one
//! with up to a hundred thousand statements. Run with `cargo bench --bench decide`.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    unreachable_pub,
    reason = "a bench that cannot be set up may panic"
)]

#[path = "instructions/set.rs"]
mod own;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use ram_policy::{
    Context, Definition, Document, DocumentKind, Grant, Outcome, PolicySet, Principal, Request,
    UserDefinition,
};

/// A policy of one user with this number of statements, half of which cover the action of the request
fn policies(user: usize, statements: usize) -> String {
    let each = (0..statements).map(|at| match at % 2 {
        0 => format!(
            r#"{{"Effect": "Allow", "Action": ["eci:Describe*", "eci:List*"], "Resource": "acs:eci:*:*:containergroup/u{user}-{at}-*"}}"#
        ),
        _ => format!(
            r#"{{"Effect": "Allow", "Action": "eci:Create*", "Resource": "*", "Condition": {{"StringEquals": {{"acs:RequestTag/env": "e{}"}}}}}}"#,
            statements - at
        ),
    });
    format!(
        r#"{{"Version": "1", "Statement": [{}]}}"#,
        each.collect::<Vec<_>>().join(",")
    )
}

/// A set of this number of users, each with a policy of its own
fn set(users: usize, statements: usize) -> PolicySet {
    let name = |user: usize| format!("P{user}");
    let document = |user| {
        Document::parse(policies(user, statements).as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document
    };
    PolicySet::compile(Definition {
        account_id: "1234567890123456".into(),
        policies: (0..users)
            .map(|user| (name(user).into(), Arc::new(document(user))))
            .collect::<BTreeMap<_, _>>(),
        users: (0..users)
            .map(|user| UserDefinition {
                name: format!("u{user}"),
                grants: vec![Grant {
                    policy: name(user),
                    resource_group: None,
                }],
                ..UserDefinition::default()
            })
            .collect(),
        ..Definition::default()
    })
    .unwrap()
}

fn bench(criterion: &mut Criterion) {
    let mut context = Context::new();
    context.set("acs:RequestTag/env", "e1");
    context.set("acs:CurrentTime", "2026-11-22T08:00:00Z");
    let denied = Context::new();
    for (users, statements) in [(1, 6), (1_000, 6), (10_000, 10)] {
        let set = set(users, statements);
        let principal: Principal = format!("user/u{}", users / 2).parse().unwrap();
        let mut group = criterion.benchmark_group(format!("{users} principals x {statements} statements"));
        for (name, context) in [("allow", &context), ("implicit deny, explained", &denied)] {
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    set.decide(black_box(&Request {
                        principal: &principal,
                        action: "eci:CreateContainerGroup",
                        resource: "acs:eci:cn-hangzhou:1234567890123456:containergroup/*",
                        resource_group: Some("rg-default1"),
                        context,
                        session: &[],
                    }))
                });
            });
        }
        group.finish();
    }
}

fn own_statements(criterion: &mut Criterion) {
    let principal: Principal = "user/u".parse().unwrap();
    let mut group = criterion.benchmark_group("statements of the principal's own");
    for statements in [10, 100, 1_000, 10_000, 100_000] {
        let set = own::set(statements);
        let mut context = Context::new();
        context.set("acs:CurrentTime", "2026-11-22T08:00:00Z");
        let mut allowed = context.clone();
        allowed.set("acs:RequestTag/env", own::tag(statements / 4 * 2));
        for (name, context) in [("allow", &allowed), ("implicit deny, explained", &context)] {
            let request = Request {
                principal: &principal,
                action: "eci:CreateContainerGroup",
                resource: "acs:eci:cn-hangzhou:1234567890123456:containergroup/*",
                resource_group: Some("rg-default1"),
                context,
                session: &[],
            };
            assert_eq!(set.decide(&request).outcome == Outcome::Allow, name == "allow");
            group.bench_function(format!("{name}, {statements}"), |bencher| {
                bencher.iter(|| set.decide(black_box(&request)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench, own_statements);
criterion_main!(benches);
