//! Compares three engines in one run: may a principal create a container group with the tag env=test, or env=prod? Each
//! engine's decision is checked before it is measured.
//!
//! ```text
//! cargo bench --manifest-path benches/peers/Cargo.toml
//! RAMGATE_PEERS_MOST=200 cargo bench --manifest-path benches/peers/Cargo.toml -- --quick     # only smaller sets
//! ```

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use ramgate_peers::Size;
use ramgate_peers::cedar::Cedar;
use ramgate_peers::ram::Ram;
use ramgate_peers::rego::{Interpreter, Machine};

/// Numbers of principals, and of statements of each
const SIZES: [(usize, usize); 6] = [
    (1, 2),
    (1, 200),
    (1, 2_000),
    (1, 100_000),
    (1_000, 2),
    (1_000, 100),
];

/// From this number of statements, an engine without an index takes milliseconds, and ten samples must do
const LARGE: usize = 2_000;

fn bench(criterion: &mut Criterion) {
    let most = std::env::var("RAMGATE_PEERS_MOST").map_or(usize::MAX, |most| {
        most.parse()
            .expect("RAMGATE_PEERS_MOST is a number of statements")
    });
    for (principals, statements) in SIZES {
        let size = Size {
            principals,
            statements,
        };
        if size.total() > most {
            continue;
        }
        for (answer, env, allowed) in [("allowed", "test", true), ("denied", "prod", false)] {
            let mut group = criterion.benchmark_group(format!("{principals} x {statements}, {answer}"));
            if size.total() >= LARGE {
                group.sample_size(10).measurement_time(Duration::from_secs(3));
            }
            let ram = Ram::new(size, env);
            assert_eq!(ram.allows(), allowed);
            group.bench_function("ramgate", |bencher| bencher.iter(|| ram.allows()));
            drop(ram);
            let cedar = Cedar::new(size, env);
            assert_eq!(cedar.allows(), allowed);
            group.bench_function("cedar-policy", |bencher| bencher.iter(|| cedar.allows()));
            drop(cedar);
            let mut rego = Interpreter::new(size, env);
            assert_eq!(rego.allows(), allowed);
            group.bench_function("regorus, interpreter", |bencher| bencher.iter(|| rego.allows()));
            drop(rego);
            for (name, make) in [
                ("list", Machine::listed as fn(Size, &str) -> Machine),
                ("index", Machine::indexed),
            ] {
                let mut rego = make(size, env);
                assert_eq!(rego.allows(), allowed);
                group.bench_function(format!("regorus, machine, {name}"), |bencher| {
                    bencher.iter(|| rego.allows())
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
