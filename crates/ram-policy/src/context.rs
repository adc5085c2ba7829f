//! The condition keys of a request, with their values.

use std::collections::BTreeMap;

/// The condition keys of a request, with their values; a key without values is absent.
///
/// ```
/// use ram_policy::Context;
///
/// let mut context = Context::new();
/// context.set("acs:RequestTag/env", "test");
/// assert_eq!(context.values("acs:RequestTag/env"), ["test"]);
/// assert!(context.values("acs:SourceIp").is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// A context without keys
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key to one value
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), vec![value.into()]);
    }

    /// Sets a key to several values
    pub fn set_all(&mut self, key: impl Into<String>, values: Vec<String>) {
        self.0.insert(key.into(), values);
    }

    /// Adds all keys of another context, whose values replace those that are here
    pub fn extend(&mut self, other: &Self) {
        self.0
            .extend(other.0.iter().map(|(key, values)| (key.clone(), values.clone())));
    }

    /// The values of a key; empty if it is absent
    pub fn values(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// The number of keys
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All keys with their values, sorted by key
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0
            .iter()
            .map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}

impl FromIterator<(String, Vec<String>)> for Context {
    fn from_iter<I: IntoIterator<Item = (String, Vec<String>)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}
