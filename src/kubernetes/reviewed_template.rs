//! A pod or pod template of a reviewed object, before and after the request.

use crate::kubernetes::field_path::FieldPath;
use crate::kubernetes::pod_template::PodTemplate;

/// A pod or pod template of a reviewed object, before and after the request
#[derive(Clone, Debug)]
pub struct ReviewedTemplate<'a> {
    /// Its path in the object
    pub path: FieldPath,
    /// The new one; `None` if the object is deleted
    pub new: Option<PodTemplate<'a>>,
    /// The stored one; `None` if the object is created
    pub old: Option<PodTemplate<'a>>,
}

impl ReviewedTemplate<'_> {
    /// How many elements of it are kept in memory
    pub fn element_count(&self) -> usize {
        let templates = self.new.iter().chain(&self.old);
        templates
            .map(|template| template.read().element_count())
            .fold(0, usize::saturating_add)
    }
}
