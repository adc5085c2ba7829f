//! Reviews at a steady rate, each held against what must come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::chance::Chance;
use crate::ledger::Outcome;
use crate::reviews::Case;
use crate::settings::Settings;
use crate::stage::Stage;
use crate::transport::{Answer, Failure};
use crate::verdicts::{Asked, Response, check_mutated, read};

/// Reviews under way at once, as two replicas take them: more are sent later, and the rate shows it
const UNDER_WAY: u64 = 96;

/// How far behind its rate it may fall; what is more is not made up for
const DEBT: Duration = Duration::from_secs(1);

/// The next number of a UID or a name
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Starts it
pub(crate) fn start(stage: &Arc<Stage>, settings: &Settings, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (stage, stop) = (Arc::clone(stage), Arc::clone(stop));
    let (rate, chance) = (u64::from(settings.rate), Chance::new(settings.seed));
    std::thread::spawn(move || stage.runtime.block_on(generate(&stage, &stop, rate, &chance)))
}

async fn generate(stage: &Arc<Stage>, stop: &AtomicBool, rate: u64, chance: &Chance) {
    let weights = stage.cases.iter().enumerate();
    let deck: Vec<usize> = weights
        .flat_map(|(index, case)| std::iter::repeat_n(index, case.weight))
        .collect();
    let under_way = Arc::new(AtomicU64::new(0));
    let (mut begun, mut sent) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let due = begun.elapsed().as_millis() as u64 * rate / 1000;
        if due > sent + rate * DEBT.as_secs() {
            (begun, sent) = (Instant::now(), 0);
            continue;
        }
        while sent < due && under_way.load(Ordering::SeqCst) < UNDER_WAY {
            let case = deck[chance.below(deck.len())];
            if stage.cases[case].reads && !stage.weather.is_calm() {
                continue;
            }
            sent += stage.cases[case].reviews();
            under_way.fetch_add(1, Ordering::SeqCst);
            let (stage, under_way) = (Arc::clone(stage), Arc::clone(&under_way));
            tokio::spawn(async move {
                let outcome = ask(&stage, &stage.cases[case]).await;
                stage.ledger.book(outcome);
                under_way.fetch_sub(1, Ordering::SeqCst);
            });
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    while under_way.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks as the API server does: `/mutate`, then `/validate` with what came of it
pub(crate) async fn ask(stage: &Stage, case: &Case) -> Outcome {
    let begun = Instant::now();
    match steps(stage, case).await {
        Ok(Outcome::HeldUp(said) | Outcome::Wrong(said))
            if case.reads && !stage.weather.was_calm(begun, Instant::now()) =>
        {
            // It had to read the pod of an API server that has just gone: no API server is there to hear the answer.
            drop(said);
            Outcome::Right
        }
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn steps(stage: &Stage, case: &Case) -> Result<Outcome, Outcome> {
    let mut object = case.object_named(NUMBER.fetch_add(1, Ordering::Relaxed));
    if case.mutates {
        let (outcome, response) = step(stage, case, "/mutate", &object).await?;
        if !response.allowed {
            return Ok(outcome);
        }
        if let Some(patch) = response.patch {
            apply(patch, &mut object).map_err(Outcome::Wrong)?;
        }
        // A review that is denied at `/validate` for its tags alone may do without.
        if let Err(error) = check_mutated(case.expected, &object) {
            return Err(Outcome::Wrong(format!("{}: {error}", case.name)));
        }
    }
    step(stage, case, "/validate", &object)
        .await
        .map(|(outcome, _)| outcome)
}

fn apply(patch: Value, object: &mut Value) -> Result<(), String> {
    let patch: json_patch::Patch = serde_json::from_value(patch).map_err(|error| error.to_string())?;
    json_patch::patch(object, &patch).map_err(|error| error.to_string())
}

async fn step(
    stage: &Stage,
    case: &Case,
    path: &str,
    object: &Value,
) -> Result<(Outcome, Response), Outcome> {
    let uid = format!(
        "5bd0e3a1-0000-4000-8000-{:012x}",
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let body = case.body(&uid, object);
    let newest = stage.fleet.newest();
    let sent = Instant::now();
    let answer = stage.transport().post(path, case.series, &body).await;
    let answered = Instant::now();
    let answer = answer.map_err(|failure| unanswered(case, path, answered, failure))?;
    stage.ledger.took(answered - sent);
    let response = read(&answer, &uid);
    let response = response
        .map_err(|error| Outcome::Wrong(format!("{} by {}: {error}", case.name, answer.replica.name)))?;
    let asked = Asked {
        case,
        sent,
        answered,
        newest: newest_of(&newest, &answer),
    };
    let outcome = match (path, response.allowed) {
        // What `/mutate` lets pass is judged by `/validate`.
        ("/mutate", true) => Outcome::Right,
        _ => stage.judge().judge(&asked, &answer, &response),
    };
    Ok((outcome, response))
}

fn newest_of(newest: &[(u16, [u64; 2])], answer: &Answer) -> [u64; 2] {
    let of_replica = newest.iter().find(|(port, _)| *port == answer.replica.port);
    of_replica.map_or([0; 2], |(_, newest)| *newest)
}

fn unanswered(case: &Case, path: &str, at: Instant, failure: Failure) -> Outcome {
    let what = |error: &str| Outcome::Failed(format!("{} {path}: {error}", case.name));
    match failure {
        Failure::NoEndpoint => what("the Service has no endpoint"),
        Failure::Connect(replica, error) if replica.excuses(at) => {
            drop(error);
            Outcome::RefusedByKill
        }
        Failure::Connect(replica, error) => what(&format!("no connection to {}: {error}", replica.name)),
        Failure::Broken(replica, _) if replica.excuses(at) => Outcome::LostByKill,
        Failure::Broken(replica, error) => what(&format!("{}: {error}", replica.name)),
    }
}
