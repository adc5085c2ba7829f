//! Resources: ECI's own as ramgate names them, those that statements name, and examples of their patterns.

use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Candidates};
use crate::analysis::role_names::role_resource;
use crate::config::Configuration;
use eci_calls::Operation;
use ram_policy::pattern::{Tokens, combinations};
use ram_policy::{Pattern, ResourcePattern, Statement, Target};

/// A resource that hardly any policy names
const OTHER: &str = "acs:other:any:1:thing/x";

/// The resources that statements distinguish, with the region and account of a configuration
///
/// ```text
/// acs:ram:*:*:role/A*  ->  acs:eci:cn-a:7:containergroup/*, ..., acs:ram::7:role/Aany, acs:ram::7:role/A, OTHER
/// ```
pub(crate) fn candidates<'a>(
    statements: impl Iterator<Item = &'a Statement>,
    configuration: &Configuration,
) -> Candidates {
    let account = configuration.policies.account();
    let region = &configuration.account.region;
    let written = statements.flat_map(|statement| match &statement.target {
        Target::Resources(patterns) => &**patterns,
        Target::Principals(_) => &[],
    });
    let written: BTreeMap<&str, &ResourcePattern> = written
        .map(|pattern| (pattern.as_str(), pattern))
        .filter(|(_, pattern)| !pattern.is_any() && pattern.matches_nothing().is_none())
        .collect();
    let (patterns, literals): (BTreeMap<_, _>, BTreeMap<_, _>) = written
        .into_iter()
        .partition(|(text, _)| Pattern::new(text).is_wild());
    let samples = samples(region, account).into_iter().map(Candidate::sample);
    let named = literals.into_keys().map(Candidate::exactly);
    let examples = patterns.keys().flat_map(|pattern| {
        let names = filled(pattern, region, account);
        names
            .into_iter()
            .map(|name| Candidate::like(name, vec![(*pattern).to_owned()]))
    });
    let overlaps = overlaps(&patterns);
    let all = samples.chain(named).chain(examples);
    Candidates {
        all: all.chain([Candidate::other(OTHER)]).chain(overlaps.all).collect(),
        is_bounded: overlaps.is_bounded,
    }
}

/// Resources that ramgate's requests name: all or one of each type of ECI, everything, and a role
fn samples(region: &str, account: &str) -> Vec<String> {
    let types: BTreeSet<&str> = Operation::ALL
        .iter()
        .filter_map(|operation| operation.resource_kind())
        .collect();
    let of_eci = types.into_iter().flat_map(|resource_type| {
        ["*", "example"].map(|id| format!("acs:eci:{region}:{account}:{resource_type}/{id}"))
    });
    of_eci
        .chain(["*".to_owned(), role_resource(account, "example")])
        .collect()
}

/// Two names that a resource pattern matches, in this region and account unless it has its own
fn filled(pattern: &str, region: &str, account: &str) -> Vec<String> {
    let segments: Vec<&str> = pattern.splitn(5, ':').collect();
    let [acs, code, own_region, own_account, relative] = segments.as_slice() else {
        return vec![pattern.to_owned()];
    };
    let fill = |segment: &str, run: &str| Pattern::new(segment).filled(run);
    let region = match (*own_region, *code) {
        ("*", "ram") => String::new(),
        ("*", _) => region.to_owned(),
        (own_region, _) => fill(own_region, "x"),
    };
    let account = fill(own_account, if *own_account == "*" { account } else { "1" });
    let code = fill(code, "any");
    let name = |run: &str| format!("{acs}:{code}:{region}:{account}:{}", fill(relative, run));
    vec![name("any"), name("")]
}

/// One name for each combination of patterns that match together
fn overlaps(patterns: &BTreeMap<&str, &ResourcePattern>) -> Candidates {
    let tokens: Vec<Tokens> = patterns.keys().map(|text| Tokens::resource(text)).collect();
    let found = combinations(&Tokens::resource("acs:?*:*:*:?*"), &tokens);
    Candidates::of_combinations(found, |name| {
        let matching = patterns.iter().filter(|(_, pattern)| pattern.covers(name));
        matching.map(|(text, _)| (*text).to_owned()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::candidates::shown;
    use crate::config::{ParsedDocument, merge};
    use ram_policy::{Document, DocumentKind};

    #[test]
    fn resources_are_named_in_this_region_and_account() {
        let directory = ParsedDocument::directory(b"account: {id: '7', region: cn-a}");
        let here = merge([("d", &directory)]).unwrap();
        let text = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*",
            "Resource": ["acs:ram:*:*:role/A*", "acs:oss:*:*:b?/*", "acs:eci:*:*:containergroup/*"]}]}"#;
        let document = Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document;
        let shown = shown(&candidates(document.statements.iter(), &here).all);
        for wanted in [
            "acs:eci:cn-a:7:containergroup/* Sample",
            r#"acs:ram::7:role/Aany Like(["acs:ram:*:*:role/A*"])"#,
            r#"acs:oss:cn-a:7:bx/any Like(["acs:oss:*:*:b?/*"])"#,
            "* Sample",
        ] {
            assert!(shown.contains(&wanted.to_owned()), "{wanted}: {shown:?}");
        }
    }
}
