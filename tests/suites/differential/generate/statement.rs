//! Statements with every operator, lists, exclusions and both effects.

use serde_json::{Map, Value, json};

use super::words::{
    ACCOUNTS, ACTIONS, ADDRESS_OPERATORS, BLOCKS, DATE_OPERATORS, DATES, GROUP_IDS, NUMBER_OPERATORS,
    NUMBERS, PRINCIPALS, REGIONS, RELATIVES, ROLE_NAMES, TEXT_KEYS, TEXT_OPERATORS, TEXTS,
};
use super::{Kind, blurred, flipped, listed};
use crate::random::Random;

pub fn document(random: &mut Random, kind: Kind) -> Value {
    let statements: Vec<Value> = (0..random.between(1, 3))
        .map(|_| statement(random, kind))
        .collect();
    let version = if random.chance(10) { json!(1) } else { json!("1") };
    json!({"Version": version, "Statement": statements})
}

pub fn statement(random: &mut Random, kind: Kind) -> Value {
    let mut statement = Map::new();
    let effect = if random.chance(70) { "Allow" } else { "Deny" };
    statement.insert("Effect".into(), effect.into());
    let count = random.between(1, 3);
    let actions = (0..count).map(|_| action(random, kind).into()).collect();
    let element = match kind {
        Kind::Identity if random.chance(20) => "NotAction",
        Kind::Identity | Kind::Trust => "Action",
    };
    statement.insert(element.into(), listed(random, actions));
    match kind {
        Kind::Identity => {
            let count = random.between(1, 2);
            let resources = (0..count).map(|_| resource(random).into()).collect();
            statement.insert("Resource".into(), listed(random, resources));
        }
        Kind::Trust => {
            statement.insert("Principal".into(), principal(random));
        }
    }
    if random.chance(55) {
        statement.insert("Condition".into(), conditions(random));
    }
    if random.chance(3) {
        statement.insert("Condition".into(), json!({}));
    }
    if random.chance(5) {
        statement.insert("Sid".into(), "s".into());
    }
    statement.into()
}

fn action(random: &mut Random, kind: Kind) -> String {
    if random.chance(10) {
        return "*".into();
    }
    let word = match kind {
        Kind::Trust if random.chance(85) => "sts:AssumeRole",
        Kind::Trust | Kind::Identity => random.word(ACTIONS),
    };
    let (service, name) = word.split_once(':').unwrap();
    let service = match random.chance(75) {
        true => service.into(),
        false => blurred(random, service),
    };
    let mut pattern = format!("{service}:{}", blurred(random, name));
    if random.chance(20) {
        pattern = flipped(random, &pattern);
    }
    pattern
}

fn resource(random: &mut Random) -> String {
    if random.chance(45) {
        return "*".into();
    }
    if random.chance(3) {
        return random
            .word(&["acs::ram::*", " *", "acs:eci:*:*:* ", " acs:ram:*:*:role/*"])
            .into();
    }
    if random.chance(25) {
        let region = random.word(&["", "*", "cn-a"]);
        let name = random.word(ROLE_NAMES);
        let kind = random.word(&["role", "role", "role", "user"]);
        let relative = match random.chance(80) {
            true => format!("{kind}/{}", blurred(random, name)),
            false => blurred(random, &format!("{kind}/{name}")),
        };
        let mut relative = if relative.is_empty() { "*".into() } else { relative };
        if random.chance(15) {
            relative = flipped(random, &relative);
        }
        let account = random.word(ACCOUNTS);
        return format!("acs:ram:{region}:{account}:{relative}");
    }
    let service = random.word(&["eci", "eci", "eci", "ecs", "e*", "*"]);
    let region = random.word(REGIONS);
    let region = blurred(random, region);
    let account = random.word(ACCOUNTS);
    let account = blurred(random, account);
    let relative = random.word(RELATIVES);
    let relative = blurred(random, relative);
    let or_any = |segment: String| if segment.is_empty() { "*".into() } else { segment };
    format!(
        "acs:{service}:{}:{}:{}",
        or_any(region),
        or_any(account),
        or_any(relative)
    )
}

fn principal(random: &mut Random) -> Value {
    let ram = [
        "acs:ram::1000:root",
        "acs:ram:*:1000:root",
        "acs:ram:*:1000:user/ann",
        "acs:ram::2000:root",
        "acs:ram::1000:user/ann",
        "acs:ram::1000:user/Ops",
        "acs:ram::1000:user/ops",
        "acs:ram::1000:role/Ops",
        "acs:ram::1000:role/ops",
        "acs:ram::2000:role/Ops",
        "acs:ram::2000:user/ann",
        "acs:ram::1000:user/ann ",
    ];
    let services = [
        "ecs.aliyuncs.com",
        "ecs.aliyuncs.com",
        "eci.aliyuncs.com",
        " ecs.aliyuncs.com",
        "1000@ecs.aliyuncs.com",
        "2000@ecs.aliyuncs.com",
    ];
    let mut principal = Map::new();
    let several = |random: &mut Random, from: &[&str]| {
        let count = random.between(1, 2);
        let values = (0..count).map(|_| random.word(from).into()).collect();
        listed(random, values)
    };
    if random.chance(80) {
        principal.insert("RAM".into(), several(random, &ram));
    }
    if random.chance(50) || principal.is_empty() {
        principal.insert("Service".into(), several(random, &services));
    }
    principal.into()
}

fn conditions(random: &mut Random) -> Value {
    let mut block = Map::new();
    for _ in 0..random.between(1, 2) {
        let family = random.below(8);
        let operator = match family {
            0..4 => random.word(TEXT_OPERATORS),
            4 => random.word(NUMBER_OPERATORS),
            5 => random.word(DATE_OPERATORS),
            6 => random.word(ADDRESS_OPERATORS),
            _ => "Bool",
        };
        let mut keys = Map::new();
        for _ in 0..random.between(1, 5).saturating_sub(3).max(1) {
            let own = match family {
                0..4 => random.word(TEXT_KEYS),
                4 => "eci:Cpu",
                5 => "acs:CurrentTime",
                6 => "acs:SourceIp",
                _ => "acs:SecureTransport",
            };
            let key = if random.chance(92) {
                own
            } else {
                random.word(TEXT_KEYS)
            };
            let count = random.between(1, 4).saturating_sub(1).max(1);
            let values = (0..count).map(|_| value(random, family, key)).collect();
            keys.insert(key.into(), listed(random, values));
        }
        let prefix = match random.chance(20) {
            true => random.word(&["ForAllValues:", "ForAnyValue:"]),
            false => "",
        };
        block.insert(format!("{prefix}{operator}"), keys.into());
    }
    block.into()
}

fn value(random: &mut Random, family: usize, key: &str) -> Value {
    let text = match family {
        0..4 => {
            let from = match key {
                "acs:ResourceGroupId" => GROUP_IDS,
                "acs:PrincipalARN" => PRINCIPALS,
                _ => TEXTS,
            };
            let text = random.word(from);
            blurred(random, text)
        }
        4 => {
            if random.chance(20) {
                return json!(random.between(0, 10) as i64 - 5);
            }
            random.word(NUMBERS).into()
        }
        5 => random.word(DATES).into(),
        6 => {
            let block = random.word(BLOCKS);
            match random.chance(10) {
                true => format!(" {block} "),
                false => block.into(),
            }
        }
        _ => {
            let flag = random.chance(50);
            return match random.below(10) {
                0 | 1 => json!(flag),
                2 => random.word(&["True", "FALSE"]).into(),
                _ => json!(flag.to_string()),
            };
        }
    };
    text.into()
}
