//! The objects of a request: pods, pod templates, Bindings, revisions, and numbers of pods.
//!
//! Each object is read only as far as its evaluation needs it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::admission::review::growth::Size;
use crate::admission::review::operation::Operation;
use crate::admission::review::parameters;
use crate::admission::review::pod_binding::PodBinding;
use crate::admission::review::request::Request;
use crate::admission::review::resource::Resource;
use crate::admission::review::review_error::ReviewFault;
use crate::admission::review::stored_revision::{Revision, StoredRevision};
use crate::config::ClusterSettings;
use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::limits::MAX_ELEMENTS;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::reviewed_template::ReviewedTemplate;
use crate::kubernetes::template_place::TemplatePlace;
use crate::kubernetes::workload::Workload;

/// The annotation by which a person asks for the stamp of a template that others may have written
const STAMPED: &str = "ramgate.io/stamped";

/// The objects of a request, as far as ramgate reads them
#[derive(Clone, Debug, Default)]
pub(super) struct Objects<'a> {
    pub(super) owner: Option<Metadata<'a>>,
    pub(super) templates: Vec<ReviewedTemplate<'a>>,
    pub(super) binding: Option<PodBinding<'a>>,
    pub(super) revision: Option<Revision>,
    pub(super) changes_beside_templates: bool,
    pub(super) asks_for_stamp: bool,
    pub(super) grows: bool,
}

/// The version of an object in a request
#[derive(Clone, Copy)]
enum Version {
    New,
    Old,
}

/// Reads the objects of a request
pub(super) struct ObjectReader<'r, 'a> {
    pub(super) request: &'r Request<'a>,
    pub(super) operation: Operation,
    pub(super) resource: Resource,
}

impl<'a> ObjectReader<'_, 'a> {
    /// Reads what does not depend on the configuration
    ///
    /// # Errors
    ///
    /// An object that the operation must have is absent or has another shape.
    pub(super) fn read(&self) -> Result<Objects<'a>, ReviewFault> {
        let objects = match (self.resource, &*self.request.sub_resource) {
            (Resource::Pods, "" | "status" | "ephemeralcontainers" | "resize") => self.pod("pod")?,
            (Resource::ImageCaches, "") => self.pod("image cache")?,
            // It depends on the listed kinds whether a revision has a template
            (Resource::Workload(Workload::ControllerRevision), _) => Objects::default(),
            (Resource::Workload(workload), "") => self.templates(&[TemplatePlace::of_workload(workload)])?,
            (Resource::Pods, "binding") | (Resource::Bindings, "") => Objects {
                binding: Some(self.object(Version::New, "Binding", serde_json::from_str)?),
                ..Objects::default()
            },
            _ => Objects::default(),
        };
        let grows = self.grows()?;
        Ok(Objects { grows, ..objects })
    }

    /// Whether an update of a workload or its scale asks for more pods
    fn grows(&self) -> Result<bool, ReviewFault> {
        match (self.resource, &*self.request.sub_resource, self.operation) {
            (Resource::Workload(_), "" | "scale", Operation::Update) => {
                let old = self.object(Version::Old, "Scale", Size::parse)?;
                let new = self.object(Version::New, "Scale", Size::parse)?;
                Ok(new.exceeds(&old))
            }
            _ => Ok(false),
        }
    }

    /// Reads what depends on the listed kinds: their pod templates, and ControllerRevisions
    ///
    /// `None` if the request has neither.
    ///
    /// # Errors
    ///
    /// The value at the path of a template is no template.
    pub(super) fn read_listed(&self, settings: &ClusterSettings) -> Result<Option<Objects<'a>>, ReviewFault> {
        if self.resource == Resource::Workload(Workload::ControllerRevision) {
            let objects = self.revision(settings)?;
            let grows = self.grows()?;
            return Ok(Some(Objects { grows, ..objects }));
        }
        let places = self.listed_places(settings);
        if places.is_empty() {
            return Ok(None);
        }
        let objects = self.templates(&places)?;
        let paths: Vec<FieldPath> = places.iter().map(TemplatePlace::fields).collect();
        let old_and_new = self.request.old_object.zip(self.request.object);
        // The number of pods in a custom kind may be of any type
        let size = |json: &'a RawValue| Size::parse(json.get()).ok();
        let sizes = old_and_new.and_then(|(old, new)| size(old).zip(size(new)));
        let (group, resource) = self.request.group_resource();
        let changes_beside_templates = old_and_new.is_some_and(|(old, new)| {
            let stored = settings.stored(group, resource, &self.request.user_info.username);
            !parameters::same(old.get(), new.get(), &paths, &settings.harmless(group, resource))
                || !parameters::same_stored(old.get(), new.get(), &stored)
        });
        Ok(Some(Objects {
            grows: sizes.is_some_and(|(old, new)| new.exceeds(&old)),
            changes_beside_templates,
            ..objects
        }))
    }

    /// The places of pod metadata in an object of a listed kind
    fn listed_places(&self, settings: &ClusterSettings) -> Vec<TemplatePlace> {
        if self.resource != Resource::Other || !self.request.sub_resource.is_empty() {
            return Vec::new();
        }
        let (group, resource) = self.request.group_resource();
        settings.places(group, resource)
    }

    /// Reads a ControllerRevision
    fn revision(&self, settings: &ClusterSettings) -> Result<Objects<'a>, ReviewFault> {
        let is_write = matches!(self.operation, Operation::Create | Operation::Update);
        if !is_write || !self.request.sub_resource.is_empty() {
            return Ok(Objects::default());
        }
        let what = "ControllerRevision";
        let new = self.object(Version::New, what, StoredRevision::parse)?;
        let old = self.stored(what, StoredRevision::parse)?;
        let mut versions = std::iter::once(&new).chain(&old);
        let template = if versions.any(|revision| revision.may_be_adopted(settings)) {
            new.template().map(Some)
        } else {
            new.foreign_fault().map_or(Ok(None), Err)
        };
        let revision = |fault| Revision {
            owned: OwnedObject::new("apps", "ControllerRevision", &new.metadata),
            is_same: old.as_ref().is_some_and(|old| new.is_same(old)),
            fault,
        };
        let revision = match &template {
            Ok(None) => None,
            Ok(Some(_)) => Some(revision(None)),
            Err(fault) => Some(revision(Some(fault.clone()))),
        };
        let reviewed = template.ok().flatten().map(|template| ReviewedTemplate {
            path: FieldPath::of(Workload::ControllerRevision.template().iter().copied()),
            new: Some(template),
            old: None,
        });
        Ok(Objects {
            revision,
            templates: reviewed.into_iter().collect(),
            owner: Some(new.metadata),
            ..Objects::default()
        })
    }

    /// Reads the pod templates at these places of a workload
    fn templates(&self, places: &[TemplatePlace]) -> Result<Objects<'a>, ReviewFault> {
        if !matches!(self.operation, Operation::Create | Operation::Update) {
            return Ok(Objects::default());
        }
        let new = self.object(Version::New, "workload", Metadata::of_object)?;
        let old = self.stored("workload", Metadata::of_object)?;
        let value = |metadata: &Metadata<'_>| {
            let annotations = metadata.annotations.as_ref();
            annotations.and_then(|all| all.value(STAMPED).map(str::to_owned))
        };
        let is_changed = |old: &Metadata<'_>| value(&new).is_some() && value(old) != value(&new);
        let asks_for_stamp = old.as_ref().is_some_and(is_changed);
        let mut templates = Vec::new();
        let mut parts = 0_usize;
        for place in places {
            for reviewed in self.templates_at(place)? {
                let reviewed = reviewed?;
                parts = parts.saturating_add(reviewed.element_count());
                if parts > MAX_ELEMENTS {
                    return Err(ReviewFault::TooManyParts);
                }
                templates.push(reviewed);
            }
        }
        Ok(Objects {
            owner: Some(new),
            templates,
            asks_for_stamp,
            ..Objects::default()
        })
    }

    /// The pod templates at one place, read one after the other so that the caller can stop at a limit
    fn templates_at(
        &self,
        place: &TemplatePlace,
    ) -> Result<impl Iterator<Item = Result<ReviewedTemplate<'a>, ReviewFault>>, ReviewFault> {
        let what = "pod template";
        let path = place.fields();
        let shape = place.shape;
        let inherited = self.object(Version::New, what, |json| bases(place, json))?;
        let old_inherited = self.stored(what, |json| bases(place, json))?;
        let new = self.object(Version::New, what, |json| path.all(json))?;
        let old = self.stored(what, |json| path.all(json))?;
        let mut old: BTreeMap<String, &'a str> = old
            .unwrap_or_default()
            .into_iter()
            .map(|(path, json)| (path.pointer(), json))
            .collect();
        Ok(new.into_iter().map(move |(path, json)| {
            let old = old.remove(&path.pointer());
            let read = |version: Version, json| {
                let bases = match version {
                    Version::New => &inherited,
                    Version::Old => old_inherited.as_ref().unwrap_or(&inherited),
                };
                let template = PodTemplate::of_shape(json, shape).map_err(|source| ReviewFault::Object {
                    part: format!("{}{}", version.field(), path.pointer().replace('/', ".")),
                    what,
                    source,
                })?;
                Ok(bases.iter().fold(template, PodTemplate::inheriting))
            };
            Ok(ReviewedTemplate {
                new: Some(read(Version::New, json)?),
                old: old.map(|json| read(Version::Old, json)).transpose()?,
                path,
            })
        }))
    }

    /// Reads a pod or image cache, in the versions that the operation has
    fn pod(&self, what: &'static str) -> Result<Objects<'a>, ReviewFault> {
        let read = |version| self.object(version, what, PodTemplate::pod).map(Some);
        let (new, old) = match self.operation {
            Operation::Create => (read(Version::New)?, None),
            Operation::Update => (read(Version::New)?, read(Version::Old)?),
            Operation::Delete => (None, read(Version::Old)?),
            Operation::Connect => return Ok(Objects::default()),
        };
        let path = FieldPath::default();
        Ok(Objects {
            templates: vec![ReviewedTemplate { path, new, old }],
            ..Objects::default()
        })
    }

    /// Reads the stored version of an object that is updated
    fn stored<T>(
        &self,
        what: &'static str,
        read: impl FnOnce(&'a str) -> Result<T, serde_json::Error>,
    ) -> Result<Option<T>, ReviewFault> {
        if self.operation == Operation::Update {
            self.object(Version::Old, what, read).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads one version of an object
    fn object<T>(
        &self,
        version: Version,
        what: &'static str,
        read: impl FnOnce(&'a str) -> Result<T, serde_json::Error>,
    ) -> Result<T, ReviewFault> {
        let json = match version {
            Version::New => self.request.object,
            Version::Old => self.request.old_object,
        };
        let json = json.ok_or(ReviewFault::Missing {
            operation: self.operation,
            what,
            part: version.field(),
        })?;
        read(json.get()).map_err(|source| ReviewFault::Object {
            part: version.field().to_owned(),
            what,
            source,
        })
    }
}

/// The other places of an object from which pods of this place get values, the strongest first
fn bases<'a>(place: &TemplatePlace, json: &'a str) -> Result<Vec<PodTemplate<'a>>, serde_json::Error> {
    let mut found = Vec::new();
    for base in &place.inherits {
        for (_, json) in base.fields().all(json)? {
            found.push(PodTemplate::of_shape(json, base.shape)?);
        }
    }
    Ok(found)
}

impl Version {
    /// The field of the request
    fn field(self) -> &'static str {
        match self {
            Self::New => "object",
            Self::Old => "oldObject",
        }
    }
}
