//! The objects of a request: pods, pod templates, Bindings and counts of pods, each read for what is judged and nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::admission::attribution::{OwnedObject, STAMPED};
use crate::admission::review::growth::Size;
use crate::admission::review::stored_revision::StoredRevision;
use crate::admission::review::{
    GroupVersionResource, Operation, Problem, Resource, Review, ReviewError, Revision, parameters,
};
use crate::config::ClusterSettings;
use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::limits::MAX_ELEMENTS;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::reviewed_template::ReviewedTemplate;
use crate::kubernetes::string_map::StringMap;
use crate::kubernetes::workload::Workload;

/// A pod's way to a node
#[derive(Clone, Debug, Deserialize)]
pub struct Binding<'a> {
    /// The pod's name and UID; labels and annotations go over to the pod
    #[serde(borrow)]
    pub metadata: BoundPod<'a>,
    /// The node
    #[serde(borrow)]
    pub target: Target<'a>,
}

/// What a Binding says of the pod
#[derive(Clone, Debug, Deserialize)]
pub struct BoundPod<'a> {
    /// The pod's name
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub name: Text<'a>,
    /// The pod's UID, where the pod must be that very one
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub uid: Text<'a>,
    /// The version of the pod, where it must not have changed since
    #[serde(
        borrow,
        default,
        deserialize_with = "null_as_default",
        rename = "resourceVersion"
    )]
    pub resource_version: Text<'a>,
    /// Labels that the pod gets
    #[serde(borrow, default)]
    pub labels: StringMap<'a>,
    /// Annotations that the pod gets
    #[serde(borrow, default)]
    pub annotations: StringMap<'a>,
}

/// Where a Binding leads
#[derive(Clone, Debug, Deserialize)]
pub struct Target<'a> {
    /// The node's name
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub name: Text<'a>,
}

impl<'a> Review<'a> {
    pub(crate) fn read_objects(&mut self) -> Result<(), Problem> {
        let subresource = self.request.sub_resource.clone();
        match (self.resource, &*subresource) {
            (Resource::Pods, "" | "status" | "ephemeralcontainers" | "resize") => {
                let reviewed = self.whole("pod")?;
                self.templates.extend(reviewed);
            }
            (Resource::ImageCaches, "") => {
                let reviewed = self.whole("image cache")?;
                self.templates.extend(reviewed);
            }
            // What becomes of a revision depends on the kinds that are listed
            (Resource::Workload(Workload::ControllerRevision), _) => {}
            (Resource::Workload(workload), "") => {
                self.read_templates(&[FieldPath::of(workload.template().iter().copied())])?;
            }
            (Resource::Pods, "binding") | (Resource::Bindings, "") => {
                self.binding = self.part("object", true, "Binding", serde_json::from_str)?;
            }
            _ => {}
        }
        if let (Resource::Workload(_), "" | "scale", Operation::Update) =
            (self.resource, &*subresource, self.operation)
        {
            let was = self.part("oldObject", true, "Scale", Size::parse)?;
            let now = self.part("object", true, "Scale", Size::parse)?;
            self.grows = was.zip(now).is_some_and(|(was, now)| now.exceeds(&was));
        }
        Ok(())
    }

    /// Reads what depends on the kinds that the configuration lists: their pod templates, and ControllerRevisions
    ///
    /// # Errors
    ///
    /// What stands where a template should be is none.
    pub fn read_listed(&mut self, settings: &ClusterSettings) -> Result<(), ReviewError> {
        let uid = self.request.uid.clone();
        if self.resource == Resource::Workload(Workload::ControllerRevision) {
            return self
                .read_revision(settings)
                .map_err(|problem| ReviewError::new(&uid, problem));
        }
        if self.resource != Resource::Other || !self.subresource().is_empty() {
            return Ok(());
        }
        let GroupVersionResource { group, resource, .. } = &self.request.resource;
        let mut paths: Vec<&str> = settings
            .carriers
            .iter()
            .filter(|carrier| carrier.group == **group && carrier.resource == **resource)
            .flat_map(|carrier| carrier.templates.iter().map(String::as_str))
            .collect();
        paths.sort_unstable();
        paths.dedup();
        let places: Vec<FieldPath> = paths.iter().map(|path| FieldPath::of(path.split('.'))).collect();
        // The count of a kind that nobody knows may be of any type
        let size = |json: Option<&'a RawValue>| json.and_then(|json| Size::parse(json.get()).ok());
        let (was, now) = (size(self.request.old_object), size(self.request.object));
        self.grows = !places.is_empty() && was.zip(now).is_some_and(|(was, now)| now.exceeds(&was));
        self.read_templates(&places)
            .map_err(|problem| ReviewError::new(&uid, problem))?;
        if let (Some(new), Some(old), false) = (self.object(), self.old_object(), places.is_empty()) {
            let harmless = settings.harmless(&self.request.resource.group, &self.request.resource.resource);
            self.changes_beside_templates = !parameters::same(old, new, &places, &harmless);
        }
        Ok(())
    }

    fn read_revision(&mut self, settings: &ClusterSettings) -> Result<(), Problem> {
        let is_update = self.operation == Operation::Update;
        if !matches!(self.operation, Operation::Create | Operation::Update) || !self.subresource().is_empty()
        {
            return Ok(());
        }
        let now = self.part("object", true, "ControllerRevision", StoredRevision::parse)?;
        let before = self.part(
            "oldObject",
            is_update,
            "ControllerRevision",
            StoredRevision::parse,
        )?;
        let Some(now) = now else { return Ok(()) };
        let mut both = std::iter::once(&now).chain(&before);
        let is_ours = both.any(|revision| revision.may_be_taken_up(settings));
        let is_same = before.is_some_and(|before| now.is_same(&before));
        let owned = OwnedObject::new("apps", "ControllerRevision", &now.metadata);
        if is_ours {
            let template = now.template();
            self.revision = Some(Revision {
                owned,
                is_same,
                fault: template.as_ref().err().cloned(),
            });
            self.templates
                .extend(template.ok().map(|template| ReviewedTemplate {
                    path: FieldPath::of(Workload::ControllerRevision.template().iter().copied()),
                    new: Some(template),
                    old: None,
                }));
        } else if let Some(fault) = now.disguise() {
            self.revision = Some(Revision {
                owned,
                is_same,
                fault: Some(fault),
            });
        }
        self.owner = Some(now.metadata);
        Ok(())
    }

    fn read_templates(&mut self, places: &[FieldPath]) -> Result<(), Problem> {
        if places.is_empty() || !matches!(self.operation, Operation::Create | Operation::Update) {
            return Ok(());
        }
        self.owner = self.part("object", true, "workload", Metadata::of_object)?;
        let is_update = self.operation == Operation::Update;
        let before = self.part("oldObject", is_update, "workload", Metadata::of_object)?;
        let asks = |metadata: &Metadata<'_>| {
            let annotations = metadata.annotations.as_ref();
            annotations.and_then(|all| all.value(STAMPED).map(str::to_owned))
        };
        let now = self.owner.as_ref().and_then(asks);
        self.asks_for_stamp = now.is_some() && before.is_some_and(|before| asks(&before) != now);
        let what = "pod template";
        let mut parts = 0_usize;
        for path in places {
            let read = |part, wanted| self.part(part, wanted, what, |json| path.all(json));
            let new = read("object", true)?.unwrap_or_default();
            let old = read("oldObject", is_update)?.unwrap_or_default();
            let mut before: BTreeMap<String, &'a str> = old
                .into_iter()
                .map(|(path, json)| (path.pointer(), json))
                .collect();
            for (path, json) in new {
                let template = |part: &str, json| {
                    PodTemplate::template(json).map_err(|source| Problem::Object {
                        part: format!("{part}{}", path.pointer().replace('/', ".")),
                        what,
                        source,
                    })
                };
                let old = before.remove(&path.pointer());
                let reviewed = ReviewedTemplate {
                    new: Some(template("object", json)?),
                    old: old.map(|json| template("oldObject", json)).transpose()?,
                    path,
                };
                parts = parts.saturating_add(reviewed.element_count());
                if parts > MAX_ELEMENTS {
                    return Err(Problem::TooManyParts);
                }
                self.templates.push(reviewed);
            }
        }
        Ok(())
    }

    /// Reads both sides of a pod, as far as the operation brings them
    fn whole(&self, what: &'static str) -> Result<Option<ReviewedTemplate<'a>>, Problem> {
        let (wants_new, wants_old) = match self.operation {
            Operation::Create => (true, false),
            Operation::Update => (true, true),
            Operation::Delete => (false, true),
            Operation::Connect => (false, false),
        };
        let new = self.part("object", wants_new, what, PodTemplate::pod)?;
        let old = self.part("oldObject", wants_old, what, PodTemplate::pod)?;
        Ok((new.is_some() || old.is_some()).then(|| ReviewedTemplate {
            path: FieldPath::default(),
            new,
            old,
        }))
    }

    /// Reads one of the two objects, if it is wanted
    fn part<T>(
        &self,
        part: &'static str,
        wanted: bool,
        what: &'static str,
        read: impl FnOnce(&'a str) -> Result<T, serde_json::Error>,
    ) -> Result<Option<T>, Problem> {
        let operation = self.operation;
        let json = match part {
            "object" => self.request.object,
            _ => self.request.old_object,
        };
        match json {
            _ if !wanted => Ok(None),
            None => Err(Problem::Missing {
                operation,
                what,
                part,
            }),
            Some(json) => read(json.get()).map(Some).map_err(|source| Problem::Object {
                part: part.to_owned(),
                what,
                source,
            }),
        }
    }
}
