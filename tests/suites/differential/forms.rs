//! One policy set in two forms, of which both must decide alike: found through the index or read statement by statement,
//! as it was written or as it prints.

use std::collections::BTreeMap;

use ram_policy::{DocumentKind, Outcome};

use crate::SEEDS;
use crate::compare;
use crate::disputed;
use crate::generate;
use crate::naive::Verdict;
use crate::random::Random;
use crate::world::{self, Ask, Compiled, World};

/// Sets and requests put to each; a large set has some thousand statements, all of which are read for every request
const SMALL: (usize, usize) = (300, 60);
const LARGE: (usize, usize) = (18, 150);

#[test]
fn the_compiled_set_equals_the_scan() {
    each(SMALL, generate::world, is_scanned_alike);
}

#[test]
fn a_large_compiled_set_equals_the_scan() {
    each(LARGE, generate::large_world, is_scanned_alike);
}

#[test]
fn a_large_compiled_set_equals_the_naive_evaluator() {
    each(LARGE, generate::large_world, |_| {
        |world: &World, compiled: &Compiled, ask: &Ask| {
            let verdict = Verdict::of(world, ask);
            if disputed::point(world, ask).is_none() {
                assert_eq!(
                    compare::difference(&verdict, compiled, world, ask),
                    None,
                    "{ask:#?}"
                );
            }
        }
    });
}

#[test]
fn a_document_printed_and_parsed_again_decides_the_same() {
    each(SMALL, generate::world, |world| {
        let again = printed(world).compile().unwrap();
        move |_: &World, compiled: &Compiled, ask: &Ask| {
            assert_eq!(again.decide(ask), compiled.decide(ask), "{ask:#?}");
        }
    });
}

fn is_scanned_alike(_: &World) -> impl Fn(&World, &Compiled, &Ask) + use<> {
    |_, compiled, ask| assert_eq!(compiled.scan(ask), compiled.decide(ask), "{ask:#?}")
}

/// Puts requests to generated sets; every outcome must be seen, else nothing is proven
fn each<F: Fn(&World, &Compiled, &Ask)>(
    (sets, asks): (usize, usize),
    generate: impl Fn(&mut Random) -> World,
    check: impl Fn(&World) -> F,
) {
    let mut seen: BTreeMap<Outcome, usize> = BTreeMap::new();
    for seed in SEEDS {
        let mut random = Random::new(*seed);
        for _ in 0..sets / SEEDS.len() {
            let world = generate(&mut random);
            let compiled = world.compile().unwrap();
            let check = check(&world);
            for _ in 0..asks {
                let ask = generate::ask(&mut random, &world);
                check(&world, &compiled, &ask);
                *seen.entry(compiled.decide(&ask).outcome).or_default() += 1;
            }
        }
    }
    println!("{seen:?}");
    for outcome in [Outcome::Allow, Outcome::ImplicitDeny, Outcome::ExplicitDeny] {
        let count = seen.get(&outcome).copied().unwrap_or_default();
        assert!(count * 20 > sets * asks, "{outcome} is seen {count} times");
    }
}

/// The set with every document as the engine prints it
fn printed(world: &World) -> World {
    let mut printed = world.clone();
    let trusting = printed.policies.len()..printed.policies.len() + printed.roles.len();
    for (at, document) in printed.documents_mut().enumerate() {
        let kind = match trusting.contains(&at) {
            true => DocumentKind::Trust,
            false => DocumentKind::Identity,
        };
        *document = world::parse(document, kind).unwrap().to_json();
    }
    printed
}
