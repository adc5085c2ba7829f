//! What a request knows beside its action and resource: condition keys and their values.

use std::collections::BTreeMap;

/// Condition keys with their values; a key without values is absent
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// A context without keys
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a key one value, in place of what it had
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), vec![value.into()]);
    }

    /// Gives a key several values, in place of what it had
    pub fn set_all(&mut self, key: impl Into<String>, values: Vec<String>) {
        self.0.insert(key.into(), values);
    }

    /// Takes over all keys of another context, which win over those that are here
    pub fn extend(&mut self, other: &Self) {
        self.0
            .extend(other.0.iter().map(|(key, values)| (key.clone(), values.clone())));
    }

    /// The values of a key; none if it is absent
    pub fn values(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// How many keys there are
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All keys with their values
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
