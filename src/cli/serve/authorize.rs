//! The authorization webhook: parses a review, reads the objects that it names, and has it decided.

use std::sync::Arc;

use jiff::Timestamp;

use crate::admission::Modes;
use crate::authorization;
use crate::authorization::{Exemptions, PodLookup, ReviewContext, SubjectAccessReview};
use crate::cli::serve::handler::{Surrounding, WebhookHandler};
use crate::cluster::{LiveRead, WatchedCluster};
use crate::config::Configuration;
use crate::kubernetes::cluster::Cluster;
use crate::server::request_head;
use crate::server::review_handler::HandledReview;

impl WebhookHandler {
    /// Answers a SubjectAccessReview
    pub(super) async fn authorize(&self, body: &[u8]) -> HandledReview {
        let review = match SubjectAccessReview::parse(body) {
            Ok(review) => review,
            Err(error) => {
                let namespace = request_head::read_namespace(body);
                let mode = self.current_modes().of_read(namespace.as_deref());
                return handled(authorization::malformed(&error, mode));
            }
        };
        let none = Exemptions::default();
        let exempt = self.authorize.as_ref().unwrap_or(&none);
        let Some(configuration) = self.store.current() else {
            return handled(authorization::unready(&review, &self.modes.of(None), exempt));
        };
        let modes = self.modes.of(Some(&configuration));
        let given = (&*configuration, &*modes, exempt);
        let answer = match &self.surrounding {
            Surrounding::Watched(view) => {
                let case = case(&review, given, &**view);
                let live_read = complete(&case, view).await;
                case.respond(match &live_read {
                    LiveRead::Object(json) => PodLookup::Found(json),
                    LiveRead::Absent => PodLookup::Absent,
                    LiveRead::Unread => PodLookup::Unread,
                })
            }
            Surrounding::Empty(objects) => {
                let case = case(&review, given, objects);
                let pod = case
                    .pod()
                    .and_then(|(namespace, name)| objects.pod(namespace, name));
                // With a folder there is no cluster to read the pod from
                case.respond(pod.as_deref().map_or(PodLookup::Unread, PodLookup::Found))
            }
        };
        handled(answer)
    }
}

/// A review with what it is decided by
fn case<'a>(
    review: &'a SubjectAccessReview<'a>,
    (configuration, modes, exemptions): (&'a Configuration, &'a Modes, &'a Exemptions),
    cluster: &'a dyn Cluster,
) -> ReviewContext<'a> {
    ReviewContext {
        review,
        configuration,
        cluster,
        modes,
        exemptions,
        now: Timestamp::now(),
    }
}

/// Reads the objects that the review names and no watch has shown; nothing for a user to whom nothing is denied
async fn complete(case: &ReviewContext<'_>, view: &Arc<WatchedCluster>) -> LiveRead {
    if let Some(namespace) = case.unread_namespace() {
        view.read_namespace(namespace).await;
    }
    let live_read = match case.pod() {
        Some((namespace, name)) => view.read_pod(namespace, name).await,
        None => LiveRead::Absent,
    };
    let read_pod = match &live_read {
        LiveRead::Object(json) => PodLookup::Found(json),
        LiveRead::Absent | LiveRead::Unread => PodLookup::Absent,
    };
    if let Some(node) = case.unread_node(read_pod) {
        view.read_node(&node).await;
    }
    live_read
}

fn handled(answer: authorization::Response) -> HandledReview {
    HandledReview {
        body: answer.body,
        record: answer.record,
    }
}
