//! Accounts and calls that almost fit each other.

use serde_json::Value;

use super::naive::{Kind, kind};
use super::policies::{document, trust};
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

pub const GROUPS: &[&str] = &["rg-default", "rg-a", "rg-b"];
const ROLES: &[&str] = &["Ops", "Web", "Bad"];
const TAG_KEYS: &[&str] = &["env", "Env", "team"];
const TAG_VALUES: &[&str] = &["test", "prod", "Test", ""];
pub const NOWS: &[&str] = &[
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
        context: context(random),
        now: random.word(NOWS).into(),
        is_plain,
    }
}

/// Mostly what is the same for every call, seldom what a call fills by itself
fn context(random: &mut Random) -> Keys {
    let mut context = Keys::new();
    if random.chance(40) {
        context.insert("acs:SecureTransport".into(), vec![random.chance(70).to_string()]);
    }
    if random.chance(10) {
        context.insert("acs:CurrentTime".into(), vec![random.word(NOWS).into()]);
    }
    if random.chance(4) {
        let key = random.word(&[
            "acs:RequestTag/env",
            "acs:ResourceTag/env",
            "acs:Service",
            "ram:ServiceName",
        ]);
        context.insert(
            key.into(),
            vec![random.word(&["test", "eci.aliyuncs.com"]).into()],
        );
    }
    context
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
            .chance(if kind == Kind::Id { 10 } else { 50 })
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
    if random.chance(60) {
        aim(random, scene, &mut call, takes_tags);
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

/// Gives the call and its target the tags that one statement asks for
fn aim(random: &mut Random, scene: &Scene, call: &mut Call, takes_tags: bool) {
    let policies: Vec<&Value> = scene.world.policies.values().collect();
    let document = *random.pick(&policies);
    let statement = random.pick(document["Statement"].as_array().unwrap());
    for (_, key, value) in crate::naive::conditions(statement) {
        let Some((kind, name)) = key.split_once("Tag/").or(key.split_once("tag/")) else {
            continue;
        };
        // a key of ACK's own never stands beside ACK's
        if name == "ClusterId" {
            continue;
        }
        let value = value.as_str().unwrap().replace(['*', '?'], "t");
        if takes_tags && kind != "acs:Resource" {
            put(call.tags.get_or_insert_default(), name, &value);
        }
        if let Some(target) = call.target.as_mut().filter(|_| kind != "acs:Request") {
            put(&mut target.tags, name, &value);
        }
    }
}

fn put(tags: &mut Pairs, key: &str, value: &str) {
    tags.retain(|(known, _)| known != key);
    tags.push((key.into(), value.into()));
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
