//! The candidate set: the live documents with candidate documents in place of those of the same name.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::named_document::NamedDocument;
use crate::config::parsed_document::ParsedDocument;

/// What a candidate document replaces: the document with the same identity
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DocumentIdentity<'a> {
    /// A RAM policy has its name in all ConfigMaps
    Policy(&'a str),
    /// A directory document has the key in its ConfigMap, or the name of its file
    Directory(&'a str),
}

impl<'a> DocumentIdentity<'a> {
    /// The identity of a document
    ///
    /// ```text
    /// rules/P.json, all.yaml[rules/P.json], policies/P.json    the policy `P`
    /// people/team.yaml, all.yaml[people/team.yaml]             the directory document `team.yaml`
    /// config/team.yaml                                         the directory document `team.yaml`
    /// ```
    pub(crate) fn of(named: &'a NamedDocument) -> Self {
        let policy = match &named.document {
            ParsedDocument::Policy(policy) => Some(&*policy.name),
            ParsedDocument::Broken(broken) => broken.policy.as_deref(),
            ParsedDocument::Directory(_) => None,
        };
        policy.map_or_else(|| Self::Directory(key(&named.name)), Self::Policy)
    }

    fn describe(self) -> String {
        match self {
            Self::Policy(name) => format!("policy `{name}`"),
            Self::Directory(key) => format!("directory document `{key}`"),
        }
    }
}

/// The key or the file name in the name of a document
fn key(name: &str) -> &str {
    let within = name.strip_suffix(']').unwrap_or(name);
    within.rsplit_once('/').map_or(within, |(_, key)| key)
}

/// The live documents, in their order, with the candidates in place of those of the same name; new ones come last
///
/// ```text
/// live:       rules/P.json, rules/Q.json, people/team.yaml
/// candidates: rules-next/P.json, rules-next/R.json
///   -> rules-next/P.json, rules/Q.json, people/team.yaml, rules-next/R.json
/// ```
///
/// # Errors
/// A candidate that could replace either of two live documents, or two candidates of one name. Whether the set as a whole
/// is good, [`load`](crate::config::load) says.
pub(crate) fn overlay<'a>(
    live: impl IntoIterator<Item = &'a NamedDocument>,
    candidates: impl IntoIterator<Item = &'a NamedDocument>,
) -> Result<Vec<&'a NamedDocument>, Vec<LocatedFault>> {
    let mut faults = Vec::new();
    let mut replacements: BTreeMap<DocumentIdentity<'a>, Replacement<'a>> = BTreeMap::new();
    let mut order = Vec::new();
    for candidate in candidates {
        let identity = DocumentIdentity::of(candidate);
        if let Some(first) = replacements.get(&identity) {
            faults.push(twice(candidate, first.candidate, identity));
            continue;
        }
        order.push(identity);
        replacements.insert(identity, Replacement::by(candidate));
    }
    let mut set = Vec::new();
    for document in live {
        let Some(replacement) = replacements.get_mut(&DocumentIdentity::of(document)) else {
            set.push(document);
            continue;
        };
        if replacement.replaced.is_empty() {
            set.push(replacement.candidate);
        }
        replacement.replaced.push(document);
    }
    for identity in order {
        match replacements.get(&identity) {
            Some(replacement) if replacement.replaced.is_empty() => set.push(replacement.candidate),
            Some(replacement) => faults.extend(replacement.ambiguity(identity)),
            None => {}
        }
    }
    if faults.is_empty() { Ok(set) } else { Err(faults) }
}

/// What candidates add, because nothing live has its name, such as ``policy `P` ``: a misspelled name replaces nothing
pub(crate) fn additions<'a>(
    live: impl IntoIterator<Item = &'a NamedDocument>,
    candidates: impl IntoIterator<Item = &'a NamedDocument>,
) -> Vec<String> {
    let live: BTreeSet<DocumentIdentity<'a>> = live.into_iter().map(DocumentIdentity::of).collect();
    let identities = candidates.into_iter().map(DocumentIdentity::of);
    let added = identities.filter(|identity| !live.contains(identity));
    added.map(DocumentIdentity::describe).collect()
}

/// A candidate with the live documents of its name
struct Replacement<'a> {
    candidate: &'a NamedDocument,
    replaced: Vec<&'a NamedDocument>,
}

impl<'a> Replacement<'a> {
    fn by(candidate: &'a NamedDocument) -> Self {
        Self {
            candidate,
            replaced: Vec::new(),
        }
    }

    /// The fault of a candidate that could replace several live documents
    fn ambiguity(&self, identity: DocumentIdentity<'_>) -> Option<LocatedFault> {
        let [first, second, ..] = self.replaced.as_slice() else {
            return None;
        };
        let message = format!(
            "ambiguous: {} is live in {} and in {}, and a candidate replaces one document: give them different names",
            identity.describe(),
            first.name,
            second.name
        );
        Some(fault(self.candidate, message))
    }
}

/// The fault of a second candidate of one name
fn twice(candidate: &NamedDocument, first: &NamedDocument, identity: DocumentIdentity<'_>) -> LocatedFault {
    let message = format!(
        "ambiguous: candidate {} already holds {}: keep one of them",
        first.name,
        identity.describe()
    );
    fault(candidate, message)
}

fn fault(candidate: &NamedDocument, message: String) -> LocatedFault {
    LocatedFault::whole(&*candidate.name, message, FaultClass::Conflict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    const POLICY: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;

    fn policy(name: &str, policy: &str) -> NamedDocument {
        NamedDocument::new(name, ParsedDocument::policy(policy, POLICY.as_bytes()))
    }

    fn directory(name: &str, text: &str) -> NamedDocument {
        NamedDocument::new(name, ParsedDocument::directory(text.as_bytes()))
    }

    fn names(live: &[NamedDocument], candidates: &[NamedDocument]) -> Vec<String> {
        let set = overlay(live, candidates).unwrap();
        set.iter().map(|named| named.name.clone()).collect()
    }

    fn faults(live: &[NamedDocument], candidates: &[NamedDocument]) -> Vec<String> {
        let faults = overlay(live, candidates).unwrap_err();
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_document_replaces_the_one_of_its_name_and_a_new_one_is_added() {
        let live = [
            policy("rules/P.json", "P"),
            policy("rules/Q.json", "Q"),
            directory("people/team.yaml", "users: [{name: a}]"),
            directory("people/account.yaml", "account: {id: '1', region: r}"),
        ];
        let candidates = [
            policy("next/P.json", "P"),
            policy("next/R.json", "R"),
            directory(
                "next-people/team.yaml",
                "users: [{name: b, policies: [{policy: R}]}]",
            ),
        ];
        assert_eq!(
            names(&live, &candidates),
            [
                "next/P.json",
                "rules/Q.json",
                "next-people/team.yaml",
                "people/account.yaml",
                "next/R.json"
            ]
        );
        let set = overlay(&live, &candidates).unwrap();
        let configuration = load(set.iter().copied()).unwrap();
        assert_eq!(configuration.policies.principals().len(), 1);
        assert_eq!(configuration.documents.policies, 3);
        let unchanged: Vec<String> = live.iter().map(|named| named.name.clone()).collect();
        assert_eq!(names(&live, &[]), unchanged);
        assert_eq!(additions(&live, &candidates), ["policy `R`"]);
    }

    #[test]
    fn a_policy_is_known_by_its_name_wherever_it_stands_and_a_directory_document_by_its_key() {
        let live = [
            policy("config/policies/P.json", "P"),
            directory("all.yaml[people/team.yaml]", "users: []"),
            directory("config/P.json", "users: []"),
        ];
        let candidates = [
            policy("all.yaml[rules/P.json]", "P"),
            directory("next/team.yaml", "groups: []"),
        ];
        assert_eq!(
            names(&live, &candidates),
            ["all.yaml[rules/P.json]", "next/team.yaml", "config/P.json"]
        );
        // A key is a whole name: no part of it, and in no other case
        let other = [directory("next/Team.yaml", "groups: []")];
        assert_eq!(names(&live, &other).len(), 4);
    }

    #[test]
    fn a_policy_that_cannot_be_read_replaces_too_so_that_its_faults_are_the_only_ones() {
        let live = [
            policy("rules/P.json", "P"),
            directory(
                "people/x",
                "account: {id: '1', region: r}\nusers: [{name: a, policies: [{policy: P}]}]",
            ),
        ];
        let broken = [NamedDocument::new(
            "next/P.json",
            ParsedDocument::policy("P", b"{"),
        )];
        assert_eq!(names(&live, &broken), ["next/P.json", "people/x"]);
        let set = overlay(&live, &broken).unwrap();
        let faults = load(set.iter().copied()).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].to_string().starts_with("next/P.json:1:"),
            "{}",
            faults[0]
        );
    }

    #[test]
    fn a_name_that_several_documents_have_is_ambiguous() {
        let live = [
            directory("people-a/x", "users: [{name: a}]"),
            directory("people-b/x", "users: [{name: b}]"),
            directory("people-b/y", "users: [{name: c}]"),
        ];
        assert_eq!(
            faults(&live, &[directory("next/x", "users: []")]),
            [
                "next/x: ambiguous: directory document `x` is live in people-a/x and in people-b/x, and a candidate \
                 replaces one document: give them different names"
            ]
        );
        let twice = [
            directory("next/y", "users: []"),
            directory("other/y", "users: []"),
            policy("next/P.json", "P"),
            policy("other/P.json", "P"),
        ];
        assert_eq!(
            faults(&live, &twice),
            [
                "other/y: ambiguous: candidate next/y already holds directory document `y`: keep one of them",
                "other/P.json: ambiguous: candidate next/P.json already holds policy `P`: keep one of them"
            ]
        );
        // Two live documents of one name are no matter of a candidate with another name
        assert_eq!(names(&live, &[directory("next/y", "users: []")]).len(), 3);
    }
}
