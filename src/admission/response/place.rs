//! The place of a pod's annotations in the object that their author writes.

use std::cell::OnceCell;

use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::review::Review;
use crate::config::ClusterSettings;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RESOURCE_GROUP_ID};
use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::workload::Workload;
use crate::stamp::StampedObject;

/// The place of a pod's annotations
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The path of the annotations, such as `spec.template.metadata.annotations`
    pub path: String,
    /// The object, if it is not that of the request: the one whose template a controller copies
    pub object: Option<String>,
}

impl Place {
    /// The place at a path of the object that is asked about
    pub(crate) fn at(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            object: None,
        }
    }

    /// The place in the object of a request
    pub(super) fn in_request(review: &Review<'_>, evaluation: &Evaluation) -> Self {
        let mut templates = review.templates().iter();
        let template = templates.find(|template| template.path == evaluation.path);
        let template = template.and_then(|template| template.new.as_ref());
        // Its pointer has no base: it is empty if the object itself is metadata
        let is_metadata = template.is_some_and(|template| template.metadata_pointer("").is_empty());
        let metadata = if is_metadata { "" } else { "metadata." };
        Self {
            path: format!("{}{metadata}annotations", evaluation.path),
            object: None,
        }
    }

    /// The place in the object that the requester wrote: a controller's pod is a copy of its template
    pub(super) fn of(review: &Review<'_>, evaluation: &Evaluation, settings: &ClusterSettings) -> Self {
        let template = evaluation.stamped_object.as_ref();
        match template.and_then(|object| Some((object, annotations_path(object, settings)?))) {
            Some((object, path)) => Self {
                path,
                object: Some(object.to_string()),
            },
            None => Self::in_request(review, evaluation),
        }
    }
}

/// The path of the annotations of the only pod template in an object of this kind
fn annotations_path(object: &StampedObject, settings: &ClusterSettings) -> Option<String> {
    if let Some(workload) = Workload::of_group_kind(&object.group, &object.kind) {
        return Some(format!("{}.metadata.annotations", workload.template().join(".")));
    }
    let mut carriers = settings.carriers.iter();
    let carrier = carriers.find(|carrier| carrier.group == object.group && carrier.kind == object.kind)?;
    match carrier.templates.as_slice() {
        [place] if place.shape.is_metadata() => Some(format!("{}.annotations", place.path)),
        [place] => Some(format!("{}.metadata.annotations", place.path)),
        _ => None,
    }
}

/// The most objects around a template whose metadata is read, beside the whole: a CronJob has one, its `spec.jobTemplate`
const MAX_AROUND: usize = 3;

/// The metadata in the object of a request that is not its pod template's; read when it is first asked for
#[derive(Debug)]
pub(crate) struct OutsideTemplate<'a> {
    json: Option<&'a str>,
    path: &'a FieldPath,
    found: OnceCell<Vec<OutsideAnnotation>>,
}

impl<'a> OutsideTemplate<'a> {
    pub(crate) fn new(json: Option<&'a str>, path: &'a FieldPath) -> Self {
        Self {
            json,
            path,
            found: OnceCell::new(),
        }
    }

    /// The path of the annotations that have this one with such a value, the nearest to the template first
    pub(crate) fn find(&self, annotation: &str, is_meant: impl Fn(&str) -> bool) -> Option<String> {
        let mut found = self.found.get_or_init(|| self.read()).iter();
        let found = found.find(|found| found.annotation == annotation && is_meant(&found.value))?;
        Some(found.path.clone())
    }

    fn read(&self) -> Vec<OutsideAnnotation> {
        let Some(json) = self.json else {
            return Vec::new();
        };
        let around = self.path.ancestors().filter(|path| !path.is_whole());
        let whole = (!self.path.is_whole()).then(FieldPath::default);
        let paths = around.take(MAX_AROUND).chain(whole);
        paths
            .filter_map(|path| OutsideAnnotation::read(json, &path))
            .flatten()
            .collect()
    }
}

/// An annotation outside the template
#[derive(Debug)]
struct OutsideAnnotation {
    /// The path of the annotations
    path: String,
    annotation: &'static str,
    value: String,
}

impl OutsideAnnotation {
    /// The annotations that a message may name, of the object at a path
    fn read(json: &str, path: &FieldPath) -> Option<Vec<Self>> {
        let object = path.find(json).ok()??;
        let annotations = Metadata::of_object(object).ok()?.annotations?;
        let found = [CUSTOM_TAGS, RESOURCE_GROUP_ID]
            .into_iter()
            .filter_map(|annotation| {
                Some(Self {
                    path: format!("{path}metadata.annotations"),
                    annotation,
                    value: annotations.value(annotation)?.to_owned(),
                })
            });
        Some(found.collect())
    }
}
