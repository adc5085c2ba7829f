//! The place of a pod's annotations in the object that their author writes.

use crate::admission::outcome::evaluation::Evaluation;
use crate::config::ClusterSettings;
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
    /// The place in the object of a request
    pub(super) fn in_request(evaluation: &Evaluation) -> Self {
        Self {
            path: format!("{}metadata.annotations", evaluation.path),
            object: None,
        }
    }

    /// The place in the object that the requester wrote: a controller's pod is a copy of its template
    pub(super) fn of(evaluation: &Evaluation, settings: &ClusterSettings) -> Self {
        let template = evaluation.stamped_object.as_ref();
        match template.and_then(|object| Some((object, template_path(object, settings)?))) {
            Some((object, path)) => Self {
                path: format!("{path}.metadata.annotations"),
                object: Some(object.to_string()),
            },
            None => Self::in_request(evaluation),
        }
    }
}

/// The path of the only pod template in an object of this kind
fn template_path(object: &StampedObject, settings: &ClusterSettings) -> Option<String> {
    if let Some(workload) = Workload::of_group_kind(&object.group, &object.kind) {
        return Some(workload.template().join("."));
    }
    let mut carriers = settings.carriers.iter();
    let carrier = carriers.find(|carrier| carrier.group == object.group && carrier.kind == object.kind)?;
    match carrier.templates.as_slice() {
        [template] => Some(template.clone()),
        _ => None,
    }
}
