//! The engine's answer held against the naive one: outcome, layer, and that the statements it names are really so.

use std::collections::BTreeMap;

use ram_policy::{Decision, Mismatch, Reason};

use crate::naive::{self, EXPLICIT, Facts, IMPLICIT, Missed, Named, Verdict};
use crate::world::{Ask, Compiled, World};

/// How often each outcome of each layer was seen
pub type Tally = BTreeMap<(&'static str, &'static str), usize>;

pub fn show(tally: &Tally) {
    for ((outcome, layer), count) in tally {
        println!("{count:>8} {outcome} {layer}");
    }
}

/// What the two disagree on, if they do
pub fn difference(verdict: &Verdict<'_>, compiled: &Compiled, world: &World, ask: &Ask) -> Option<String> {
    disagreement(verdict, &compiled.decide(ask), &Facts::of(world, ask))
}

pub fn disagreement(verdict: &Verdict<'_>, decision: &Decision, facts: &Facts) -> Option<String> {
    let (outcome, layer) = (decision.outcome.to_string(), decision.policy_type.to_string());
    if outcome != verdict.outcome {
        return Some(format!(
            "outcome {outcome} ({layer}), should be {} ({})",
            verdict.outcome, verdict.layer
        ));
    }
    if verdict.layer_is_certain && layer != verdict.layer {
        return Some(format!("policy type {layer}, should be {}", verdict.layer));
    }
    match &decision.reason {
        Reason::Statement(id) => {
            let is_decider = |named: &Named<'_>| named.policy == *id.policy && named.number == id.number;
            (!verdict.deciders.iter().any(is_decider)).then(|| {
                format!(
                    "statement {id} decided {outcome}, should be one of {:?}",
                    verdict.deciders
                )
            })
        }
        Reason::NoMatch(misses) => {
            if outcome != IMPLICIT {
                return Some(format!("{outcome} for want of a statement"));
            }
            (misses.iter()).find_map(|miss| dishonest(verdict, miss, facts))
        }
        Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole => (outcome == EXPLICIT
            || !verdict.deciders.is_empty())
        .then(|| format!("{outcome} by {layer} names no statement")),
    }
}

/// A nearest statement must be one that was asked, and its first mismatch the one that is named
fn dishonest(verdict: &Verdict<'_>, miss: &ram_policy::Miss, facts: &Facts) -> Option<String> {
    let id = &miss.statement;
    let Some(named) =
        (verdict.asked.iter()).find(|named| named.policy == *id.policy && named.number == id.number)
    else {
        return Some(format!("statement {id} is named as near and was not asked"));
    };
    let first = naive::first_miss(named.statement, facts);
    let (claimed, is_true) = match &miss.mismatch {
        Mismatch::Action { .. } => (Missed::Action, true),
        Mismatch::Resource { .. } | Mismatch::Principal { .. } => (Missed::Target, true),
        Mismatch::Condition {
            operator, key, got, ..
        } => {
            let found = facts.context.get(key);
            let is_deny = named.statement["Effect"] == "Deny";
            let is_unmet = naive::conditions(named.statement).any(|(name, of, wanted)| {
                name == operator.name()
                    && of == *key
                    && !naive::holds(name, &naive::texts(wanted), found, is_deny)
            });
            let is_got = found.map(Vec::as_slice).unwrap_or_default() == got.as_slice();
            (Missed::Condition, is_unmet && is_got)
        }
    };
    let is_same = first.as_ref() == Some(&claimed) && is_true;
    (!is_same).then(|| format!("miss `{miss}` of {id}, but the first that does not fit is {first:?}"))
}
