//! Whole ECI calls: the engine's evaluation held against one read off the table of operations.

mod fix;
mod generate;
mod limits;
mod lint;
mod naive;
mod policies;
mod scene;

use eci_calls::{CallEvaluation, Denial, Failure};

use self::naive::Refusal;
pub use self::naive::{Kind, is_elsewhere, kind};
pub use self::scene::{Call, Scene};
use crate::compare::{self, Tally};
use crate::disputed;
use crate::naive::{ALLOW, EXPLICIT, Facts, IMPLICIT, Verdict};
use crate::random::Random;
use crate::sweep;

const PAIRS: usize = 200_000;
const CALLS: usize = 100;

#[test]
fn whole_calls_are_judged_alike() {
    let tally = sweep(PAIRS, |seed, pairs| {
        let mut random = Random::new(seed);
        let mut tally = Tally::new();
        for _ in 0..pairs.div_ceil(CALLS) {
            let scene = generate::scene(&mut random);
            let compiled = (scene.world.compile()).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            for _ in 0..CALLS {
                let call = generate::call(&mut random, &scene);
                let evaluation = scene::evaluate(&compiled, &scene, &call);
                let outcome = check(&scene, &call, &evaluation);
                if let Some(point) = disputed::point_of_call(&scene, &call) {
                    disputed::count(&mut tally, point, outcome.is_err());
                    continue;
                }
                let outcome = outcome.unwrap_or_else(|said| {
                    panic!("seed {seed}: {said}\n{scene:#?}\n{call:#?}\n{evaluation:#?}");
                });
                *tally.entry((name(kind(&call.operation)), outcome)).or_default() += 1;
            }
        }
        tally
    });
    compare::show(&tally);
    disputed::is_small(&tally);
    let all: usize = tally.values().sum();
    for (kind, outcomes) in [
        ("create", [ALLOW, EXPLICIT, IMPLICIT, naive::REFUSED].as_slice()),
        ("update", &[ALLOW, EXPLICIT, IMPLICIT, naive::REFUSED]),
        ("query", &[ALLOW, naive::EMPTY]),
        ("id", &[ALLOW, EXPLICIT, IMPLICIT]),
    ] {
        for outcome in outcomes {
            let seen = tally.get(&(kind, *outcome)).copied().unwrap_or_default();
            assert!(seen * 200 > all, "{kind} {outcome} is seen {seen} times in {all}");
        }
    }
}

/// The outcome both agree on, or what they disagree on
fn check(scene: &Scene, call: &Call, evaluation: &CallEvaluation) -> Result<&'static str, String> {
    let refusals = naive::refusals(scene, call);
    let questions = naive::questions(scene, call);
    let verdicts: Vec<Verdict<'_>> = (questions.iter())
        .map(|question| Verdict::of(&scene.world, &question.ask))
        .collect();
    let outcome = naive::outcome(scene, call, &refusals, &verdicts);
    if evaluation.outcome.to_string() != outcome {
        return Err(format!("outcome {}, should be {outcome}", evaluation.outcome));
    }
    let mut failures = evaluation.failures.iter().peekable();
    let mut refused = Vec::new();
    while let Some(Failure::Refused(refusal)) =
        failures.next_if(|failure| matches!(failure, Failure::Refused(_)))
    {
        refused.push(refusal.code);
    }
    if refused.len() != refusals.len() {
        return Err(format!("refusals {refused:?}, should be {refusals:?}"));
    }
    if refusals.contains(&Refusal::Role) != refused.contains(&"Forbidden.RamRoleNotExist") {
        return Err(format!("refusals {refused:?} of {refusals:?}"));
    }
    let mut denials = Vec::new();
    for failure in failures {
        match failure {
            Failure::Denied(denial) => denials.push(denial),
            Failure::Refused(refusal) => return Err(format!("{} shows after a denial", refusal.code)),
        }
    }
    // what RAM is asked about a group or a role that is not there is the engine's choice
    if [Refusal::Group, Refusal::Role]
        .iter()
        .any(|refusal| refusals.contains(refusal))
    {
        return Ok(outcome);
    }
    let mut wanted: Vec<usize> = (0..verdicts.len())
        .filter(|at| verdicts[*at].outcome != ALLOW)
        .collect();
    wanted.sort_by_key(|at| verdicts[*at].outcome != EXPLICIT);
    if wanted.len() != denials.len() {
        let actions: Vec<&str> = wanted
            .iter()
            .map(|at| questions[*at].ask.action.as_str())
            .collect();
        return Err(format!("{} denials, should be of {actions:?}", denials.len()));
    }
    for (at, denial) in wanted.into_iter().zip(denials) {
        let (question, verdict) = (&questions[at], &verdicts[at]);
        if let Some(said) = wrong(question, verdict, denial, scene) {
            return Err(format!(
                "{} on {}: {said}",
                denial.question.action, denial.question.resource
            ));
        }
    }
    let is_allowed = |at: &usize| verdicts[*at].outcome == ALLOW;
    let allowed: Vec<usize> = (0..verdicts.len()).filter(is_allowed).collect();
    if allowed.len() != evaluation.allowed.len() {
        return Err(format!(
            "allowances {:?}, should be {}",
            evaluation.allowed,
            allowed.len()
        ));
    }
    for (at, found) in allowed.into_iter().zip(&evaluation.allowed) {
        let verdict = &verdicts[at];
        let is_named = match &found.statement {
            Some(id) => {
                (verdict.deciders.iter()).any(|each| each.policy == *id.policy && each.number == id.number)
            }
            None => verdict.deciders.is_empty(),
        };
        let same_layer = found.policy_type.to_string() == verdict.layer;
        if questions[at].ask.action != found.action || !is_named || !same_layer {
            return Err(format!(
                "{found:?}, should be {} by {verdict:?}",
                questions[at].ask.action
            ));
        }
    }
    Ok(outcome)
}

fn wrong(
    question: &naive::Question,
    verdict: &Verdict<'_>,
    denial: &Denial,
    scene: &Scene,
) -> Option<String> {
    let ask = &question.ask;
    // no source names the resource of every operation
    let same_resource = scene.is_plain || ask.resource.eq_ignore_ascii_case(&denial.question.resource);
    if ask.action != denial.question.action || !same_resource {
        return Some(format!("should be {} on {}", ask.action, ask.resource));
    }
    if ask.group != denial.question.resource_group
        || question.is_about_new_tags != denial.question.about_new_tags
    {
        return Some(format!(
            "should be asked in {:?}, new tags {}",
            ask.group, question.is_about_new_tags
        ));
    }
    compare::disagreement(verdict, &denial.decision, &Facts::of(&scene.world, ask))
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Update => "update",
        Kind::Query => "query",
        Kind::Id => "id",
    }
}
