//! What goes wrong: one lane of faults for the replicas, one for what they stand on, each in an order by chance.
//!
//! The lanes run at once, so that each kind meets others. Two pairs are kept apart, because no replica can be right in
//! them: while the API server is away no replica starts, as no kubelet could start one; and while a replica's clock is
//! days ahead, no certificate authority is made, since a new one would seem to have settled.

mod beneath;
mod replicas;

pub(crate) use beneath::{after_1970, authority};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::settings::{ROUND, Settings};
use crate::stage::Stage;

/// One kind of fault
struct Fault {
    name: &'static str,
    happen: fn(&Stage),
}

/// Before the first fault, so that there is something to compare with
const LULL: Duration = Duration::from_secs(10);

/// Lets all faults happen, once in each round
pub(crate) fn run(stage: &Arc<Stage>, settings: &Settings) {
    thread::sleep(LULL);
    thread::scope(|scope| {
        scope.spawn(|| {
            let chance = Chance::new(settings.seed + 1);
            lane(stage, settings, &chance, &replicas::FAULTS, |round| {
                settings.is_quiet(round)
            });
        });
        let chance = Chance::new(settings.seed + 2);
        lane(stage, settings, &chance, &beneath::FAULTS, |_| false);
    });
}

/// Spreads the faults of each round over its time; a slow machine takes longer
fn lane(
    stage: &Stage,
    settings: &Settings,
    chance: &Chance,
    faults: &[Fault],
    is_quiet: impl Fn(u64) -> bool,
) {
    let begun = Instant::now();
    for round in 0..settings.rounds() {
        let mut order: Vec<&Fault> = faults.iter().collect();
        // The first of a lane comes in the first half of the round, so that what follows from it is seen.
        chance.shuffle(&mut order);
        let half = order.len() / 2;
        if let Some(first) = order.iter().position(|fault| fault.name == faults[0].name)
            && first >= half
        {
            order.swap(first, chance.below(half));
        }
        let slot = (ROUND - LULL) / u32::try_from(order.len()).expect("a few");
        for (index, fault) in order.into_iter().enumerate() {
            let start = ROUND * u32::try_from(round).expect("a few") + slot * index as u32;
            // A fault may come early or late in its slot, so that other pairs meet in each round.
            let start = start + Duration::from_millis(chance.below(slot.as_millis() as usize / 4) as u64);
            thread::sleep(start.saturating_sub(begun.elapsed()));
            if is_quiet(round) {
                continue;
            }
            stage.ledger.event(&format!("{} …", fault.name));
            // What a fault wants to see in vain is a result of the run like any other.
            match catch_unwind(AssertUnwindSafe(|| (fault.happen)(stage))) {
                Ok(()) => stage.ledger.event(&format!("{} is over", fault.name)),
                Err(_) => stage
                    .ledger
                    .problem(&format!("{} did not go as it should", fault.name)),
            }
        }
    }
}
