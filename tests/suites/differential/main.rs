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

mod calls;
mod compare;
mod disputed;
mod forms;
mod generate;
mod laws;
mod naive;
mod random;
mod shrink;
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use compare::Tally;
use naive::{ACCOUNT_LEVEL, ALLOW, CONTROL, EXPLICIT, GROUP_LEVEL, IMPLICIT, ROOT, SESSION, TRUST, Verdict};
use random::Random;

/// A CI run's share of pairs, and the seeds that share it
const PAIRS: usize = 1_000_000;
const SEEDS: &[u64] = &[1, 2, 3, 77, 2026, 0xec1];

/// Requests put to one set: reading and compiling it costs as much as judging some of them
const ASKS: usize = 300;

/// Set by the first counterexample, which is shrunk while the other seeds stop
static FOUND: AtomicBool = AtomicBool::new(false);

#[test]
fn the_engine_and_the_naive_evaluator_agree() {
    let tally = sweep(PAIRS, |seed, pairs| {
        let mut random = Random::new(seed);
        let mut tally = Tally::new();
        for _ in 0..pairs.div_ceil(ASKS) {
            if !FOUND.load(Ordering::Relaxed) {
                compare_one_set(seed, &mut random, &mut tally);
            }
        }
        tally
    });
    compare::show(&tally);
    disputed::is_small(&tally);
    is_varied(&tally);
}

fn compare_one_set(seed: u64, random: &mut Random, tally: &mut Tally) {
    let world = generate::world(random);
    let compiled = (world.compile()).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    for _ in 0..ASKS {
        let ask = generate::ask(random, &world);
        let verdict = Verdict::of(&world, &ask);
        let difference = compare::difference(&verdict, &compiled, &world, &ask);
        if let Some(point) = disputed::point(&world, &ask) {
            disputed::count(tally, point, difference.is_some());
            continue;
        }
        if difference.is_some() {
            if FOUND.swap(true, Ordering::Relaxed) {
                return;
            }
            let (world, ask, said) = shrink::shrink(world, ask);
            panic!("seed {seed}: {said}\n{world:#?}\n{ask:#?}");
        }
        *tally.entry((verdict.outcome, verdict.layer)).or_default() += 1;
    }
}

/// Every outcome of every layer is seen often: else the agreement means nothing
fn is_varied(tally: &Tally) {
    let all: usize = tally.values().sum();
    let layers = [CONTROL, SESSION, TRUST, ACCOUNT_LEVEL, GROUP_LEVEL];
    let denials = layers
        .iter()
        .flat_map(|layer| [(IMPLICIT, *layer), (EXPLICIT, *layer)]);
    let allowances = [ROOT, TRUST, ACCOUNT_LEVEL, GROUP_LEVEL].map(|layer| (ALLOW, layer));
    for kind in denials.chain(allowances) {
        let seen = tally.get(&kind).copied().unwrap_or_default();
        assert!(seen * 200 > all, "{kind:?} is seen {seen} times in {all}");
    }
}

/// Runs each seed's share of the pairs on a thread of its own and adds up what they saw
fn sweep(pairs: usize, run: impl Fn(u64, usize) -> Tally + Sync) -> Tally {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = number("RAMGATE_SEED").map_or(SEEDS.to_vec(), |seed| vec![seed]);
    let pairs = number("RAMGATE_PAIRS").map_or(pairs, |pairs| pairs as usize);
    let share = pairs.div_ceil(seeds.len());
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (seeds.iter().copied())
            .map(|seed| scope.spawn(move || run(seed, share)))
            .collect();
        (threads.into_iter())
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    let mut all = BTreeMap::new();
    for (kind, count) in tallies.into_iter().flatten() {
        *all.entry(kind).or_default() += count;
    }
    all
}
