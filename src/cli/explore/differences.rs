//! What the candidate changes: who gains, who loses, and each difference with both traces.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::analysis::diff::{Change, DecisionSummary, Difference, Example, Report, compare_with_progress};
use crate::cli::diff::{decision, requests, setting, simulate_command};
use crate::cli::explore::evidence;
use crate::cli::explore::reply::Complaint;
use crate::cli::explore::search::{Page, Search};
use crate::cli::explore::snapshot::{Loaded, SideName, Snapshot};
use ram_policy::{Principal, Request};

/// The principals of a row that are shown; the others are counted
const MAX_PRINCIPALS: usize = 4;

/// The principals that the details of a difference list
const MAX_LISTED: usize = 500;

/// The changes outside RAM's policies that are shown
const MAX_SETTINGS: usize = 200;

/// What the commands of examples read, as `ramgate simulate` takes no two folders
const FOLDER: &str = "DIR";

/// One comparison is made at a time: it takes all processors that there are
static TURN: Mutex<()> = Mutex::new(());

/// The comparison of a snapshot's configurations, which starts when somebody asks for it
#[derive(Debug, Default)]
pub(super) struct Comparison(OnceLock<Arc<Work>>);

#[derive(Debug, Default)]
struct Work {
    done: AtomicUsize,
    all: AtomicUsize,
    is_over: AtomicBool,
    report: OnceLock<Report>,
}

/// Which part of the differences is asked for
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DifferencesRequest {
    change: Direction,
    #[serde(default)]
    search: String,
    #[serde(default)]
    page: usize,
}

/// Which difference is asked for
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DifferenceRequest {
    /// The revision that the number is of
    revision: u64,
    number: usize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Gains,
    Losses,
}

impl Comparison {
    /// The comparison, which starts now unless it runs or is over
    fn work(&self, old: &Arc<Loaded>, new: &Arc<Loaded>) -> &Work {
        self.0.get_or_init(|| {
            let work = Arc::new(Work::default());
            let wanted = Arc::downgrade(&work);
            let (old, new) = (Arc::clone(old), Arc::clone(new));
            thread::spawn(move || compare(&wanted, &old, &new));
            work
        })
    }
}

fn compare(wanted: &Weak<Work>, old: &Loaded, new: &Loaded) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // The documents may have changed again meanwhile
    let Some(work) = wanted.upgrade() else { return };
    let _end = EndOf(&work);
    let progress = |done, all| {
        work.done.store(done, Ordering::Relaxed);
        work.all.store(all, Ordering::Relaxed);
    };
    let report = compare_with_progress(&old.configuration, &new.configuration, &progress);
    // Nobody else sets it
    drop(work.report.set(report));
}

/// Marks the work as over, however it ends
struct EndOf<'w>(&'w Work);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
    }
}

/// A page of those who gain or lose, or how far the comparison is
///
/// # Errors
///
/// One of the configurations is not there, or the comparison failed.
pub(super) fn differences(request: &DifferencesRequest, snapshot: &Snapshot) -> Result<Value, Complaint> {
    let [old, new] = both(snapshot)?;
    let work = snapshot.comparison.work(old, new);
    let Some(report) = work.report.get() else {
        return running(work);
    };
    let change = match request.change {
        Direction::Gains => Change::Allowed,
        Direction::Losses => Change::Denied,
    };
    let search = Search::new(&request.search);
    let differences = report.differences.iter().enumerate();
    let found = differences
        .filter(|(_, difference)| difference.change == change && search.finds(&searched(difference)));
    let page = Page::of(found.collect(), request.page);
    let settings = report.setting_changes.iter().take(MAX_SETTINGS);
    let settings = settings.map(|each| json!({"text": setting(each), "mayAllow": each.may_allow}));
    Ok(json!({
        "revision": snapshot.revision,
        "state": "done",
        "gains": report.count(Change::Allowed),
        "losses": report.count(Change::Denied),
        "rows": page.rows.iter().map(|(number, each)| row(*number, each, new)).collect::<Vec<_>>(),
        "position": page.position(),
        "settings": settings.collect::<Vec<_>>(),
        "settingCount": report.setting_changes.len(),
        "incomplete": report.incomplete.len(),
    }))
}

fn both(snapshot: &Snapshot) -> Result<[&Arc<Loaded>; 2], Complaint> {
    Ok([
        snapshot.side(SideName::Live)?,
        snapshot.side(SideName::Candidate)?,
    ])
}

fn running(work: &Work) -> Result<Value, Complaint> {
    // The report may have come between the two looks
    if work.is_over.load(Ordering::Acquire) && work.report.get().is_none() {
        return Err(Complaint::about(
            "side",
            "the comparison failed: `ramgate diff` may say more",
        ));
    }
    let [done, all] = [&work.done, &work.all].map(|number| number.load(Ordering::Relaxed));
    Ok(json!({"state": "working", "done": done, "all": all}))
}

/// A difference as it is searched, in lower case
fn searched(difference: &Difference) -> String {
    let principals = difference.principals.iter().map(ToString::to_string);
    let principals: Vec<String> = principals.collect();
    format!("{} {}", principals.join(" "), requests(difference)).to_lowercase()
}

fn row(number: usize, difference: &Difference, new: &Loaded) -> Value {
    json!({
        "number": number,
        "principals": names(&difference.principals, MAX_PRINCIPALS),
        "morePrincipals": difference.principals.len().saturating_sub(MAX_PRINCIPALS),
        "requests": requests(difference),
        "before": decision(&difference.before),
        "after": decision(&difference.after),
        "place": place(&difference.after, new),
    })
}

/// Where the statement that decides is written
fn place(summary: &DecisionSummary, loaded: &Loaded) -> Value {
    let statement = summary.statement.as_ref();
    statement.map_or(Value::Null, |statement| loaded.places.place(statement))
}

fn names(principals: &[Principal], most: usize) -> Vec<String> {
    principals.iter().take(most).map(ToString::to_string).collect()
}

/// One difference: its example under both configurations, with traces
///
/// # Errors
///
/// There is no such difference any more.
pub(super) fn difference(request: &DifferenceRequest, snapshot: &Snapshot) -> Result<Value, Complaint> {
    let [old, new] = both(snapshot)?;
    let report = snapshot.comparison.work(old, new).report.get();
    let found = report.filter(|_| request.revision == snapshot.revision);
    let found = found.and_then(|report| report.differences.get(request.number));
    let Some(difference) = found else {
        return Err(Complaint::about(
            "number",
            "the configurations have changed since: look again",
        ));
    };
    let example = &difference.example;
    let context = example.context.iter();
    let context: Map<String, Value> = context
        .map(|(key, values)| (key.to_owned(), json!(values)))
        .collect();
    Ok(json!({
        "principals": names(&difference.principals, MAX_LISTED),
        "morePrincipals": difference.principals.len().saturating_sub(MAX_LISTED),
        "requests": requests(difference),
        "example": {
            "principal": example.principal.to_string(),
            "action": example.action,
            "resource": example.resource,
            "resourceGroup": example.resource_group,
            "context": context,
        },
        "command": simulate_command(example, Path::new(FOLDER)),
        "live": answer(example, old),
        "candidate": answer(example, new),
    }))
}

/// The answer to an example under one configuration
fn answer(example: &Example, loaded: &Loaded) -> Value {
    let request = Request {
        principal: &example.principal,
        action: &example.action,
        resource: &example.resource,
        resource_group: example.resource_group.as_deref(),
        context: &example.context,
        session: &[],
    };
    let policies = &loaded.configuration.policies;
    let trace = if example.trust {
        policies.explain_assume_role(&request)
    } else {
        policies.explain(&request)
    };
    json!({
        "decision": trace.decision.outcome.to_string(),
        "policyType": trace.decision.policy_type.to_string(),
        "statement": trace.decision.statement().map(ToString::to_string),
        "trace": evidence::layers(&trace, &request, loaded),
    })
}
