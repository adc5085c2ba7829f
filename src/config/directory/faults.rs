//! Collects every fault of a section, so that a user sees all of them at once.

use ram_policy::source::{Fault, Node};

/// All faults of a section: the error of its reader, which collects them on the way
///
/// A reader passes the result of each check and each entry to [`handle`](Self::handle) and goes on. It ends with
/// [`finish`](Self::finish). For example, one read of
///
/// ```text
/// resourceGroups:
/// - {id: rg a, name: ''}
/// ```
///
/// gives two faults: "2:8: `rg a` is no resource group id" and "2:20: an empty name is not accepted".
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault
    pub(crate) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The value of a result; `None` if it is an error, whose faults are added
    pub(crate) fn handle<T>(&mut self, result: Result<T, impl Into<Self>>) -> Option<T> {
        result.map_err(|faults| self.0.extend(faults.into().0)).ok()
    }

    /// The values of all nodes that can be read; the faults of the others are added
    pub(crate) fn handle_each<T, E: Into<Self>>(
        &mut self,
        nodes: &[Node],
        read: impl Fn(&Node) -> Result<T, E>,
    ) -> Vec<T> {
        nodes.iter().filter_map(|node| self.handle(read(node))).collect()
    }

    /// The value, if no fault was added
    ///
    /// # Errors
    /// The faults that were added
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Whether no fault was added
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults in the order of the text
    pub(crate) fn sorted(mut self) -> Vec<Fault> {
        self.0.sort_by_key(|fault| fault.at);
        self.0
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::yaml;

    /// A section read from YAML, or its faults, one a line
    pub(crate) fn parsed<T>(text: &str, read: impl Fn(&Node) -> Result<T, Faults>) -> Result<T, String> {
        read(&yaml::parse(text).unwrap()[0]).map_err(|faults| {
            let lines: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })
    }
}
