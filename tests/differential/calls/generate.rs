//! Accounts and calls that almost fit each other.

use serde_json::{Map, Value, json};

use super::naive::{Kind, kind};
use super::scene::{Call, Keys, Pairs, Scene, Target};
use crate::generate::{ACCOUNT, flipped};
use crate::random::Random;
use crate::world::{Held, Role, User, Who, World};

/// Operations whose resource the official table names, or follows from their name
const OPERATIONS: &[&str] = &[
    "CreateContainerGroup",
    "CreateContainerGroup",
    "CreateContainerGroup",
    "CreateContainerGroup",
    "CreateImageCache",
    "CreateVirtualNode",
    "UpdateContainerGroup",
    "UpdateContainerGroup",
    "UpdateContainerGroup",
    "UpdateImageCache",
    "UpdateVirtualNode",
    "DescribeContainerGroups",
    "DescribeContainerGroups",
    "DescribeContainerGroups",
    "DescribeImageCaches",
    "DescribeVirtualNodes",
    "DescribeContainerGroupStatus",
    "DescribeContainerGroupEvents",
    "DescribeContainerLog",
    "DescribeContainerLog",
    "DescribeCommitContainerTask",
    "ListTagResources",
    "DeleteContainerGroup",
    "DeleteImageCache",
    "DeleteVirtualNode",
    "RestartContainerGroup",
    "ExecContainerCommand",
    "ResizeContainerGroupVolume",
];

/// Operations whose resource no source names: asked only where every statement speaks of all resources
const OTHERS: &[&str] = &[
    "CommitContainer",
    "CopyDataCache",
    "CreateDataCache",
    "CreateInstanceOpsTask",
    "DeleteDataCache",
    "DescribeAvailableResource",
    "DescribeContainerGroupMetric",
    "DescribeContainerGroupPrice",
    "DescribeDataCaches",
    "DescribeInstanceOpsRecords",
    "DescribeMultiContainerGroupMetric",
    "DescribeRegions",
    "ListUsage",
    "TagResources",
    "UntagResources",
    "UpdateDataCache",
    "BatchCreateContainerGroups",
    "CreateContainerGroupFromTemplate",
    "UpdateContainerGroupByTemplate",
    "ExportContainerGroupTemplate",
    "CreateLaunchTemplate",
    "DeleteLaunchTemplate",
];

const GROUPS: &[&str] = &["rg-default", "rg-a", "rg-b"];
const ROLES: &[&str] = &["Ops", "Web", "Bad"];
const TAG_KEYS: &[&str] = &["env", "Env", "team"];
const TAG_VALUES: &[&str] = &["test", "prod", "Test", ""];
const NOWS: &[&str] = &[
    "2026-03-01T00:00:00Z",
    "2026-02-28T23:59:59Z",
    "2026-03-01T00:00:01Z",
];
const ROLE_ARNS: &[&str] = &[
    "acs:ram::1000:role/Web",
    "acs:ram::1000:role/Gone",
    "acs:ram::2000:role/Ops",
];

pub fn scene(random: &mut Random) -> Scene {
    let names = ["P0", "P1", "P2", "P3"];
    let held = |random: &mut Random, most: usize| -> Vec<Held> {
        let mut names: Vec<String> = names.map(String::from).into();
        if random.chance(15) {
            names.push("AliyunECIFullAccess".into());
        }
        let mut all = Vec::new();
        for _ in 0..random.between(1, most) {
            let next = Held {
                policy: random.pick(&names).clone(),
                group: random.chance(35).then(|| random.word(GROUPS).into()),
            };
            if !all.contains(&next) {
                all.push(next);
            }
        }
        all
    };
    let mut world = World {
        account: ACCOUNT.into(),
        control: Vec::new(),
        users: vec![User {
            name: "ann".into(),
            groups: Vec::new(),
            held: held(random, 4),
        }],
        groups: Vec::new(),
        roles: (ROLES.iter())
            .map(|name| Role {
                name: (*name).into(),
                trust: trust(random),
                held: held(random, 3),
            })
            .collect(),
        policies: names.map(|name| (name.into(), document(random))).into(),
        sessions: Vec::new(),
    };
    let is_plain = random.chance(25);
    if is_plain {
        let statements = world
            .documents_mut()
            .flat_map(|document| document["Statement"].as_array_mut().unwrap());
        for statement in statements.filter(|statement| statement.get("Resource").is_some()) {
            statement["Resource"] = "*".into();
        }
    }
    let groups = (GROUPS.iter().enumerate())
        .filter(|_| random.chance(90))
        .map(|(at, id)| ((*id).into(), at == 0))
        .collect();
    Scene {
        world,
        region: "cn-a".into(),
        linked: random.chance(60).then(|| {
            let names = ["AliyunServiceRoleForECI", "AliyunServiceRoleForSLB"];
            let first = usize::from(random.chance(50));
            names[first..].iter().map(|name| String::from(*name)).collect()
        }),
        pass_service: random.chance(40).then(|| "eci.aliyuncs.com".into()),
        groups,
        context: match random.chance(40) {
            true => Keys::from([("acs:SecureTransport".into(), vec![random.chance(70).to_string()])]),
            false => Keys::new(),
        },
        now: random.word(NOWS).into(),
        is_plain,
    }
}

pub fn call(random: &mut Random, scene: &Scene) -> Call {
    let operation = match scene.is_plain && random.chance(30) {
        true => random.word(OTHERS),
        false => random.word(OPERATIONS),
    };
    let kind = kind(operation);
    let who = match random.below(20) {
        0 | 1 => Who::Account,
        2..14 => Who::User("ann".into()),
        _ => Who::Role("Ops".into()),
    };
    let target = (kind != Kind::Create && (kind != Kind::Query || random.chance(50))).then(|| Target {
        id: (kind == Kind::Query || random.chance(90)).then(|| random.word(&["eci-1", "eci-2"]).into()),
        tags: tags(random),
        group: random.chance(70).then(|| random.word(GROUPS).into()),
        role: random.chance(40).then(|| random.word(ROLES).into()),
    });
    let takes_tags = kind != Kind::Id;
    let mut call = Call {
        who,
        operation: operation.into(),
        tags: (takes_tags && random.chance(70)).then(|| tags(random)),
        extra: Pairs::new(),
        group: random
            .chance(50)
            .then(|| random.word(&["rg-default", "rg-a", "rg-b", "rg-no"]).into()),
        role: None,
        arns: Vec::new(),
        target,
        context: Keys::new(),
    };
    if random.chance(25) {
        let address = random.word(&["10.0.0.1", "10.0.1.1"]);
        call.context.insert("acs:SourceIp".into(), vec![address.into()]);
    }
    if random.chance(5) {
        call.context
            .insert("acs:CurrentTime".into(), vec![random.word(NOWS).into()]);
    }
    if random.chance(5) && !["CreateContainerGroup", "CreateImageCache"].contains(&operation) {
        let key = random.word(&[
            "acs:RequestTag/env",
            "acs:ResourceTag/env",
            "eci:tag/env",
            "acs:ResourceGroupId",
        ]);
        call.context
            .insert(key.into(), vec![random.word(&["test", "prod", "rg-a"]).into()]);
    }
    match (operation, &call.target) {
        ("CreateContainerGroup", _) => hand_over(random, &mut call),
        ("UpdateContainerGroup", Some(target)) => {
            if random.chance(50) {
                call.group = target.group.clone();
            }
            if random.chance(40) {
                call.tags = Some(target.tags.iter().rev().cloned().collect());
            }
            if random.chance(30) {
                call.role = match random.chance(70) {
                    true => (target.role.clone()).map(|name| flipped(random, &name)),
                    false => Some(random.word(ROLES).into()),
                };
            }
        }
        _ => {}
    }
    call
}

/// What only the creation of an instance has: a role, roles of registries, the tags that ACK adds
fn hand_over(random: &mut Random, call: &mut Call) {
    if random.chance(60) {
        let name = random.word(&["Ops", "Web", "Bad", "Ops", "Web", "Gone"]);
        call.role = Some(match random.chance(20) {
            true => flipped(random, name),
            false => name.into(),
        });
    }
    if random.chance(20) {
        let count = random.between(1, 2);
        call.arns = (0..count)
            .map(|at| ROLE_ARNS[(at + random.below(2)) % 3].into())
            .collect();
    }
    if random.chance(30) {
        call.extra = vec![
            ("ClusterId".into(), random.word(&["c1", "c2"]).into()),
            ("NameSpace".into(), "default".into()),
        ];
    }
}

fn tags(random: &mut Random) -> Pairs {
    let mut all: Pairs = Vec::new();
    for key in TAG_KEYS {
        if random.chance(45) {
            all.push(((*key).into(), random.word(TAG_VALUES).into()));
        }
    }
    all
}

fn document(random: &mut Random) -> Value {
    let statements: Vec<Value> = (0..random.between(1, 3)).map(|_| statement(random)).collect();
    json!({"Version": "1", "Statement": statements})
}

fn statement(random: &mut Random) -> Value {
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
    for _ in 0..random.below(3) {
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

fn trust(random: &mut Random) -> Value {
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
