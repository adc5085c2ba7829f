//! The judge of the server: reads a review, sees to it that what it names is known, and has it judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::admission;
use crate::admission::attribution::contents;
use crate::admission::attribution::contents::Unlike;
use crate::admission::response::reply::Reply;
use crate::admission::review::{Operation, Resource};
use crate::admission::{Modes, Path, Review, ReviewError};
use crate::authorization::Exempt;
use crate::cluster::{Seen, View};
use crate::config::Store;
use crate::config::config_map_admission;
use crate::kubernetes::cluster::{Cluster, ClusterSnapshot};
use crate::kubernetes::eci_profile;
use crate::server::judge::{Endpoint, Judge, Verdict};
use crate::server::uid;
use crate::stamp::{Ring, RingError, Signer};
use crate::telemetry::record::{Asked, Record};

/// Codes of denials that no policy decides
const MALFORMED: u16 = 400;
const NOT_READY: u16 = 503;

/// Judges by the configuration in force
pub(super) struct Gate {
    pub(super) store: Arc<Store>,
    pub(super) surrounding: Surrounding,
    pub(super) modes: Modes,
    /// What the authorization webhook never judges, if that is on
    pub(super) authorize: Option<Exempt>,
}

/// What is known of the cluster
pub(super) enum Surrounding {
    /// What the watches show, and single reads
    Watched(Arc<View>),
    /// Nothing: beside a folder there is no cluster
    Empty(ClusterSnapshot),
}

impl Surrounding {
    /// No cluster: namespaces and service accounts without labels, nodes unknown, and keys that live as long as the
    /// process
    ///
    /// # Errors
    ///
    /// The system gives no randomness for a key.
    pub(super) fn empty() -> Result<Self, RingError> {
        let ring = Ring::new([("memory".to_owned(), Ring::generate()?)])?;
        Ok(Self::Empty(
            ClusterSnapshot::default().signed_by(Signer::new(ring, "")),
        ))
    }
}

impl Judge for Gate {
    fn judge<'a>(&'a self, endpoint: Endpoint, body: &'a [u8]) -> BoxFuture<'a, Verdict> {
        async move {
            let path = match endpoint {
                Endpoint::Mutate => Path::Mutate,
                Endpoint::Validate => Path::Validate,
                Endpoint::Authorize => return self.authorize(body).await,
            };
            let mut review = match Review::parse(body) {
                Ok(review) => review,
                Err(error) => return malformed(&error, body),
            };
            if review.resource() == Resource::ConfigMaps && !eci_profile::is_profile(&review) {
                return self.config_map(path, &review);
            }
            let Some(configuration) = self.store.current() else {
                return not_ready(&review, "complete configuration");
            };
            if let Err(error) = review.read_listed(&configuration.cluster) {
                return malformed(&error, body);
            }
            let seen;
            let cluster: &dyn Cluster = match &self.surrounding {
                Surrounding::Watched(view) => {
                    seen = Seen::by(view, &configuration, &review).await;
                    &seen
                }
                Surrounding::Empty(objects) => objects,
            };
            if cluster.signer().is_none() {
                return not_ready(&review, "keys for stamps");
            }
            let answer = admission::answer(
                path,
                &review,
                &configuration,
                cluster,
                &self.modes,
                Timestamp::now(),
            );
            Verdict {
                body: answer.body,
                record: recorded(&review, answer.record),
            }
        }
        .boxed()
    }

    fn authorizes(&self) -> bool {
        self.authorize.is_some()
    }
}

impl Gate {
    /// Our own ConfigMaps are judged also while no configuration is in force, so that it can be repaired
    fn config_map(&self, path: Path, review: &Review<'_>) -> Verdict {
        let mut record = known(review);
        record.generation = self.store.current().map(|configuration| configuration.generation);
        match path {
            // No rule of ours sends them there, and nothing is to be changed
            Path::Mutate => {
                record.decision = admission::Decision::Unjudged.name();
                let unchanged = Reply {
                    uid: review.uid(),
                    allowed: true,
                    ..Reply::default()
                };
                Verdict {
                    body: unchanged.into_json(),
                    record,
                }
            }
            Path::Validate => {
                let verdict = config_map_admission::evaluate(review, &self.store.config_maps());
                let decision = if verdict.is_allowed() {
                    admission::Decision::Allow
                } else {
                    admission::Decision::Deny
                };
                record.decision = decision.name();
                record.message = (!verdict.message.is_empty()).then(|| verdict.message.clone());
                Verdict {
                    body: verdict.to_response(review),
                    record,
                }
            }
        }
    }
}

fn malformed(error: &ReviewError, body: &[u8]) -> Verdict {
    let uid = match error.uid() {
        // What is wrong may stand behind the uid
        "" => uid::read(body).unwrap_or_default(),
        uid => uid.to_owned(),
    };
    let message = format!("ramgate cannot read this review: {error}");
    let body = admission::refuse(&uid, MALFORMED, &message);
    let record = Record {
        uid,
        decision: "malformed",
        message: Some(message),
        ..Record::default()
    };
    Verdict { body, record }
}

fn not_ready(review: &Review<'_>, lacking: &str) -> Verdict {
    let message = format!(
        "ramgate has no {lacking} yet, so nothing can be judged: try again, and if it lasts look at /ready of its admin port"
    );
    let body = admission::refuse(review.uid(), NOT_READY, &message);
    Verdict {
        body,
        record: Record {
            decision: "not_ready",
            ..known(review)
        },
    }
}

/// What the review itself says
fn known(review: &Review<'_>) -> Record {
    Record {
        uid: review.uid().to_owned(),
        user: review.user().to_owned(),
        groups: review.groups().count(),
        namespace: review.namespace().to_owned(),
        name: review.name().to_owned(),
        resource: resource(review),
        operation: match review.operation() {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        },
        dry_run: review.is_dry_run(),
        ..Record::default()
    }
}

fn resource(review: &Review<'_>) -> String {
    match (review.resource_name(), review.subresource()) {
        (resource, "") => resource.to_owned(),
        (resource, subresource) => format!("{resource}/{subresource}"),
    }
}

fn recorded(review: &Review<'_>, record: admission::Record) -> Record {
    // A single one says what the message says
    let unlike: BTreeSet<Unlike> = record
        .unlike
        .iter()
        .filter(|_| record.path == Path::Validate && !record.dry_run)
        .map(|difference| difference.unlike)
        .collect();
    let causes = (record.causes.len() > 1).then(|| serde_json::to_string(&record.causes).ok());
    Record {
        stamped: record.stamped,
        principal: record.principal,
        name: record.name,
        decision: record.decision.name(),
        mode: record.mode.name(),
        route: record.route,
        action: record.action,
        code: record.causes.first().map(|cause| cause.reason.clone()),
        message: record.message,
        causes: causes.flatten(),
        allowed_by: record.allowed_by,
        unlike: unlike.into_iter().map(Unlike::name).collect(),
        unlike_stamp: (!record.unlike.is_empty()).then(|| contents::shown(&record.unlike)),
        patched: record.patched,
        generation: Some(record.generation),
        asked: record
            .questions
            .iter()
            .map(|question| Asked {
                action: question.action,
                decision: question.decision,
                scope: question.scope,
            })
            .collect(),
        ..known(review)
    }
}
