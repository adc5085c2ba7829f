//! The actions, resources and resource groups that are worth trying.

use std::collections::{BTreeMap, BTreeSet};

use super::axis::{Candidate, Told};
use super::values::{self, Values};
use crate::config::Configuration;
use eci_calls::condition_key::RESOURCE_GROUP_ID;
use eci_calls::{ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, Operation, PASS_ROLE};
use ram_policy::pattern::{Tokens, combinations};
use ram_policy::{Condition, Pattern, ResourcePattern, Statement, Target};

/// What the gate asks beside the actions of ECI itself
const ASKED: [&str; 3] = [PASS_ROLE, CREATE_SERVICE_LINKED_ROLE, ASSUME_ROLE];

/// The actions of pods, which serve as examples before others
const FIRST: [&str; 4] = [
    "eci:CreateContainerGroup",
    "eci:UpdateContainerGroup",
    "eci:DeleteContainerGroup",
    "eci:ExecContainerCommand",
];

/// An action that no policy is likely to name
const OTHER_ACTION: &str = "other:Action";

/// A resource that no policy is likely to name
const OTHER_RESOURCE: &str = "acs:other:any:1:thing/x";

/// The actions that statements tell apart: all of ECI's, those they name, and examples of their patterns
pub(crate) fn actions<'a>(statements: impl Iterator<Item = &'a Statement>) -> Values {
    let mut literals = BTreeSet::new();
    let mut globs = BTreeSet::new();
    for statement in statements {
        let patterns = statement.actions.patterns();
        for written in patterns.iter().map(|each| each.as_str()) {
            match written {
                "*" => {}
                glob if Pattern::new(glob).is_wild() => drop(globs.insert(glob)),
                literal => drop(literals.insert(literal)),
            }
        }
    }
    let all = Operation::ALL.iter().map(|operation| operation.action());
    let named = FIRST.into_iter().chain(all).chain(ASKED);
    let mut known = BTreeSet::new();
    let mut values = Values::default();
    for name in named.chain(literals) {
        if known.insert(name.to_ascii_lowercase()) {
            values.candidates.push(Candidate::exactly(name));
        }
    }
    let frame = Tokens::segmented("?*:?*");
    let is_action = |text: &str| {
        let parts = text.split_once(':');
        parts.is_some_and(|(code, name)| !code.is_empty() && !name.is_empty() && !name.contains(':'))
    };
    for written in &globs {
        for text in ["Any", ""].map(|run| Pattern::new(written).filled(run)) {
            if is_action(&text) && !known.contains(&text.to_ascii_lowercase()) {
                values
                    .candidates
                    .push(Candidate::like(text, vec![(*written).to_owned()]));
            }
        }
    }
    values.candidates.push(Candidate::other(OTHER_ACTION));
    // Letters of either case are one to an action
    let lower: Vec<String> = globs.iter().map(|glob| glob.to_ascii_lowercase()).collect();
    let segmented: Vec<Tokens> = lower.iter().map(|glob| Tokens::segmented(glob)).collect();
    let found = combinations(&frame, &segmented);
    values.bounded = found.bounded;
    for text in found.texts.into_iter().filter(|text| !known.contains(text)) {
        let matching = globs
            .iter()
            .zip(&lower)
            .filter(|(_, glob)| Pattern::new(glob).matches(&text));
        let patterns: Vec<String> = matching.map(|(glob, _)| (*glob).to_owned()).collect();
        if !patterns.is_empty() {
            values.candidates.push(Candidate::like(text, patterns));
        }
    }
    values
}

/// The resources that statements tell apart: ECI's own as the gate names them, those they name, and examples of their
/// patterns
pub(crate) fn resources<'a>(statements: impl Iterator<Item = &'a Statement>, at: &Configuration) -> Values {
    let mut literals = BTreeSet::new();
    let mut globs: BTreeMap<&str, &ResourcePattern> = BTreeMap::new();
    for statement in statements {
        let Target::Resources(patterns) = &statement.target else {
            continue;
        };
        for each in patterns {
            match each.as_str() {
                "*" => {}
                glob if Pattern::new(glob).is_wild() => drop(globs.insert(glob, each)),
                literal => drop(literals.insert(literal)),
            }
        }
    }
    let account = at.policies.account();
    let region = &at.account.region;
    let mut values = Values::default();
    let kinds: BTreeSet<&str> = Operation::ALL
        .iter()
        .filter_map(|operation| operation.resource_kind())
        .collect();
    for kind in kinds {
        for id in ["*", "example"] {
            let name = format!("acs:eci:{region}:{account}:{kind}/{id}");
            values.candidates.push(Candidate::sample(name));
        }
    }
    values.candidates.push(Candidate::sample("*"));
    let role = format!("acs:ram::{account}:role/example");
    values.candidates.push(Candidate::sample(role));
    values
        .candidates
        .extend(literals.iter().copied().map(Candidate::exactly));
    for written in globs.keys() {
        for text in filled(written, region, account) {
            values
                .candidates
                .push(Candidate::like(text, vec![(*written).to_owned()]));
        }
    }
    values.candidates.push(Candidate::other(OTHER_RESOURCE));
    let taken: Vec<Tokens> = globs.keys().map(|glob| Tokens::resource(glob)).collect();
    let found = combinations(&Tokens::resource("acs:?*:*:*:?*"), &taken);
    values.bounded = found.bounded;
    for text in found.texts {
        let matching = globs.iter().filter(|(_, pattern)| pattern.covers(&text));
        let patterns: Vec<String> = matching.map(|(written, _)| (*written).to_owned()).collect();
        if !patterns.is_empty() {
            values.candidates.push(Candidate::like(text, patterns));
        }
    }
    values
}

/// Names that a resource pattern matches, in this region and account where it leaves them open
fn filled(pattern: &str, region: &str, account: &str) -> Vec<String> {
    let parts: Vec<&str> = pattern.splitn(5, ':').collect();
    let [acs, code, here, owner, relative] = parts.as_slice() else {
        return vec![pattern.to_owned()];
    };
    let some = |part: &str, run: &str| Pattern::new(part).filled(run);
    let region = match (*here, *code) {
        ("*", "ram") => String::new(),
        ("*", _) => region.to_owned(),
        (here, _) => some(here, "x"),
    };
    let owner = some(owner, if *owner == "*" { account } else { "1" });
    let code = some(code, "any");
    let name = |filler: &str| format!("{acs}:{code}:{region}:{owner}:{}", some(relative, filler));
    vec![name("any"), name("")]
}

/// The resource groups that grants and conditions tell apart, one that neither knows, and none
pub(crate) fn groups(
    granted: &BTreeSet<&str>,
    conditions: &[&Condition],
    sides: [&Configuration; 2],
) -> Values {
    let conditioned = values::candidates(RESOURCE_GROUP_ID, conditions);
    let declared = sides.iter().flat_map(|side| &side.account.resource_groups);
    let other = declared
        .map(|group| group.id.as_str())
        .find(|id| !granted.contains(id));
    let mut all: Vec<Candidate> = vec![Candidate::absent()];
    all.extend(granted.iter().copied().map(Candidate::exactly));
    // A value of a condition is told as such before it serves as the one that nothing knows
    let (spoken, others): (Vec<_>, Vec<_>) = conditioned
        .candidates
        .into_iter()
        .partition(|each| each.told != Told::Other);
    all.extend(spoken.into_iter().filter(|each| each.value.is_some()));
    all.extend(other.map(Candidate::other));
    all.extend(others);
    all.push(Candidate::other("rg-other"));
    Values {
        candidates: all,
        bounded: conditioned.bounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ParsedDocument, merge};
    use ram_policy::{Document, DocumentKind};

    fn document(statement: &str) -> Document {
        let text = format!(r#"{{"Version": "1", "Statement": [{statement}]}}"#);
        Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document
    }

    fn told(values: &Values) -> Vec<String> {
        let shown = |each: &Candidate| format!("{} {:?}", each.value.as_deref().unwrap_or("-"), each.told);
        values.candidates.iter().map(shown).collect()
    }

    #[test]
    fn actions_are_those_of_eci_and_of_the_policies() {
        let document = document(
            r#"{"Effect": "Allow", "Action": ["ECI:createContainerGroup", "ecs:RunInstances", "ecs:Describe*", "*:*Zones"], "Resource": "*"}"#,
        );
        let told = told(&actions(document.statements.iter()));
        assert_eq!(told[0], "eci:CreateContainerGroup Exactly");
        for wanted in [
            "ecs:RunInstances Exactly",
            r#"ecs:DescribeAny Like(["ecs:Describe*"])"#,
            r#"ecs:Describe Like(["ecs:Describe*"])"#,
            r#"ecs:describezones Like(["*:*Zones", "ecs:Describe*"])"#,
            "other:Action Other",
        ] {
            assert!(told.contains(&wanted.to_owned()), "{wanted}: {told:?}");
        }
        let named = |name: &str| {
            told.iter()
                .filter(|each| each.to_lowercase().starts_with(name))
                .count()
        };
        assert_eq!(named("eci:createcontainergroup "), 1);
    }

    #[test]
    fn resources_are_named_in_this_region_and_account() {
        let directory = ParsedDocument::directory(b"account: {id: '7', region: cn-a}");
        let here = merge([("d", &directory)]).unwrap();
        let document = document(
            r#"{"Effect": "Allow", "Action": "*", "Resource": ["acs:ram:*:*:role/A*", "acs:oss:*:*:b?/*", "acs:eci:*:*:containergroup/*"]}"#,
        );
        let told = told(&resources(document.statements.iter(), &here));
        for wanted in [
            "acs:eci:cn-a:7:containergroup/* Sample",
            r#"acs:ram::7:role/Aany Like(["acs:ram:*:*:role/A*"])"#,
            r#"acs:oss:cn-a:7:bx/any Like(["acs:oss:*:*:b?/*"])"#,
            "* Sample",
        ] {
            assert!(told.contains(&wanted.to_owned()), "{wanted}: {told:?}");
        }
    }

    #[test]
    fn groups_are_those_with_grants_one_without_and_none() {
        let directory = ParsedDocument::directory(
            b"{account: {id: '7', region: cn-a}, resourceGroups: [{id: rg-1}, {id: rg-2}]}",
        );
        let here = merge([("d", &directory)]).unwrap();
        let document = document(
            r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"acs:ResourceGroupId": "rg-9"}}}"#,
        );
        let conditions: Vec<&Condition> = document.statements[0].conditions.iter().collect();
        let values = groups(&BTreeSet::from(["rg-1"]), &conditions, [&here, &here]);
        let wanted = [
            "- Absent",
            "rg-1 Exactly",
            "rg-9 Exactly",
            "rg-2 Other",
            "other Other",
            "rg-other Other",
        ];
        assert_eq!(told(&values), wanted);
    }
}
