//! Points on which the engine and this reading of the specification differ, and which await a decision. Pairs that touch
//! one are set aside and counted; a point on which the two agree by now must leave this list.

use crate::calls::{Call, Kind, Scene, is_elsewhere, kind};
use crate::compare::Tally;
use crate::naive::{self, CONTROL, EXPLICIT, IMPLICIT, SESSION};
use crate::world::{Ask, Who, World};

const ASIDE: &str = "set aside";
const DIFFERENT: &str = "set aside, different";

/// The point that a pair touches, in words
pub fn point(world: &World, ask: &Ask) -> Option<&'static str> {
    if ask.is_assuming && ask.who == Who::Account {
        return Some("the account assumes a role: the root bypasses, or the trust policy must allow");
    }
    if ask.is_assuming && naive::trust(world, ask).outcome == EXPLICIT {
        let own = naive::decide(world, ask);
        if own.outcome == IMPLICIT && [CONTROL, SESSION].contains(&own.layer) {
            return Some("control or session policy stops in silence, or the trust policy's deny is heard");
        }
    }
    None
}

/// The point that a call touches, in words
pub fn point_of_call(scene: &Scene, call: &Call) -> Option<&'static str> {
    let operation = call.operation.as_str();
    if kind(operation) == Kind::Id && is_elsewhere(scene, call) {
        return Some("a group sent beside an id: looked up from the id, or refused if it is another");
    }
    if operation == "DescribeCommitContainerTask" && call.target.is_some() {
        return Some("a task asked for by id: `containergroup/*` as the table says, or the id's name");
    }
    if operation == "CreateInstanceOpsTask" {
        return Some("a task on an instance: makes no instance, or needs the service-linked role");
    }
    if operation == "DescribeContainerGroupPrice" && call.group.is_some() {
        return Some("a price in a group: prices know no groups, or an unknown group has none");
    }
    if scene
        .context
        .iter()
        .any(|(key, values)| fills_otherwise(scene, call, key, &values[0]))
    {
        return Some(
            "a key that the account gives and the call fills: the given one wins, or the filled one",
        );
    }
    None
}

/// Whether the call fills a key with another value than the account gives
fn fills_otherwise(scene: &Scene, call: &Call, key: &str, given: &str) -> bool {
    let sent = call.tags.iter().chain([&call.extra]).flatten();
    let existing = call.target.iter().flat_map(|target| &target.tags);
    match key.split_once('/') {
        Some((_, name)) => (sent.chain(existing)).any(|(key, value)| key == name && value != given),
        None if key == "acs:Service" => (scene.pass_service.iter()).any(|service| service != given),
        None => key == "ram:ServiceName" && given != "eci.aliyuncs.com",
    }
}

pub fn count(tally: &mut Tally, point: &'static str, is_different: bool) {
    *tally.entry((ASIDE, point)).or_default() += 1;
    *tally.entry((DIFFERENT, point)).or_default() += usize::from(is_different);
}

/// Little is set aside, and only what is really in dispute
pub fn is_small(tally: &Tally) {
    let counted = tally.iter().filter(|((kind, _), _)| *kind != DIFFERENT);
    let all: usize = counted.map(|(_, count)| count).sum();
    for ((kind, point), count) in tally {
        if *kind == ASIDE {
            assert!(count * 20 < all, "{count} of {all} pairs are set aside: {point}");
            let different = tally[&(DIFFERENT, *point)];
            assert!(*count < 300 || different > 0, "no longer in dispute: {point}");
        }
    }
}
