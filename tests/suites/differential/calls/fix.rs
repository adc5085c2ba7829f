//! The proposed fix of a denied call, held against the naive evaluator and against trying everything.

use std::collections::BTreeMap;

use eci_calls::CallOutcome;
use eci_calls::fix::{CallEvaluator, DesiredFields, Search, search};

use super::naive::{Kind, kind};
use super::scene::{self, Call, Scene};
use super::{check, generate};
use crate::compare::Tally;
use crate::naive::{ALLOW, conditions};
use crate::random::Random;
use crate::sweep;
use crate::world::Compiled;

/// Denied creates and updates of a run, all seeds together
const DENIED: usize = 12_000;
/// Of so many one is held against all fields that its policies' values make
const EXHAUSTED: usize = 12;
/// Calls put to one account
const CALLS: usize = 60;

#[test]
fn a_proposed_change_is_allowed_and_none_is_missed() {
    let tally = sweep(DENIED, |seed, wanted| {
        let mut random = Random::new(seed ^ 0xf1);
        let mut tally = Tally::new();
        let mut denied = 0;
        while denied < wanted {
            let mut scene = generate::scene(&mut random);
            if random.chance(20) {
                let level = random.word(&["P0", "P1", "FullAliyunAccess"]);
                scene.world.control = vec![vec![level.into()], vec!["P2".into(), "FullAliyunAccess".into()]];
            }
            let compiled = scene.world.compile().unwrap();
            for _ in 0..CALLS {
                let call = generate::call(&mut random, &scene);
                if !matches!(kind(&call.operation), Kind::Create | Kind::Update) {
                    continue;
                }
                let judged = scene::evaluate(&compiled, &scene, &call);
                if judged.outcome == CallOutcome::Allow {
                    continue;
                }
                denied += 1;
                let outcome = examine(&compiled, &scene, &call, denied % EXHAUSTED == 0);
                let said =
                    outcome.unwrap_or_else(|said| panic!("seed {seed}: {said}\n{scene:#?}\n{call:#?}"));
                *tally
                    .entry((super::name(kind(&call.operation)), said))
                    .or_default() += 1;
            }
        }
        tally
    });
    crate::compare::show(&tally);
    for kind in ["create", "update"] {
        for outcome in [FOUND, NOTHING] {
            let seen = tally.get(&(kind, outcome)).copied().unwrap_or_default();
            assert!(
                seen * 50 > DENIED,
                "{kind} {outcome} is seen {seen} times in {DENIED}"
            );
        }
    }
}

const FOUND: &str = "a fix";
const NOTHING: &str = "no fix";
const GAVE_UP: &str = "gave up";

fn examine(compiled: &Compiled, scene: &Scene, call: &Call, exhaust: bool) -> Result<&'static str, String> {
    let (principal, asked, account) = (call.who.principal(), scene::asked(call), scene::account(scene));
    let now = scene.now.parse().unwrap();
    let evaluator = CallEvaluator::new(&compiled.set, &account, &principal, &asked, now).unwrap();
    let before = evaluator.desired();
    let found = search(
        &evaluator,
        &compiled.set,
        std::slice::from_ref(&principal),
        before.clone(),
    );
    let said = match &found {
        Search::Found(desired)
            if desired.role.is_some() && desired.role != before.role && call.target.is_none() =>
        {
            return Err(format!("{desired:?} has a role that nobody asked for"));
        }
        Search::Found(desired) => {
            let fixed = granted(call, &before, desired);
            let judged = scene::evaluate(compiled, scene, &fixed);
            let agreed = check(scene, &fixed, &judged);
            if agreed.as_deref() != Ok(ALLOW) && !is_disputed(scene, &fixed) {
                return Err(format!("{desired:?} is not allowed: {agreed:?}"));
            }
            FOUND
        }
        Search::Nothing => NOTHING,
        Search::GaveUp => GAVE_UP,
    };
    if exhaust {
        let fewest = choices(scene, call, &before)
            .into_iter()
            .filter(|desired| {
                scene::evaluate(compiled, scene, &granted(call, &before, desired)).outcome
                    == CallOutcome::Allow
            })
            .min_by_key(|desired| distance(&before, desired));
        match (&found, fewest) {
            (Search::Found(found), Some(other)) if distance(&before, &other) < distance(&before, found) => {
                return Err(format!("{other:?} is nearer than {found:?}"));
            }
            (Search::Nothing, Some(missed)) => return Err(format!("{missed:?} was missed")),
            _ => {}
        }
    }
    Ok(said)
}

fn is_disputed(scene: &Scene, call: &Call) -> bool {
    crate::disputed::point_of_call(scene, call).is_some()
}

/// The call that the fields make
fn granted(call: &Call, before: &DesiredFields, desired: &DesiredFields) -> Call {
    let mut call = call.clone();
    if desired.tags != before.tags {
        call.tags = match &call.target {
            Some(target) if sorted(&target.tags) == sorted(&desired.tags) => None,
            _ => Some(desired.tags.clone()),
        };
    }
    if desired.resource_group != before.resource_group {
        call.group.clone_from(&desired.resource_group);
    }
    if desired.role != before.role {
        call.role.clone_from(&desired.role);
    }
    call
}

/// All fields that can be made of the values that policies, call and account speak of
fn choices(scene: &Scene, call: &Call, before: &DesiredFields) -> Vec<DesiredFields> {
    let mut by_key: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    let mut note = |key: &str, value: Option<&str>| {
        let values = by_key.entry(key.into()).or_default();
        let value = value.map(String::from);
        if !values.contains(&value) {
            values.push(value);
        }
    };
    for document in scene.world.policies.values() {
        for statement in document["Statement"].as_array().unwrap() {
            for (_, key, value) in conditions(statement) {
                let Some((_, name)) = key.split_once("Tag/").or(key.split_once("tag/")) else {
                    continue;
                };
                if name != "ClusterId" {
                    note(
                        name,
                        Some(&value.as_str().unwrap().replace('*', "").replace('?', "x")),
                    );
                }
            }
        }
    }
    let target = call.target.iter().flat_map(|target| &target.tags);
    for (key, value) in before.tags.iter().chain(target) {
        note(key, Some(value));
    }
    let keys: Vec<String> = by_key.keys().cloned().collect();
    for key in &keys {
        by_key.get_mut(key).unwrap().push(None);
    }
    let mut all = vec![DesiredFields {
        tags: Vec::new(),
        ..before.clone()
    }];
    for (key, values) in &by_key {
        let tagged = |desired: &DesiredFields| {
            let with = values.iter().map(|value| {
                let mut desired = desired.clone();
                desired
                    .tags
                    .extend(value.clone().map(|value| (key.clone(), value)));
                desired
            });
            with.collect::<Vec<_>>()
        };
        all = all.iter().flat_map(tagged).collect();
    }
    let groups: Vec<Option<String>> = match &call.target {
        None => scene
            .groups
            .iter()
            .map(|(id, _)| Some(id.clone()))
            .chain([None])
            .collect(),
        Some(target) => vec![target.group.clone()],
    };
    let roles: Vec<Option<String>> = match &call.target {
        // The roles of the scenes have names too different for a slip, and no other is ever proposed
        None => vec![None],
        Some(target) => vec![target.role.clone()],
    };
    let groups: Vec<_> = groups
        .into_iter()
        .chain([before.resource_group.clone()])
        .collect();
    let roles: Vec<_> = roles.into_iter().chain([before.role.clone()]).collect();
    let mut choices = Vec::new();
    for desired in all {
        for group in &groups {
            for role in &roles {
                choices.push(DesiredFields {
                    resource_group: group.clone(),
                    role: role.clone(),
                    ..desired.clone()
                });
            }
        }
    }
    choices
}

/// How many things two sets of fields have otherwise
fn distance(one: &DesiredFields, other: &DesiredFields) -> usize {
    let keys = one.tags.iter().chain(&other.tags).map(|(key, _)| key);
    let keys: std::collections::BTreeSet<&String> = keys.collect();
    let tags = keys
        .into_iter()
        .filter(|key| one.tag(key) != other.tag(key))
        .count();
    tags + usize::from(one.resource_group != other.resource_group) + usize::from(one.role != other.role)
}

fn sorted(tags: &[(String, String)]) -> Vec<&(String, String)> {
    let mut all: Vec<_> = tags.iter().collect();
    all.sort();
    all
}
