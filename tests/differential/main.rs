//! The engine held against an evaluator written from the specification alone: they must say the same of a million
//! generated pairs of policy set and request.
//!
//! ```text
//! seed -> World, Ask -> engine (text -> Document -> PolicySet -> Decision)   naive (JSON -> Verdict)   -> same?
//! ```
//!
//! `RAMGATE_SEED` runs one other seed, `RAMGATE_PAIRS` another number of pairs in all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    unreachable_pub,
    reason = "tests"
)]

mod compare;
mod disputed;
mod generate;
mod naive;
mod random;
mod shrink;
mod world;

use std::collections::BTreeMap;

use random::Random;

/// A CI run's share of pairs, and the seeds that share it
const PAIRS: usize = 1_000_000;
const SEEDS: &[u64] = &[1, 2, 3, 2026, 77, 0xeca];

/// Requests put to one set: reading and compiling it costs as much as some of them
const ASKS: usize = 40;

#[test]
fn the_engine_and_the_naive_evaluator_agree() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let (seeds, pairs) = widths(PAIRS);
    for seed in &seeds {
        let mut random = Random::new(*seed);
        for _ in 0..pairs.div_ceil(seeds.len() * ASKS) {
            let world = generate::world(&mut random);
            let set = world
                .compile()
                .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            for _ in 0..ASKS {
                let ask = generate::ask(&mut random, &world);
                if let Some(point) = disputed::point(&world, &ask) {
                    *seen.entry(format!("set aside: {point}")).or_default() += 1;
                    continue;
                }
                if compare::difference(&set, &world, &ask).is_some() {
                    let (world, ask, said) = shrink::shrink(world, ask);
                    panic!("seed {seed}: {said}\n{world:#?}\n{ask:#?}");
                }
                let verdict = compare::verdict(&world, &ask);
                *seen
                    .entry(format!("{} {}", verdict.outcome, verdict.layer))
                    .or_default() += 1;
            }
        }
    }
    println!("{seen:#?}");
}

/// The seeds and the number of pairs to run, from the environment or as given
fn widths(pairs: usize) -> (Vec<u64>, usize) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = number("RAMGATE_SEED").map_or(SEEDS.to_vec(), |seed| vec![seed]);
    (
        seeds,
        number("RAMGATE_PAIRS").map_or(pairs, |pairs| pairs as usize),
    )
}
