//! The evaluator that is too simple to be wrong: RAM's flow read off the page, step by step, on the raw JSON of the
//! documents. It shares nothing with the engine: no parser, no index, no type.

mod address;
mod condition;
mod date;
mod number;
mod statement;
mod system;
mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

pub use self::condition::holds;
pub use self::statement::{Missed, conditions, first_miss, matches, texts};
pub use self::text::arn_like;
use crate::world::{Ask, Held, Role, Who, World};

pub const ALLOW: &str = "Allow";
pub const IMPLICIT: &str = "ImplicitDeny";
pub const EXPLICIT: &str = "ExplicitDeny";

pub const ROOT: &str = "Root";
pub const CONTROL: &str = "ControlPolicy";
pub const SESSION: &str = "SessionPolicy";
pub const TRUST: &str = "AssumeRolePolicy";
pub const ACCOUNT_LEVEL: &str = "AccountLevelIdentityBasedPolicy";
pub const GROUP_LEVEL: &str = "ResourceGroupLevelIdentityBasedPolicy";

/// A statement by the policy that holds it and its place there, counted from one
#[derive(Clone, Debug)]
pub struct Named<'a> {
    pub policy: Cow<'a, str>,
    pub number: usize,
    pub statement: &'a Value,
}

/// What RAM answers
#[derive(Clone, Debug)]
pub struct Verdict<'a> {
    pub outcome: &'static str,
    pub layer: &'static str,
    /// Every statement that may be named as the one that decided; empty where none did
    pub deciders: Vec<Named<'a>>,
    /// Every statement that was asked at the layers whose silence or word is the answer
    pub asked: Vec<Named<'a>>,
    /// False where the specification leaves open which layer is named
    pub layer_is_certain: bool,
}

/// What a statement is matched against
pub struct Facts {
    pub who: Who,
    pub account: String,
    pub action: String,
    pub resource: String,
    pub context: BTreeMap<String, Vec<String>>,
}

impl Facts {
    pub fn of(world: &World, ask: &Ask) -> Self {
        let mut context = ask.context.clone();
        let arn = match &ask.who {
            Who::User(name) => Some(format!("acs:ram::{}:user/{name}", world.account)),
            Who::Role(name) => Some(format!("acs:ram::{}:role/{name}", world.account)),
            Who::Account | Who::Group(_) | Who::Service(_) => None,
        };
        for (key, value) in [
            ("acs:PrincipalARN", arn),
            ("acs:ResourceGroupId", ask.group.clone()),
        ] {
            if let Some(value) = value {
                context.entry(key.into()).or_insert_with(|| vec![value]);
            }
        }
        Self {
            who: ask.who.clone(),
            account: world.account.clone(),
            action: ask.action.clone(),
            resource: ask.resource.clone(),
            context,
        }
    }
}

/// Root, control policies from the member's level up, session, account scope, group scope
pub fn decide<'a>(world: &'a World, ask: &'a Ask) -> Verdict<'a> {
    if ask.who == Who::Account {
        return Verdict::silent(ALLOW, ROOT);
    }
    let facts = Facts::of(world, ask);
    if let Who::Service(_) = ask.who {
        return Verdict::uncertain(IMPLICIT, ACCOUNT_LEVEL);
    }
    let held = held(world, &ask.who);
    if !is_service_linked(&ask.who) {
        for level in world.control.iter().rev() {
            let verdict = unit(policies(world, level.iter()), &facts, CONTROL);
            if verdict.outcome != ALLOW {
                return verdict;
            }
        }
    }
    if !ask.session.is_empty() {
        let verdict = unit(session(world, ask), &facts, SESSION);
        if verdict.outcome != ALLOW {
            return verdict;
        }
    }
    let at = |scope: Option<&String>| {
        let names = held
            .iter()
            .filter(|held| held.group.as_ref() == scope)
            .map(|held| &held.policy);
        policies(world, names)
    };
    let account = unit(at(None), &facts, ACCOUNT_LEVEL);
    if account.outcome != IMPLICIT {
        return account;
    }
    match &ask.group {
        Some(group) if held.iter().any(|held| held.group.as_ref() == Some(group)) => {
            let mut verdict = unit(at(Some(group)), &facts, GROUP_LEVEL);
            if verdict.outcome == IMPLICIT {
                verdict.asked.extend(account.asked);
            }
            verdict
        }
        _ => account,
    }
}

/// sts:AssumeRole: the caller's policies and the role's trust policy must both allow; a service has no policies
fn assume<'a>(world: &'a World, ask: &'a Ask) -> Verdict<'a> {
    if ask.who == Who::Account {
        return Verdict::silent(ALLOW, ROOT);
    }
    let trust = trust(world, ask);
    if matches!(ask.who, Who::Service(_)) {
        return trust;
    }
    let own = decide(world, ask);
    let stopped = [CONTROL, SESSION].contains(&own.layer) && own.outcome != ALLOW;
    if stopped || own.outcome == EXPLICIT {
        return own;
    }
    if trust.outcome == EXPLICIT {
        return trust;
    }
    match (own.outcome == ALLOW, trust.outcome == ALLOW) {
        (true, false) => trust,
        (false, true) => own,
        // two layers say the same: which is named is the engine's choice
        (allowed, _) => {
            let mut both = if allowed { trust.clone() } else { own.clone() };
            both.layer_is_certain = false;
            both.deciders = [own.deciders, trust.deciders].concat();
            both.asked = [own.asked, trust.asked].concat();
            both
        }
    }
}

/// The trust policy of the role that is asked for; a role that is not there trusts nobody
pub fn trust<'a>(world: &'a World, ask: &'a Ask) -> Verdict<'a> {
    let is_asked = |role: &&Role| {
        let arn = format!("acs:ram::{}:role/{}", world.account, role.name);
        arn_like(&arn, &ask.resource)
    };
    let trusting = (world.roles.iter().find(is_asked))
        .map(|role| statements(format!("trust:{}", role.name), &role.trust))
        .unwrap_or_default();
    unit(trusting, &Facts::of(world, ask), TRUST)
}

/// Deny beats Allow beats silence
fn unit<'a>(statements: Vec<Named<'a>>, facts: &Facts, layer: &'static str) -> Verdict<'a> {
    let matching = (statements.iter()).filter(|named| matches(named.statement, facts));
    let (denying, allowing): (Vec<Named<'a>>, Vec<Named<'a>>) =
        (matching.cloned()).partition(|named| named.statement["Effect"] == "Deny");
    let (outcome, deciders) = match (denying.is_empty(), allowing.is_empty()) {
        (false, _) => (EXPLICIT, denying),
        (true, false) => (ALLOW, allowing),
        (true, true) => (IMPLICIT, allowing),
    };
    Verdict {
        outcome,
        layer,
        deciders,
        asked: statements,
        layer_is_certain: true,
    }
}

/// What a principal holds, groups of users merged; nothing for a name that is not in the directory. Role names have no
/// case
fn held<'a>(world: &'a World, who: &Who) -> Vec<&'a Held> {
    let mut all = Vec::new();
    for user in &world.users {
        if *who == Who::User(user.name.clone()) {
            all.extend(&user.held);
            let groups = world
                .groups
                .iter()
                .filter(|group| user.groups.contains(&group.name));
            all.extend(groups.flat_map(|group| &group.held));
        }
    }
    for group in &world.groups {
        if *who == Who::Group(group.name.clone()) {
            all.extend(&group.held);
        }
    }
    for role in &world.roles {
        if matches!(who, Who::Role(name) if name.eq_ignore_ascii_case(&role.name)) {
            all.extend(&role.held);
        }
    }
    all
}

/// Control policies do not bind the roles that belong to a service
fn is_service_linked(who: &Who) -> bool {
    matches!(who, Who::Role(name) if name.starts_with("AliyunServiceRoleFor"))
}

fn policies<'a>(world: &'a World, names: impl Iterator<Item = &'a String>) -> Vec<Named<'a>> {
    names
        .flat_map(|name| match world.policies.get(name) {
            Some(document) => statements(name.as_str(), document),
            None => statements(name.as_str(), system::policy(name)),
        })
        .collect()
}

/// The statements of a session, its documents one after another
fn session<'a>(world: &'a World, ask: &Ask) -> Vec<Named<'a>> {
    let mut all: Vec<Named<'_>> = (ask.session.iter())
        .flat_map(|at| statements("session", &world.sessions[*at]))
        .collect();
    for (at, named) in all.iter_mut().enumerate() {
        named.number = at + 1;
    }
    all
}

fn statements<'a>(policy: impl Into<Cow<'a, str>>, document: &'a Value) -> Vec<Named<'a>> {
    let policy = policy.into();
    let list = document["Statement"].as_array().unwrap();
    (list.iter().enumerate())
        .map(|(at, statement)| Named {
            policy: policy.clone(),
            number: at + 1,
            statement,
        })
        .collect()
}

impl<'a> Verdict<'a> {
    pub fn of(world: &'a World, ask: &'a Ask) -> Self {
        match ask.is_assuming {
            true => assume(world, ask),
            false => decide(world, ask),
        }
    }

    fn silent(outcome: &'static str, layer: &'static str) -> Self {
        Self {
            outcome,
            layer,
            deciders: Vec::new(),
            asked: Vec::new(),
            layer_is_certain: true,
        }
    }

    fn uncertain(outcome: &'static str, layer: &'static str) -> Self {
        Self {
            layer_is_certain: false,
            ..Self::silent(outcome, layer)
        }
    }
}
