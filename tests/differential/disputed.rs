//! Points on which the engine and this reading of the specification differ, and which await a decision. Pairs that touch
//! one are set aside, counted, and never many.

use crate::naive::{self, CONTROL, EXPLICIT, IMPLICIT, SESSION};
use crate::world::{Ask, Who, World};

/// The point that the pair touches, in words
pub fn point(world: &World, ask: &Ask) -> Option<&'static str> {
    if ask.is_assuming && ask.who == Who::Account {
        return Some("the account assumes a role: the root bypasses, or the trust policy must allow");
    }
    if ask.is_assuming && naive::trust(world, ask).outcome == EXPLICIT {
        let own = naive::decide(world, ask);
        if own.outcome == IMPLICIT && [CONTROL, SESSION].contains(&own.layer) {
            return Some("control or session policy stops in silence, or the trust policy's deny is heard");
        }
    }
    if has_mixed_list(world, ask) {
        return Some(
            "a list of request values of which the operator reads some: one by one, or all or nothing",
        );
    }
    None
}

fn has_mixed_list(world: &World, ask: &Ask) -> bool {
    let lists: Vec<(&String, &Vec<String>)> = ask
        .context
        .iter()
        .filter(|(_, values)| values.len() > 1)
        .collect();
    if lists.is_empty() {
        return false;
    }
    let trusts = world.roles.iter().map(|role| &role.trust);
    let documents = world.policies.values().chain(&world.sessions).chain(trusts);
    let statements = documents.flat_map(|document| document["Statement"].as_array().unwrap());
    (statements.flat_map(naive::conditions)).any(|(operator, key, _)| {
        let found = lists.iter().find(|(of, _)| **of == key);
        found.is_some_and(|(_, values)| {
            let readable = values.iter().filter(|value| naive::is_readable(&operator, value));
            (1..values.len()).contains(&readable.count())
        })
    })
}
