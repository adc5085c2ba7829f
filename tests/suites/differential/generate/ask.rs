//! Requests drawn from the policies' own words, then changed in one place.

use std::collections::BTreeMap;

use serde_json::Value;

use super::words::{ACTIONS, ADDRESSES, DATES, GROUP_IDS, NUMBERS, PRINCIPALS, TEXT_KEYS, TEXTS, UNREADABLE};
use super::{GROUPS, flipped, instance};
use crate::naive;
use crate::random::Random;
use crate::world::{Ask, Held, Who, World};

pub fn ask(random: &mut Random, world: &World) -> Ask {
    let is_service = random.chance(3);
    let who = match random.below(100) {
        _ if is_service => Who::Service(random.word(&["ecs.aliyuncs.com", "eci.aliyuncs.com"]).into()),
        0..2 => Who::Account,
        2..4 => Who::User("nobody".into()),
        4..10 if !world.groups.is_empty() => Who::Group(random.pick(&world.groups).name.clone()),
        4..60 => Who::User(random.pick(&world.users).name.clone()),
        60..63 => Who::Role(random.word(&["ops", "OPS", "nobody"]).into()),
        _ => Who::Role(random.pick(&world.roles).name.clone()),
    };
    let is_assuming = is_service || random.chance(12);
    let session = match &who {
        Who::Role(_) if random.chance(30) => (0..random.between(1, 5).saturating_sub(3).max(1))
            .map(|_| random.below(world.sessions.len()))
            .collect(),
        _ => Vec::new(),
    };
    let mut ask = Ask {
        who,
        action: random.word(ACTIONS).into(),
        resource: random.word(&["*", "acs:eci:cn-a:1000:g/1"]).into(),
        group: random.chance(60).then(|| random.word(GROUPS).into()),
        context: BTreeMap::new(),
        session,
        is_assuming,
    };
    aim(random, world, &mut ask);
    if is_assuming {
        aim_at_role(random, world, &mut ask);
    }
    if random.chance(55) {
        mutate(random, &mut ask);
    }
    ask
}

/// Takes action, resource, group and context from one statement that concerns the caller, more context from others
fn aim(random: &mut Random, world: &World, ask: &mut Ask) {
    let mut targets: Vec<(&Value, Option<&String>)> = Vec::new();
    let held = match &ask.who {
        Who::User(name) => world.users.iter().find(|user| user.name == *name).map(|user| {
            let of_groups = world
                .groups
                .iter()
                .filter(|group| user.groups.contains(&group.name));
            user.held
                .iter()
                .chain(of_groups.flat_map(|group| &group.held))
                .collect()
        }),
        Who::Role(name) => (world.roles.iter().find(|role| role.name == *name))
            .map(|role| role.held.iter().collect::<Vec<&Held>>()),
        Who::Group(name) => (world.groups.iter().find(|group| group.name == *name))
            .map(|group| group.held.iter().collect::<Vec<&Held>>()),
        Who::Account | Who::Service(_) => None,
    };
    for held in held.into_iter().flatten() {
        if let Some(document) = world.policies.get(&held.policy) {
            targets.push((document, held.group.as_ref()));
        }
    }
    targets.extend(ask.session.iter().map(|at| (&world.sessions[*at], None)));
    for name in world.control.iter().flatten() {
        targets.extend(world.policies.get(name).map(|document| (document, None)));
    }
    if ask.is_assuming {
        targets.extend(world.roles.iter().map(|role| (&role.trust, None)));
    }
    if targets.is_empty() {
        return;
    }
    let (document, group) = *random.pick(&targets);
    let statement = random.pick(document["Statement"].as_array().unwrap());
    if let Some(action) = one(random, &statement["Action"]) {
        ask.action = instance(random, &action);
    }
    if let Some(resource) = one(random, &statement["Resource"]) {
        ask.resource = match random.chance(80) && resource == "*" {
            true => random
                .word(&["acs:eci:cn-a:1000:g/1", "acs:ram:*:1000:role/Ops"])
                .into(),
            false => instance(random, &resource),
        };
    }
    if group.is_some() && random.chance(90) {
        ask.group = group.cloned();
    }
    satisfy(random, statement, ask);
    for _ in 0..random.below(3) {
        let (document, _) = *random.pick(&targets);
        let statement = random.pick(document["Statement"].as_array().unwrap());
        satisfy(random, statement, ask);
    }
}

fn aim_at_role(random: &mut Random, world: &World, ask: &mut Ask) {
    ask.action = "sts:AssumeRole".into();
    let mut name = random.pick(&world.roles).name.clone();
    if random.chance(15) {
        name = flipped(random, &name);
    }
    if random.chance(5) {
        name = "Absent".into();
    }
    let region = random.word(&["", "", "*"]);
    ask.resource = format!("acs:ram:{region}:{}:role/{name}", world.account);
}

/// Puts values into the context that the statement's conditions ask for, or nearly
fn satisfy(random: &mut Random, statement: &Value, ask: &mut Ask) {
    for (operator, key, wanted) in naive::conditions(statement) {
        let wanted = random.pick(&naive::texts(wanted)).clone();
        let is_set = operator.contains(':');
        let operator = operator.rsplit(':').next().unwrap();
        let pool = match operator {
            name if name.starts_with("Numeric") => NUMBERS,
            name if name.starts_with("Date") => DATES,
            name if name.contains("Ip") => ADDRESSES,
            "Bool" => &["true", "false"],
            _ => TEXTS,
        };
        let more = (is_set && random.chance(50)).then(|| random.word(pool).to_owned());
        let value = match operator {
            "StringLike" => instance(random, &wanted),
            "StringEqualsIgnoreCase" if random.chance(50) => flipped(random, &wanted),
            name if name.contains("Not") || name.contains("Than") || name.contains("Ip") => {
                random.word(pool).into()
            }
            _ if random.chance(25) => random.word(pool).into(),
            _ => wanted.into_owned(),
        };
        // the engine fills these two from the request: given values are the exception
        if ["acs:PrincipalARN", "acs:ResourceGroupId"].contains(&key) && random.chance(75) {
            continue;
        }
        ask.context
            .insert(key.into(), [value].into_iter().chain(more).collect());
    }
}

fn mutate(random: &mut Random, ask: &mut Ask) {
    let key = (!ask.context.is_empty()).then(|| {
        let at = random.below(ask.context.len());
        ask.context.keys().nth(at).unwrap().clone()
    });
    match random.below(12) {
        0 => ask.action = flipped(random, &ask.action),
        1 => ask.action.push_str(random.word(&["A", "B"])),
        2 if !ask.is_assuming => ask.action = random.word(ACTIONS).into(),
        3 if !ask.is_assuming => ask.resource = flipped(random, &ask.resource),
        4 if !ask.is_assuming => ask.resource.push_str(random.word(&["1", "/x", ":"])),
        5 if !ask.is_assuming => {
            ask.resource = ask
                .resource
                .replace(":cn-a:", ":cn-ab:")
                .replace(":1000:", ":10001:");
        }
        6 => ask.group = random.chance(70).then(|| random.word(GROUPS).into()),
        choice => {
            let Some(key) = key else {
                let key = random.word(TEXT_KEYS);
                ask.context.insert(key.into(), vec![some_text(random, key)]);
                return;
            };
            change_value(random, ask, choice, key);
        }
    }
    if ask.is_assuming {
        ask.action = "sts:AssumeRole".into();
    }
}

fn change_value(random: &mut Random, ask: &mut Ask, choice: usize, key: String) {
    let mut values = ask.context.remove(&key).unwrap();
    match choice {
        7 => {}
        8 => {
            ask.context.insert(flipped(random, &key), values);
        }
        9 => {
            values[0] = flipped(random, &values[0]);
            ask.context.insert(key, values);
        }
        10 => {
            values.push(some_text(random, &key));
            random.shuffle(&mut values);
            ask.context.insert(key, values);
        }
        _ => {
            let value = match random.chance(50) {
                true => random.word(UNREADABLE).into(),
                false => some_text(random, &key),
            };
            ask.context.insert(key, vec![value]);
        }
    }
}

/// A value that could stand under the key
fn some_text(random: &mut Random, key: &str) -> String {
    let pool = match key {
        "acs:ResourceGroupId" => GROUP_IDS,
        "acs:PrincipalARN" => PRINCIPALS,
        "eci:Cpu" => NUMBERS,
        "acs:CurrentTime" => DATES,
        "acs:SourceIp" => ADDRESSES,
        "acs:SecureTransport" => &["true", "false"],
        _ => TEXTS,
    };
    random.word(pool).into()
}

fn one(random: &mut Random, list: &Value) -> Option<String> {
    let value = match list {
        Value::Array(values) => random.pick(values),
        other => other,
    };
    value.as_str().map(String::from)
}
