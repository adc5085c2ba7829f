//! Whole ECI calls: the engine's judgement held against one read off the table of operations.

mod generate;
mod naive;
mod scene;

use ramgate::eci::{Denial, Failure, Judgement};

use self::naive::{Kind, Refusal, kind};
use self::scene::{Call, Scene};
use crate::compare::{self, Tally};
use crate::naive::{ALLOW, EXPLICIT, Facts, IMPLICIT, Verdict};
use crate::random::Random;
use crate::sweep;

static SEEN: std::sync::Mutex<std::collections::BTreeMap<String, (usize, String)>> =
    std::sync::Mutex::new(std::collections::BTreeMap::new());
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
                let judgement = scene::judge(&compiled, &scene, &call);
                let (kind, outcome) = (name(kind(&call.operation)), check(&scene, &call, &judgement));
                match outcome {
                    Ok(outcome) => *tally.entry((kind, outcome)).or_default() += 1,
                    Err(said) => {
                        let mut seen = SEEN.lock().unwrap();
                        let entry = seen.entry(format!("{kind} {} {said}", call.operation)).or_insert_with(|| {
                            let policies: Vec<String> = scene.world.policies.iter().map(|(k,v)| format!("{k}: {v}")).collect();
                            let roles: Vec<String> = scene.world.roles.iter().map(|r| format!("{} {} {:?}", r.name, r.trust, r.held)).collect();
                            (0, format!("policies {policies:#?}\nroles {roles:#?} user {:?}\nlinked {:?} pass {:?} groups {:?} ctx {:?}\n{call:?}\n{judgement:#?}", scene.world.users[0].held, scene.linked, scene.pass_service, scene.groups, scene.context))
                        });
                        entry.0 += 1;
                    }
                }
            }
        }
        tally
    });
    for (said, (count, example)) in SEEN.lock().unwrap().iter() {
        println!("=== {count} x {said}\n{example}");
    }
    for (said, (count, _)) in SEEN.lock().unwrap().iter() {
        println!("{count} x {said}");
    }
    println!("{tally:#?}");
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
fn check(scene: &Scene, call: &Call, judgement: &Judgement) -> Result<&'static str, String> {
    let refusals = naive::refusals(scene, call);
    let questions = naive::questions(scene, call);
    let verdicts: Vec<Verdict<'_>> = (questions.iter())
        .map(|question| Verdict::of(&scene.world, &question.ask))
        .collect();
    let outcome = naive::outcome(scene, call, &refusals, &verdicts);
    if judgement.outcome.to_string() != outcome {
        return Err(format!("outcome {}, should be {outcome}", judgement.outcome));
    }
    let mut failures = judgement.failures.iter().peekable();
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
            return Err(format!("{} on {}: {said}", denial.action, denial.resource));
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
    let same_resource = scene.is_plain || ask.resource.eq_ignore_ascii_case(&denial.resource);
    if ask.action != denial.action || !same_resource {
        return Some(format!("should be {} on {}", ask.action, ask.resource));
    }
    if ask.group != denial.resource_group || question.is_about_new_tags != denial.about_new_tags {
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
