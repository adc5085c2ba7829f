//! The cost of loading a configuration: 10,000 policy documents of ten statements each, parsed and compiled into one set
//! with one user for each. Run with `cargo bench --bench compile`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot be set up may panic"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ram_policy::{Definition, Document, DocumentKind, Grant, PolicySet, UserDefinition};
use serde_json::{Value, json};

const DOCUMENTS: usize = 10_000;
const STATEMENTS: usize = 10;

/// A typical document: read everything, create with a tag, change resources with the tag, pass a role
fn document(number: usize) -> String {
    let statement = |at: usize| match at % 4 {
        0 => json!({"Effect": "Allow", "Action": ["eci:Describe*", "eci:List*"], "Resource": "*"}),
        1 => json!({"Effect": "Allow", "Action": "eci:Create*", "Resource": "*",
            "Condition": {"StringEquals": {"acs:RequestTag/team": format!("t{number}")}}}),
        2 => {
            json!({"Effect": "Allow", "Action": ["eci:Update*", "eci:Delete*"], "Resource": "acs:eci:*:*:containergroup/*",
            "Condition": {"StringEquals": {"acs:ResourceTag/team": format!("t{number}")}}})
        }
        _ => {
            json!({"Effect": "Allow", "Action": "ram:PassRole", "Resource": format!("acs:ram:*:*:role/r{number}-{at}")})
        }
    };
    let statements: Vec<Value> = (0..STATEMENTS).map(statement).collect();
    json!({"Version": "1", "Statement": statements}).to_string()
}

fn read(texts: &[String]) -> BTreeMap<Arc<str>, Arc<Document>> {
    let parse = |text: &String| {
        Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document
    };
    (texts.iter().enumerate())
        .map(|(number, text)| (format!("P{number}").into(), Arc::new(parse(text))))
        .collect()
}

fn definition(policies: BTreeMap<Arc<str>, Arc<Document>>) -> Definition {
    let user = |number: usize| UserDefinition {
        name: format!("u{number}"),
        grants: vec![Grant {
            policy: format!("P{number}"),
            resource_group: None,
        }],
        ..UserDefinition::default()
    };
    Definition {
        account_id: "1234567890123456".into(),
        users: (0..policies.len()).map(user).collect(),
        policies,
        ..Definition::default()
    }
}

fn bench(criterion: &mut Criterion) {
    let texts: Vec<String> = (0..DOCUMENTS).map(document).collect();
    let mut group = criterion.benchmark_group(format!("{DOCUMENTS} documents of {STATEMENTS} statements"));
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("read", |bencher| bencher.iter(|| read(black_box(&texts))));
    group.bench_function("compile", |bencher| {
        let documents = read(&texts);
        let fresh = || definition(documents.clone());
        bencher.iter_batched(
            fresh,
            |definition| PolicySet::compile(definition).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("compile after a change of one", |bencher| {
        let mut documents = read(&texts);
        let earlier = PolicySet::compile(definition(documents.clone())).unwrap();
        documents.extend(read(&texts[..1]));
        let fresh = || definition(documents.clone());
        bencher.iter_batched(
            fresh,
            |definition| PolicySet::compile_after(definition, Some(&earlier)).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("read and compile", |bencher| {
        bencher.iter(|| PolicySet::compile(definition(read(black_box(&texts)))).unwrap());
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
