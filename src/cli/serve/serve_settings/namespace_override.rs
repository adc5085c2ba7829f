//! Flags of the form NS=VALUE, which override a value in one namespace.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::cli::serve::serve_settings::mistakes;
use crate::cli::serve::serve_settings::mistakes::Checked;
use crate::config::name_rules::NAMESPACE;

/// A value for one namespace, written NS=VALUE
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamespaceOverride<T> {
    namespace: String,
    value: T,
}

/// Why a text is not NS=VALUE
#[derive(Debug, thiserror::Error)]
pub(super) enum NamespaceOverrideError<E> {
    #[error("`{0}` is not NS=VALUE, such as payments=enforce")]
    Shape(String),
    #[error("{0}")]
    Namespace(String),
    #[error(transparent)]
    Value(E),
}

impl<T: FromStr> FromStr for NamespaceOverride<T> {
    type Err = NamespaceOverrideError<T::Err>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || NamespaceOverrideError::Shape(text.to_owned());
        let (namespace, value) = text.split_once('=').ok_or_else(shape)?;
        if namespace.is_empty() {
            return Err(shape());
        }
        if let Some(refusal) = NAMESPACE.refusal(namespace) {
            return Err(NamespaceOverrideError::Namespace(refusal));
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            value: value.parse().map_err(NamespaceOverrideError::Value)?,
        })
    }
}

/// The value for each namespace
///
/// # Errors
/// A namespace is given twice.
pub(super) fn by_namespace<T: Copy>(
    flag: &str,
    given: &[NamespaceOverride<T>],
) -> Checked<BTreeMap<String, T>> {
    let mut namespaces = BTreeMap::new();
    let mut mistakes = Vec::new();
    for NamespaceOverride { namespace, value } in given {
        if namespaces.insert(namespace.clone(), *value).is_some() {
            mistakes.push(format!("{flag} is given twice for `{namespace}`"));
        }
    }
    mistakes::unless(mistakes, namespaces)
}
