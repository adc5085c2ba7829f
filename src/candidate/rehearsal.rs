//! Takes answered reviews into a queue, and judges them with the candidate one by one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc};

use crate::admission::response::Response;
use crate::admission::review::complete::NamedObjects;
use crate::admission::{Decision, Modes, Review, Webhook};
use crate::candidate::change::{Change, ChangeKind};
use crate::candidate::change_table::{ChangeTable, Occurrence, ReviewCounts};
use crate::candidate::judge::{Judgement, ask_for_named, judge};
use crate::candidate::live_review::LiveReview;
use crate::candidate::pace::Pace;
use crate::candidate::recorded_cluster::RecordedCluster;
use crate::candidate::report::{CandidateReport, ReportedReviews, ReportedRow};
use crate::candidate::verdict::Verdict;
use crate::config::candidate::{Candidate, CandidateSet, CandidateState};
use crate::config::{Configuration, Store};
use crate::server::admin::CandidateView;
use crate::telemetry::metrics::Metrics;

/// The most reviews that wait: a second of a busy cluster
const MAX_WAITING: usize = 256;

/// The bytes of bodies, and of objects that were read for them, that wait
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The largest review that is judged a second time, in bytes of its body and of what was read for it; a larger one would
/// hold up the reviews on its thread
const MAX_REVIEW: usize = 256 * 1024;

/// The rehearsal of a candidate on live reviews
pub(crate) struct Rehearsal {
    store: Arc<Store>,
    /// The modes of the flags; a candidate has its own besides
    modes: Arc<Modes>,
    metrics: Arc<Metrics>,
    waiting: mpsc::Sender<LiveReview>,
    room: Arc<Semaphore>,
    found: Mutex<Found>,
}

/// What was found with one candidate
#[derive(Default)]
struct Found {
    /// The candidate that the table is about
    candidate: Option<Arc<CandidateSet>>,
    table: ChangeTable,
}

/// The reviews that wait to be judged
pub(crate) struct WaitingReviews(mpsc::Receiver<LiveReview>);

/// An answered review, as the handler has it
pub(crate) struct Answered<'a> {
    pub(crate) webhook: Webhook,
    pub(crate) body: &'a [u8],
    pub(crate) review: &'a Review<'a>,
    pub(crate) named: NamedObjects,
    pub(crate) live: &'a Arc<Configuration>,
    pub(crate) now: Timestamp,
    pub(crate) response: &'a Response,
}

impl Rehearsal {
    /// A rehearsal of the store's candidate, and the reviews for [`run`](Self::run)
    pub(crate) fn new(
        store: Arc<Store>,
        modes: Arc<Modes>,
        metrics: Arc<Metrics>,
    ) -> (Arc<Self>, WaitingReviews) {
        let (waiting, receiver) = mpsc::channel(MAX_WAITING);
        let rehearsal = Self {
            store,
            modes,
            metrics,
            waiting,
            room: Arc::new(Semaphore::new(MAX_BYTES)),
            found: Mutex::default(),
        };
        (Arc::new(rehearsal), WaitingReviews(receiver))
    }

    /// The candidate by which a review of this live configuration is judged as well; `None` if there is none
    pub(crate) fn candidate(&self, live: &Configuration) -> Option<Arc<CandidateSet>> {
        let candidate = self.store.candidate();
        let CandidateState::Loaded(set) = &candidate.state else {
            return None;
        };
        if set.live_generation != live.generation {
            // A set of the newer configuration is being made
            self.skip(set);
            return None;
        }
        Some(Arc::clone(set))
    }

    /// Takes an answered review into the queue, or counts it as skipped
    pub(crate) fn offer(
        &self,
        candidate: Arc<CandidateSet>,
        answered: Answered<'_>,
        cluster: RecordedCluster<'_>,
    ) {
        let Answered { webhook, body, .. } = answered;
        // What the mutating webhook lets pass, the validating one sees
        if webhook == Webhook::Mutating && answered.response.decision != Decision::Deny {
            return;
        }
        let bytes = body.len().saturating_add(answered.named.bytes());
        let room = u32::try_from(bytes).ok().filter(|_| bytes <= MAX_REVIEW);
        let room = room.and_then(|bytes| Arc::clone(&self.room).try_acquire_many_owned(bytes).ok());
        let place = self.waiting.try_reserve().ok();
        let Some((room, place)) = room.zip(place) else {
            self.skip(&candidate);
            return;
        };
        ask_for_named(answered.review, &cluster);
        place.send(LiveReview {
            webhook,
            body: body.to_vec(),
            named: answered.named,
            facts: cluster.into_facts(),
            now: answered.now,
            verdict: Verdict::of(&answered.response.evaluation, answered.response.mode),
            live: Arc::clone(answered.live),
            candidate,
            _room: room,
        });
    }

    /// Judges reviews for as long as there are any
    pub(crate) async fn run(self: Arc<Self>, WaitingReviews(mut waiting): WaitingReviews) {
        let mut pace = Pace::default();
        while let Some(answered) = waiting.recv().await {
            let started = Instant::now();
            self.judge(&answered);
            drop(answered);
            if let Some(pause) = pace.worked(started.elapsed()) {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Judges all reviews that wait now, without pauses
    #[cfg(test)]
    pub(crate) fn judge_waiting(&self, WaitingReviews(waiting): &mut WaitingReviews) {
        while let Ok(answered) = waiting.try_recv() {
            self.judge(&answered);
        }
    }

    fn judge(&self, answered: &LiveReview) {
        let is_current = match &self.store.candidate().state {
            CandidateState::Loaded(set) => Arc::ptr_eq(set, &answered.candidate),
            CandidateState::None | CandidateState::Faulty(_) => false,
        };
        if !is_current {
            // What the newer candidate found must not be thrown away for it
            self.metrics.candidate.count_review("skipped");
            return;
        }
        // A panic, whose text is printed already, must end neither this task nor the server's readiness
        let judged = catch_unwind(AssertUnwindSafe(|| judge(answered, &self.modes)));
        let judgement = judged.unwrap_or(Judgement::Undetermined);
        let candidate = &answered.candidate;
        match judgement {
            Judgement::Undetermined => {
                self.count(candidate, "undetermined", |counts| &mut counts.undetermined)
            }
            Judgement::Same => self.count(candidate, "judged", |counts| &mut counts.judged),
            Judgement::Changed(change) => {
                self.count(candidate, "judged", |counts| &mut counts.judged);
                self.count_change(candidate, &change);
            }
        }
    }

    fn skip(&self, candidate: &Arc<CandidateSet>) {
        self.count(candidate, "skipped", |counts| &mut counts.skipped);
    }

    fn count(
        &self,
        candidate: &Arc<CandidateSet>,
        result: &'static str,
        counter: impl FnOnce(&mut ReviewCounts) -> &mut u64,
    ) {
        self.metrics.candidate.count_review(result);
        let mut found = self.found_with(candidate);
        let counter = counter(&mut found.table.reviews);
        *counter = counter.saturating_add(1);
    }

    /// Counts a change, and logs the first of its kind
    fn count_change(&self, candidate: &Arc<CandidateSet>, change: &Change) {
        let key = &change.key;
        let (policy, statement) = match &key.statement {
            Some((policy, number)) => (policy.as_str(), number.to_string()),
            None => ("", String::new()),
        };
        let labels = [key.kind.name(), &key.principal, policy, &statement, key.code];
        self.metrics.candidate.count_change(labels);
        let occurrence = self.found_with(candidate).table.count(change, Timestamp::now());
        let example = &change.example;
        match occurrence {
            Occurrence::First => tracing::warn!(
                change = key.kind.name(),
                effect = change.effect,
                principal = key.principal,
                policy,
                statement,
                code = key.code,
                user = example.user,
                namespace = example.namespace,
                object = example.object,
                "the candidate decides otherwise; the same is only counted from now on"
            ),
            Occurrence::FirstOther => {
                tracing::warn!(
                    "the candidate decides otherwise in too many ways, further ones are only counted"
                );
            }
            Occurrence::Repeated | Occurrence::Other => {}
        }
    }

    /// What was found, emptied if it is about another candidate
    fn found_with(&self, candidate: &Arc<CandidateSet>) -> MutexGuard<'_, Found> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = found
            .candidate
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, candidate));
        if !is_same {
            *found = Found {
                candidate: Some(Arc::clone(candidate)),
                table: ChangeTable::default(),
            };
        }
        found
    }

    /// Sets the metrics that show a state
    pub(crate) fn set_metrics(&self) {
        let candidate = self.store.candidate();
        let losses = match &candidate.state {
            CandidateState::Loaded(set) => self.found_with(set).table.losses(),
            CandidateState::None | CandidateState::Faulty(_) => 0,
        };
        self.metrics.candidate.set_state(candidate.state.name(), losses);
    }

    /// What `/candidate` says
    pub(crate) fn report(&self) -> CandidateReport {
        let candidate = self.store.candidate();
        let mut report = CandidateReport {
            state: candidate.state.name().to_owned(),
            config_maps: candidate
                .config_maps
                .iter()
                .map(|one| one.name.to_string())
                .collect(),
            faults: faults(&candidate),
            since: candidate.since.map(|since| format!("{since:.0}")),
            ..CandidateReport::default()
        };
        if let CandidateState::Loaded(set) = &candidate.state {
            report.live_generation = Some(set.live_generation);
            report.additions.clone_from(&set.additions);
            self.found_with(set).table.describe(&mut report);
        }
        report
    }
}

impl CandidateView for Rehearsal {
    fn json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&self.report())
    }
}

/// The faults of a candidate, and how many more there are
pub(crate) fn faults(candidate: &Candidate) -> Vec<String> {
    let CandidateState::Faulty(faulty) = &candidate.state else {
        return Vec::new();
    };
    let more = faulty.count.saturating_sub(faulty.faults.len());
    let faults = faulty.faults.iter().map(ToString::to_string);
    faults.chain((more > 0).then(|| format!("{more} more"))).collect()
}

impl ChangeTable {
    /// Writes the table into a report
    fn describe(&self, report: &mut CandidateReport) {
        let ReviewCounts {
            judged,
            skipped,
            undetermined,
        } = self.reviews;
        report.reviews = ReportedReviews {
            judged,
            skipped,
            undetermined,
        };
        for kind in [ChangeKind::Denied, ChangeKind::Allowed] {
            report.others.add(kind, self.others(kind));
        }
        let rows = self.rows().map(|(key, row)| ReportedRow {
            change: key.kind,
            effect: row.effect.to_owned(),
            principal: key.principal.clone(),
            user: row.example.user.clone(),
            namespace: row.example.namespace.clone(),
            policy: key
                .statement
                .as_ref()
                .map(|(policy, _)| policy.clone())
                .unwrap_or_default(),
            statement: key.statement.as_ref().map_or(0, |(_, number)| *number),
            code: key.code.to_owned(),
            count: row.count,
            last_seen: format!("{:.0}", row.last_seen),
            object: row.example.object.clone(),
        });
        report.rows = rows.collect();
    }
}
