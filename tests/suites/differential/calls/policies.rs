//! The policies of a scene: what people grant and deny for ECI, roles to pass, roles that trust.

use serde_json::{Map, Value, json};

use super::generate::{GROUPS, NOWS};
use crate::random::Random;

pub fn document(random: &mut Random) -> Value {
    let statements: Vec<Value> = (0..random.between(1, 3)).map(|_| statement(random)).collect();
    json!({"Version": "1", "Statement": statements})
}

pub fn statement(random: &mut Random) -> Value {
    let effect = if random.chance(78) { "Allow" } else { "Deny" };
    let (action, resource, conditions) = match random.below(10) {
        0 => ("*", "*", Map::new()),
        1 | 2 => (
            random.word(&["ram:PassRole", "ram:*", "RAM:passrole", "ram:PassRole"]),
            random.word(&[
                "*",
                "acs:ram:*:1000:role/Ops",
                "acs:ram::1000:role/ops",
                "acs:ram:*:*:role/W*",
                "acs:ram:*:*:role/*",
                "acs:ram::2000:role/Ops",
            ]),
            pass_conditions(random),
        ),
        3 => (
            "ram:CreateServiceLinkedRole",
            random.word(&["*", "acs:ram::1000:role/*", "acs:ram:*:1000:role/AliyunX"]),
            json!({"StringEquals": {"ram:ServiceName": random.word(&["eci.aliyuncs.com", "vnode.eci.aliyuncs.com"])}})
                .as_object()
                .unwrap()
                .clone(),
        ),
        _ => (
            random.word(&[
                "eci:*",
                "eci:*",
                "eci:Create*",
                "eci:CreateContainerGroup",
                "eci:Update*",
                "eci:Describe*",
                "eci:*ContainerGroup*",
                "eci:*ImageCache",
            ]),
            random.word(&[
                "*",
                "*",
                "*",
                "acs:eci:*:*:*",
                "acs:eci:*:*:containergroup/*",
                "acs:eci:cn-a:1000:containergroup/eci-1",
                "acs:eci:cn-a:*:imagecache/*",
                "acs:eci:*:1000:virtualnode/eci-?",
            ]),
            eci_conditions(random),
        ),
    };
    let mut statement = json!({"Effect": effect, "Action": [action], "Resource": resource});
    if !conditions.is_empty() {
        statement["Condition"] = conditions.into();
    }
    statement
}

fn pass_conditions(random: &mut Random) -> Map<String, Value> {
    let block = match random.below(8) {
        0 | 1 => {
            json!({"StringEquals": {"acs:Service": random.word(&["eci.aliyuncs.com", "ecs.aliyuncs.com"])}})
        }
        2 => json!({"StringEquals": {"acs:ResourceGroupId": "rg-a"}}),
        3 => json!({"StringNotEquals": {"acs:RequestTag/env": "prod"}}),
        4 => json!({"IpAddress": {"acs:SourceIp": "10.0.0.0/24"}}),
        _ => json!({}),
    };
    block.as_object().unwrap().clone()
}

fn eci_conditions(random: &mut Random) -> Map<String, Value> {
    let mut block = Map::new();
    for _ in 0..random.between(0, 5).div_ceil(2) {
        let operator = random.word(&["StringEquals", "StringEquals", "StringNotEquals", "StringLike"]);
        let (operator, key, value) = match random.below(12) {
            0 => (operator, "acs:ResourceGroupId", random.word(GROUPS)),
            1 => ("Bool", "acs:SecureTransport", random.word(&["true", "false"])),
            2 => ("DateLessThan", "acs:CurrentTime", random.word(NOWS)),
            3 => ("IpAddress", "acs:SourceIp", "10.0.0.0/24"),
            4 => (operator, "acs:PrincipalARN", "acs:ram::1000:user/ann"),
            5 => (operator, "acs:RequestTag/ClusterId", "c1"),
            _ => {
                let key = random.word(&[
                    "acs:RequestTag/env",
                    "acs:RequestTag/env",
                    "acs:ResourceTag/env",
                    "acs:ResourceTag/env",
                    "eci:tag/env",
                    "eci:tag/env",
                    "acs:RequestTag/team",
                    "acs:ResourceTag/Env",
                ]);
                let value = random.word(&["test", "prod", "test"]);
                let value = if operator == "StringLike" {
                    random.word(&["t*", "?est", "*"])
                } else {
                    value
                };
                (operator, key, value)
            }
        };
        block.insert(operator.into(), json!({key: value}));
    }
    block
}

pub fn trust(random: &mut Random) -> Value {
    let service = random.word(&[
        "ecs.aliyuncs.com",
        "ecs.aliyuncs.com",
        "ecs.aliyuncs.com",
        "eci.aliyuncs.com",
    ]);
    let mut allow =
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [service]}});
    if random.chance(15) {
        allow["Condition"] = json!({"DateGreaterThanEquals": {"acs:CurrentTime": random.word(NOWS)}});
    }
    if random.chance(10) {
        allow["Condition"] = json!({"Bool": {"acs:SecureTransport": "true"}});
    }
    let mut statements = vec![allow];
    if random.chance(12) {
        let service = random.word(&["ecs.aliyuncs.com", "eci.aliyuncs.com"]);
        statements.push(json!({"Effect": "Deny", "Action": "sts:*", "Principal": {"Service": service}}));
    }
    json!({"Version": "1", "Statement": statements})
}
