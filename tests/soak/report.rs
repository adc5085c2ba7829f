//! The run as a table, and what must hold at its end.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use crate::harness::reviews;
use crate::harness::tools::repository;
use crate::ledger::{OUTCOMES, Series};
use crate::member::{Member, Sample};
use crate::settings::Settings;
use crate::stage::Stage;

/// Until a replica has the memory and files that it needs to serve
const WARM_UP: Duration = Duration::from_secs(30);

/// A life from which something can be concluded
const LONG: Duration = Duration::from_secs(90);

/// How much the memory of a replica may grow between the first and the last third of its life: the C library keeps what
/// a burst needed
const GROWTH_KIB: u64 = 6 * 1024;

/// The most files that a replica may have open: each of seven clients keeps up to 25 idle connections, and has more for a
/// burst; a leak would pass this within minutes
const FILES: usize = 7 * 25 + 96;

/// What a replica may use at all; the chart's limit is 256 MiB
const MEMORY_KIB: u64 = 128 * 1024;

/// The lines of the table so far
static TABLE: Mutex<String> = Mutex::new(String::new());

const HEAD: &str =
    "      s reviews/s   p50 ms   p99 ms   max ms   lost  wrong dropped  replicas: MiB, files, generation";

/// Follows the caBundle, and writes a line of the table for each minute, or for each quarter of one in a short run
pub(crate) fn start_sampling(stage: &Arc<Stage>, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (stage, stop) = (Arc::clone(stage), Arc::clone(stop));
    std::thread::spawn(move || {
        println!("{HEAD}");
        let mut begun = Instant::now();
        let interval = Duration::from_secs(if stage.long { 60 } else { 15 });
        loop {
            let stopping = stop.load(Ordering::Relaxed);
            if stopping || begun.elapsed() >= interval {
                let line = line(&stage, begun.elapsed());
                println!("{line}");
                TABLE.lock().expect("table").push_str(&(line + "\n"));
                begun = Instant::now();
            }
            if stopping {
                return;
            }
            // Not while the API server is away.
            let _ = stage.follow_bundle();
            sleep(Duration::from_millis(500));
        }
    })
}

fn line(stage: &Stage, time: Duration) -> String {
    let latencies = stage.ledger.take_latencies();
    let at = |share: usize| {
        let index = (latencies.len() * share / 1000).min(latencies.len().saturating_sub(1));
        latencies
            .get(index)
            .map_or(0.0, |&micros| f64::from(micros) / 1000.0)
    };
    let [_, lost, refused, wrong @ ..] = stage.ledger.counts();
    let members = stage.fleet.members();
    let everyone = members
        .iter()
        .chain(&stage.fleet.gone())
        .map(|member| dropped(member))
        .sum::<u64>();
    let mut line = format!(
        "{:>7.0} {:>9.0} {:>8.2} {:>8.2} {:>8.1} {:>6} {:>6} {:>7} ",
        stage.ledger.elapsed().as_secs_f64(),
        latencies.len() as f64 / time.as_secs_f64(),
        at(500),
        at(990),
        at(1000),
        lost + refused,
        wrong.iter().sum::<u64>(),
        everyone,
    );
    for member in members {
        if let Some(sample) = member.samples().last() {
            let name = member.tally.name.trim_start_matches("ramgate-");
            let memory = sample.resident_kib as f64 / 1024.0;
            let _ = write!(
                line,
                " {name}: {memory:.1}, {}, {};",
                sample.files, sample.generation
            );
        }
    }
    line
}

fn dropped(member: &Member) -> u64 {
    member.samples().last().map_or(0, |sample| sample.dropped)
}

/// Counts together, writes the report, and fails if anything was not as it must be
pub(crate) fn conclude(stage: &Stage, settings: &Settings, took: Duration) {
    let ledger = &stage.ledger;
    for member in stage.fleet.members() {
        sum_up(stage, &member);
    }
    let mut text = format!(
        "ramgate under fire: {settings}; {:.0} s\n\n{HEAD}\n",
        took.as_secs_f64()
    );
    text.push_str(&TABLE.lock().expect("table"));
    text.push_str("\nreplica       lived s  answered  MiB first third, last third, most  files first, last third  dropped lines\n");
    for member in stage.fleet.gone().iter().chain(&stage.fleet.members()) {
        text.push_str(&life(stage, member));
    }
    text.push('\n');
    for (name, count) in OUTCOMES.iter().zip(ledger.counts()) {
        let _ = writeln!(text, "{count:>9} reviews {name}");
    }
    let trickle = &ledger.trickle;
    for (name, count) in [
        ("right", &trickle.right),
        ("without an answer while it was disturbed", &trickle.no_answer),
        ("denied since a replica was killed", &trickle.lost_by_kill),
    ] {
        let count = count.load(Ordering::Relaxed);
        let _ = writeln!(text, "{count:>9} pods through the API server {name}");
    }
    let [calm, storm] = ledger.lags();
    let _ = writeln!(
        text,
        "\nlongest use of an outdated document: {calm} ms, {storm} ms around disturbances of the control plane"
    );
    let problems = ledger.problems();
    for problem in problems.iter().take(100) {
        let _ = writeln!(text, "PROBLEM {problem}");
    }
    let _ = writeln!(text, "{} problems", problems.len());
    println!("\n{text}");
    write_report(&text);
    assert!(
        problems.is_empty(),
        "{} problems, the first: {}",
        problems.len(),
        problems[0]
    );
    assert!(ledger.counts()[0] > 0, "nothing was asked");
}

/// Nothing is under way any more, so that counts must be equal
fn sum_up(stage: &Stage, member: &Member) {
    let Some(sample) = member.sample(&stage.ledger) else {
        stage
            .ledger
            .problem(&format!("{} does not answer at the end", member.tally.name));
        return;
    };
    let sent = member.tally.all_sent(Series::Own);
    let answered = member.tally.all_answered(Series::Own);
    if sample.counted[1] != answered || sent != answered {
        stage.ledger.problem(&format!(
            "{} counts {} reviews of templates and exec; sent {sent}, answered {answered}",
            member.tally.name, sample.counted[1]
        ));
    }
    let newest = stage.certificates.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(newest) = newest.as_ref().filter(|newest| newest.in_use < Instant::now())
        && let Err(error) = reviews::post(newest.pem.as_bytes(), member.tally.port, "/validate", None, "{}")
    {
        let name = &member.tally.name;
        stage.ledger.problem(&format!(
            "{name} serves no certificate of the newest authority: {error}"
        ));
    }
    if let Err(error) = member.readiness() {
        stage
            .ledger
            .problem(&format!("{} is not ready at the end: {error}", member.tally.name));
    }
}

/// One line on a replica, and what must hold of its memory and files
fn life(stage: &Stage, member: &Member) -> String {
    let samples = member.samples();
    let warm: Vec<&Sample> = samples
        .iter()
        .filter(|sample| sample.at > member.born + WARM_UP)
        .collect();
    let lived = samples
        .last()
        .map_or(Duration::ZERO, |last| last.at - member.born);
    let third = warm.len() / 3;
    let (first, last) = (&warm[..third], &warm[warm.len() - third..]);
    let memory = |part: &[&Sample]| median(part.iter().map(|sample| sample.resident_kib).collect());
    let files = |part: &[&Sample]| median(part.iter().map(|sample| sample.files as u64).collect());
    let most = samples
        .iter()
        .map(|sample| sample.resident_kib)
        .max()
        .unwrap_or(0);
    let name = &member.tally.name;
    if most > MEMORY_KIB {
        stage.ledger.problem(&format!("{name} used {} MiB", most / 1024));
    }
    let open = samples.iter().map(|sample| sample.files).max().unwrap_or(0);
    if open > FILES {
        stage.ledger.problem(&format!("{name} had {open} files open"));
    }
    if lived > LONG {
        let (from, to) = (memory(first), memory(last));
        if to > from + GROWTH_KIB {
            stage
                .ledger
                .problem(&format!("{name} grew from {from} KiB to {to} KiB"));
        }
    }
    format!(
        "{name:<12} {:>8.0} {:>9} {:>17.1} {:>11.1} {:>5.1} {:>11} {:>11} {:>14}\n",
        lived.as_secs_f64(),
        member.tally.all_answered(Series::Shared) + member.tally.all_answered(Series::Own),
        memory(first) as f64 / 1024.0,
        memory(last) as f64 / 1024.0,
        most as f64 / 1024.0,
        files(first),
        files(last),
        dropped(member),
    )
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

fn write_report(text: &str) {
    let path = std::env::var_os("RAMGATE_SOAK_REPORT")
        .map_or_else(|| repository().join("target/soak/report.txt"), PathBuf::from);
    let folder = path.parent().expect("a folder");
    std::fs::create_dir_all(folder).expect("folder of the report");
    std::fs::write(&path, text).expect("report");
    println!("written to {}", path.display());
}
