//! What the linter says of a statement, held against the engine: what can never match never decides a call, a condition
//! that always holds changes nothing, and what comes too late is never heard.

use std::collections::BTreeSet;

use ramgate::directory::{Configuration, Piece, merge};
use ramgate::eci::{Failure, Judgement};
use ramgate::lint::{self, Code, Facts, Warning};
use ramgate::ram::{Actions, Document, DocumentKind, PolicyType};
use serde_json::{Map, Value, json};

use super::scene::{self, Call, Scene};
use super::{generate, policies};
use crate::compare::Tally;
use crate::random::Random;
use crate::sweep;
use crate::world::Held;

/// Calls put to statements that the linter says something of
const PAIRS: usize = 60_000;
const CALLS: usize = 50;

/// Codes that say that a statement, or one of its actions, never matches
const NEVER: &[Code] = &[
    Code::ResourceTagOnCreate,
    Code::RequestTagWithoutTags,
    Code::KeyNeverThere,
    Code::ServiceUnset,
    Code::UnknownAction,
    Code::NameOnCreate,
    Code::ResourceOfAnotherKind,
    Code::ResourceElsewhere,
    Code::Contradiction,
];

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
const TEXTS: &[&str] = &["test", "prod", "Test", "t*", "*", "te?t", "prod*", "5", ""];
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
const DATE_OPERATORS: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
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

#[test]
fn what_the_linter_says_of_a_statement_the_engine_does() {
    let tally = sweep(PAIRS, |seed, pairs| {
        let mut random = Random::new(seed);
        let mut tally = Tally::new();
        let mut left = pairs;
        while left > 0 {
            let mut scene = generate::scene(&mut random);
            hold(&mut scene, &[("P0", None)]);
            let statement = statement(&mut random);
            let (_, warnings) = read(&scene, &[("P0", json!([statement]))]);
            for warning in &warnings {
                if check(seed, &mut random, &scene, &statement, warning) {
                    *tally.entry((warning.code.name(), "")).or_default() += CALLS;
                    left = left.saturating_sub(CALLS);
                }
            }
        }
        tally
    });
    crate::compare::show(&tally);
    for code in NEVER.iter().chain(&[Code::AbsentKeyDenies]) {
        let seen = tally.get(&(code.name(), "")).copied().unwrap_or_default();
        assert!(seen * 500 > PAIRS, "{code} is seen {seen} times");
    }
}

/// Puts calls to the statement; whether there is anything to check
fn check(seed: u64, random: &mut Random, scene: &Scene, statement: &Value, warning: &Warning) -> bool {
    let is_about_absence = ["always holds"]
        .iter()
        .any(|words| warning.message.contains(words));
    if !NEVER.contains(&warning.code) && !is_about_absence {
        return false;
    }
    let statement = reduced(statement, warning);
    let is_deny = statement["Effect"] == "Deny";
    // A Deny is heard where something else allows
    let with = |statement: Value| match is_deny {
        true => json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}, statement]),
        false => json!([statement]),
    };
    let number = if is_deny { 2 } else { 1 };
    let (configuration, _) = read(scene, &[("P0", with(statement.clone()))]);
    let without = is_about_absence.then(|| {
        let key = warning.message.split('`').nth(1).unwrap();
        let operator = warning
            .message
            .split(", so ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        let mut statement = statement.clone();
        let keys = statement["Condition"][operator].as_object_mut().unwrap();
        keys.remove(key).unwrap();
        if keys.is_empty() {
            statement["Condition"].as_object_mut().unwrap().remove(operator);
        }
        read(scene, &[("P0", with(statement))]).0
    });
    for _ in 0..CALLS {
        let call = call(random, scene, &statement);
        let judgement = judge(&configuration, scene, &call);
        match &without {
            Some(without) => assert_eq!(
                judgement.outcome,
                judge(without, scene, &call).outcome,
                "seed {seed}: {warning}\n{statement:#}\n{call:#?}"
            ),
            None => assert!(
                !deciders(&judgement).contains(&("P0".to_owned(), number)),
                "seed {seed}: {warning}\n{statement:#}\n{scene:#?}\n{call:#?}\n{judgement:#?}"
            ),
        }
    }
    true
}

/// The statement with that action alone at which the warning stands, if it stands at one
fn reduced(statement: &Value, warning: &Warning) -> Value {
    let text = text(&json!([statement]));
    let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
    let known = &parsed.document.statements[0];
    let Actions::Listed(patterns) = &known.actions else {
        panic!("{statement}");
    };
    let mut statement = statement.clone();
    if let Some(at) = known.actions_at.iter().position(|at| *at == warning.at) {
        statement["Action"] = patterns[at].as_str().into();
    }
    statement
}

#[test]
fn statements_that_come_too_late_are_never_heard() {
    let tally = sweep(PAIRS, |seed, pairs| {
        let mut random = Random::new(seed);
        let mut tally = Tally::new();
        for _ in 0..pairs.div_ceil(CALLS) {
            let mut scene = generate::scene(&mut random);
            hold(
                &mut scene,
                &[
                    ("P0", None),
                    ("P1", None),
                    ("P1", Some("rg-a")),
                    ("P2", Some("rg-a")),
                ],
            );
            let all: Vec<(&str, Value)> = ["P0", "P1", "P2"]
                .map(|name| (name, (0..2).map(|_| wide(&mut random)).collect()))
                .into();
            let (configuration, warnings) = read(&scene, &all);
            let late = silent(&warnings, &all);
            for (code, ..) in &late {
                *tally.entry((code.name(), "")).or_default() += CALLS;
            }
            for _ in 0..CALLS {
                let call = call(&mut random, &scene, &all[0].1[0]);
                let judgement = judge(&configuration, &scene, &call);
                let found = heard(&judgement);
                for (code, policy, number, layer) in &late {
                    let is_heard = found.iter().any(|(name, at, group)| {
                        name == policy && at == number && layer.is_none_or(|layer| layer == *group)
                    });
                    assert!(
                        !is_heard,
                        "seed {seed}: {code} {policy}#{number}\n{all:#?}\n{call:#?}\n{judgement:#?}"
                    );
                }
            }
        }
        tally
    });
    crate::compare::show(&tally);
    for code in [Code::ShadowedAllow, Code::LateDeny] {
        let seen = tally.get(&(code.name(), "")).copied().unwrap_or_default();
        assert!(seen * 100 > PAIRS, "{code} is seen {seen} times");
    }
}

/// Statements that must not be heard, and whether only in a layer of groups
type Silent = (Code, String, usize, Option<bool>);

fn silent(warnings: &[Warning], policies: &[(&str, Value)]) -> Vec<Silent> {
    let shadowed = warnings
        .iter()
        .filter(|warning| warning.code == Code::ShadowedAllow);
    let shadowed = shadowed.map(|warning| {
        let (name, statements) = policies
            .iter()
            .find(|(name, _)| warning.document == *name)
            .unwrap();
        let parsed = Document::parse(text(statements).as_bytes(), DocumentKind::Identity).unwrap();
        let at = parsed
            .document
            .statements
            .iter()
            .position(|statement| statement.at == warning.at);
        (warning.code, (*name).to_owned(), at.unwrap() + 1, None)
    });
    let late = warnings.iter().filter(|warning| warning.code == Code::LateDeny);
    let late = late.map(|warning| {
        let (policy, number) = warning
            .message
            .split('`')
            .nth(1)
            .unwrap()
            .split_once('#')
            .unwrap();
        (
            warning.code,
            policy.to_owned(),
            number.parse().unwrap(),
            Some(true),
        )
    });
    shadowed.chain(late).collect()
}

/// Statements that decided, and whether in a layer of groups
fn heard(judgement: &Judgement) -> Vec<(String, usize, bool)> {
    let is_group = |layer: PolicyType| layer == PolicyType::ResourceGroupLevelIdentityBasedPolicy;
    let allowed = judgement
        .allowed
        .iter()
        .map(|found| (found.statement.as_ref(), found.policy_type));
    let denied = judgement.failures.iter().filter_map(|failure| match failure {
        Failure::Denied(denial) => Some((denial.decision.statement(), denial.decision.policy_type)),
        Failure::Refused(_) => None,
    });
    allowed
        .chain(denied)
        .filter_map(|(statement, layer)| {
            let statement = statement?;
            Some((statement.policy.to_string(), statement.number, is_group(layer)))
        })
        .collect()
}

fn deciders(judgement: &Judgement) -> BTreeSet<(String, usize)> {
    heard(judgement)
        .into_iter()
        .map(|(policy, number, _)| (policy, number))
        .collect()
}

/// Everybody holds these policies and nothing else
fn hold(scene: &mut Scene, held: &[(&str, Option<&str>)]) {
    let held: Vec<Held> = held
        .iter()
        .map(|(policy, group)| Held {
            policy: (*policy).to_owned(),
            group: group.map(str::to_owned),
        })
        .collect();
    scene.groups = generate::GROUPS
        .iter()
        .enumerate()
        .map(|(at, id)| ((*id).to_owned(), at == 0))
        .collect();
    for user in &mut scene.world.users {
        user.held = held.clone();
    }
    for role in &mut scene.world.roles {
        role.held = held.clone();
    }
    // Calls are made for statements without conditions; their tags are set later
    let any = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    scene.world.policies = [("P0".to_owned(), any)].into();
}

/// The configuration of a scene with these policies, and what the linter says of it
fn read(scene: &Scene, policies: &[(&str, Value)]) -> (Configuration, Vec<Warning>) {
    let grants = |held: &[Held]| -> Vec<Value> {
        let grant = |held: &Held| match &held.group {
            Some(group) => json!({"policy": held.policy, "resourceGroup": group}),
            None => json!({"policy": held.policy}),
        };
        held.iter().map(grant).collect()
    };
    let mut account = json!({"id": scene.world.account, "region": scene.region, "context": scene.context});
    if let Some(linked) = &scene.linked {
        account["serviceLinkedRoles"] = linked.clone().into();
    }
    if let Some(service) = &scene.pass_service {
        account["passRoleService"] = service.clone().into();
    }
    let users = scene.world.users.iter();
    let users: Vec<Value> = users
        .map(|user| json!({"name": user.name, "policies": grants(&user.held)}))
        .collect();
    let roles = scene.world.roles.iter();
    let roles: Vec<Value> = roles
        .map(|role| json!({"name": role.name, "trustPolicy": role.trust, "policies": grants(&role.held)}))
        .collect();
    let groups = scene.groups.iter();
    let groups: Vec<Value> = groups
        .map(|(id, default)| json!({"id": id, "default": default}))
        .collect();
    let directory = json!({"account": account, "resourceGroups": groups, "users": users, "roles": roles});
    let policies = policies
        .iter()
        .map(|(name, statements)| (*name, Piece::policy(name, text(statements).as_bytes())));
    let directory = Piece::directory(format!("{directory:#}").as_bytes());
    let pieces: Vec<(&str, Piece)> = policies.chain([("directory", directory)]).collect();
    let named = || pieces.iter().map(|(name, piece)| (*name, piece));
    let configuration = merge(named()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let facts = Facts::of(pieces.iter().map(|(_, piece)| piece));
    let single = named().flat_map(|(name, piece)| lint::document(name, piece, &facts));
    let single: Vec<Warning> = single.filter(|warning| warning.document != "directory").collect();
    let between = lint::configuration(named(), &configuration);
    let warnings = single.into_iter().chain(between).collect();
    (configuration, warnings)
}

fn text(statements: &Value) -> String {
    format!("{:#}", json!({"Version": "1", "Statement": statements}))
}

fn judge(configuration: &Configuration, scene: &Scene, call: &Call) -> Judgement {
    scene::judge_in(&configuration.policies, scene, call)
}

/// A call as ECI makes them, whose tags are near those that the statement wants
fn call(random: &mut Random, scene: &Scene, statement: &Value) -> Call {
    let mut call = generate::call(random, scene);
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
                true => random.pick(&wanted).replace(['*', '?'], "t"),
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

/// A statement in which much goes wrong
fn statement(random: &mut Random) -> Value {
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
        let keys = block.entry(operator).or_insert_with(|| json!({}));
        keys[key] = values.into();
    }
    block
}

/// A statement that may cover others
fn wide(random: &mut Random) -> Value {
    if random.chance(20) {
        return policies::statement(random);
    }
    let effect = if random.chance(50) { "Allow" } else { "Deny" };
    let element = if random.chance(15) { "NotAction" } else { "Action" };
    let action = random.word(&[
        "*",
        "eci:*",
        "eci:Create*",
        "eci:CreateContainerGroup",
        "eci:Delete*",
        "ECI:delete*",
        "ram:*",
        "ram:PassRole",
    ]);
    let resource = random.word(&[
        "*",
        "*",
        "acs:eci:*:*:*",
        "acs:eci:cn-a:1000:containergroup/*",
        "acs:ram:*:*:role/*",
    ]);
    let mut statement = json!({"Effect": effect, element: action, "Resource": resource});
    if random.chance(50) {
        let key = random.word(&["acs:RequestTag/env", "acs:ResourceTag/env", "eci:tag/env"]);
        let (operator, values) = match random.below(4) {
            0 => (random.word(NUMBER_OPERATORS), NUMBERS),
            _ => (random.word(TEXT_OPERATORS), &["test", "prod", "t*", "te*"][..]),
        };
        let values: Vec<&str> = (0..random.between(1, 2)).map(|_| random.word(values)).collect();
        statement["Condition"] = json!({operator: {key: values}});
    }
    statement
}
