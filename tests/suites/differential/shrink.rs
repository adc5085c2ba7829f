//! Makes a counterexample small: drops one part after another while the two still disagree.

use serde_json::Value;

use crate::compare;
use crate::disputed;
use crate::naive::Verdict;
use crate::world::{Ask, World};

/// The smallest pair found, and what it disagrees on
pub fn shrink(mut world: World, mut ask: Ask) -> (World, Ask, String) {
    let mut said = differ(&world, &ask).unwrap_or_else(|| "nothing: it vanished when repeated".into());
    let mut at = 0;
    let mut since_last = 0;
    let mut smaller = candidates(&world, &ask);
    // once round all parts without a success is the end
    while !smaller.is_empty() && since_last < smaller.len() {
        at %= smaller.len();
        let (next_world, next_ask) = smaller[at].clone();
        match differ(&next_world, &next_ask) {
            Some(still) => {
                (world, ask, said, since_last) = (next_world, next_ask, still, 0);
                smaller = candidates(&world, &ask);
            }
            None => (at, since_last) = (at + 1, since_last + 1),
        }
    }
    (world, ask, said)
}

/// A pair the engine refuses to read is no counterexample
fn differ(world: &World, ask: &Ask) -> Option<String> {
    if disputed::point(world, ask).is_some() {
        return None;
    }
    compare::difference(&Verdict::of(world, ask), &world.compile().ok()?, world, ask)
}

fn candidates(world: &World, ask: &Ask) -> Vec<(World, Ask)> {
    let mut found = Vec::new();
    let mut with_world = |change: &dyn Fn(&mut World)| {
        let mut smaller = world.clone();
        change(&mut smaller);
        if smaller != *world {
            found.push((smaller, ask.clone()));
        }
    };
    with_world(&|world| world.control.clear());
    for at in 0..world.control.len() {
        with_world(&|world| {
            world.control.remove(at);
        });
    }
    for at in 0..world.users.len() {
        with_world(&|world| {
            world.users.remove(at);
        });
        with_world(&|world| world.users[at].groups.clear());
        for held in 0..world.users[at].held.len() {
            with_world(&|world| {
                world.users[at].held.remove(held);
            });
        }
    }
    for at in 0..world.groups.len() {
        for held in 0..world.groups[at].held.len() {
            with_world(&|world| {
                world.groups[at].held.remove(held);
            });
        }
    }
    for at in 0..world.roles.len() {
        with_world(&|world| {
            world.roles.remove(at);
        });
        for held in 0..world.roles[at].held.len() {
            with_world(&|world| {
                world.roles[at].held.remove(held);
            });
        }
    }
    for name in world.policies.keys() {
        with_world(&|world| {
            world.policies.remove(name);
        });
    }
    let documents = world.clone().documents_mut().count();
    for document in 0..documents {
        let original = world.clone().documents_mut().nth(document).unwrap().clone();
        for smaller in without_one(&original) {
            with_world(&|world| *world.documents_mut().nth(document).unwrap() = smaller.clone());
        }
    }
    found.extend(smaller_asks(ask).into_iter().map(|ask| (world.clone(), ask)));
    found
}

fn smaller_asks(ask: &Ask) -> Vec<Ask> {
    let mut found = Vec::new();
    for (key, values) in &ask.context {
        let mut smaller = ask.clone();
        smaller.context.remove(key);
        found.push(smaller);
        for at in 0..values.len().saturating_sub(1) {
            let mut smaller = ask.clone();
            smaller.context.get_mut(key).unwrap().remove(at);
            found.push(smaller);
        }
    }
    if ask.group.is_some() {
        found.push(Ask {
            group: None,
            ..ask.clone()
        });
    }
    for at in 0..ask.session.len() {
        let mut smaller = ask.clone();
        smaller.session.remove(at);
        found.push(smaller);
    }
    found
}

/// The value with one element or one member, at any depth, taken away
fn without_one(value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Array(list) => {
            for at in 0..list.len() {
                let mut smaller = list.clone();
                smaller.remove(at);
                found.push(smaller.into());
                for inner in without_one(&list[at]) {
                    let mut smaller = list.clone();
                    smaller[at] = inner;
                    found.push(smaller.into());
                }
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let mut smaller = members.clone();
                smaller.remove(key);
                found.push(smaller.into());
                for inner in without_one(member) {
                    let mut smaller = members.clone();
                    smaller.insert(key.clone(), inner);
                    found.push(smaller.into());
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}
