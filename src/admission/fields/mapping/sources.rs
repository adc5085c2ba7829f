//! The values that mapping rules read: of the pod, its namespace and its service account.

use crate::admission::fields::malformed_annotation::AnnotationFault;
use crate::admission::fields::mapping::mapped_field::MappedField;
use crate::admission::fields::mapping::mapping_error::MappingError;
use crate::admission::fields::parse_tags::parse_tags;
use crate::config::MappingSource;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;

/// The objects that rules may read
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    /// The pod
    pub pod: &'a Pod<'a>,
    /// Its namespace
    pub namespace: &'a Meta,
    /// Its service account; one that is not known has no labels and annotations
    pub service_account: Option<&'a Meta>,
}

impl<'a> Sources<'a> {
    /// The value that a rule gives a tag; `None` if its source is not there
    pub(super) fn tag(&self, key: &str, source: &'a MappingSource) -> Result<Option<&'a str>, MappingError> {
        let Some(value) = self.value(source) else {
            return Ok(None);
        };
        // Parsed as the validating webhook will do it: a comma in a value must not become a second tag
        match parse_tags(&format!("{key}:{value}")) {
            Ok(tags) if tags.len() == 1 => Ok(Some(value)),
            _ => Err(unusable(MappedField::Tag(key.to_owned()), source, value)),
        }
    }

    /// The value that a rule gives a field that holds a name; `None` if its source is not there
    pub(super) fn name(
        &self,
        source: &'a MappingSource,
        what: &MappedField,
        parse: fn(&str) -> Result<String, AnnotationFault>,
    ) -> Result<Option<String>, MappingError> {
        let Some(value) = self.value(source) else {
            return Ok(None);
        };
        parse(value)
            .map(Some)
            .map_err(|_| unusable(what.clone(), source, value))
    }

    /// The value at a source
    pub(crate) fn value(&self, source: &'a MappingSource) -> Option<&'a str> {
        match source {
            MappingSource::Value(value) => Some(value),
            MappingSource::NamespaceLabel(key) => self.namespace.labels.get(key).map(String::as_str),
            MappingSource::NamespaceAnnotation(key) => {
                self.namespace.annotations.get(key).map(String::as_str)
            }
            MappingSource::PodLabel(key) => self.pod.metadata.labels.value(key),
            MappingSource::PodAnnotation(key) => self.pod.annotation(key),
            MappingSource::ServiceAccountLabel(key) => {
                self.service_account?.labels.get(key).map(String::as_str)
            }
            MappingSource::ServiceAccountAnnotation(key) => {
                self.service_account?.annotations.get(key).map(String::as_str)
            }
        }
    }
}

fn unusable(what: MappedField, from: &MappingSource, value: &str) -> MappingError {
    MappingError::Value {
        what,
        from: from.clone(),
        value: value.to_owned(),
    }
}
