//! The cost of the advice in a denial, for a principal with one statement for each of many teams, and for policies that
//! make the search as long as possible. Run with `cargo bench --bench advice`.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up may panic")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use eci_calls::fix::{CallEvaluator, Search, search};
use eci_calls::{Account, Call, Operation};
use jiff::Timestamp;
use ram_policy::{Definition, Document, DocumentKind, Grant, PolicySet, Principal, UserDefinition};
use serde_json::{Value, json};

fn allow(condition: Value) -> Value {
    json!({"Effect": "Allow", "Action": "eci:*", "Resource": "*", "Condition": condition})
}

fn deny(condition: Value) -> Value {
    json!({"Effect": "Deny", "Action": "eci:*", "Resource": "*", "Condition": condition})
}

/// One user with these statements, 200 in each policy
fn set(statements: &[Value]) -> PolicySet {
    let document = |part: &[Value]| {
        let text = json!({"Version": "1", "Statement": part}).to_string();
        Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document
    };
    let parts = statements.chunks(200).enumerate();
    let policies: BTreeMap<_, _> = parts
        .map(|(at, part)| (format!("P{at}").into(), Arc::new(document(part))))
        .collect();
    let grant = |policy: &Arc<str>| Grant {
        policy: policy.to_string(),
        resource_group: None,
    };
    let user = UserDefinition {
        name: "u".to_owned(),
        grants: policies.keys().map(grant).collect(),
        ..UserDefinition::default()
    };
    PolicySet::compile(Definition {
        account_id: "1234567890123456".into(),
        policies,
        users: vec![user],
        ..Definition::default()
    })
    .unwrap()
}

fn bench(criterion: &mut Criterion) {
    let principal: Principal = "user/u".parse().unwrap();
    let account = Account {
        region: "cn-hangzhou".to_owned(),
        ..Account::default()
    };
    let call = Call::new(Operation::CreateContainerGroup);
    let now = Timestamp::now();
    const TEAM: &str = "acs:RequestTag/team";
    const ENV: &str = "acs:RequestTag/env";
    for count in [100, 400, 2_000] {
        let each = |statement: &dyn Fn(usize) -> Value| (0..count).map(statement).collect::<Vec<_>>();
        let team = |at| allow(json!({"StringEquals": {TEAM: format!("t{at}")}}));
        let both = |at| allow(json!({"StringEquals": {TEAM: format!("t{at}"), ENV: format!("e{at}")}}));
        let never = [
            deny(json!({"StringEquals": {"acs:RequestTag/team": "t0"}})),
            deny(json!({"StringNotEquals": {"acs:RequestTag/team": "t0"}})),
        ];
        let in_vain = [deny(json!({"StringLike": {TEAM: "t*"}}))];
        let with = |mut statements: Vec<Value>, more: &[Value]| {
            statements.extend_from_slice(more);
            statements
        };
        let pattern = |at| allow(json!({"StringLike": {TEAM: format!("t{at}-*"), ENV: format!("*e{at}*")}}));
        let number = |at| {
            allow(
                json!({"NumericLessThan": {TEAM: format!("-{at}")}, "NumericGreaterThan": {ENV: format!("{at}")}}),
            )
        };
        let except = |at| deny(json!({"StringNotEquals": {TEAM: format!("t{at}"), ENV: format!("e{at}")}}));
        let shapes = [
            ("a team each", each(&team)),
            ("a team and an environment each", each(&both)),
            ("no team at all", with(each(&team), &never)),
            ("no team and environment at all", with(each(&both), &never)),
            ("every team in vain", with(each(&team), &in_vain)),
            ("every team and environment in vain", with(each(&both), &in_vain)),
            ("every pattern in vain", with(each(&pattern), &in_vain)),
            (
                "every number in vain",
                with(each(&number), &[deny(json!({"StringLike": {TEAM: "-*"}}))]),
            ),
            ("patterns of both", with(each(&pattern), &never)),
            ("numbers of both", with(each(&number), &never)),
            (
                "denied but for one",
                with(each(&except), &[allow(json!({"StringLike": {TEAM: "*"}}))]),
            ),
        ];
        let mut group = criterion.benchmark_group(format!("{count} statements"));
        for (name, statements) in shapes {
            let set = set(&statements);
            let evaluator = CallEvaluator::new(&set, &account, &principal, &call, now).unwrap();
            let advise = || {
                search(
                    &evaluator,
                    &set,
                    std::slice::from_ref(&principal),
                    evaluator.desired(),
                )
            };
            let word = match advise() {
                Search::Found(_) => "found",
                Search::Nothing => "nothing",
                Search::GaveUp => "gave up",
            };
            group.bench_function(format!("{name}: {word}"), |bencher| {
                bencher.iter(|| black_box(advise()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
