//! Policy sets of hundreds of statements, most of which differ in one literal value alone: such as an index sorts.

use serde_json::{Map, Value, json};

use super::statement::statement;
use super::words::ACTIONS;
use super::{Kind, blurred, flipped, world};
use crate::random::Random;
use crate::world::World;

/// Literal values: so many that most statements ask for another one than a request has
const VALUES: usize = 60;

const KEYS: &[&str] = &[
    "acs:RequestTag/env",
    "acs:RequestTag/team",
    "acs:ResourceTag/env",
    "acs:ResourceGroupId",
];

/// A set like the small ones, with long documents everywhere
pub fn large_world(random: &mut Random) -> World {
    let mut large = world(random);
    let trusting = large.policies.len()..large.policies.len() + large.roles.len();
    for (at, document) in large.documents_mut().enumerate() {
        let (kind, most) = match trusting.contains(&at) {
            true => (Kind::Trust, 40),
            false => (Kind::Identity, 130),
        };
        let count = random.between(10, most);
        let statements: Vec<Value> = (0..count)
            .map(|_| match kind {
                Kind::Identity if random.chance(98) => narrow(random),
                Kind::Identity | Kind::Trust => statement(random, kind),
            })
            .collect();
        document["Statement"] = statements.into();
    }
    large
}

/// A statement that few requests meet
fn narrow(random: &mut Random) -> Value {
    let mut statement = Map::new();
    let effect = if random.chance(85) { "Allow" } else { "Deny" };
    statement.insert("Effect".into(), effect.into());
    let count = random.between(1, 2);
    let actions: Vec<String> = (0..count).map(|_| action(random)).collect();
    statement.insert("Action".into(), actions.into());
    let count = random.between(1, 2);
    let resources: Vec<String> = (0..count).map(|_| resource(random)).collect();
    let is_literal = resources.iter().all(|resource| resource != "*");
    statement.insert("Resource".into(), resources.into());
    if !is_literal || random.chance(40) {
        statement.insert("Condition".into(), conditions(random));
    }
    statement.into()
}

fn action(random: &mut Random) -> String {
    let word = random.word(ACTIONS);
    match random.below(10) {
        0..6 => word.into(),
        6 => flipped(random, word),
        7 => format!("{word}*"),
        _ => {
            let (service, name) = word.split_once(':').unwrap();
            format!("{service}:{}", blurred(random, name))
        }
    }
}

fn resource(random: &mut Random) -> String {
    let value = random.below(VALUES);
    match random.below(10) {
        0..5 => "*".into(),
        5..7 => format!("acs:eci:*:*:g/{value}"),
        7 => format!("acs:eci:*:*:g/{value}*"),
        8 => format!("acs:ram::*:role/r{value}"),
        _ => format!("acs:ram:*:1000:role/R{value}"),
    }
}

/// One literal condition at least, perhaps a second one, perhaps one that is none
fn conditions(random: &mut Random) -> Value {
    let mut literal = Map::new();
    for _ in 0..random.between(1, 2) {
        let key = random.word(KEYS);
        literal.insert(key.into(), values(random, key));
    }
    let mut block = Map::new();
    block.insert("StringEquals".into(), literal.into());
    if random.chance(15) {
        let operator = random.word(&[
            "StringNotEquals",
            "StringLike",
            "StringEqualsIgnoreCase",
            "ForAllValues:StringEquals",
            "ForAnyValue:StringEquals",
        ]);
        let key = random.word(KEYS);
        let value = values(random, key);
        block.insert(operator.into(), json!({ key: value }));
    }
    block.into()
}

fn values(random: &mut Random, key: &str) -> Value {
    let prefix = if key == "acs:ResourceGroupId" { "rg-" } else { "v" };
    let count = random.between(1, 3);
    (0..count)
        .map(|_| Value::from(format!("{prefix}{}", random.below(VALUES))))
        .collect()
}
