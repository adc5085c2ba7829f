//! Warnings about modes for the user who applies a ConfigMap with the section `modes`.

use crate::admission::{Mode, Modes};
use crate::cluster::FailingOpen;
use crate::config::configuration::Configuration;
use crate::config::named_document::NamedDocument;
use crate::wording::bounded;

/// What is known of namespaces besides the documents
pub(crate) struct KnownNamespaces<'a> {
    /// The modes of the flags, over which those of the directory stand
    pub(crate) modes: &'a Modes,
    /// Whether there is a namespace of this name
    pub(crate) exists: &'a dyn Fn(&str) -> bool,
    /// Why requests of a namespace pass while ramgate does not answer; `None` if they do not, or if nobody knows
    pub(crate) failing_open: &'a dyn Fn(&str) -> Option<FailingOpen>,
}

/// Namespaces whose mode gets softer by a set, and those of its new documents that cannot be enforced as they are
///
/// Each warning has at most `longest` bytes.
pub(super) fn mode_warnings(
    documents: &[NamedDocument],
    (in_force, new): (Option<&Configuration>, &Configuration),
    known: &KnownNamespaces<'_>,
    longest: usize,
) -> Vec<String> {
    let before = match in_force {
        Some(in_force) => &known.modes.with_directory(&in_force.modes),
        None => known.modes,
    };
    let changes = before.changes_to(&known.modes.with_directory(&new.modes));
    let softer = changes.iter().filter(|change| change.is_softer());
    let entries = documents.iter().flat_map(|named| named.document.modes());
    let enforced: Vec<&str> = entries
        .filter(|entry| entry.mode == Mode::Enforce)
        .map(|entry| entry.namespace.as_str())
        .collect();
    let absent = enforced.iter().filter(|namespace| !(known.exists)(namespace));
    let open = enforced.iter().filter_map(|namespace| {
        let open = (known.failing_open)(namespace)?;
        Some((open.is_judged(), format!("{namespace} ({open})")))
    });
    let (open, unjudged): (Vec<_>, Vec<_>) = open.partition(|(is_judged, _)| *is_judged);
    let named = |open: Vec<(bool, String)>| open.into_iter().map(|(_, text)| text).collect();
    let lists: [(&str, Vec<String>); 4] = [
        ("modes get softer: ", softer.map(ToString::to_string).collect()),
        (
            "failing_open: as long as namespaceModes of the chart does not enforce these as well, their requests pass while \
             ramgate does not answer: ",
            named(open),
        ),
        (
            "failing_open: nothing is judged in these namespaces, whatever their mode, because no entry sends their pods: ",
            named(unjudged),
        ),
        (
            "modes name namespaces that do not exist: ",
            absent.map(|name| (*name).to_owned()).collect(),
        ),
    ];
    let filled = lists.into_iter().filter(|(_, names)| !names.is_empty());
    filled
        .map(|(head, names)| {
            let room = longest.saturating_sub(head.len());
            format!("{head}{}", bounded(&names, ", ", room))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cluster::installed_webhooks::AdmissionPhase;
    use crate::config::{ParsedDocument, load};

    fn documents(modes: &str) -> Vec<NamedDocument> {
        let named =
            |name: &str, text: &str| NamedDocument::new(name, ParsedDocument::directory(text.as_bytes()));
        vec![
            named("base/a", "account: {id: '1', region: r}"),
            named("new/m", &format!("modes: {{{modes}}}")),
        ]
    }

    /// The warnings about a change to `new` over flags that enforce `helm`, in a cluster with namespaces of one letter, where
    /// `b` fails open and `x` is exempt
    fn said(old: Option<&str>, new: &str) -> Vec<String> {
        let modes = Modes {
            namespaces: [("helm".to_owned(), Mode::Enforce)].into(),
            ..Modes::default()
        };
        let reasons = BTreeMap::from([
            ("b", FailingOpen::Ignored(["marked".to_owned()].into())),
            ("x", FailingOpen::NotSent(AdmissionPhase::Mutating)),
        ]);
        let known = KnownNamespaces {
            modes: &modes,
            exists: &|name| name.len() == 1,
            failing_open: &|name| reasons.get(name).cloned(),
        };
        let in_force = old.map(|old| load(&documents(old)).unwrap());
        let new = documents(new);
        mode_warnings(&new, (in_force.as_ref(), &load(&new).unwrap()), &known, 300)
    }

    #[test]
    fn softer_modes_are_named_with_both_modes() {
        assert_eq!(
            said(Some("a: enforce"), "a: enforce, z: audit"),
            ["modes get softer: z (warn to audit)"]
        );
        assert_eq!(
            said(Some("a: enforce"), "helm: audit, z: warn"),
            ["modes get softer: a (enforce to warn), helm (enforce to audit)"]
        );
        // Before anything is in force, the flags are
        assert_eq!(
            said(None, "helm: warn"),
            ["modes get softer: helm (enforce to warn)"]
        );
        assert_eq!(said(Some("a: audit"), "a: enforce"), [""; 0]);
    }

    #[test]
    fn enforced_namespaces_that_are_open_or_absent_are_named() {
        let warnings = said(
            Some("z: warn"),
            "a: enforce, b: enforce, x: enforce, y: warn, team-o1: enforce",
        );
        let expected = [
            "failing_open: as long as namespaceModes of the chart does not enforce these as well, their requests pass while \
             ramgate does not answer: b (marked)",
            "failing_open: nothing is judged in these namespaces, whatever their mode, because no entry sends their pods: \
             x (no mutating entry sends its pods)",
            "modes name namespaces that do not exist: team-o1",
        ];
        assert_eq!(warnings, expected);
        let many: Vec<String> = (0..100).map(|number| format!("team-{number}: enforce")).collect();
        let warnings = said(Some("z: warn"), &many.join(", "));
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].len() <= 300 && warnings[0].ends_with(" more"),
            "{warnings:?}"
        );
    }
}
