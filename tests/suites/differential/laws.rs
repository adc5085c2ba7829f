//! Laws that hold for every policy set, whatever a request asks: they need no evaluator to compare with.

use serde_json::{Value, json};

use crate::SEEDS;
use crate::generate::{self, GROUPS, Kind};
use crate::random::Random;
use crate::world::{Ask, Held, Who, World};

/// Policy sets a law is tried on, and the requests put to each before and after the change
const SETS: usize = 240;
const ASKS: usize = 60;

/// What a change may do to a request that was allowed, or was not
#[derive(Clone, Copy, Debug, PartialEq)]
enum May {
    OnlyLose,
    OnlyGain,
    ChangeNothing,
}

#[test]
fn adding_a_deny_never_allows_more() {
    holds("deny added", true, |random, world| {
        add(random, world, "Deny");
        May::OnlyLose
    });
}

#[test]
fn adding_an_allow_never_denies_more() {
    holds("allow added", true, |random, world| {
        add(random, world, "Allow");
        May::OnlyGain
    });
}

#[test]
fn order_is_irrelevant() {
    holds("order changed", false, |random, world| {
        reorder(random, world);
        May::ChangeNothing
    });
}

#[test]
fn widening_a_wildcard_is_monotone() {
    holds("wildcard widened", true, widen);
}

#[test]
fn duplicating_is_irrelevant() {
    holds("duplicated", false, |random, world| {
        duplicate(random, world);
        May::ChangeNothing
    });
}

#[test]
fn the_root_is_never_denied() {
    for seed in SEEDS {
        let mut random = Random::new(*seed);
        for _ in 0..SETS / SEEDS.len() {
            let world = generate::world(&mut random);
            let compiled = world.compile().unwrap();
            for _ in 0..ASKS {
                let ask = Ask {
                    who: Who::Account,
                    is_assuming: false,
                    session: Vec::new(),
                    ..generate::ask(&mut random, &world)
                };
                let decision = compiled.decide(&ask);
                assert_eq!(
                    format!("{} {}", decision.outcome, decision.policy_type),
                    "Allow Root",
                    "seed {seed}\n{world:#?}\n{ask:#?}"
                );
            }
        }
    }
}

/// Tries one change on many sets; a law that says `may` must also be seen to do it, else it proves nothing
fn holds(law: &str, must_matter: bool, change: impl Fn(&mut Random, &mut World) -> May) {
    let (mut tried, mut mattered) = (0, 0);
    for seed in SEEDS {
        let mut random = Random::new(*seed);
        for _ in 0..SETS / SEEDS.len() {
            let before = generate::world(&mut random);
            let mut after = before.clone();
            let may = change(&mut random, &mut after);
            let (old, new) = (before.compile().unwrap(), after.compile().unwrap());
            for _ in 0..ASKS {
                let aimed_at = if random.chance(50) { &before } else { &after };
                let ask = generate::ask(&mut random, aimed_at);
                // What all members of a group hold is put into the group, which is news to whoever is bound to the group
                if law == "duplicated" && matches!(ask.who, Who::Group(_)) {
                    continue;
                }
                let (was, is) = (old.decide(&ask), new.decide(&ask));
                let (was, is) = (
                    format!("{} {}", was.outcome, was.policy_type),
                    format!("{} {}", is.outcome, is.policy_type),
                );
                let (allowed, allows) = (was.starts_with("Allow"), is.starts_with("Allow"));
                let is_kept = match may {
                    May::OnlyLose => allowed || !allows,
                    May::OnlyGain => allows || !allowed,
                    May::ChangeNothing => was == is,
                };
                assert!(
                    is_kept,
                    "{law}, seed {seed}: it {may:?}, and {was} became {is}\n{before:#?}\n{after:#?}\n{ask:#?}"
                );
                tried += 1;
                mattered += usize::from(allowed != allows);
            }
        }
    }
    println!("{law}: {tried} pairs, {mattered} changed");
    assert!(
        !must_matter || mattered * 200 > tried,
        "{law}: {mattered} of {tried} pairs changed"
    );
}

/// A statement more in every document, and a policy more with everybody
fn add(random: &mut Random, world: &mut World, effect: &str) {
    let trusting = world.policies.len()..world.policies.len() + world.roles.len();
    for (at, document) in world.documents_mut().enumerate() {
        let kind = match trusting.contains(&at) {
            true => Kind::Trust,
            false => Kind::Identity,
        };
        let statement = statement(random, kind, effect);
        let list = statements(document);
        list.insert(random.below(list.len() + 1), statement);
    }
    let added = json!({"Version": "1", "Statement": [statement(random, Kind::Identity, effect)]});
    world.policies.insert("Added".into(), added);
    let held = (world.users.iter_mut().map(|user| &mut user.held))
        .chain(world.groups.iter_mut().map(|group| &mut group.held))
        .chain(world.roles.iter_mut().map(|role| &mut role.held));
    for held in held {
        held.push(Held {
            policy: "Added".into(),
            group: random.chance(50).then(|| random.word(GROUPS).into()),
        });
    }
    if let Some(level) = world.control.first_mut() {
        level.push("Added".into());
    }
}

fn statement(random: &mut Random, kind: Kind, effect: &str) -> Value {
    let mut statement = generate::document(random, kind)["Statement"][0].take();
    statement["Effect"] = effect.into();
    statement
}

fn reorder(random: &mut Random, world: &mut World) {
    world
        .documents_mut()
        .for_each(|document| shuffled(random, document));
    for level in &mut world.control {
        random.shuffle(level);
    }
    for user in &mut world.users {
        random.shuffle(&mut user.held);
        random.shuffle(&mut user.groups);
    }
    for group in &mut world.groups {
        random.shuffle(&mut group.held);
    }
    for role in &mut world.roles {
        random.shuffle(&mut role.held);
    }
    random.shuffle(&mut world.users);
    random.shuffle(&mut world.groups);
    random.shuffle(&mut world.roles);
}

/// Every list of a document in another order
fn shuffled(random: &mut Random, value: &mut Value) {
    match value {
        Value::Array(list) => {
            random.shuffle(list);
            list.iter_mut().for_each(|each| shuffled(random, each));
        }
        Value::Object(members) => members.values_mut().for_each(|each| shuffled(random, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A statement twice in its document, every list with its first element again, a policy held through a group as well
fn duplicate(random: &mut Random, world: &mut World) {
    for document in world.documents_mut() {
        let list = statements(document);
        let statement = random.pick(list).clone();
        list.push(statement);
        for element in ["Action", "NotAction", "Resource"] {
            if let Some(Value::Array(values)) = list[0].get_mut(element) {
                values.push(values[0].clone());
            }
        }
    }
    for user in 0..world.users.len() {
        let held = world.users[user].held.clone();
        for group in &mut world.groups {
            if world.users[user].groups.contains(&group.name) {
                let missing = held.iter().filter(|held| !group.held.contains(held));
                // only what every member of the group holds is held twice, and nobody gains it
                let is_held_by_all = (world.users.iter())
                    .filter(|member| member.groups.contains(&group.name))
                    .all(|member| held.iter().all(|held| member.held.contains(held)));
                if is_held_by_all {
                    let missing: Vec<_> = missing.cloned().collect();
                    group.held.extend(missing);
                }
            }
        }
    }
}

/// Widens patterns in every document: those by which a request can only gain, or those by which it can only lose
fn widen(random: &mut Random, world: &mut World) -> May {
    let may = *random.pick(&[May::OnlyGain, May::OnlyLose]);
    for statement in world.documents_mut().flat_map(statements) {
        let gains = statement["Effect"] == "Allow";
        let (direct, reversed) = (
            ["Action", "Resource", "StringLike"],
            ["NotAction", "StringNotLike"],
        );
        let elements = match gains == (may == May::OnlyGain) {
            true => direct.as_slice(),
            false => reversed.as_slice(),
        };
        for element in elements {
            for value in values(statement, element) {
                let pattern = value.as_str().unwrap_or("*").to_owned();
                if random.chance(60) {
                    *value = widened(random, &pattern, element).into();
                }
            }
        }
    }
    may
}

/// What stands under an element or an operator, one by one
fn values<'a>(statement: &'a mut Value, element: &str) -> Vec<&'a mut Value> {
    let lists: Vec<&mut Value> = if element.starts_with("String") {
        let block = statement
            .get_mut("Condition")
            .and_then(|block| block.get_mut(element));
        let keys = block.and_then(Value::as_object_mut);
        keys.into_iter().flat_map(serde_json::Map::values_mut).collect()
    } else {
        statement.get_mut(element).into_iter().collect()
    };
    let mut all = Vec::new();
    for list in lists {
        match list {
            Value::Array(several) => all.extend(several),
            only => all.push(only),
        }
    }
    all
}

/// A pattern that holds all the given one holds; the colons of actions and ARNs stay
fn widened(random: &mut Random, pattern: &str, element: &str) -> String {
    if pattern == "*" {
        return pattern.into();
    }
    if element.starts_with("String") {
        return widened_part(random, pattern);
    }
    let most = if element == "Resource" { 5 } else { 2 };
    let mut parts: Vec<String> = pattern.splitn(most, ':').map(String::from).collect();
    // A star with blanks around it matches nothing
    if parts.len() == 1 {
        return pattern.into();
    }
    // the first part of an ARN is a fixed word
    let at = random.between(usize::from(element == "Resource"), parts.len() - 1);
    parts[at] = widened_part(random, &parts[at]);
    parts.join(":")
}

fn widened_part(random: &mut Random, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = random.below(letters.len() + 1);
    match letters.get(at) {
        Some(letter) if *letter != '*' && random.chance(60) => {
            letters[at] = if random.chance(50) { '?' } else { '*' };
        }
        _ => letters.insert(at, '*'),
    }
    letters.into_iter().collect()
}

fn statements(document: &mut Value) -> &mut Vec<Value> {
    document["Statement"].as_array_mut().unwrap()
}
