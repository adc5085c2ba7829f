//! The object that has a stamp, and whether the stamp was signed for it.
//!
//! A stamp is valid in the object that it names, in what that object controls, and in what controllers make of it on the
//! way to its pods, recognized by their naming schemes. Anybody can write any owner reference. That does no harm: an
//! owner reference can only make a stamp invalid, since whoever creates an object and is no controller is its requester.

use crate::config::ClusterSettings;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::workload::Workload;
use crate::stamp::{ObjectName, StampedObject};

/// The longest name of an object
const LONGEST_NAME: usize = 253;

/// The length at which the name of a revision cuts its set's name
const REVISION_PREFIX: usize = 223;

/// The least of a long name that controllers of custom kinds keep when they derive another without a hash
const KEPT_OF_LONG: usize = 20;

/// The hexadecimal digits of the hash by which some of them replace the rest of a name
const MD5: usize = 32;

/// An object that has a stamp, with its owner
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedObject {
    object: StampedObject,
    owner: Option<Owner>,
}

/// The controller in an object's owner references
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    group: String,
    kind: String,
    name: String,
}

impl OwnedObject {
    /// The object of this kind and metadata
    pub fn new(group: &str, kind: &str, metadata: &Metadata<'_>) -> Self {
        let name = metadata.name.as_deref().unwrap_or_default();
        let prefix = metadata.generate_name.as_deref().unwrap_or_default();
        let owner = metadata.controller().map(|owner| Owner {
            group: owner.group().to_owned(),
            kind: owner.kind.to_string(),
            name: owner.name.to_string(),
        });
        Self {
            object: StampedObject {
                group: group.to_owned(),
                kind: kind.to_owned(),
                name: ObjectName::of(name, prefix),
            },
            owner,
        }
    }

    /// The object, as its own stamp names it
    pub fn object(&self) -> &StampedObject {
        &self.object
    }

    /// The owner, as the owner's stamp names it
    pub fn owner_object(&self) -> Option<StampedObject> {
        self.owner.as_ref().map(|owner| StampedObject {
            group: owner.group.clone(),
            kind: owner.kind.clone(),
            name: ObjectName::Whole(owner.name.clone()),
        })
    }

    /// Whether a stamp that was signed for `object` is valid in this one
    ///
    /// ```text
    /// signed for               valid in a pod of
    /// Deployment web           ReplicaSet web-7d9c, not ReplicaSet web-api-7d9c
    /// CronJob nightly          Job nightly-29384756, not Job nightly-today
    /// ControllerRevision web-5d9c   StatefulSet web, not StatefulSet api
    /// ```
    pub fn accepts_stamp_of(&self, object: &StampedObject, settings: &ClusterSettings) -> bool {
        *object == self.object
            || self
                .owner
                .as_ref()
                .is_some_and(|owner| owner.is_made_of(object, settings))
    }

    /// Group and kind of the owner
    pub(crate) fn owner_kind(&self) -> Option<(&str, &str)> {
        self.owner
            .as_ref()
            .map(|owner| (owner.group.as_str(), owner.kind.as_str()))
    }
}

impl Owner {
    /// Whether this owner was made of the object, directly or on the way to its pods
    fn is_made_of(&self, object: &StampedObject, settings: &ClusterSettings) -> bool {
        if object.is(&self.group, &self.kind, &self.name) {
            return true;
        }
        let made = Workload::of_group_kind(&self.group, &self.kind);
        match (Workload::of_group_kind(&object.group, &object.kind), made) {
            (Some(Workload::Deployment), Some(Workload::ReplicaSet)) => self.is_hashed_after(object),
            (Some(Workload::CronJob), Some(Workload::Job)) => self.is_timed_after(object),
            (Some(Workload::ControllerRevision), made) => {
                let has_revisions = matches!(made, Some(Workload::StatefulSet | Workload::DaemonSet));
                (has_revisions || is_listed(&self.group, &self.kind, settings)) && self.has_revision(object)
            }
            (Some(_), _) => false,
            // Operators build on each other's kinds, so both kinds may be listed for different users
            (None, made) => {
                let is_known = made.is_some() || is_listed(&self.group, &self.kind, settings);
                is_listed(&object.group, &object.kind, settings) && is_known && self.is_named_after(object)
            }
        }
    }

    /// A ReplicaSet has the name of its Deployment and a hash of the template
    fn is_hashed_after(&self, object: &StampedObject) -> bool {
        let Some((stem, hash)) = self.name.rsplit_once('-') else {
            return false;
        };
        let is_hash = (1..=10).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_cut = self.name.len() >= LONGEST_NAME && object.name.text().starts_with(stem);
        is_hash && (object.name.matches(stem) || is_cut)
    }

    /// A Job has the name of its CronJob and the minute of its schedule
    fn is_timed_after(&self, object: &StampedObject) -> bool {
        self.name.rsplit_once('-').is_some_and(|(stem, minute)| {
            !minute.is_empty()
                && minute.bytes().all(|byte| byte.is_ascii_digit())
                && object.name.matches(stem)
        })
    }

    /// A revision has the name of its set and a hash of its data
    fn has_revision(&self, revision: &StampedObject) -> bool {
        let kept = self.name.get(..REVISION_PREFIX).unwrap_or(&self.name);
        let name = revision.name.text();
        name.rsplit_once('-').is_some_and(|(stem, _)| stem == kept)
    }

    /// Controllers of custom kinds give an object the name of what they make it of, or let its name begin with it
    ///
    /// They shorten a long name to its beginning or its end, or replace some of it by a hash of the whole.
    fn is_named_after(&self, object: &StampedObject) -> bool {
        let base = object.name.text();
        let is_prefix = matches!(object.name, ObjectName::Prefix(_));
        let rest = self.name.strip_prefix(base);
        let begins = rest.is_some_and(|rest| is_prefix || rest.is_empty() || rest.starts_with('-'));
        let head = base.get(..KEPT_OF_LONG);
        let tail = base.len().checked_sub(KEPT_OF_LONG).and_then(|at| base.get(at..));
        let mut kept = head.into_iter().chain(tail);
        begins || kept.any(|kept| self.name.starts_with(kept)) || self.has_hash_after_start_of(base)
    }

    /// Whether the name begins like another and goes on with a hash
    fn has_hash_after_start_of(&self, base: &str) -> bool {
        let pairs = self.name.bytes().zip(base.bytes());
        let common = pairs.take_while(|(one, other)| one == other).count();
        // The hash may begin with letters of the name
        let rest = self.name.as_bytes().get(common.saturating_sub(MD5)..);
        let mut candidates = rest.unwrap_or_default().windows(MD5);
        common > 0 && candidates.any(|window| window.iter().all(u8::is_ascii_hexdigit))
    }
}

/// Whether the configuration lists a kind under `carriers`
pub(crate) fn is_listed(group: &str, kind: &str, settings: &ClusterSettings) -> bool {
    let mut carriers = settings.carriers.iter();
    carriers.any(|carrier| carrier.group == group && carrier.kind == kind)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::config::DelegatedController;
    use crate::kubernetes::template_place::TemplatePlace;

    fn settings() -> ClusterSettings {
        let carrier = |user: &str, group: &str, kind: &str| DelegatedController {
            user: user.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            resource: kind.to_lowercase() + "s",
            templates: vec![TemplatePlace::any("spec.template")],
            unknown_paths: Vec::new(),
            harmless: Vec::new(),
            verifies_owner: false,
            stored: Vec::new(),
        };
        ClusterSettings {
            carriers: vec![
                carrier("kruise", "apps.kruise.io", "CloneSet"),
                carrier("ray", "ray.io", "RayJob"),
                carrier("ray", "ray.io", "RayCluster"),
                carrier("knative", "serving.knative.dev", "Service"),
            ],
            ..ClusterSettings::default()
        }
    }

    /// Whether a stamp of one `GROUP/KIND/NAME` is valid in a pod whose controller is the other one
    fn is_valid_in(object: &str, owner: &str) -> bool {
        let parts = |text: &str| -> [String; 3] {
            let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
            parts.try_into().unwrap()
        };
        let [group, kind, name] = parts(owner);
        let version = match group.as_str() {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        };
        let owner = json!({"apiVersion": version, "kind": kind, "name": name, "controller": true});
        let text = json!({"name": "web-0", "ownerReferences": [owner]}).to_string();
        let metadata: Metadata<'_> = serde_json::from_str(&text).unwrap();
        let owned = OwnedObject::new("", "Pod", &metadata);
        let [group, kind, name] = parts(object);
        let name = match name.strip_suffix('*') {
            Some(prefix) => ObjectName::Prefix(prefix.to_owned()),
            None => ObjectName::Whole(name),
        };
        owned.accepts_stamp_of(&StampedObject { group, kind, name }, &settings())
    }

    #[test]
    fn a_stamp_is_valid_in_its_object_and_in_the_pods_of_that_object() {
        for (object, owner) in [
            ("/Pod/web-0", "apps/StatefulSet/other"),
            ("apps/StatefulSet/web", "apps/StatefulSet/web"),
            ("apps/Deployment/web", "apps/ReplicaSet/web-7d9c"),
            ("apps/Deployment/web-*", "apps/ReplicaSet/web-x7k2p-7d9c"),
            ("batch/CronJob/nightly", "batch/Job/nightly-29384756"),
            ("batch/Job/run-*", "batch/Job/run-x7k2p"),
            ("apps/ControllerRevision/web-5d9c", "apps/StatefulSet/web"),
            ("apps/ControllerRevision/web-5d9c", "apps.kruise.io/CloneSet/web"),
            ("apps.kruise.io/CloneSet/web", "apps.kruise.io/CloneSet/web"),
            ("ray.io/RayJob/train", "ray.io/RayCluster/train-raycluster-x7k2p"),
            (
                "serving.knative.dev/Service/web",
                "apps/ReplicaSet/web-00001-deployment-7d9c",
            ),
        ] {
            assert!(is_valid_in(object, owner), "{object} in a pod of {owner}");
        }
    }

    #[test]
    fn a_stamp_of_another_object_is_not_valid() {
        for (object, owner) in [
            ("/Pod/web-1", "apps/StatefulSet/web"),
            ("apps/StatefulSet/api", "apps/StatefulSet/web"),
            ("apps/StatefulSet/web", "apps/DaemonSet/web"),
            ("apps/StatefulSet/web", "example.com/StatefulSet/web"),
            ("apps/Deployment/web", "apps/ReplicaSet/web"),
            ("apps/Deployment/web", "apps/ReplicaSet/web-api-7d9c"),
            ("apps/Deployment/web", "apps/ReplicaSet/web-7d9c7d9c7d9c"),
            ("apps/Deployment/web", "apps/StatefulSet/web-7d9c"),
            ("batch/CronJob/nightly", "batch/Job/nightly-today"),
            ("batch/CronJob/nightly", "batch/Job/nightly-1-29384756"),
            ("apps/ControllerRevision/web-5d9c", "apps/StatefulSet/api"),
            ("apps/ControllerRevision/web-5d9c", "apps/ReplicaSet/web"),
            ("apps.kruise.io/CloneSet/web", "apps.kruise.io/BroadcastJob/web"),
            ("ray.io/RayJob/train", "ray.io/RayCluster/other-train"),
            ("ray.io/RayJob/train", "batch.volcano.sh/Job/train"),
            (
                "ray.io/RayJob/train",
                "ray.io/RayCluster/tr0123456789abcdef0123456789abcde-x",
            ),
            ("example.com/Any/web", "apps/ReplicaSet/web-7d9c"),
        ] {
            assert!(!is_valid_in(object, owner), "{object} in a pod of {owner}");
        }
    }

    #[test]
    fn a_stamp_is_valid_where_a_controller_cuts_the_name() {
        let long = "a".repeat(250);
        let cut = "a".repeat(248);
        assert!(is_valid_in(
            &format!("apps/Deployment/{long}"),
            &format!("apps/ReplicaSet/{cut}-7d9c")
        ));
        let kept = "a".repeat(223);
        assert!(is_valid_in(
            &format!("apps/ControllerRevision/{kept}-5d9c"),
            &format!("apps/StatefulSet/{long}")
        ));
        let md5 = "0123456789abcdef0123456789abcdef";
        for (object, owner) in [
            (
                "ray.io/RayJob/a-job-with-a-name-of-many-letters",
                "ray.io/RayCluster/a-job-with-a-name-of-cut-x",
            ),
            (
                "ray.io/RayJob/a-job-with-a-name-of-many-letters",
                "ray.io/RayCluster/name-of-many-letters-raycluster-x",
            ),
            (
                "serving.knative.dev/Service/recommendation-engine",
                &format!("apps/ReplicaSet/recomme{md5}-deployment-7d9c"),
            ),
            (
                "ray.io/RayJob/build-and-deploy",
                &format!("ray.io/RayCluster/b{md5}-run"),
            ),
            // Another operator's kind on the way
            ("ray.io/RayJob/train", "apps.kruise.io/CloneSet/train"),
        ] {
            assert!(is_valid_in(object, owner), "{object} in a pod of {owner}");
        }
    }

    proptest! {
        /// A stamp of one object is not valid in pods of another object of the same kind
        #[test]
        fn names_that_controllers_give_belong_to_one_object(
            name in "[a-z]([a-z0-9-]{0,12}[a-z0-9])?",
            other in "[a-z]([a-z0-9-]{0,12}[a-z0-9])?",
            hash in "[bcdf0-9]{1,10}",
            minute in "[0-9]{8}",
        ) {
            for (kind, made) in [
                ("apps/Deployment", format!("apps/ReplicaSet/{name}-{hash}")),
                ("batch/CronJob", format!("batch/Job/{name}-{minute}")),
                ("apps/StatefulSet", format!("apps/StatefulSet/{name}")),
                ("batch/Job", format!("batch/Job/{name}")),
            ] {
                let (own, foreign) = (format!("{kind}/{name}"), format!("{kind}/{other}"));
                prop_assert!(is_valid_in(&own, &made));
                prop_assert_eq!(is_valid_in(&foreign, &made), name == other, "{} in {}", foreign, made);
            }
            let revision = format!("apps/ControllerRevision/{name}-{hash}");
            let (own, foreign) = (format!("apps/DaemonSet/{name}"), format!("apps/DaemonSet/{other}"));
            prop_assert!(is_valid_in(&revision, &own));
            prop_assert_eq!(is_valid_in(&revision, &foreign), name == other);
        }
    }
}
