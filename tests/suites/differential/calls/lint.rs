//! What the linter says of a statement, held against the engine: what can never match never decides a call, a condition
//! that always holds changes nothing, and what comes too late is never heard.

mod sketch;

use std::collections::BTreeSet;

use eci_calls::{CallEvaluation, Failure};
use ram_policy::{Actions, Document, DocumentKind, PolicyType};
use ramgate::testing::analysis::{AccountFacts, Code, Warning, lint};
use ramgate::testing::config::{Configuration, ParsedDocument, merge};
use serde_json::{Value, json};

use super::generate;
use super::scene::{self, Call, Scene};
use crate::compare::Tally;
use crate::random::Random;
use crate::sweep;
use crate::world::Held;

/// Calls put to statements that the linter says something of
const PAIRS: usize = 40_000;
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

#[test]
fn what_the_linter_says_of_a_statement_the_engine_does() {
    let tally = sweep(PAIRS, |seed, pairs| {
        let mut random = Random::new(seed);
        let mut tally = Tally::new();
        let mut left = pairs;
        while left > 0 {
            let mut scene = generate::scene(&mut random);
            hold(&mut scene, &[("P0", None)]);
            sketch::context(&mut random, &mut scene);
            let statement = sketch::statement(&mut random);
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
        assert!(seen * 200 > tally.values().sum(), "{code} is seen {seen} times");
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
        let call = sketch::call(random, scene, &statement);
        let evaluation = judge(&configuration, scene, &call);
        match &without {
            Some(without) => assert_eq!(
                evaluation.outcome,
                judge(without, scene, &call).outcome,
                "seed {seed}: {warning}\n{statement:#}\n{call:#?}"
            ),
            None => assert!(
                !deciders(&evaluation).contains(&("P0".to_owned(), number)),
                "seed {seed}: {warning}\n{statement:#}\n{scene:#?}\n{call:#?}\n{evaluation:#?}"
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
    if let Some(at) = known.actions_at().position(|at| at == warning.at) {
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
            // With few statements the layer of the account is often silent
            let (size, held): (_, &[_]) = match random.chance(60) {
                true => (1, &[("P0", None), ("P2", Some("rg-a"))]),
                false => (
                    2,
                    &[
                        ("P0", None),
                        ("P1", None),
                        ("P1", Some("rg-a")),
                        ("P2", Some("rg-a")),
                    ],
                ),
            };
            hold(&mut scene, held);
            let statements = sketch::alike(&mut random, size * 3);
            let all: Vec<(&str, Value)> = (["P0", "P1", "P2"].into_iter())
                .zip(statements.chunks(size).map(|each| json!(each)))
                .collect();
            let (configuration, warnings) = read(&scene, &all);
            let late = silent(&warnings, &all);
            for (code, ..) in &late {
                *tally.entry((code.name(), "")).or_default() += CALLS;
            }
            for _ in 0..CALLS {
                let near = random.pick(&statements);
                let call = sketch::call(&mut random, &scene, near);
                let evaluation = judge(&configuration, &scene, &call);
                let found = heard(&evaluation);
                for (code, policy, number, layer) in &late {
                    let is_heard = found.iter().any(|(name, at, group)| {
                        name == policy && at == number && layer.is_none_or(|layer| layer == *group)
                    });
                    assert!(
                        !is_heard,
                        "seed {seed}: {code} {policy}#{number}\n{all:#?}\n{call:#?}\n{evaluation:#?}"
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
fn heard(evaluation: &CallEvaluation) -> Vec<(String, usize, bool)> {
    let is_group = |layer: PolicyType| layer == PolicyType::ResourceGroupLevelIdentityBasedPolicy;
    let allowed = evaluation
        .allowed
        .iter()
        .map(|found| (found.statement.as_ref(), found.policy_type));
    let denied = evaluation.failures.iter().filter_map(|failure| match failure {
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

fn deciders(evaluation: &CallEvaluation) -> BTreeSet<(String, usize)> {
    heard(evaluation)
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
        .map(|(name, statements)| (*name, ParsedDocument::policy(name, text(statements).as_bytes())));
    let directory = ParsedDocument::directory(format!("{directory:#}").as_bytes());
    let documents: Vec<(&str, ParsedDocument)> = policies.chain([("directory", directory)]).collect();
    let named = || documents.iter().map(|(name, document)| (*name, document));
    let configuration = merge(named()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let facts = AccountFacts::of(documents.iter().map(|(_, document)| document));
    let single = named().flat_map(|(name, document)| lint::document(name, document, &facts));
    let single: Vec<Warning> = single.filter(|warning| warning.document != "directory").collect();
    let between = lint::configuration(named(), &configuration);
    let warnings = single.into_iter().chain(between).collect();
    (configuration, warnings)
}

fn text(statements: &Value) -> String {
    format!("{:#}", json!({"Version": "1", "Statement": statements}))
}

fn judge(configuration: &Configuration, scene: &Scene, call: &Call) -> CallEvaluation {
    scene::evaluate_in(&configuration.policies, scene, call)
}
