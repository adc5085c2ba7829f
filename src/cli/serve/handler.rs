//! Implements [`ReviewHandler`]: parses a review, reads the objects that it names, and evaluates it.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::admission;
use crate::admission::response::admission_response::AdmissionResponse;
use crate::admission::review::Resource;
use crate::admission::review::complete::{CompleteReview, NamedObjects};
use crate::admission::{Mode, Modes, Review, ReviewError, Webhook};
use crate::authorization::Exemptions;
use crate::candidate::rehearsal::Answered;
use crate::candidate::{RecordedCluster, Rehearsal};
use crate::cli::serve::failing_open::EnforcedNamespaces;
use crate::cli::serve::merged_modes::MergedModes;
use crate::cli::serve::record;
use crate::cluster::{WatchedCluster, prefetch};
use crate::config::{Configuration, Store};
use crate::config_admission;
use crate::config_admission::{ConfigMapDecision, KnownNamespaces, StoredConfigMaps};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::server::request_head::{RequestHead, ReviewedConfigMap};
use crate::server::review_handler::{HandledReview, ReviewHandler, UnreadableReview};
use crate::stamp::{KeyRing, KeyRingError, Signer};
use crate::telemetry::endpoint::Endpoint;
use crate::telemetry::record::Record;
use crate::wording::fitted;

/// The code of a denial while there is nothing to judge by
const NOT_READY: u16 = 503;
/// The longest error about a body, in bytes: a few names and a sentence
const LONGEST_ERROR: usize = 500;

/// Evaluates reviews with the configuration in force
pub(super) struct WebhookHandler {
    pub(super) store: Arc<Store>,
    pub(super) surrounding: Surrounding,
    pub(super) modes: Arc<MergedModes>,
    /// What shows whether namespaces fail open; `None` with a folder, where there is no cluster
    pub(super) enforced: Option<EnforcedNamespaces>,
    /// What the authorization webhook never evaluates, if it is on
    pub(super) authorize: Option<Exemptions>,
    /// Judges answered reviews by the candidate as well
    pub(super) rehearsal: Arc<Rehearsal>,
}

/// What ramgate knows of the cluster
pub(super) enum Surrounding {
    /// What the watches show, and single reads
    Watched(Arc<WatchedCluster>),
    /// Nothing: a configuration from a folder has no cluster
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

impl ReviewHandler for WebhookHandler {
    fn handle<'a>(
        &'a self,
        endpoint: Endpoint,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<HandledReview, UnreadableReview>> {
        match endpoint {
            Endpoint::Admission(webhook) => self.admit(webhook, body).boxed(),
            Endpoint::Authorization => self.authorize(body).map(Ok).boxed(),
        }
    }

    /// The mode of a request that could not be handled; ConfigMaps have modes of their own
    fn mode(&self, head: &RequestHead) -> Mode {
        match head.config_map {
            // Stored unread, a ConfigMap of ours could only be refused later, when nobody waits for the answer
            Some(ReviewedConfigMap::Own) => Mode::Enforce,
            Some(ReviewedConfigMap::EciProfile) => self.profile_mode(),
            None => self.current_modes().of(&head.namespace),
        }
    }

    fn mode_of_read(&self, namespace: Option<&str>) -> Mode {
        self.current_modes().of_read(namespace)
    }

    fn authorizes(&self) -> bool {
        self.authorize.is_some()
    }
}

impl WebhookHandler {
    /// The modes of a request for which no configuration was taken yet
    pub(super) fn current_modes(&self) -> Arc<Modes> {
        self.modes.of(self.store.current().as_deref())
    }

    /// Answers an AdmissionReview
    async fn admit(&self, webhook: Webhook, body: &[u8]) -> Result<HandledReview, UnreadableReview> {
        let mut review = Review::parse(body).map_err(unreadable)?;
        if review.resource() == Resource::ConfigMaps && !review.is_eci_profile() {
            return Ok(self.config_map(webhook, &review));
        }
        let Some(configuration) = self.store.current() else {
            return Ok(self.not_ready(webhook, &review, None));
        };
        let settings = &configuration.cluster;
        review.read_listed(settings).map_err(unreadable)?;
        Ok(match &self.surrounding {
            Surrounding::Watched(view) => {
                let (pinned, named) = prefetch(view, settings, &review).await;
                self.respond(webhook, body, &review, named, &configuration, &pinned)
            }
            Surrounding::Empty(snapshot) => {
                let named = NamedObjects::from_snapshot(&review, snapshot, snapshot, settings);
                self.respond(webhook, body, &review, named, &configuration, snapshot)
            }
        })
    }

    /// Evaluates a review that has everything it needs
    fn respond(
        &self,
        webhook: Webhook,
        body: &[u8],
        review: &Review<'_>,
        named: NamedObjects,
        configuration: &Arc<Configuration>,
        cluster: &dyn Cluster,
    ) -> HandledReview {
        if cluster.signer().is_none() {
            return self.not_ready(webhook, review, Some(configuration));
        }
        let (modes, now) = (self.modes.of(Some(configuration)), Timestamp::now());
        let respond = |named: NamedObjects, cluster: &dyn Cluster| {
            let complete = CompleteReview::new(review, named);
            admission::respond(webhook, &complete, configuration, cluster, &modes, now)
        };
        let response = match self.rehearsal.candidate(configuration) {
            None => respond(named, cluster),
            Some(candidate) => {
                let recorded = RecordedCluster::new(cluster);
                let response = respond(named.clone(), &recorded);
                let answered = Answered {
                    webhook,
                    body,
                    review,
                    named,
                    live: configuration,
                    now,
                    response: &response,
                };
                self.rehearsal.offer(candidate, answered, recorded);
                response
            }
        };
        HandledReview {
            record: record::of_response(review, &response, &configuration.cluster),
            body: response.body,
        }
    }

    /// Answers a review of one of ramgate's own ConfigMaps, also while no configuration is in force, so that it can be repaired
    fn config_map(&self, webhook: Webhook, review: &Review<'_>) -> HandledReview {
        let mut record = record::of_review(review);
        record.generation = self.store.current().map(|configuration| configuration.generation);
        match webhook {
            // The chart has no rule that sends them here, and there is nothing to change
            Webhook::Mutating => {
                record.decision = admission::Decision::NotEvaluated.name();
                let unchanged = AdmissionResponse {
                    uid: review.uid(),
                    allowed: true,
                    ..AdmissionResponse::default()
                };
                HandledReview {
                    body: unchanged.into_json(),
                    record,
                }
            }
            Webhook::Validating => {
                let evaluated = self.evaluate_config_map(review);
                let decision = if evaluated.is_allowed() {
                    admission::Decision::Allow
                } else {
                    admission::Decision::Deny
                };
                record.decision = decision.name();
                record.message = (!evaluated.message.is_empty()).then(|| evaluated.message.clone());
                HandledReview {
                    body: evaluated.to_response(review),
                    record,
                }
            }
        }
    }

    fn evaluate_config_map(&self, review: &Review<'_>) -> ConfigMapDecision {
        let enforced = self.enforced.as_ref();
        let known = KnownNamespaces {
            modes: self.modes.flags(),
            exists: &|namespace| enforced.is_none_or(|enforced| enforced.exists(namespace)),
            failing_open: &|namespace| {
                let open = enforced?.of([namespace].into_iter()).pop();
                open.map(|(_, open)| open)
            },
        };
        let stored = StoredConfigMaps {
            live: &self.store.config_maps(),
            candidates: &self.store.candidate().config_maps,
        };
        config_admission::evaluate(
            review,
            stored,
            self.store.current().as_deref(),
            &known,
            Timestamp::now(),
        )
    }

    /// The answer while there is no configuration, or while there are no keys for stamps
    fn not_ready(
        &self,
        webhook: Webhook,
        review: &Review<'_>,
        configuration: Option<&Configuration>,
    ) -> HandledReview {
        let mode = if review.is_routing_object() {
            self.profile_mode()
        } else {
            self.modes.of(configuration).of(review.namespace())
        };
        let lacking = configuration.map_or("complete configuration", |_| "keys for stamps");
        let message = format!(
            "ramgate has no {lacking} yet, so nothing can be judged: try again, and if it lasts look at /ready of its \
             admin port"
        );
        HandledReview {
            body: admission::unjudged(webhook, review.uid(), mode, NOT_READY, &message),
            record: Record {
                decision: "not_ready",
                mode: mode.name(),
                message: Some(message),
                ..record::of_review(review)
            },
        }
    }

    /// The mode of changes of ACK's eci-profile; the default one while no configuration says otherwise
    fn profile_mode(&self) -> Mode {
        let configuration = self.store.current();
        let changes = configuration.map(|configuration| configuration.cluster.eci_profile_changes);
        admission::profile_mode(changes.unwrap_or_default())
    }
}

fn unreadable(error: ReviewError) -> UnreadableReview {
    // Parts of the review stand in it, each of which may be a megabyte of characters that JSON escapes
    let text = error.to_string();
    UnreadableReview(fitted(&text, LONGEST_ERROR).replace(char::is_control, "?"))
}

#[cfg(test)]
mod tests;
