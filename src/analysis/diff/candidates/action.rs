//! Actions: all of ECI, those that statements name, and examples of their patterns.

use std::collections::BTreeSet;

use super::{Candidate, Candidates};
use eci_calls::{ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, Operation, PASS_ROLE};
use ram_policy::pattern::{Tokens, combinations};
use ram_policy::{Pattern, Statement};

/// The actions that ramgate evaluates beside ECI's own
const ABOUT_ROLES: [&str; 3] = [PASS_ROLE, CREATE_SERVICE_LINKED_ROLE, ASSUME_ROLE];

/// The actions on pods, which come first because the first action of a class is its example
const ON_PODS: [&str; 4] = [
    "eci:CreateContainerGroup",
    "eci:UpdateContainerGroup",
    "eci:DeleteContainerGroup",
    "eci:ExecContainerCommand",
];

/// An action that hardly any policy names
const OTHER: &str = "other:Action";

/// The actions that statements distinguish
///
/// ```text
/// ecs:RunInstances, ecs:Describe*
///   ->  all actions of ECI and about roles, ecs:RunInstances, ecs:DescribeAny, ecs:Describe, other:Action
/// ```
pub(crate) fn candidates<'a>(statements: impl Iterator<Item = &'a Statement>) -> Candidates {
    let written = statements.flat_map(|statement| statement.actions.patterns());
    let written = written
        .map(|pattern| pattern.as_str())
        .filter(|text| *text != "*");
    let (patterns, literals): (BTreeSet<&str>, BTreeSet<&str>) =
        written.partition(|text| Pattern::new(text).is_wild());
    let named = named(literals);
    let names: BTreeSet<String> = named.iter().map(|name| name.to_ascii_lowercase()).collect();
    let overlaps = overlaps(&patterns, &names);
    let all = named
        .into_iter()
        .map(Candidate::exactly)
        .chain(examples(&patterns, &names))
        .chain([Candidate::other(OTHER)])
        .chain(overlaps.all);
    Candidates {
        all: all.collect(),
        is_bounded: overlaps.is_bounded,
    }
}

/// The actions with a name, each once in whatever case it is written
fn named(literals: BTreeSet<&str>) -> Vec<&str> {
    let of_eci = Operation::ALL.iter().map(|operation| operation.action());
    let all = ON_PODS
        .into_iter()
        .chain(of_eci)
        .chain(ABOUT_ROLES)
        .chain(literals);
    let mut seen = BTreeSet::new();
    all.filter(|name| seen.insert(name.to_ascii_lowercase()))
        .collect()
}

/// Two texts that each pattern matches, unless they are no action or have a name
fn examples<'a>(
    patterns: &'a BTreeSet<&str>,
    names: &'a BTreeSet<String>,
) -> impl Iterator<Item = Candidate> {
    let is_action = |text: &str| {
        let parts = text.split_once(':');
        parts.is_some_and(|(code, name)| !code.is_empty() && !name.is_empty() && !name.contains(':'))
    };
    patterns.iter().flat_map(move |pattern| {
        let texts = ["Any", ""]
            .map(|run| Pattern::new(pattern).filled(run))
            .into_iter();
        let fresh = texts.filter(move |text| is_action(text) && !names.contains(&text.to_ascii_lowercase()));
        fresh.map(|text| Candidate::like(text, vec![(*pattern).to_owned()]))
    })
}

/// One text for each combination of patterns that match together, in lower case, because actions have no case
fn overlaps(patterns: &BTreeSet<&str>, names: &BTreeSet<String>) -> Candidates {
    let lower: Vec<String> = patterns
        .iter()
        .map(|pattern| pattern.to_ascii_lowercase())
        .collect();
    let tokens: Vec<Tokens> = lower.iter().map(|pattern| Tokens::segmented(pattern)).collect();
    let found = combinations(&Tokens::segmented("?*:?*"), &tokens);
    Candidates::of_combinations(found, |text| {
        let written = patterns.iter().zip(&lower).filter(|_| !names.contains(text));
        let matching = written.filter(|(_, lower)| Pattern::new(lower).matches(text));
        matching.map(|(pattern, _)| (*pattern).to_owned()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::candidates::shown;
    use ram_policy::{Document, DocumentKind};

    #[test]
    fn actions_are_those_of_eci_and_of_the_policies() {
        let text = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Resource": "*",
            "Action": ["ECI:createContainerGroup", "ecs:RunInstances", "ecs:Describe*", "*:*Zones"]}]}"#;
        let document = Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document;
        let shown = shown(&candidates(document.statements.iter()).all);
        assert_eq!(shown[0], "eci:CreateContainerGroup Exactly");
        for wanted in [
            "ecs:RunInstances Exactly",
            r#"ecs:DescribeAny Like(["ecs:Describe*"])"#,
            r#"ecs:Describe Like(["ecs:Describe*"])"#,
            r#"ecs:describezones Like(["*:*Zones", "ecs:Describe*"])"#,
            "other:Action Other",
        ] {
            assert!(shown.contains(&wanted.to_owned()), "{wanted}: {shown:?}");
        }
        let named = |name: &str| {
            shown
                .iter()
                .filter(|each| each.to_lowercase().starts_with(name))
                .count()
        };
        assert_eq!(named("eci:createcontainergroup "), 1);
    }
}
