//! The reader of revisions held against the StatefulSet controller's own code, on 10,000 generated revisions.
//!
//! ```text
//! seed -> live set, data -> revision::template      -> the template, or a refusal
//!                        -> ApplyRevision (the tool) -> the set and the pod that the controller makes
//! ```
//!
//! What the reader accepts, the controller makes of it, and nothing else. `RAMGATE_SEED` runs one other seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    unreachable_pub,
    reason = "tests"
)]

mod generate;
mod json;
#[path = "../differential/random.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod random;
#[path = "../../real/harness/tools.rs"]
mod tools;

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;

use ramgate::testing::kubernetes::{Problem, template};
use serde::Deserialize;
use serde_json::{Value, json};

use generate::Case;
use random::Random;

const CASES: usize = 10_000;
const SEED: u64 = 0x5e7;

/// What the tool answers
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: String,
    made: Option<Outcome>,
    wanted: Option<Outcome>,
    faults: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Outcome {
    set: Value,
    pod: Value,
}

#[test]
fn what_is_accepted_is_what_the_controller_makes_of_it() {
    let seed = env::var("RAMGATE_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut random = Random::new(seed);
    let cases: Vec<Case> = (0..CASES).map(|_| Case::generate(&mut random)).collect();
    let mut accepted = 0;
    let mut naive_errs = 0;
    let mut refusals: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (case, answer) in cases.iter().zip(ask(&cases)) {
        let naive = json!({"set": case.set, "data": case.data});
        let is_as_read = answer.made.is_some() && answer.made == answer.wanted;
        naive_errs += usize::from(!is_as_read);
        match template(&case.data) {
            Ok(text) => {
                accepted += 1;
                assert_eq!(answer.error, "", "seed {seed}: {naive}");
                // The reading is the text itself: every field known, in its own letters, once
                assert_eq!(case.reading, text);
                assert_eq!(
                    answer.faults.unwrap_or_default(),
                    ["unknown field \"$patch\""],
                    "seed {seed}: {naive}"
                );
                assert_eq!(answer.made, answer.wanted, "seed {seed}: {naive}");
            }
            Err(problem) => {
                let (refused, misread) = refusals.entry(kind(&problem)).or_default();
                *refused += 1;
                *misread += usize::from(!is_as_read);
                assert!(!case.is_honest, "seed {seed}: {problem}: {naive}");
            }
        }
    }
    println!(
        "seed {seed}: {accepted} of {CASES} accepted; the template as it stands is wrong for {naive_errs}"
    );
    for (kind, (refused, misread)) in &refusals {
        println!(
            "{kind:10} {refused:5} refused, {misread:5} of them would be something else than what stands there"
        );
    }
    let refused = CASES - accepted;
    assert!(
        accepted > CASES / 5 && refused > CASES / 5,
        "{accepted} accepted, {refused} refused"
    );
    assert!(naive_errs > CASES / 10, "{naive_errs}");
    let kinds = [
        "Beside",
        "Directive",
        "Null",
        "Patch",
        "Twice",
        "Unknown",
        "Value",
    ];
    for kind in kinds {
        assert!(
            refusals.get(kind).is_some_and(|(refused, _)| *refused > 20),
            "{kind}: {refusals:?}"
        );
    }
}

/// What the controller's code says to each
fn ask(cases: &[Case]) -> Vec<Answer> {
    let mut tool = Command::new(tools::tool("revisions"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = tool.stdin.take().unwrap();
    let output = BufReader::new(tool.stdout.take().unwrap());
    let answers = thread::scope(|scope| {
        scope.spawn(move || {
            for case in cases {
                let question = json!({"set": case.set, "data": case.data, "reading": case.reading});
                writeln!(input, "{question}").unwrap();
            }
        });
        let lines = output.lines().map(Result::unwrap);
        lines
            .map(|line| serde_json::from_str(&line).expect(&line))
            .collect()
    });
    assert!(tool.wait().unwrap().success());
    answers
}

fn kind(problem: &Problem) -> &'static str {
    match problem {
        Problem::TooLarge(_) => "TooLarge",
        Problem::Json { .. } => "Json",
        Problem::NotObject { .. } => "NotObject",
        Problem::Missing { .. } => "Missing",
        Problem::Beside { .. } => "Beside",
        Problem::Twice { .. } => "Twice",
        Problem::Patch(_) => "Patch",
        Problem::Directive { .. } => "Directive",
        Problem::Unknown { .. } => "Unknown",
        Problem::Stamped { .. } => "Stamped",
        Problem::Null { .. } => "Null",
        Problem::Value { .. } => "Value",
    }
}
