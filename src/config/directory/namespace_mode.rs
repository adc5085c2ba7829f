//! The section `modes`: the modes of single namespaces.

use crate::config::directory::faults::Faults;
use crate::config::directory::name_rules::{NAMESPACE, check_no_pattern, shortened};
use crate::config::mode::{Mode, UnknownMode};
use ram_policy::source::{Fault, Key, Node, Position, Value};

/// A namespace with its mode
#[derive(Clone, Debug)]
pub(crate) struct NamespaceModeEntry {
    pub(crate) namespace_at: Position,
    pub(crate) namespace: String,
    pub(crate) mode: Mode,
}

/// Reads the section, an object from names of namespaces to modes
///
/// ```text
/// modes: {team-00: enforce, team-*: warn}
///   1:27: `team-*` is no name of a namespace: write each one in full…
/// ```
///
/// # Errors
/// Every key that is no name of a namespace, and every value that is no mode
pub(crate) fn read(node: &Node) -> Result<Vec<NamespaceModeEntry>, Faults> {
    let mut faults = Faults::default();
    let entries = node.entries("`modes`, from namespaces to modes,")?.iter();
    let entries: Vec<NamespaceModeEntry> = entries
        .filter_map(|(key, node)| {
            let namespace = faults.handle(namespace(key));
            let mode = faults.handle(mode(node));
            Some(NamespaceModeEntry {
                namespace_at: key.at,
                namespace: namespace?,
                mode: mode?,
            })
        })
        .collect();
    if entries.is_empty() && faults.is_empty() {
        let message = "`modes` is empty: write NAMESPACE: MODE, or leave the section out";
        faults.push(Fault::new(node.at, message));
    }
    faults.finish(entries)
}

fn namespace(key: &Key) -> Result<String, Fault> {
    check_no_pattern(key.at, &key.text)?;
    match NAMESPACE.refusal(&key.text) {
        Some(message) => Err(Fault::new(key.at, message)),
        None => Ok(key.text.clone()),
    }
}

fn mode(node: &Node) -> Result<Mode, Fault> {
    let text = match &node.value {
        Value::String(text) | Value::Number(text) => shortened(text),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::List(_) | Value::Map(_) => {
            let message = format!(
                "expected a mode, found {}: write NAMESPACE: enforce, warn or audit",
                node.kind()
            );
            return Err(Fault::new(node.at, message));
        }
    };
    text.parse()
        .map_err(|error: UnknownMode| Fault::new(node.at, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn namespaces_have_modes_at_their_positions() {
        let entries = parsed("{team-00: enforce,\n quiet: audit}", read).unwrap();
        let read: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {}={}", entry.namespace_at, entry.namespace, entry.mode))
            .collect();
        assert_eq!(read, ["1:2 team-00=enforce", "2:2 quiet=audit"]);
    }

    #[test]
    fn every_fault_is_named_with_its_remedy() {
        let text = "{a: enfroce, 'team-*': warn, Team: warn, b: true, a.b: off}";
        let faults = parsed(text, read).unwrap_err();
        let expected = [
            "1:5: `enfroce` is not a mode: write enforce, warn or audit (did you mean enforce?)",
            "1:14: `team-*` is no name of a namespace: write each one in full, as no pattern is read here",
            "1:30: `Team` is no namespace: it takes 1 to 63 characters out of a-z 0-9 -",
            "1:45: `true` is not a mode: write enforce, warn or audit",
            "1:51: `a.b` is no namespace: it takes 1 to 63 characters out of a-z 0-9 -",
            "1:56: `off` is not a mode: write enforce, warn or audit",
        ];
        assert_eq!(faults.lines().collect::<Vec<_>>(), expected);
        for (text, expected) in [
            (
                "[a]",
                "`modes`, from namespaces to modes, must be an object, found a list",
            ),
            (
                "{}",
                "`modes` is empty: write NAMESPACE: MODE, or leave the section out",
            ),
            (
                "{a: {}}",
                "expected a mode, found an object: write NAMESPACE: enforce, warn or audit",
            ),
            (
                "{shop: }",
                "expected a mode, found null: write NAMESPACE: enforce, warn or audit",
            ),
            (
                "{enforce: [shop]}",
                "expected a mode, found a list: write NAMESPACE: enforce, warn or audit",
            ),
            ("{shop: 1}", "`1` is not a mode: write enforce, warn or audit"),
        ] {
            let faults = parsed(text, read).unwrap_err();
            assert!(faults.ends_with(expected), "{faults}");
        }
    }

    #[test]
    fn names_of_namespaces_hold_their_limit() {
        assert!(parsed(&format!("{{{}: warn}}", "a".repeat(63)), read).is_ok());
        assert!(parsed(&format!("{{{}: warn}}", "a".repeat(64)), read).is_err());
    }
}
