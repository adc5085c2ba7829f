//! The name of a mapping source in messages.

use crate::config::MappingSource;
use crate::wording::{NAME_LENGTH, quoted};

/// A source in a message, such as "namespace label `team`"
pub(crate) fn source_name(source: &MappingSource) -> String {
    let named = |what: &str, key: &str| format!("{what} {}", quoted(key, NAME_LENGTH));
    match source {
        MappingSource::Value(_) => "a mapping rule".to_owned(),
        MappingSource::NamespaceLabel(key) => named("namespace label", key),
        MappingSource::NamespaceAnnotation(key) => named("namespace annotation", key),
        MappingSource::PodLabel(key) => named("pod label", key),
        MappingSource::PodAnnotation(key) => named("pod annotation", key),
        MappingSource::ServiceAccountLabel(key) => named("service account label", key),
        MappingSource::ServiceAccountAnnotation(key) => named("service account annotation", key),
    }
}
