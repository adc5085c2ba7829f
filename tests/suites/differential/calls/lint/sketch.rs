//! Statements in which much goes wrong, and calls near to what they want.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::calls::scene::{Call, Scene};
use crate::calls::{generate, policies};
use crate::random::Random;

const ACTIONS: &[&str] = &[
    "eci:CreateContainerGroup",
    "eci:CreateContainerGroup",
    "eci:CreateImageCache",
    "eci:UpdateContainerGroup",
    "eci:DescribeContainerGroups",
    "eci:DescribeContainerLog",
    "eci:DeleteContainerGroup",
    "eci:ExecContainerCommand",
    "eci:Create*",
    "eci:Update*",
    "eci:Describe*",
    "eci:Delete*",
    "ECI:*",
    "eci:*ContainerGroup*",
    "eci:*ImageCache*",
    "ram:PassRole",
    "ram:PassRole",
    "ram:*",
    "ram:CreateServiceLinkedRole",
    "eci:CreateContainerGroups",
    "eci:Make*",
    "ecs:RunInstances",
    "*",
];

const RESOURCES: &[&str] = &[
    "*",
    "*",
    "acs:eci:*:*:*",
    "acs:eci:*:*:containergroup/*",
    "acs:eci:*:*:containergroup/eci-1",
    "acs:eci:*:*:containergroup/e*",
    "acs:eci:cn-a:1000:imagecache/*",
    "acs:eci:cn-b:*:containergroup/*",
    "acs:eci:*:2000:*",
    "acs:e*:*:*:*/*",
    "acs:ram:*:1000:role/Ops",
    "acs:ram:*:*:role/*",
    "acs:ram::2000:role/Ops",
];

const TAG_KEYS: &[&str] = &[
    "acs:RequestTag/env",
    "acs:RequestTag/env",
    "acs:ResourceTag/env",
    "acs:ResourceTag/env",
    "eci:tag/env",
    "acs:requestTag/env",
];
const TEXTS: &[&str] = &[
    "test", "prod", "Test", "t*", "*", "te?t", "te*t", "prod*", "5", "",
];
const TEXT_OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const NUMBERS: &[&str] = &["5", "5.0", "4", "6", "-1", "0"];
const NUMBER_OPERATORS: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const BLOCKS: &[&str] = &[
    "10.0.0.0/24",
    "10.0.0.0/23",
    "10.0.0.1",
    "10.0.1.0/24",
    "10.0.1.1",
];
const DATE_OPERATORS: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];
const WIDE_ACTIONS: &[&str] = &[
    "*",
    "eci:*",
    "eci:*",
    "eci:Create*",
    "eci:CreateContainerGroup",
    "eci:Delete*",
    "ECI:delete*",
    "ram:*",
    "ram:PassRole",
];
const WIDE_RESOURCES: &[&str] = &[
    "*",
    "*",
    "acs:eci:*:*:*",
    "acs:eci:cn-?:*:containergroup/*",
    "acs:eci:cn-a:1000:containergroup/*",
    "acs:eci:*:*:containergroup/eci-?",
    "acs:ram:*:*:role/*",
];
const TAG_VALUES: &[&str] = &[
    "test",
    "prod",
    "Test",
    "TEST",
    "production",
    "5",
    "4.5",
    "x",
    "",
    "t*",
];

/// A call as ECI makes them, whose tags are near those that the statement wants
pub fn call(random: &mut Random, scene: &Scene, statement: &Value) -> Call {
    let mut call = generate::call(random, scene);
    // What a statement says of roles is asked only of creates
    for _ in 0..20 {
        let hands_over =
            call.operation == "CreateContainerGroup" && (call.role.is_some() || !call.arns.is_empty());
        if hands_over || !statement["Action"].to_string().contains("ram:") {
            break;
        }
        call = generate::call(random, scene);
    }
    // Only case files give a call keys of its own
    call.context.clear();
    let wanted: Vec<String> = crate::naive::conditions(statement)
        .flat_map(|(_, _, value)| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]))
        .filter_map(|value| value.as_str().map(str::to_owned))
        .filter(|text| text.len() < 20 && !text.contains('.') || text.parse::<f64>().is_ok())
        .collect();
    let set = |random: &mut Random, tags: &mut Vec<(String, String)>| {
        tags.retain(|(key, _)| key != "env");
        if random.chance(85) {
            let value = match random.chance(50) && !wanted.is_empty() {
                true => near(random, &wanted),
                false => random.word(TAG_VALUES).to_owned(),
            };
            tags.push(("env".to_owned(), value));
        }
    };
    if let Some(tags) = &mut call.tags {
        set(random, tags);
    }
    if let Some(target) = &mut call.target {
        set(random, &mut target.tags);
    }
    call
}

/// A text that fits a wanted one, or a number right behind it
fn near(random: &mut Random, wanted: &[String]) -> String {
    let value = random.pick(wanted);
    match value.parse::<i64>() {
        Ok(number) if random.chance(50) => format!("{number}.5"),
        _ => value
            .replace('*', random.word(&["", "t", "tt"]))
            .replace('?', "t"),
    }
}

/// A statement in which much goes wrong
pub fn statement(random: &mut Random) -> Value {
    match random.below(100) {
        0..20 => return of_roles(random),
        20..40 => return of_one_key(random),
        _ => {}
    }
    let effect = if random.chance(60) { "Allow" } else { "Deny" };
    let actions: BTreeSet<&str> = (0..random.between(1, 3)).map(|_| random.word(ACTIONS)).collect();
    let resources: BTreeSet<&str> = (0..random.between(1, 2))
        .map(|_| random.word(RESOURCES))
        .collect();
    let mut statement = json!({"Effect": effect, "Action": actions, "Resource": resources});
    let block = conditions(random);
    if !block.is_empty() {
        statement["Condition"] = block.into();
    }
    statement
}

/// A statement with several conditions of one kind on one key
fn of_one_key(random: &mut Random) -> Value {
    let effect = if random.chance(60) { "Allow" } else { "Deny" };
    let (key, operators, values): (_, &[&str], &[&str]) = match random.below(5) {
        0 | 1 => ("eci:tag/env", TEXT_OPERATORS, TEXTS),
        2 => ("eci:tag/env", NUMBER_OPERATORS, NUMBERS),
        3 => ("acs:CurrentTime", DATE_OPERATORS, generate::NOWS),
        _ => (
            "acs:SourceIp",
            &["IpAddress", "NotIpAddress", "IpAddressIncludeBorder"],
            BLOCKS,
        ),
    };
    let mut block = Map::new();
    for _ in 0..random.between(2, 3) {
        let values: Vec<&str> = (0..random.between(1, 2)).map(|_| random.word(values)).collect();
        let operator = random.word(operators);
        block.insert(perhaps_for_set(random, operator), json!({key: values}));
    }
    json!({"Effect": effect, "Action": "eci:*", "Resource": "*", "Condition": block})
}

/// The operator, now and then behind the prefix of a set operator
fn perhaps_for_set(random: &mut Random, operator: &str) -> String {
    match random.below(10) {
        0 => format!("ForAllValues:{operator}"),
        1 => format!("ForAnyValue:{operator}"),
        _ => operator.to_owned(),
    }
}

/// A statement on handing roles over, or on making one
fn of_roles(random: &mut Random) -> Value {
    let effect = if random.chance(60) { "Allow" } else { "Deny" };
    let action = random.word(&["ram:PassRole", "ram:PassRole", "ram:CreateServiceLinkedRole"]);
    let resource = random.word(&[
        "*",
        "*",
        "acs:ram:*:1000:role/Ops",
        "acs:ram:*:*:role/*",
        "acs:ram::2000:role/Ops",
        "acs:ram:*:2000:role/*",
        "acs:eci:*:*:*",
    ]);
    let mut statement = json!({"Effect": effect, "Action": action, "Resource": resource});
    if random.chance(70) {
        let key = random.word(&[
            "acs:Service",
            "acs:Service",
            "ram:ServiceName",
            "acs:ResourceGroupId",
        ]);
        let operator = random.word(TEXT_OPERATORS);
        let operator = perhaps_for_set(random, operator);
        statement["Condition"] =
            json!({operator: {key: random.word(&["eci.aliyuncs.com", "eci*", "fc.aliyuncs.com"])}});
    }
    statement
}

fn conditions(random: &mut Random) -> Map<String, Value> {
    let mut block = Map::new();
    let same = random.word(TAG_KEYS);
    for _ in 0..random.below(4) {
        let (operator, key, values) = match random.below(12) {
            0 => (random.word(NUMBER_OPERATORS), same, NUMBERS),
            1 => (random.word(NUMBER_OPERATORS), same, NUMBERS),
            2 | 3 => (random.word(DATE_OPERATORS), "acs:CurrentTime", generate::NOWS),
            4 => (
                random.word(&["IpAddress", "NotIpAddress"]),
                "acs:SourceIp",
                &["10.0.0.0/24", "10.0.1.0/24"][..],
            ),
            5 => (
                random.word(TEXT_OPERATORS),
                "acs:Service",
                &["eci.aliyuncs.com", "fc.aliyuncs.com"][..],
            ),
            6 => (
                random.word(TEXT_OPERATORS),
                "ram:ServiceName",
                &["eci.aliyuncs.com"][..],
            ),
            7 => (
                random.word(TEXT_OPERATORS),
                "acs:ResourceGroupId",
                generate::GROUPS,
            ),
            8 => (random.word(TEXT_OPERATORS), random.word(TAG_KEYS), TEXTS),
            _ => (random.word(TEXT_OPERATORS), same, TEXTS),
        };
        let values: Vec<&str> = (0..random.between(1, 2)).map(|_| random.word(values)).collect();
        let keys = block
            .entry(perhaps_for_set(random, operator))
            .or_insert_with(|| json!({}));
        keys[key] = values.into();
    }
    block
}

/// Statements that may cover each other: most of them have most in common
pub fn alike(random: &mut Random, count: usize) -> Vec<Value> {
    let element = if random.chance(85) { "Action" } else { "NotAction" };
    let family = random.below(3);
    let common = [
        random.word(WIDE_ACTIONS),
        random.word(WIDE_RESOURCES),
        operator(random, family),
    ];
    let each = |random: &mut Random| {
        if random.chance(10) {
            return policies::statement(random);
        }
        let effect = if random.chance(50) { "Allow" } else { "Deny" };
        let element = if random.chance(90) { element } else { "Action" };
        let action = if random.chance(70) {
            common[0]
        } else {
            random.word(WIDE_ACTIONS)
        };
        let resource = if random.chance(70) {
            common[1]
        } else {
            random.word(WIDE_RESOURCES)
        };
        let mut statement = json!({"Effect": effect, element: action, "Resource": resource});
        if random.chance(70) {
            let operator = if random.chance(80) {
                common[2]
            } else {
                operator(random, family)
            };
            let from: &[&str] = if family == 0 {
                NUMBERS
            } else {
                &["test", "prod", "t*", "te*"]
            };
            let values: Vec<&str> = (0..random.between(1, 2)).map(|_| random.word(from)).collect();
            let operator = perhaps_for_set(random, operator);
            statement["Condition"] = json!({operator: {"eci:tag/env": values}});
        }
        statement
    };
    (0..count).map(|_| each(random)).collect()
}

fn operator(random: &mut Random, family: usize) -> &'static str {
    match family {
        0 => random.word(NUMBER_OPERATORS),
        _ => random.word(TEXT_OPERATORS),
    }
}

/// Sometimes gives every request a key that calls do not fill, or fills one that they do
pub fn context(random: &mut Random, scene: &mut Scene) {
    if random.chance(40) {
        let key = random.word(&[
            "acs:SourceIp",
            "acs:RequestTag/env",
            "acs:ResourceTag/env",
            "eci:tag/env",
            "acs:Service",
            "ram:ServiceName",
            "acs:requestTag/env",
        ]);
        let values: &[&str] = match key {
            "acs:SourceIp" => &["10.0.0.1", "10.0.1.1"],
            "acs:Service" | "ram:ServiceName" => &["eci.aliyuncs.com", "fc.aliyuncs.com"],
            _ => TAG_VALUES,
        };
        let values = (0..random.between(1, 2))
            .map(|_| random.word(values).to_owned())
            .collect();
        scene.context.insert(key.to_owned(), values);
    }
}
