//! Judges an answered review with the candidate, and compares both.

use crate::admission::review::complete::{CompleteReview, NamedObjects, OwnerRead, TokenPodRead};
use crate::admission::{self, Modes, Review, Webhook};
use crate::candidate::change::{Change, Example};
use crate::candidate::live_review::LiveReview;
use crate::candidate::recorded_cluster::KnownCluster;
use crate::candidate::verdict::Verdict;
use crate::config::candidate::UnkeptMetadata;
use crate::config::{ClusterSettings, Configuration};
use crate::kubernetes::cluster::Cluster;

/// What the candidate makes of a review
#[derive(Clone, Debug)]
pub(super) enum Judgement {
    /// The same as the live configuration
    Same,
    Changed(Change),
    /// It depends on something that was not read for the live answer
    Undetermined,
}

/// Judges a review with the candidate, in the modes of the flags and its own
pub(super) fn judge(answered: &LiveReview, flags: &Modes) -> Judgement {
    try_judge(answered, flags).unwrap_or(Judgement::Undetermined)
}

/// The judgement; `None` if it cannot be told
fn try_judge(answered: &LiveReview, flags: &Modes) -> Option<Judgement> {
    let (live, candidate) = (&*answered.live, &answered.candidate.configuration);
    let mut review = Review::parse(&answered.body).ok()?;
    review.read_listed(&candidate.cluster).ok()?;
    let known = KnownCluster::new(&answered.facts, answered.candidate.unkept);
    let named = named_objects(answered, &review, &known)?;
    let complete = CompleteReview::new(&review, named);
    let modes = flags.with_directory(&candidate.modes);
    let response = admission::respond(
        answered.webhook,
        &complete,
        candidate,
        &known,
        &modes,
        answered.now,
    );
    let has_exceptions = !candidate.exceptions.is_empty();
    let verdict = Verdict::of_candidate(
        response.evaluation,
        response.mode,
        &answered.verdict,
        has_exceptions,
    )?;
    if known.was_asked_more() || is_mapped_otherwise(&review, &answered.verdict, &verdict, live, candidate) {
        return None;
    }
    let change = Change::between(&answered.verdict, &verdict, || Example {
        user: review.user().to_owned(),
        namespace: review.namespace().to_owned(),
        object: object(&review, &response.name),
    });
    Some(match (change, answered.webhook) {
        (None, _) => Judgement::Same,
        // What the validating webhook would have said of it, nobody asked
        (Some(_), Webhook::Mutating) => Judgement::Undetermined,
        (Some(change), Webhook::Validating) => Judgement::Changed(change),
    })
}

/// Whether the candidate's own mutating webhook would have left other fields in the pod than the live one did
///
/// Its values cannot be told from the object, which has those of the live rules by now.
fn is_mapped_otherwise(
    review: &Review<'_>,
    before: &Verdict,
    after: &Verdict,
    live: &Configuration,
    candidate: &Configuration,
) -> bool {
    let was_mapped = before.leads_to_eci;
    let is_same =
        live.mapping == candidate.mapping && (was_mapped || candidate.mapping.sources().next().is_none());
    !review.templates().is_empty() && after.leads_to_eci && !is_same
}

/// The objects that the candidate needs, of those that were read; `None` if it needs another one
fn named_objects(
    answered: &LiveReview,
    review: &Review<'_>,
    known: &KnownCluster<'_>,
) -> Option<NamedObjects> {
    let (live, candidate) = (&answered.live.cluster, &answered.candidate.configuration.cluster);
    // What was asked for the live answer does not count against the candidate
    let before = KnownCluster::new(&answered.facts, UnkeptMetadata::default());
    let read = &answered.named;
    let is_needed = |needed: Option<&str>, was_needed: Option<&str>| match needed {
        None => Some(false),
        Some(_) => (needed == was_needed).then_some(true),
    };
    let pod = is_needed(
        review.named_pod(known, candidate),
        review.named_pod(&before, live),
    )?;
    let token_pod = is_needed(
        review.unread_token_pod(known, candidate).as_deref(),
        review.unread_token_pod(&before, live).as_deref(),
    )?;
    let owner = is_needed(
        owner(review, candidate).as_deref(),
        owner(review, live).as_deref(),
    )?;
    Some(NamedObjects {
        pod: read.pod.clone().filter(|_| pod),
        workload: read.workload.clone(),
        token_pod: if token_pod {
            read.token_pod.clone()
        } else {
            TokenPodRead::NotNeeded
        },
        owner: if owner {
            read.owner.clone()
        } else {
            OwnerRead::NotNeeded
        },
    })
}

/// The path of the owner that a review needs
fn owner(review: &Review<'_>, settings: &ClusterSettings) -> Option<String> {
    let owner = review.unread_owner(settings)?;
    let (_, resource) = owner.group_resource();
    Some(format!("{}/{resource}/{}", owner.api_version(), owner.name()))
}

/// The object of a review, as `CREATE pods worker`
fn object(review: &Review<'_>, name: &str) -> String {
    let operation = review.operation();
    let resource = review.resource_name();
    let name = if name.is_empty() { "(new)" } else { name };
    match review.subresource() {
        "" => format!("{operation} {resource} {name}"),
        subresource => format!("{operation} {resource}/{subresource} {name}"),
    }
}

/// Asks a cluster for what a review names, so that it is known to whoever judges the review again
pub(super) fn ask_for_named(review: &Review<'_>, cluster: &dyn Cluster) {
    // Each of these asks for every object of its kind; what is unread does not matter here
    let _unread = review.unread_namespace(cluster);
    let _unread = review.unread_nodes(cluster);
    let _unread = review.unread_service_accounts(cluster);
}
