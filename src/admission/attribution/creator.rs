//! The person for whom a spawner acts: the one in the stamp of the pod that the spawner's token is bound to.
//!
//! ```text
//! alice -> Deployment (stamp: alice) -> ReplicaSet -> pod driver (stamp: alice)
//!                                                         |  its own token
//!                                                         v
//!                                                     pod exec-1: evaluated for alice, stamped for alice
//! ```

use crate::admission::attribution::verified_stamp::{NoValidStamp, verified};
use crate::admission::attribution::{contents, unchecked};
use crate::admission::outcome::container_difference::{ContainerDifference, DifferenceKind};
use crate::admission::outcome::creating_pod_fault::CreatingPodFault;
use crate::admission::outcome::mode::OnDifference;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::review::complete::{CompleteReview, TokenPodRead};
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::Claims;
use ram_policy::Principal;

/// The creator of what a request creates: the requester, or the person for whom a spawner acts
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Creator {
    /// The requester, who is no spawner
    Requester,
    /// A spawner that acts for nobody, so that it is asked itself
    Spawner(CreatingPodFault),
    /// The person in the stamp of the pod that the spawner's token is bound to
    Person(Person),
    /// A spawner whose pod could not be read, so that nobody knows for whom it acts
    Unread,
}

/// The person in the stamp of a creating pod
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The Kubernetes user
    pub(crate) user: String,
    /// The RAM principal in the stamp
    pub(crate) principal: Option<Principal>,
}

/// Finds the creator of what a request creates
pub(crate) fn creator(
    review: &CompleteReview<'_>,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
    on_difference: OnDifference,
) -> Creator {
    let Some(account) = review.spawner(cluster, settings) else {
        return Creator::Requester;
    };
    let Some(token_pod) = review.token_pod() else {
        return Creator::Spawner(CreatingPodFault::NoPod);
    };
    let json = match review.token_pod_read() {
        TokenPodRead::Found(json) => json,
        TokenPodRead::Absent => return Creator::Spawner(CreatingPodFault::Gone),
        // The namespace's labels changed between the reads and now
        TokenPodRead::Unread | TokenPodRead::NotNeeded => return Creator::Unread,
    };
    let Ok(template) = PodTemplate::pod(json) else {
        return Creator::Unread;
    };
    if template.read().metadata.uid.as_deref() != Some(&*token_pod.uid) {
        return Creator::Spawner(CreatingPodFault::Gone);
    }
    let creating_pod = CreatingPod {
        namespace: review.namespace(),
        account,
        template: &template,
        settings,
        cluster,
    };
    match creating_pod.claims(on_difference) {
        Ok(Claims { user, principal, .. }) => Creator::Person(Person { user, principal }),
        Err(fault) => Creator::Spawner(fault),
    }
}

/// A live pod that a spawner's token is bound to
struct CreatingPod<'c> {
    namespace: &'c str,
    account: &'c str,
    template: &'c PodTemplate<'c>,
    settings: &'c ClusterSettings,
    cluster: &'c dyn Cluster,
}

impl CreatingPod<'_> {
    /// The claims of its stamp
    fn claims(&self, on_difference: OnDifference) -> Result<Claims, CreatingPodFault> {
        let pod = self.template.read();
        if pod.service_account() != self.account {
            return Err(CreatingPodFault::OtherAccount);
        }
        let owned = OwnedObject::new("", "Pod", &pod.metadata);
        let stamp = self.template.stamp();
        let claims = verified(stamp, self.namespace, &owned, self.settings, self.cluster).map_err(fault)?;
        if let Some(fault) = unchecked(&claims, &owned, self.settings, self.cluster) {
            return Err(CreatingPodFault::Stamp(fault));
        }
        if claims.object.is_none() {
            return Err(CreatingPodFault::FirstForm);
        }
        let stamped_account = claims.service_account.as_deref();
        if stamped_account.is_some_and(|stamped| stamped != self.account) {
            return Err(CreatingPodFault::StampOfOtherAccount);
        }
        if contents::has_ephemeral(self.template) {
            return Err(CreatingPodFault::EphemeralContainer);
        }
        match self.differences(&claims, on_difference) {
            differences if differences.is_empty() => Ok(claims),
            differences => Err(CreatingPodFault::Contents(differences)),
        }
    }

    /// The differences from its stamp for which the pod is not believed
    ///
    /// Whoever may update a pod may give its containers other images, so such a difference counts in every mode. Containers
    /// are added only while a pod is created, by other webhooks, and the setting says what that means.
    fn differences(&self, claims: &Claims, on_difference: OnDifference) -> Vec<ContainerDifference> {
        let Some(stamped) = &claims.containers else {
            return Vec::new();
        };
        let running = contents::running(self.template).unwrap_or_default();
        let mut differences = contents::differences(stamped, &running, &self.settings.injectors);
        differences.retain(|difference| {
            on_difference == OnDifference::Refuse || difference.kind != DifferenceKind::Added
        });
        differences
    }
}

fn fault(no_stamp: NoValidStamp) -> CreatingPodFault {
    CreatingPodFault::Stamp(match no_stamp {
        NoValidStamp::Missing => StampFault::Missing(None),
        NoValidStamp::Broken(broken) if broken.is_forged() => StampFault::Forged(broken, None),
        NoValidStamp::Broken(broken) => StampFault::NoKey(broken, None),
    })
}

/// Whether a pod or template may run under a spawner, so that it is stamped wherever it runs
///
/// A template without a spec leaves its service account to its controller, which may choose a spawner of the namespace.
pub(crate) fn names_spawner(
    template: &PodTemplate<'_>,
    namespace: &str,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> bool {
    if settings.spawners.is_empty() {
        return false;
    }
    let Some(meta) = cluster.namespace(namespace) else {
        return false;
    };
    match template.service_account() {
        Some(account) => settings.is_spawner(namespace, &meta.labels, account),
        None => {
            let mut spawners = settings.spawners.iter();
            spawners.any(|spawner| spawner.is_in(namespace, &meta.labels))
        }
    }
}
