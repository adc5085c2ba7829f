//! Folds log lines that say the same: a controller tries a pod that is denied again and again.
//!
//! ```text
//! 10:00:00 first denial of pods of ReplicaSet web     its line, at once
//! 10:00:01 the next nine                              counted
//! 10:00:30 any review                                 one line: repeated=9
//! ```
//!
//! The metrics count every review, whether its line is folded or not.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::admission::Decision;
use crate::telemetry::endpoint::Endpoint;
use crate::telemetry::record::Record;

/// How long lines that say the same are counted behind the first: much longer than a controller's first retries
const WINDOW: Duration = Duration::from_secs(30);

/// The most different lines that are remembered, some 250 KiB; beyond that every line is written
const MAX_LINES: usize = 256;

/// Remembers which lines were written lately
#[derive(Debug, Default)]
pub(crate) struct LogFolding {
    hasher: RandomState,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    by_hash: HashMap<u64, Folded>,
    /// The hashes in the order of their first lines
    order: VecDeque<(u64, Instant)>,
}

/// A line that was written, and how many were not because of it
#[derive(Clone, Debug)]
pub(super) struct Folded {
    pub(super) path: &'static str,
    pub(super) decision: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) code: Option<String>,
    pub(super) repeated: u64,
}

/// What is to be written
#[derive(Debug)]
pub(super) struct Writing {
    /// Whether the review gets a line of its own
    pub(super) is_new: bool,
    /// Earlier lines whose time is over, with the number of those that they stand for
    pub(super) ended: Vec<Folded>,
}

impl LogFolding {
    /// Notes a review
    pub(super) fn note(&self, endpoint: Endpoint, record: &Record, now: Instant) -> Writing {
        let mut lines = match self.lines.lock() {
            Ok(lines) => lines,
            Err(poisoned) => poisoned.into_inner(),
        };
        let ended = lines.ended(now);
        let is_new = match folds(endpoint, record) {
            true => lines.is_new(self.hasher.hash_one(key(endpoint, record)), endpoint, record, now),
            false => true,
        };
        Writing { is_new, ended }
    }
}

impl Lines {
    /// Removes the lines whose time is over; those that stand for others remain to be written
    fn ended(&mut self, now: Instant) -> Vec<Folded> {
        let mut ended = Vec::new();
        while let Some((hash, at)) = self.order.front().copied() {
            if now.saturating_duration_since(at) < WINDOW {
                break;
            }
            self.order.pop_front();
            let folded = self.by_hash.remove(&hash);
            ended.extend(folded.filter(|folded| folded.repeated > 0));
        }
        ended
    }

    fn is_new(&mut self, hash: u64, endpoint: Endpoint, record: &Record, now: Instant) -> bool {
        if let Some(folded) = self.by_hash.get_mut(&hash) {
            folded.repeated = folded.repeated.saturating_add(1);
            return false;
        }
        if self.by_hash.len() < MAX_LINES {
            self.order.push_back((hash, now));
            self.by_hash.insert(hash, Folded::new(endpoint, record));
        }
        true
    }
}

impl Folded {
    fn new(endpoint: Endpoint, record: &Record) -> Self {
        Self {
            path: endpoint.name(),
            decision: record.decision,
            namespace: record.namespace.clone(),
            name: base_name(record).to_owned(),
            code: record.code.clone(),
            repeated: 0,
        }
    }
}

/// Whether a line may be folded: a denial, also one that the mode softens, or what the mutating webhook lets pass, which
/// decides nothing. What the validating webhook allowed has its line, and so has every failure.
fn folds(endpoint: Endpoint, record: &Record) -> bool {
    let is_passed_on = endpoint == Endpoint::MUTATE && record.decision == Decision::Allow.name();
    record.code.is_some() || is_passed_on
}

/// What two lines have in common that say the same
fn key<'r>(endpoint: Endpoint, record: &'r Record) -> impl std::hash::Hash + use<'r> {
    let who = (&record.user, &record.stamped, &record.principal);
    let object = (
        &record.namespace,
        base_name(record),
        &record.resource,
        record.operation,
    );
    let decision = (
        record.decision,
        record.mode,
        &record.code,
        &record.route,
        record.action,
    );
    let rest = (
        record.dry_run,
        record.patched,
        record.generation,
        &record.container_differences,
        &record.exception,
    );
    (endpoint.name(), who, object, decision, rest)
}

/// The name without the part that a controller generates for a pod
///
/// ```text
/// system:serviceaccount:kube-system:replicaset-controller, web-7d9c-x2k4p -> web-7d9c
/// alice@example.com, web-1                                                -> web-1
/// ```
fn base_name(record: &Record) -> &str {
    let is_generated = record.user.starts_with("system:") && record.resource == "pods";
    let base = record.name.rsplit_once('-').map(|(base, _)| base);
    base.filter(|_| is_generated).unwrap_or(&record.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(name: &str) -> Record {
        Record {
            user: "system:serviceaccount:kube-system:replicaset-controller".to_owned(),
            namespace: "shop".to_owned(),
            resource: "pods".to_owned(),
            name: name.to_owned(),
            decision: "deny",
            code: Some("ImplicitDeny".to_owned()),
            ..Record::default()
        }
    }

    #[test]
    fn what_is_the_same_is_counted_behind_the_first() {
        let (folding, start) = (LogFolding::default(), Instant::now());
        let note = |record: &Record, seconds| {
            folding.note(Endpoint::VALIDATE, record, start + Duration::from_secs(seconds))
        };
        assert!(note(&denied("web-7d9c-aaaaa"), 0).is_new);
        for second in 0..20 {
            assert!(!note(&denied(&format!("web-7d9c-{second}")), second).is_new);
        }
        assert!(note(&denied("api-7d9c-aaaaa"), 20).is_new, "another workload");
        let later = note(&denied("web-7d9c-zzzzz"), 30);
        assert!(later.is_new);
        let counts: Vec<(&str, u64)> = later
            .ended
            .iter()
            .map(|one| (one.name.as_str(), one.repeated))
            .collect();
        assert_eq!(counts, [("web-7d9c", 20)]);
        assert!(
            note(&denied("x"), 100).ended.is_empty(),
            "a line that stands for no other is not repeated"
        );
    }

    #[test]
    fn what_differs_has_a_line_of_its_own() {
        let (folding, now) = (LogFolding::default(), Instant::now());
        let is_new = |endpoint, record: &Record| folding.note(endpoint, record, now).is_new;
        let first = denied("web-1");
        assert!(is_new(Endpoint::VALIDATE, &first));
        let changed: [fn(&mut Record); 7] = [
            |record| record.resource = "deployments".to_owned(),
            |record| record.code = Some("ExplicitDeny".to_owned()),
            |record| record.namespace = "other".to_owned(),
            |record| record.stamped = Some("alice".to_owned()),
            |record| record.mode = "warn",
            |record| record.generation = Some(2),
            |record| record.user = "alice".to_owned(),
        ];
        for change in changed {
            let mut other = first.clone();
            change(&mut other);
            assert!(is_new(Endpoint::VALIDATE, &other), "{other:?}");
        }
        assert!(is_new(Endpoint::MUTATE, &first));
        let allowed = Record { code: None, ..first };
        assert!(
            is_new(Endpoint::VALIDATE, &allowed) && is_new(Endpoint::VALIDATE, &allowed),
            "allowed"
        );
    }

    #[test]
    fn memory_is_bounded_and_no_first_line_is_lost() {
        let (folding, now) = (LogFolding::default(), Instant::now());
        for number in 0..MAX_LINES * 2 {
            let record = denied(&format!("{number}-x"));
            assert!(folding.note(Endpoint::VALIDATE, &record, now).is_new);
        }
        let lines = folding.lines.lock().unwrap();
        assert_eq!((lines.by_hash.len(), lines.order.len()), (MAX_LINES, MAX_LINES));
    }
}
