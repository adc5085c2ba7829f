//! Policy sets and requests out of small alphabets, so that almost everything almost matches.

mod ask;
mod large;
mod pattern;
mod statement;
mod words;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use self::ask::ask;
pub use self::large::large_world;
pub use self::pattern::{blurred, flipped, instance};
pub use self::statement::document;
use crate::random::Random;
use crate::world::{Group, Held, Role, User, World};

pub const ACCOUNT: &str = "1000";
pub const GROUPS: &[&str] = &["rg-1", "rg-2", "rg-12"];

/// Who reads the document: an identity, or a role that decides whom it trusts
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Identity,
    Trust,
}

pub fn world(random: &mut Random) -> World {
    let policies: BTreeMap<String, Value> = (0..random.between(2, 5))
        .map(|at| (format!("P{at}"), document(random, Kind::Identity)))
        .collect();
    let mut names: Vec<String> = policies.keys().cloned().collect();
    if random.chance(15) {
        names.push(
            random
                .word(&[
                    "AliyunECIFullAccess",
                    "AliyunECIReadOnlyAccess",
                    "AdministratorAccess",
                ])
                .into(),
        );
    }
    let service_role = if random.chance(15) {
        "AliyunServiceRoleForECI"
    } else {
        "opsX"
    };
    World {
        account: ACCOUNT.into(),
        control: control(random, &names),
        users: [("ann", vec!["devs"]), ("Ops", vec!["devs", "admins"])]
            .map(|(name, groups)| User {
                name: name.into(),
                groups: groups.into_iter().map(String::from).collect(),
                held: held(random, &names, 2),
            })
            .into(),
        groups: ["devs", "admins"]
            .map(|name| Group {
                name: name.into(),
                held: held(random, &names, 1),
            })
            .into(),
        roles: ["Ops", service_role]
            .map(|name| Role {
                name: name.into(),
                trust: document(random, Kind::Trust),
                held: held(random, &names, 3),
            })
            .into(),
        sessions: (0..3).map(|_| document(random, Kind::Identity)).collect(),
        policies,
    }
}

/// Mostly absent or harmless, else a wall at one level
fn control(random: &mut Random, names: &[String]) -> Vec<Vec<String>> {
    if random.chance(65) {
        return Vec::new();
    }
    (0..random.between(1, 3))
        .map(|_| {
            let mut level = Vec::new();
            if random.chance(75) {
                level.push("FullAliyunAccess".into());
            }
            if random.chance(35) || level.is_empty() {
                level.push(random.pick(names).clone());
            }
            level
        })
        .collect()
}

/// Policies at account scope and at those of groups, none twice at one
fn held(random: &mut Random, names: &[String], most: usize) -> Vec<Held> {
    let mut all: Vec<Held> = Vec::new();
    for _ in 0..random.between(0, most) {
        let group = random.chance(45).then(|| random.word(GROUPS).into());
        let policy = random.pick(names).clone();
        let next = Held { policy, group };
        if !all.contains(&next) {
            all.push(next);
        }
    }
    all
}

/// One value or a list of them
fn listed(random: &mut Random, values: Vec<Value>) -> Value {
    match <[Value; 1]>::try_from(values) {
        Ok([only]) if random.chance(60) => only,
        Ok([only]) => json!([only]),
        Err(several) => several.into(),
    }
}
