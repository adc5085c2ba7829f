//! Whether an answer is right.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::Instant;

use regex::Regex;
use serde_json::Value;

use crate::configuration::{Kind, allows_even};
use crate::harness::objects::TAGS;
use crate::ledger::{Ledger, Outcome};
use crate::reviews::{Case, Expected};
use crate::timeline::Timeline;
use crate::transport::Answer;
use crate::weather::Weather;

/// The annotation with the stamp
const STAMP: &str = "ramgate.io/requested-by";

/// What a check needs to know of the run
pub(crate) struct Judge<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) timelines: &'a [Timeline; 2],
    pub(crate) weather: &'a Weather,
}

/// One review, and when
pub(crate) struct Asked<'a> {
    pub(crate) case: &'a Case,
    pub(crate) sent: Instant,
    pub(crate) answered: Instant,
    /// The newest generations that the replicas had shown before, by their ports
    pub(crate) newest: [u64; 2],
}

/// What the response says
pub(crate) struct Response {
    pub(crate) allowed: bool,
    pub(crate) message: String,
    /// A JSON patch, decoded
    pub(crate) patch: Option<Value>,
}

/// Reads a response to the review of a UID
pub(crate) fn read(answer: &Answer, uid: &str) -> Result<Response, String> {
    if answer.status != 200 {
        return Err(format!("status {}", answer.status));
    }
    let mut review: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let response = &mut review["response"];
    if response["uid"] != uid {
        return Err(format!("another uid: {response}"));
    }
    let patch = match response["patch"].as_str() {
        None => None,
        Some(text) => {
            let text = data_encoding::BASE64.decode(text.as_bytes());
            let text = text.map_err(|error| error.to_string())?;
            Some(serde_json::from_slice(&text).map_err(|error| error.to_string())?)
        }
    };
    let allowed = response["allowed"].as_bool().ok_or("no verdict")?;
    let message = response["status"]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if !allowed && message.is_empty() {
        return Err("denied without a reason".to_owned());
    }
    Ok(Response {
        allowed,
        message,
        patch,
    })
}

/// Whether what `/mutate` made of an object has a stamp, and the tags that it must have
pub(crate) fn check_mutated(expected: Expected, object: &Value) -> Result<(), String> {
    let template = &object["spec"]["template"]["metadata"]["annotations"];
    let annotations = if template.is_null() {
        &object["metadata"]["annotations"]
    } else {
        template
    };
    if !annotations[STAMP].is_string() {
        return Err(format!("no stamp: {annotations}"));
    }
    match expected {
        Expected::Allowed { tags } if annotations[TAGS] != tags => Err(format!("other tags: {annotations}")),
        _ => Ok(()),
    }
}

impl Judge<'_> {
    /// What the verdict on a review is worth
    pub(crate) fn judge(&self, asked: &Asked<'_>, answer: &Answer, response: &Response) -> Outcome {
        let name = asked.case.name;
        let said = format!("{name} by {}: {}", answer.replica.name, response.message);
        match (asked.case.expected, response.allowed) {
            (Expected::Allowed { .. } | Expected::AllowedUnchanged, true) => Outcome::Right,
            (Expected::Allowed { .. } | Expected::AllowedUnchanged, false) => Outcome::HeldUp(said),
            (Expected::Turn, allowed) => self.turn(asked, allowed, said),
            (_, true) => Outcome::LetThrough(said),
            (Expected::Denied(words), false) if response.message.contains(words) => Outcome::Right,
            (Expected::Denied(words), false) => Outcome::Wrong(format!("without `{words}`: {said}")),
            (Expected::Policies, false) => self.generation(Kind::Policies, asked, answer, said),
            (Expected::Directory, false) => self.generation(Kind::Directory, asked, answer, said),
        }
    }

    fn turn(&self, asked: &Asked<'_>, allowed: bool, said: String) -> Outcome {
        if !allowed && !said.contains("`odd`") {
            return Outcome::HeldUp(said);
        }
        let timeline = &self.timelines[Kind::Policies as usize];
        let possible = timeline.possible(asked.sent, asked.answered, self.weather);
        if possible.iter().any(|&number| allows_even(number) == allowed) {
            return Outcome::Right;
        }
        let said = format!("{said} (in force: one of {possible:?})");
        if allowed {
            Outcome::LetThrough(said)
        } else {
            Outcome::HeldUp(said)
        }
    }

    /// Holds the generation that a denial names against what was written, and against earlier answers of the replica
    fn generation(&self, kind: Kind, asked: &Asked<'_>, answer: &Answer, said: String) -> Outcome {
        static NUMBER: LazyLock<Regex> =
            LazyLock::new(|| Regex::new("`(?:v|guest-)([0-9]+)`").expect("regex"));
        let number = NUMBER
            .captures(&said)
            .and_then(|found| found[1].parse::<u64>().ok());
        let Some(number) = number else {
            return Outcome::Wrong(format!("no generation: {said}"));
        };
        answer.replica.newest[kind as usize].fetch_max(number, Ordering::SeqCst);
        if number < asked.newest[kind as usize] {
            let newest = asked.newest[kind as usize];
            return Outcome::Wrong(format!("went back from generation {newest}: {said}"));
        }
        let timeline = &self.timelines[kind as usize];
        match timeline.age(number, asked.sent, self.weather) {
            None => Outcome::Wrong(format!("a generation that was never written: {said}")),
            Some(age) => {
                self.ledger.lagged(age.outdated, age.calm);
                if age.is_too_old() {
                    return Outcome::Wrong(format!("outdated for {:?}: {said}", age.outdated));
                }
                Outcome::Right
            }
        }
    }
}
