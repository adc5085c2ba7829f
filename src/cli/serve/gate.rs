//! The judge of the server: reads a review, sees to it that what it names is known, and has it judged.

use crate::cli::serve::record;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::admission;
use crate::admission::response::admission_response::AdmissionResponse;
use crate::admission::review::Resource;
use crate::admission::review::complete::{CompleteReview, NamedObjects};
use crate::admission::{Modes, Review, ReviewError, Webhook};
use crate::authorization::Exemptions;
use crate::cluster::{View, prefetch};
use crate::config::{Store, config_map_admission};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::server::judge::{Endpoint, Judge, Verdict};
use crate::server::uid;
use crate::stamp::{KeyRing, KeyRingError, Signer};
use crate::telemetry::record::Record;

/// Codes of denials that no policy decides
const MALFORMED: u16 = 400;
const NOT_READY: u16 = 503;

/// Judges by the configuration in force
pub(super) struct Gate {
    pub(super) store: Arc<Store>,
    pub(super) surrounding: Surrounding,
    pub(super) modes: Modes,
    /// What the authorization webhook never judges, if that is on
    pub(super) authorize: Option<Exemptions>,
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
    pub(super) fn empty() -> Result<Self, KeyRingError> {
        let ring = KeyRing::new([("memory".to_owned(), KeyRing::generate()?)])?;
        Ok(Self::Empty(
            ClusterSnapshot::default().signed_by(Signer::new(ring, "")),
        ))
    }
}

impl Judge for Gate {
    fn judge<'a>(&'a self, endpoint: Endpoint, body: &'a [u8]) -> BoxFuture<'a, Verdict> {
        async move {
            let webhook = match endpoint {
                Endpoint::Mutate => Webhook::Mutating,
                Endpoint::Validate => Webhook::Validating,
                Endpoint::Authorize => return self.authorize(body).await,
            };
            let mut review = match Review::parse(body) {
                Ok(review) => review,
                Err(error) => return malformed(&error, body),
            };
            if review.resource() == Resource::ConfigMaps && !review.is_eci_profile() {
                return self.config_map(webhook, &review);
            }
            let Some(configuration) = self.store.current() else {
                return not_ready(&review, "complete configuration");
            };
            if let Err(error) = review.read_listed(&configuration.cluster) {
                return malformed(&error, body);
            }
            let settings = &configuration.cluster;
            let pinned;
            let (cluster, named): (&dyn Cluster, NamedObjects) = match &self.surrounding {
                Surrounding::Watched(view) => {
                    let (view, named) = prefetch(view, settings, &review).await;
                    pinned = view;
                    (&pinned, named)
                }
                Surrounding::Empty(snapshot) => (
                    snapshot,
                    NamedObjects::from_snapshot(&review, snapshot, snapshot, settings),
                ),
            };
            if cluster.signer().is_none() {
                return not_ready(&review, "keys for stamps");
            }
            let response = admission::respond(
                webhook,
                &CompleteReview::new(&review, named),
                &configuration,
                cluster,
                &self.modes,
                Timestamp::now(),
            );
            Verdict {
                record: record::of_response(&review, &response),
                body: response.body,
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
    fn config_map(&self, webhook: Webhook, review: &Review<'_>) -> Verdict {
        let mut record = record::of_review(review);
        record.generation = self.store.current().map(|configuration| configuration.generation);
        match webhook {
            // No rule of ours sends them there, and nothing is to be changed
            Webhook::Mutating => {
                record.decision = admission::Decision::NotEvaluated.name();
                let unchanged = AdmissionResponse {
                    uid: review.uid(),
                    allowed: true,
                    ..AdmissionResponse::default()
                };
                Verdict {
                    body: unchanged.into_json(),
                    record,
                }
            }
            Webhook::Validating => {
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
            ..record::of_review(review)
        },
    }
}
