//! What holds in single namespaces: flags of the form NS=VALUE.

use std::collections::BTreeMap;
use std::str::FromStr;

/// A namespace and what holds in it, written NS=VALUE
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InNamespace<T> {
    namespace: String,
    value: T,
}

/// A text that is not NS=VALUE
#[derive(Debug, thiserror::Error)]
pub(super) enum InNamespaceError<E> {
    #[error("`{0}` is not NS=VALUE, such as payments=enforce")]
    Shape(String),
    #[error(transparent)]
    Value(E),
}

impl<T: FromStr> FromStr for InNamespace<T> {
    type Err = InNamespaceError<T::Err>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || InNamespaceError::Shape(text.to_owned());
        let (namespace, value) = text.split_once('=').ok_or_else(shape)?;
        if namespace.is_empty() {
            return Err(shape());
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            value: value.parse().map_err(InNamespaceError::Value)?,
        })
    }
}

/// What holds in each namespace; a namespace that is given twice is a mistake of this flag
pub(super) fn by_namespace<T: Copy>(
    flag: &str,
    given: &[InNamespace<T>],
    mistakes: &mut Vec<String>,
) -> BTreeMap<String, T> {
    let mut namespaces = BTreeMap::new();
    for InNamespace { namespace, value } in given {
        if namespaces.insert(namespace.clone(), *value).is_some() {
            mistakes.push(format!("{flag} is given twice for `{namespace}`"));
        }
    }
    namespaces
}
